"""docs/api.md, carried out: every request is sent, every answer compared with what stands there."""

import html
import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.capabilities.conftest import Mailbox
from tests.people import Api

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
BLOCK = re.compile(r"^```(\w+)(?: (\d+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"\{(\w+)\}")


def blocks(run: str) -> Iterator[tuple[str, int, str]]:
    """Language, status and text of each; the firm and its addresses are new in each run."""
    text = DOCUMENT.read_text().replace("northlight", f"northlight-{run}")
    text = text.replace("helios.example", f"helios-{run}.example")
    for language, status, content in BLOCK.findall(text):
        yield language, int(status or 0), content


@dataclass
class Walk:
    """One reader, who keeps what the answers call by name."""

    api: Api
    mailbox: Mailbox
    drain: Callable[..., str]
    kept: dict[str, str] = field(default_factory=dict)

    def filled(self, text: str) -> str:
        return NAME.sub(lambda found: self.kept.get(found[1], found[0]), text)

    def send(self, block: str) -> Any:
        head, _, body = self.filled(block).strip("\n").partition("\n\n")
        line, *lines = head.split("\n")
        method, path = line.split(" ", 1)
        headers = {"apikey": self.api.publishable_key} | dict(each.split(": ", 1) for each in lines)
        if body:
            headers = {"Content-Type": "application/json"} | headers
        return self.api.http.request(method, path, headers=headers, content=body or None)

    def compare(self, wanted: Any, found: Any, where: str) -> None:
        """All that is wanted is found; a name met for the first time stands for what is there."""
        if isinstance(wanted, dict):
            assert isinstance(found, dict), where
            for key, value in wanted.items():
                assert key in found, f"{where}: no {key} in {sorted(found)}"
                self.compare(value, found[key], f"{where}.{key}")
        elif isinstance(wanted, list):
            assert isinstance(found, list), where
            assert len(found) == len(wanted), f"{where}: {found}"
            for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
                self.compare(one, other, f"{where}[{number}]")
        elif isinstance(wanted, str) and (name := NAME.fullmatch(wanted)):
            assert found, where
            assert self.kept.setdefault(name[1], found) == found, where
        else:
            wanted = self.filled(wanted) if isinstance(wanted, str) else wanted
            assert wanted == found, where

    def read_mail(self, block: str) -> None:
        """Mails of the firm are sent by the runner, those of Auth at once."""
        head, _, wanted = self.filled(block).strip().partition("\n\n")
        address, subject = (line.split(": ", 1)[1] for line in head.split("\n"))
        if not self.mailbox.of(address, subject):
            self.drain()
        mail = self.mailbox.expect(address, subject)
        words = " ".join(re.sub(r"<[^>]+>", " ", html.unescape(mail["html"])).split())
        pattern = "".join(
            f"(?P<{part}>[0-9a-f]+)" if number % 2 else re.escape(part)
            for number, part in enumerate(NAME.split(wanted))
        )
        found = re.search(pattern, f"{words} {mail['text']}")
        assert found, f"{wanted!r} is not in {mail['text']!r}"
        self.kept |= found.groupdict()


def test_the_walk_of_the_document(api: Api, mailbox: Mailbox, drain: Callable[..., str]) -> None:
    walk = Walk(api, mailbox, drain)
    answer = None
    sent = 0
    for language, status, content in blocks(uuid.uuid4().hex[:8]):
        if language == "http":
            answer = walk.send(content)
            sent += 1
        elif language == "mail":
            walk.read_mail(content)
        elif language == "json":
            assert answer is not None
            asked = f"{answer.request.method} {answer.request.url.path}"
            assert answer.status_code == status, f"{asked}: {answer.text}"
            walk.compare(json.loads(content), answer.json(), asked)
            answer = None
    assert sent > 25
    assert {"ada", "firm", "contract", "token", "signed_url"} <= walk.kept.keys()
