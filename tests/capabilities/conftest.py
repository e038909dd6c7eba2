"""The runner as cron starts it, on the stack under test."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge_jobs.settings import Settings
from tests.capabilities.import_runs import Runs
from tests.capabilities.worker import Worker
from tests.conftest import RunningStack
from tests.people import Firm, Person, created

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture
def drain(stack: RunningStack) -> Callable[..., str]:
    """Runs every job that is due, in a process of its own; returns its log."""

    def run(**environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "edge_jobs", "run"],
            env={"PATH": os.environ["PATH"], **stack.env, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    return run


@pytest.fixture
def worker(stack: RunningStack) -> Iterator[Callable[..., Worker]]:
    """Makes a worker's API, of a kind of its own where the test has one."""
    made: list[Worker] = []

    def make(kind: type[Worker] = Worker) -> Worker:
        made.append(kind(Settings(stack.env)))
        return made[-1]

    yield make
    for api in made:
        api.close()


@pytest.fixture
def runs(worker: Callable[..., Worker]) -> Runs:
    return Runs(worker)


class Mailbox:
    """The mail catcher's own API."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url)

    def close(self) -> None:
        self._http.close()

    def of(self, address: str, subject: str = "") -> list[dict[str, Any]]:
        """The mails to one address whose subject holds ``subject``, oldest first."""
        return [
            mail
            for mail in self._http.get("/api/email").raise_for_status().json()
            if mail["to"][0]["address"] == address and subject in mail["subject"]
        ]

    def expect(self, address: str, subject: str = "") -> dict[str, Any]:
        """The only such mail; the catcher may take a moment to show it."""
        deadline = time.monotonic() + 10
        while not (mails := self.of(address, subject)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(mails) == 1, mails
        return mails[0]

    def received(self, mail: dict[str, Any]) -> EmailMessage:
        """One mail as it came over the wire."""
        source = self._http.get(f"/api/email/{mail['id']}/source").raise_for_status()
        return message_from_bytes(source.content, policy=default)


@pytest.fixture
def mailbox(stack: RunningStack) -> Iterator[Mailbox]:
    mailbox = Mailbox(stack.mail_url)
    yield mailbox
    mailbox.close()


def upload(person: Person, firm: Firm, name: str, content: bytes, mime: str, **parent: str) -> str:
    """From intent to finish, as a person does it; returns the file's id."""
    file = created(
        person.rpc(
            "begin_upload",
            firm_id=firm.id,
            name=name,
            size_bytes=len(content),
            mime=mime,
            **parent,
        )
    )
    created(person.upload(file["path"], content, mime))
    created(person.rpc("finish_upload", file_id=file["id"]))
    return str(file["id"])


def stored(person: Person, bucket: str, path: str) -> bytes:
    """An object, read as a person reads it."""
    if bucket == "firm-files":
        person.rpc("open_file", file_id=path.split("/")[1])
    answer = person.send("GET", f"/storage/v1/object/{bucket}/{path}")
    assert answer.is_success, answer.text
    return answer.content


def row(person: Person, table: str, id: str) -> dict[str, Any]:
    (found,) = created(person.get(table, id=f"eq.{id}"))
    return dict(found)


def deliveries(person: Person, firm: Firm) -> dict[str, str]:
    """How somebody is told each kind of thing."""
    rows = created(person.rpc("notification_settings", firm_id=firm.id))
    return {row["kind"]: row["delivery"] for row in rows}


def notifications(person: Person, kind: str) -> list[dict[str, Any]]:
    return list(created(person.get("notifications", kind=f"eq.{kind}", order="created_at")))
