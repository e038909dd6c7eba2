"""The demonstration from the outside: as `make demo` runs it, and with its runner killed."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pypdfium2
import pytest
from PIL import Image

from cli.local.config import random_bases
from cli.local.stack import Stack

FIRMBASE = Path(sys.executable).with_name("firmbase")


@pytest.fixture(scope="module")
def name() -> Iterator[str]:
    name = f"demo-{os.getpid()}"
    stack = Stack.named(name)
    stack.up(bases=random_bases())
    try:
        yield name
    finally:
        stack.remove()


def demo(name: str) -> dict[str, Any]:
    done = subprocess.run(
        [FIRMBASE, "demo", "--name", name, "--json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    # The runner's log lines come first.
    day: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{\n") :])
    return day


def check(day: dict[str, Any]) -> None:
    files = {file["name"]: file for file in day["files"]}
    agreement = files["Professional services agreement.pdf"]
    assert agreement["status"] == "ready"
    assert agreement["page_count"] == 6
    assert agreement["word_count"] > 4000
    assert files["Invoice.pdf"]["status"] == "quarantined"
    assert all(file["status"] == "ready" for name, file in files.items() if name != "Invoice.pdf")

    states = [contract["status"] for contract in day["contracts"]]
    assert sorted(states) == ["active", "active", "draft", "in_review", "sent"]

    subjects = [mail["subject"] for mail in day["mails"]]
    # Midnight may pass while the day is played.
    reminder = re.compile("Grid transition programme ends in [67] days")
    assert len([subject for subject in subjects if reminder.fullmatch(subject)]) == 2
    assert any("invites you" in subject for subject in subjects)

    pdf, csv = sorted(map(Path, day["reports"]), key=lambda path: path.suffix, reverse=True)
    with contextlib.closing(pypdfium2.PdfDocument(pdf)) as document:
        text = document[0].get_textpage().get_text_bounded()
    assert "Northlight Advisory" in text
    assert len(csv.read_text().splitlines()) == 6
    for path in day["thumbnails"]:
        with Image.open(path) as picture:
            assert max(picture.size) <= 400

    assert day["stranger_rows"] == 0
    assert day["unfinished"] == []


def test_the_day_is_played_twice_in_a_row(name: str) -> None:
    first, second = demo(name), demo(name)
    check(first)
    check(second)
    assert first["firm"]["id"] != second["firm"]["id"]
    assert "<title>Firmbase</title>" in httpx.get(second["environment"]["APP_URL"]).text


def test_a_runner_killed_in_the_middle_loses_nothing(name: str) -> None:
    killed: list[int] = []
    done = threading.Event()

    def kill_the_first_runner() -> None:
        url = Stack.named(name).config.api_url
        while not done.is_set() and not killed:
            for process in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    command = (process / "cmdline").read_bytes()
                    environment = (process / "environ").read_bytes()
                    if b"edge_jobs\0run" in command and url.encode() in environment:
                        time.sleep(0.5)  # it has claimed jobs by now
                        os.kill(int(process.name), signal.SIGKILL)
                        killed.append(int(process.name))
                        break
            time.sleep(0.02)

    killer = threading.Thread(target=kill_the_first_runner)
    killer.start()
    try:
        day = demo(name)
    finally:
        done.set()
        killer.join()
    assert killed
    check(day)
