"""A browser, the built app, and people in front of it."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    ViewportSize,
    sync_playwright,
)

from cli.local import webapp
from tests.capabilities.conftest import Mailbox, drain, mailbox
from tests.conftest import RunningStack
from tests.people import PASSWORD, Person

__all__ = ["Mailbox", "drain", "mailbox"]

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
UNPACKED = ROOT / "web" / "node_modules" / ".chromium"
DESKTOP: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}


def chromium() -> dict[str, Any]:
    """How to launch the machine's own browser, or the one that came with the packages of web/."""
    if installed := next(filter(None, map(shutil.which, NAMES)), None):
        return {"executable_path": installed}
    # One test process after the other, and whole or not at all.
    with UNPACKED.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not UNPACKED.exists():
            unpack(UNPACKED)
    libraries = {"LD_LIBRARY_PATH": str(UNPACKED / "al2023" / "lib")}
    return {"executable_path": UNPACKED / "chromium", "env": {**os.environ, **libraries}}


def unpack(folder: Path) -> None:
    draft = folder.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    done = subprocess.run(
        [webapp.NODE, Path(__file__).with_name("browser.mjs"), draft],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"There is no Chromium: install one. {done.stderr}"
    draft.rename(folder)


# Not for the whole session: as long as it is open there is an event loop in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium())
        yield browser
        browser.close()


Visit = Callable[..., Page]


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """Errors of the pages a test opened, which fail it; what it provoked it takes out."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def visit(stack: RunningStack, browser: Browser, faults: list[str]) -> Iterator[Visit]:
    """Opens the app for somebody, on a device of their own."""
    webapp.build()
    contexts: list[BrowserContext] = []

    def hear(said: ConsoleMessage) -> None:
        if is_fault(said):
            faults.append(said.text)

    def open_page(path: str = "/", person: Person | None = None, **settings: Any) -> Page:
        options = {"viewport": DESKTOP, "base_url": stack.env["APP_URL"]} | settings
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", hear)
        page.goto(path)
        if person:
            sign_in(page, person.email)
        return page

    yield open_page
    for context in contexts:
        context.close()


def is_fault(said: ConsoleMessage) -> bool:
    """An answer that is a refusal, or none, is no fault: the page says it to whoever asked."""
    is_answer = said.text.startswith("Failed to load resource: ")
    return said.type == "error" and not is_answer and "ERR_INTERNET_DISCONNECTED" not in said.text


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
