"""What each e-mail says. The facts come from the database; the words are here."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_ISOLATES = dict.fromkeys(map(ord, "\u2066\u2067\u2068\u2069"))
_TURNING = {"R", "AL", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"}


class Entry(NamedTuple):
    """One of several things a message tells of."""

    title: str
    body: str
    note: str
    link: str  # path below APP_URL


class Letter(NamedTuple):
    """The parts of one message; every part is plain text."""

    heading: str
    paragraphs: list[str]
    facts: list[tuple[str, str]]
    action: str
    link: str  # path below APP_URL
    reason: str
    entries: Sequence[Entry] = ()
    for_member: bool = True  # who has settings of their own


def _isolated(text: str) -> str:
    """What is written from right to left, between marks that keep it from turning the rest: the
    only ones of their sort, or another would end them early."""
    text = text.translate(_ISOLATES)
    turns = any(unicodedata.bidirectional(sign) in _TURNING for sign in text)
    return f"\u2068{text}\u2069" if turns else text


Text = Annotated[str, AfterValidator(_isolated)]


class Event(BaseModel):
    """What every letter needs; its own facts are in each class below."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    firm: Text
    link: str
    color: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")] | None = None

    def letter(self) -> Letter:
        raise NotImplementedError


class ContractEnding(Event):
    """A contract ends in so many days."""

    number: Text
    title: Text
    party: Text | None
    ends_on: date
    days: int

    def letter(self) -> Letter:
        facts = [("Contract", f"{self.number} · {self.title}")]
        if self.party:
            facts.append(("With", self.party))
        facts.append(("Last day", _long(self.ends_on)))
        return Letter(
            heading=f"{self.title} ends {_in_days(self.days)}",
            paragraphs=[
                f"The contract ends on {_long(self.ends_on)}. If the work goes on, now is the time "
                "to renew it; if not, let it run out and plan the handover.",
            ],
            facts=facts,
            action="Open the contract",
            link=self.link,
            reason=f"You get this mail because you look after contracts at {self.firm}.",
        )


class ContractRenewing(Event):
    """A contract renews itself unless it is cancelled within so many days."""

    number: Text
    title: Text
    party: Text | None
    ends_on: date
    cancel_by: date
    renewal_months: int
    days: int

    def letter(self) -> Letter:
        facts = [("Contract", f"{self.number} · {self.title}")]
        if self.party:
            facts.append(("With", self.party))
        months = "month" if self.renewal_months == 1 else f"{self.renewal_months} months"
        return Letter(
            heading=f"Last day to cancel {self.title}: {_in_days(self.days)}",
            paragraphs=[
                f"The contract renews itself for another {months} after {_long(self.ends_on)}, "
                f"unless somebody cancels it by {_long(self.cancel_by)}.",
            ],
            facts=[
                *facts,
                ("Cancel by", _long(self.cancel_by)),
                ("Last day otherwise", _long(self.ends_on)),
            ],
            action="Open the contract",
            link=self.link,
            reason=f"You get this mail because you look after contracts at {self.firm}.",
        )


class SigningRequest(Event):
    """Somebody is asked to sign a contract, perhaps not for the first time."""

    sender: Text
    name: Text
    number: Text
    title: Text
    reminder: bool
    expires_on: date

    def letter(self) -> Letter:
        asks = "still waits for your signature" if self.reminder else "is ready for your signature"
        return Letter(
            heading=f"Please sign: {self.title}",
            paragraphs=[
                f"Dear {self.name},",
                f"A contract with {self.firm} {asks}. Read it, then sign or decline: it takes a "
                "minute and needs no account.",
                "The link is for you alone: do not pass it on.",
            ],
            facts=[
                ("Contract", f"{self.number} · {self.title}"),
                (
                    "From",
                    self.sender if self.sender == self.firm else f"{self.sender}, {self.firm}",
                ),
                ("Valid until", _long(self.expires_on)),
            ],
            action="Read and sign",
            link=self.link,
            reason=f"You get this mail because {self.firm} named you as a signer of this contract. "
            "If you do not know them, ignore it: nothing happens.",
            for_member=False,
        )


class ContractSigned(Event):
    """Everybody has signed a contract."""

    number: Text
    title: Text
    starts_on: date

    def letter(self) -> Letter:
        return Letter(
            heading=f"{self.title} is signed",
            paragraphs=["Everybody has signed. It comes into force on its first day."],
            facts=[
                ("Contract", f"{self.number} · {self.title}"),
                ("First day", _long(self.starts_on)),
            ],
            action="Open the contract",
            link=self.link,
            reason=f"You get this mail because you look after contracts at {self.firm}.",
        )


class ContractDeclined(Event):
    """Somebody does not want to sign a contract."""

    number: Text
    title: Text
    signer: Text
    reason: Text
    starts_on: date

    def letter(self) -> Letter:
        return Letter(
            heading=f"{self.title} was declined",
            paragraphs=[
                f"{self.signer} does not sign it. The contract is a draft again: change it and "
                "send it once more, or cancel it.",
            ],
            facts=[
                ("Contract", f"{self.number} · {self.title}"),
                ("Reason", self.reason),
            ],
            action="Open the contract",
            link=self.link,
            reason=f"You get this mail because you look after contracts at {self.firm}.",
        )


class SignerUnreachable(Event):
    """A request to sign a contract did not arrive."""

    number: Text
    title: Text
    signer: Text
    address: Text

    def letter(self) -> Letter:
        return Letter(
            heading=f"{self.signer} gets no mail about {self.title}",
            paragraphs=[
                "The contract waits for a signature, but our mail that asks for it did not arrive: "
                "the address refused it, or takes no such mails. Reach them another way; or make "
                "the contract a draft again, correct the address and send it once more.",
            ],
            facts=[
                ("Contract", f"{self.number} · {self.title}"),
                ("Signer", self.signer),
                ("Address", self.address),
            ],
            action="Open the contract",
            link=self.link,
            reason="You get this mail because you sent the contract, or look after contracts at "
            f"{self.firm}.",
        )


class Invitation(Event):
    """Somebody is invited to a firm."""

    inviter: Text
    role: Text
    expires_on: date

    def letter(self) -> Letter:
        return Letter(
            heading=f"Join {self.firm}",
            paragraphs=[
                f"{self.inviter} invites you to work together at {self.firm}.",
                "The link is for you alone and works once.",
            ],
            facts=[("Your role", self.role.capitalize()), ("Valid until", _long(self.expires_on))],
            action="Accept the invitation",
            link=self.link,
            reason=f"You get this mail because {self.inviter} entered your address at {self.firm}. "
            "If you do not know them, ignore it: nothing happens.",
            for_member=False,
        )


class FileQuarantined(Event):
    """A file was locked away, because something is wrong with it."""

    name: Text
    detail: Text

    def letter(self) -> Letter:
        return Letter(
            heading="A file is in quarantine",
            paragraphs=[
                "We looked into it and locked it away: nobody can open or download it now. An "
                "admin of the firm can look at it, release it or remove it for good.",
            ],
            facts=[("File", self.name), ("Why", self.detail)],
            action="Look at the file",
            link=self.link,
            reason=f"You get this mail because you uploaded the file, or look after files at "
            f"{self.firm}.",
        )


class FileRejected(Event):
    """Nothing came of a file."""

    name: Text
    detail: Text

    def letter(self) -> Letter:
        return Letter(
            heading="A file cannot be used",
            paragraphs=[
                "It was uploaded, but we could not take it in. If you still have it, upload it "
                "once more.",
            ],
            facts=[("File", self.name), ("Why", self.detail)],
            action="Look at the file",
            link=self.link,
            reason=f"You get this mail because you uploaded the file, or look after files at "
            f"{self.firm}.",
        )


class ReportReady(Event):
    """A report that somebody asked for is there."""

    report: Text
    format: Text
    kept_until: date

    def letter(self) -> Letter:
        return Letter(
            heading="Your report is ready",
            paragraphs=["The report you asked for is made. It shows the day you asked."],
            facts=[
                ("Report", self.report),
                ("Format", self.format),
                ("Kept until", _long(self.kept_until)),
            ],
            action="Open the report",
            link=self.link,
            reason=f"You get this mail because you asked for the report at {self.firm}.",
        )


class ExportReady(Event):
    """The export of the firm is there."""

    kept_until: date

    def letter(self) -> Letter:
        return Letter(
            heading="The export of your firm is ready",
            paragraphs=[
                f"Everything {self.firm} has is packed: its tables and its documents. Keep what "
                "you download as safe as the firm itself.",
            ],
            facts=[("Kept until", _long(self.kept_until))],
            action="Download the export",
            link=self.link,
            reason=f"You get this mail because you asked for the export of {self.firm}.",
        )


class Item(BaseModel):
    """One of the things a digest tells of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Text
    body: Text
    link: str
    day: date


class Digest(Event):
    """What was gathered for somebody since the last time."""

    day: date
    items: list[Item]
    more: int

    def letter(self) -> Letter:
        count = len(self.items) + self.more
        things = "One thing" if count == 1 else f"{count} things"
        rest = f" Here are {len(self.items)} of them." if self.more else ""
        return Letter(
            heading=f"Your day at {self.firm}",
            paragraphs=[f"{things} since yesterday that you have not seen yet.{rest}"],
            facts=[],
            entries=[
                Entry(item.title, item.body, f"{item.day.day} {item.day:%B}", item.link)
                for item in self.items
            ],
            action="See all in the app",
            link=self.link,
            reason=f"You get this mail because you chose to hear of some things at {self.firm} "
            "once a day, or because there were too many for a mail each.",
        )


EVENTS: dict[str, type[Event]] = {
    "contract_declined": ContractDeclined,
    "contract_ending": ContractEnding,
    "contract_renewing": ContractRenewing,
    "contract_signed": ContractSigned,
    "digest": Digest,
    "export_ready": ExportReady,
    "file_quarantined": FileQuarantined,
    "file_rejected": FileRejected,
    "invitation": Invitation,
    "report_ready": ReportReady,
    "signer_unreachable": SignerUnreachable,
    "signing_request": SigningRequest,
}


def compose(event: str, params: Mapping[str, Any]) -> Letter:
    """The letter for ``event``. Raises KeyError (no such event) or ValidationError (bad facts)."""
    return EVENTS[event].model_validate(params).letter()


def _long(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _in_days(days: int) -> str:
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
