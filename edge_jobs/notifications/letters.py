"""What each e-mail says. The facts come from the database; the words are here."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict


class Letter(NamedTuple):
    """The parts of one message; every part is plain text."""

    heading: str
    paragraphs: list[str]
    facts: list[tuple[str, str]]
    action: str
    link: str  # path below APP_URL
    reason: str


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    firm: str
    link: str


class ContractEnding(_Event):
    """A contract ends in so many days."""

    number: str
    title: str
    party: str | None
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


class ContractRenewing(_Event):
    """A contract renews itself unless it is cancelled within so many days."""

    number: str
    title: str
    party: str | None
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


class SigningRequest(_Event):
    """Somebody is asked to sign a contract, perhaps not for the first time."""

    sender: str
    name: str
    number: str
    title: str
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
        )


class ContractSigned(_Event):
    """Everybody has signed a contract."""

    number: str
    title: str
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


class ContractDeclined(_Event):
    """Somebody does not want to sign a contract."""

    number: str
    title: str
    signer: str
    reason: str
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


class Invitation(_Event):
    """Somebody is invited to a firm."""

    inviter: str
    role: str
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
        )


_EVENTS: dict[
    str,
    type[ContractDeclined]
    | type[ContractEnding]
    | type[ContractRenewing]
    | type[ContractSigned]
    | type[Invitation]
    | type[SigningRequest],
] = {
    "contract_declined": ContractDeclined,
    "contract_ending": ContractEnding,
    "contract_renewing": ContractRenewing,
    "contract_signed": ContractSigned,
    "invitation": Invitation,
    "signing_request": SigningRequest,
}


def compose(event: str, params: Mapping[str, Any]) -> Letter:
    """The letter for ``event``. Raises KeyError (no such event) or ValidationError (bad facts)."""
    return _EVENTS[event].model_validate(params).letter()


def _long(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _in_days(days: int) -> str:
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
