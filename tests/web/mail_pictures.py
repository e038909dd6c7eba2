"""The picture of every mail in docs/images: `python -m tests.web.mail_pictures`."""

from io import BytesIO

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from cli.notifications import body, example
from edge_jobs.notifications.letters import EVENTS
from tests.web.conftest import ROOT, chromium

OUT = ROOT / "docs" / "images" / "mails.png"
COLUMNS = 3
DESK, PHONE = 680, 375
GAP = 28
GROUND = "#e4e7ec"
COLORS = ("#0b6e4f", "#b23a48", None, "#f2c14e")
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium())
        pairs = [
            both_widths(browser, event, LONG if event == "signing_request" else None, n)
            for n, event in enumerate(EVENTS)
        ]
        browser.close()
    rows = [pairs[n : n + COLUMNS] for n in range(0, len(pairs), COLUMNS)]
    width = COLUMNS * (pairs[0].width + GAP) + GAP
    sheet = Image.new("RGB", (width, sum(tallest(row) + GAP for row in rows) + GAP), GROUND)
    top = GAP
    for row in rows:
        for n, pair in enumerate(row):
            sheet.paste(pair, (GAP + n * (pair.width + GAP), top))
        top += tallest(row) + GAP
    sheet = sheet.resize(
        (round(sheet.width * 0.6), round(sheet.height * 0.6)), Image.Resampling.LANCZOS
    )
    sheet.quantize(128, dither=Image.Dither.NONE).save(OUT, optimize=True)
    print(f"{len(pairs)} mails, {OUT.stat().st_size // 1000} kB in {OUT}")


def tallest(row: list[Image.Image]) -> int:
    return max(pair.height for pair in row)


def both_widths(browser: Browser, event: str, firm: str | None, n: int) -> Image.Image:
    """On a desk and on a phone, one by day and the other by night."""
    html = body(example(event, firm, COLORS[n % len(COLORS)], None), "html")
    schemes = ("light", "dark") if n % 2 else ("dark", "light")
    desk, phone = (
        shot(browser, html, width, scheme)
        for width, scheme in zip((DESK, PHONE), schemes, strict=True)
    )
    pair = Image.new("RGB", (DESK + GAP // 2 + PHONE, max(desk.height, phone.height)), GROUND)
    pair.paste(desk, (0, 0))
    pair.paste(phone, (DESK + GAP // 2, 0))
    return pair


def shot(browser: Browser, html: str, width: int, scheme: str) -> Image.Image:
    page = browser.new_page(
        viewport={"width": width, "height": 200},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page.set_content(html)
    taken = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
    page.close()
    return taken


if __name__ == "__main__":
    main()
