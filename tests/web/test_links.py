"""Every link that the database, a mail or an Edge Function makes opens a page of the app."""

import re
import uuid

from playwright.sync_api import Page, expect

from edge_jobs.notifications.message import SETTINGS
from tests.people import Firm
from tests.web.conftest import ROOT, Visit

# A path as SQL writes it: whole, or up to what it is joined to.
IN_SQL = re.compile(r"'(/[a-z]+(?:/[a-z]+)*(?:/|#token=)?)'")
IN_FUNCTIONS = re.compile(r"\$\{app\}(/\w+(?:/|#token=)?)")
IN_DOCS = re.compile(r"Links lead to pages of the product below `APP_URL`: (.*?)\.\n", re.DOTALL)


def made() -> set[str]:
    """Their forms, with … for what differs from one to the next."""
    found = {SETTINGS}
    for pattern, files in (
        (IN_SQL, (ROOT / "sql").rglob("*.sql")),
        (IN_FUNCTIONS, (ROOT / "supabase" / "functions").glob("*/index.ts")),
    ):
        for file in files:
            found.update(pattern.findall(file.read_text()))
    return {f"{form}…" if form.endswith(("/", "=")) else form for form in found}


def test_the_docs_name_every_link() -> None:
    section = IN_DOCS.search((ROOT / "docs" / "notifications.md").read_text())
    assert section
    assert set(re.findall(r"`([^`]+)`", section.group(1))) == made()


def test_every_link_opens_a_page(visit: Visit, firm: Firm) -> None:
    page = visit("/", firm.owner)
    expect(page.get_by_role("heading", name="Contracts", exact=True)).to_be_visible()
    assert not has_page(page, "/nowhere/…")
    assert [form for form in sorted(made()) if not has_page(page, form)] == []


def has_page(page: Page, form: str) -> bool:
    page.goto(form.replace("…", str(uuid.uuid4())))
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_label("Loading")).to_have_count(0)
    return page.get_by_role("heading", name="No such page").count() == 0
