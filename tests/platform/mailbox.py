"""The mail catcher of the stack under test, read by its JSON API."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.conftest import RunningStack

PATIENCE_S = 10.0


@dataclass(frozen=True)
class Mail:
    """One mail as it arrived: `link` and `code` are what its text offers, if anything."""

    subject: str
    html: str
    text: str

    @property
    def link(self) -> str:
        found = re.search(r"https?://\S+", self.text)
        assert found, self.text
        return found[0]

    @property
    def code(self) -> str:
        found = re.search(r"^\d{6}$", self.text, re.MULTILINE)
        assert found, self.text
        return found[0]


class Mailbox:
    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def all(self, address: str) -> list[Mail]:
        """What has arrived for an address, the oldest first."""
        listed = self.http.get("/email").raise_for_status().json()
        wanted = [mail["id"] for mail in listed if address in recipients(mail)]
        return [self.read(mail_id) for mail_id in wanted]

    def newest(self, address: str, *, count: int = 1) -> Mail:
        """The last mail, once at least `count` of them are there."""
        deadline = time.monotonic() + PATIENCE_S
        while len(mails := self.all(address)) < count:
            assert time.monotonic() < deadline, f"no mail for {address}"
            time.sleep(0.05)
        return mails[-1]

    def read(self, mail_id: str) -> Mail:
        mail = self.http.get(f"/email/{mail_id}").raise_for_status().json()
        return Mail(mail["subject"], mail["html"], mail["text"])


def recipients(mail: dict[str, list[dict[str, str]]]) -> list[str]:
    return [person["address"] for person in mail["to"]]


@pytest.fixture
def mailbox(stack: RunningStack) -> Iterator[Mailbox]:
    with httpx.Client(base_url=f"{stack.mail_url}/api") as http:
        yield Mailbox(http)
