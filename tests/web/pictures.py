"""The pictures of the app in docs/images: `firmbase demo --json | python -m tests.web.pictures`."""

import json
import os
import re
import subprocess
import sys
from io import BytesIO
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from cli.local import webapp
from tests.web.conftest import DESKTOP, PHONE, ROOT, chromium

OUT = ROOT / "docs" / "images"
GAP = 24
GROUND = "#c9ccd3"
MOST_BYTES = 400_000
PAGES = (
    *("/contracts", "CONTRACT", "/contracts/new", "/companies", "COMPANY"),
    *("/consultants", "CONSULTANT", "/imports", "/reports", "/members", "/settings"),
    *("/settings/notifications", "/notifications"),
)


def main() -> None:
    text = sys.stdin.read()
    # The runner's log lines come first.
    day: dict[str, Any] = json.loads(text[text.index("{\n") :])
    webapp.build()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium())
        desk = pages(browser, day, "light") + pages(browser, day, "dark")
        phone = pages(browser, day, "light", PHONE) + pages(browser, day, "dark", PHONE)
        save("app-desktop", grid(desk, columns=8, width=300))
        save("app-phone", grid(phone, columns=8, width=185))
        save("app-two-people", grid(two_people(browser, day), columns=2, width=620))
        browser.close()
    total = sum(path.stat().st_size for path in OUT.glob("app-*.webp"))
    print(f"{total // 1000} kB in {OUT}")
    assert total < MOST_BYTES


def enter(browser: Browser, day: dict[str, Any], who: int, **settings: Any) -> Page:
    context = browser.new_context(
        base_url=day["environment"]["APP_URL"], reduced_motion="reduce", **settings
    )
    page = context.new_page()
    page.goto("/")
    person = day["people"][who]
    page.get_by_label("E-mail address").fill(person["email"])
    page.get_by_label("Password").fill(person["password"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=re.compile("Grid transition")).wait_for()
    return page


def pages(
    browser: Browser, day: dict[str, Any], scheme: str, viewport: Any = DESKTOP
) -> list[Image.Image]:
    """What everybody sees, then every page of somebody who is signed in."""
    settings = {"viewport": viewport, "color_scheme": scheme}
    context = browser.new_context(base_url=day["environment"]["APP_URL"], **settings)
    page = context.new_page()
    shots = []
    for path in ("/sign-in", "/sign-up", "/unsubscribe#token=0"):
        page.goto(path)
        page.get_by_role("heading", level=1).wait_for()
        shots.append(take(page))
    context.close()
    page = enter(browser, day, 0, **settings)
    for path in PAGES:
        if path.isupper():
            page.goto({"CONTRACT": "/contracts", "COMPANY": "/companies"}.get(path, "/consultants"))
            page.get_by_role("main").get_by_role("list").get_by_role("link").last.click()
        else:
            page.goto(path)
        page.get_by_role("heading", level=1).wait_for()
        shots.append(take(page))
    page.context.close()
    return shots


def two_people(browser: Browser, day: dict[str, Any]) -> list[Image.Image]:
    """Ada on the left uploads, Ben on the right watches: before, while it is checked, after."""
    view = {"viewport": {"width": 1120, "height": 620}}
    ada, ben = (enter(browser, day, who, **view) for who in (0, 1))
    for page in (ada, ben):
        page.get_by_role("link", name=re.compile("Storage feasibility")).click()
        page.get_by_text("No files yet").wait_for()
    shots = []
    ada.get_by_label("Choose files").set_input_files(
        ROOT / "cli" / "demo" / "documents" / "professional-services-agreement.pdf"
    )
    for person in (ada, ben):
        person.get_by_text("Checking").wait_for()
        shots.append(take(person))
    environment = {"PATH": os.environ["PATH"], **day["environment"]}
    subprocess.run(
        [sys.executable, "-m", "edge_jobs", "run"], cwd=ROOT, env=environment, check=True
    )
    for person in (ada, ben):
        person.locator(".file img:not([hidden])").first.wait_for()
        shots.append(take(person))
    return shots


def take(page: Page) -> Image.Image:
    # Pictures and lists that are still on their way.
    page.wait_for_load_state("networkidle")
    return Image.open(BytesIO(page.screenshot()))


def grid(shots: list[Image.Image], columns: int, width: int) -> Image.Image:
    height = round(shots[0].height * width / shots[0].width)
    rows = -(-len(shots) // columns)
    sheet = Image.new("RGB", (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP), GROUND)
    for n, shot in enumerate(shots):
        place = (GAP + n % columns * (width + GAP), GAP + n // columns * (height + GAP))
        sheet.paste(shot.convert("RGB").resize((width, height), Image.Resampling.LANCZOS), place)
    return sheet


def save(name: str, sheet: Image.Image) -> None:
    sheet.save(OUT / f"{name}.webp", quality=80, method=6)


if __name__ == "__main__":
    main()
