"""Saved views: what may be in one, and who sees it."""

import uuid
from typing import Any

import pytest

from tests.people import Firm, Person, created

Row = dict[str, Any]

GOOD: Row = {
    "columns": ["title", "ends_on"],
    "filters": [
        {"column": "status", "operator": "in", "value": ["sent", "active"]},
        {"column": "ends_on", "operator": "lt", "value": "2026-12-31"},
        {"column": "archived_at", "operator": "is", "value": None},
    ],
    "sort": [{"column": "ends_on", "direction": "asc"}],
}


def view(firm: Firm, by: Person, **values: Any) -> Any:
    row = {"firm_id": firm.id, "name": "Mine", "entity": "contracts"} | values
    return by.insert("saved_views", row)


def where(row: Row) -> dict[str, str]:
    return {"id": f"eq.{row['id']}"}


@pytest.mark.parametrize("definition", [GOOD, {}, {"columns": []}, {"sort": GOOD["sort"]}], ids=str)
def test_a_view_is_kept_as_it_is(shared_firm: Firm, definition: Row) -> None:
    row = created(view(shared_firm, shared_firm.viewer, definition=definition))[0]
    assert row["definition"] == definition
    created(shared_firm.viewer.update("saved_views", {"archived_at": "now"}, **where(row)))


def condition(**values: Any) -> Row:
    return {"filters": [{"column": "status", "operator": "eq", "value": "x"} | values]}


@pytest.mark.parametrize(
    "definition",
    [
        [],
        "title",
        {"select": "*"},
        {"columns": "title"},
        {"columns": ["companies(tax_id)"]},
        {"columns": ["*"]},
        {"columns": ["title,consultant_private(*)"]},
        {"columns": ["title&or=(id.not.is.null)"]},
        {"columns": ["Title"]},
        {"columns": ["title\nid"]},
        {"columns": [None]},
        {"columns": [["title"]]},
        {"columns": ["x"] * 101},
        {"filters": {"column": "status"}},
        {"filters": [["status", "eq", "x"]]},
        {"filters": [{"column": "status", "operator": "eq"}]},
        condition(column="status) or (true"),
        condition(column=""),
        condition(column=None),
        condition(operator="or"),
        condition(operator="not.eq"),
        condition(operator="eq.x&select=*"),
        condition(operator=None),
        condition(value={"raw": "1"}),
        condition(value=["x"]),
        condition(operator="in", value="(x)"),
        condition(operator="in", value=[["x"]]),
        condition(operator="in", value=[{"x": 1}]),
        condition(and_="x"),
        {"sort": [{"column": "title", "direction": "asc; drop table contracts"}]},
        {"sort": [{"column": "title"}]},
        {"sort": [{"column": "(select 1)", "direction": "asc"}]},
        {"sort": ["title"]},
        condition(value="x" * 20000 + str(list(range(9000)))),
    ],
    ids=lambda value: str(value)[:60],
)
def test_attack_49_what_would_be_more_than_a_filter(shared_firm: Firm, definition: Any) -> None:
    answer = view(shared_firm, shared_firm.owner, definition=definition)
    assert (answer.status_code, answer.json()["code"]) == (400, "23514")
    row = created(view(shared_firm, shared_firm.owner, name=uuid.uuid4().hex))[0]
    change = {"definition": definition}
    answer = shared_firm.owner.update("saved_views", change, **where(row))
    assert (answer.status_code, answer.json()["code"]) == (400, "23514")


def test_a_view_is_its_authors_until_shared(shared_firm: Firm) -> None:
    firm, member = shared_firm, shared_firm.member
    row = created(view(firm, member, name="Private"))[0]
    for person in (firm.owner, firm.manager, firm.viewer):
        assert created(person.get("saved_views", **where(row))) == []
        assert created(person.update("saved_views", {"name": "x"}, **where(row))) == []
    created(member.update("saved_views", {"shared": True}, **where(row)))
    assert created(firm.viewer.get("saved_views", **where(row)))
    assert created(firm.viewer.update("saved_views", {"name": "x"}, **where(row))) == []
    created(firm.manager.update("saved_views", {"name": "Better"}, **where(row)))
    # A manager cannot make it vanish into the author's drawer, nor take it over.
    for change in ({"shared": False}, {"created_by": firm.manager.id}):
        assert firm.manager.update("saved_views", change, **where(row)).status_code == 403
    created(member.update("saved_views", {"shared": False}, **where(row)))
    assert created(firm.owner.get("saved_views", **where(row))) == []


def test_viewers_keep_views_and_share_none(shared_firm: Firm) -> None:
    viewer = shared_firm.viewer
    assert view(shared_firm, viewer, name="Loud", shared=True).status_code == 403
    row = created(view(shared_firm, viewer, name="Quiet"))[0]
    assert viewer.update("saved_views", {"shared": True}, **where(row)).status_code == 403
    created(viewer.update("saved_views", {"name": "Quieter"}, **where(row)))


def test_a_name_is_taken_by_its_author_only(shared_firm: Firm) -> None:
    created(view(shared_firm, shared_firm.member, name="Ending soon"))
    assert view(shared_firm, shared_firm.member, name="Ending soon").json()["code"] == "23505"
    # Else a refusal would tell what others keep for themselves.
    created(view(shared_firm, shared_firm.manager, name="Ending soon"))
