"""Whether a page keeps somebody out, as far as axe can tell."""

from typing import Literal

from playwright.sync_api import Page, ViewportSize

from tests.web.conftest import DESKTOP, ROOT

AXE = (ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text()
RUN_AXE = """(rules) => axe.run(document, {
  resultTypes: ["violations"],
  ...(rules && { runOnly: rules }),
})"""
ALL_RULES = None
# A small phone, and what a desk leaves of a page at 400 %.
NARROW: ViewportSize = {"width": 320, "height": 640}
# Nothing but colours changes with the night.
SCHEMES: tuple[tuple[Literal["dark", "light"], list[str] | None], ...] = (
    ("dark", ["color-contrast"]),
    ("light", ALL_RULES),
)


def check(page: Page, what: str) -> None:
    """No violation of any rule of axe, and nothing that is wider than the screen."""
    page.evaluate(AXE)
    told = []
    for width, viewport in (("phone", NARROW), ("desk", DESKTOP)):
        page.set_viewport_size(viewport)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), what
        for scheme, rules in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found = page.evaluate(RUN_AXE, rules)
            told += [
                f"{what}, {width}, {scheme}: {violation['id']}: {node['html']}"
                f" {node['failureSummary']}"
                for violation in found["violations"]
                for node in violation["nodes"]
            ]
    assert told == [], "\n".join(told)
