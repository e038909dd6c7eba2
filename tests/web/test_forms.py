"""What somebody typed, chose or stood on is there after they sent it, or did not."""

import re

from playwright.sync_api import expect

from tests.people import Firm, created
from tests.web.conftest import Visit


def test_an_edit_changes_what_was_edited(visit: Visit, firm: Firm) -> None:
    noor, helios = firm.consultant(name="Noor Haddad"), firm.company(name="Helios")
    parties = {"consultant_id": noor["id"], "company_id": helios["id"]}
    architect = firm.contract(kind="consultant", title="Architect", **parties)
    secret = firm.contract(kind="nda", title="Secret", **parties | {"company_id": None})
    page = visit("/contracts", firm.owner)
    page.get_by_role("link", name="Architect").wait_for()
    for contract in (architect, secret):
        page.goto(f"/contracts/{contract['id']}")
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("Title").fill(f"{contract['title']} anew")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name=f"{contract['title']} anew")).to_be_visible()
    rows = created(firm.owner.get("contracts", select="company_id,consultant_id", order="number"))
    assert rows == [parties | {"company_id": company} for company in (helios["id"], None)]
