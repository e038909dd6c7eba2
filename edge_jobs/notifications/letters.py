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


_EVENTS: dict[str, type[ContractEnding] | type[Invitation]] = {
    "contract_ending": ContractEnding,
    "invitation": Invitation,
}


def compose(event: str, params: Mapping[str, Any]) -> Letter:
    """The letter for ``event``. Raises KeyError (no such event) or ValidationError (bad facts)."""
    return _EVENTS[event].model_validate(params).letter()


def _long(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _in_days(days: int) -> str:
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
