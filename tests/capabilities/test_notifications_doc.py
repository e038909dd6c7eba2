"""docs/notifications.md: its kinds are those there are, its commands are understood and work."""

import json
import os
import re
import subprocess
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest

from edge_jobs.notifications.letters import EVENTS
from tests.capabilities.conftest import Mailbox
from tests.cli.test_help import ALL, FIRMBASE
from tests.conftest import RunningStack
from tests.jobs.commands import understood
from tests.jobs.runners import ROOT

Database = psycopg.Connection[Any]

TEXT = (ROOT / "docs" / "notifications.md").read_text()
COMMANDS = re.findall(r"^firmbase .*$", TEXT, re.MULTILINE)
ROW = re.compile(r"^\| `(\w+)` \| .* \| ([^|]+) \|$", re.MULTILINE)


def firmbase(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FIRMBASE, "notifications", *words],
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_kind_and_its_standard_is_there(db: Database) -> None:
    kinds = dict(db.execute("select kind, delivery from private.notification_kinds()").fetchall())
    written = {kind: standard.strip() for kind, standard in ROW.findall(TEXT)}
    assert written == {event: kinds.get(event, "always") for event in EVENTS}
    assert kinds.keys() <= EVENTS.keys()


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_are_understood(line: str) -> None:
    understood(line)


def test_every_command_is_there() -> None:
    for name in ALL:
        if name.startswith("notifications "):
            assert re.search(rf"firmbase {name}\b", TEXT), name


def test_a_preview_is_the_mail_itself(
    stack: RunningStack, mailbox: Mailbox, tmp_path: Path
) -> None:
    shown = firmbase("preview", "file_quarantined")
    assert shown.returncode == 0
    assert "Subject: “Rahmenvertrag.docm” is in quarantine" in shown.stdout

    page = tmp_path / "mail.html"
    address = f"look-{uuid.uuid4().hex[:12]}@preview.test"
    words = ["--html", str(page), "--send", address, "--color", "#0B6E4F"]
    sent = firmbase("preview", "invitation", *words, "--firm", "Zoë 🦊", "--json", **stack.env)
    assert sent.returncode == 0, sent.stderr
    said = json.loads(sent.stdout)
    mail = mailbox.expect(address)
    assert mail["subject"] == said["Subject"] == "Jonas Hart invites you to Zoë 🦊"
    assert page.read_text() == said["html"]
    assert "background:#0b6e4f" in mail["html"]


@pytest.mark.parametrize(
    ("words", "env", "code", "said"),
    [
        (["preview", "surprise"], {}, 2, 'there is no mail "surprise"'),
        (["preview", "digest", "--color", "blue"], {}, 2, '"blue" is no colour'),
        (["preview", "digest", "--send", "a@b.example, c@d.example"], {}, 10, "more than one"),
        (
            ["preview", "digest", "--send", "a@b.test"],
            {"SMTP_URL": "smtp://127.0.0.1:9"},
            10,
            "not",
        ),
        (["preview", "digest", "--send", "a@b.test"], {"RESEND_API_KEY": "schlüssel"}, 3, "Resend"),
        (
            ["preview", "digest", "--send", "a@b.test"],
            {"RESEND_API_KEY": "x", "RESEND_URL": "x"},
            3,
            "RESEND_URL",
        ),
        (["suppress", "nobody"], {}, 10, "no e-mail address"),
        (["suppress", "x@y.example", "--reason", "disliked"], {}, 2, "disliked"),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence(
    stack: RunningStack, words: list[str], env: dict[str, str], code: int, said: str
) -> None:
    done = firmbase(*words, **(stack.env | env))
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_an_address_is_suppressed_and_allowed_again(stack: RunningStack) -> None:
    words = ["away@example.com"]
    for command, told in (
        ("suppress", "Nothing is sent to away@example.com any more."),
        ("allow", "Mails go to away@example.com again."),
        ("allow", "Nothing kept mails from away@example.com."),
    ):
        done = firmbase(command, *words, **stack.env)
        assert (done.returncode, done.stderr.strip()) == (0, told)
