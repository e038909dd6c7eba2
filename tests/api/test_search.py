"""One box that finds everything: in which order, in spite of what mistakes, and for whom."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.people import Caller, Firm, Person, created

Db = psycopg.Connection[Any]
Row = dict[str, Any]


def find(person: Person, firm: Firm, query: str, **options: Any) -> list[Row]:
    rows: list[Row] = created(person.rpc("search", firm_id=firm.id, query=query, **options))
    return rows


def found(person: Person, firm: Firm, query: str, **options: Any) -> list[tuple[str, str]]:
    return [(row["kind"], row["id"]) for row in find(person, firm, query, **options)]


@pytest.fixture
def file_of(db: Db) -> Callable[..., str]:
    """Makes a file that the worker has read; returns its id."""

    def make(firm: Firm, name: str, text: str, visibility: str = "firm") -> str:
        row = db.execute(
            """
            insert into public.files (id, firm_id, path, name, mime, size_bytes, text, status,
              visibility)
            select id, %(firm)s::uuid, %(firm)s::uuid || '/' || id || '/x.pdf', %(name)s,
              'application/pdf', 1, %(text)s, 'ready', %(visibility)s
            from gen_random_uuid() as id
            returning id::text
            """,
            {"firm": firm.id, "name": name, "text": text, "visibility": visibility},
        ).fetchone()
        assert row
        return str(row[0])

    return make


def test_every_kind_is_found_by_its_words(firm: Firm, file_of: Callable[..., str]) -> None:
    company = firm.company(name="Zephyr Logistics", tax_id="DE811907980")
    contact = firm.contact(company_id=company["id"], name="Ida Kron", email="ida@zephyr.test")
    consultant = firm.consultant(name="Tove Lind", skills=["Kubernetes", "Go"])
    contract = firm.contract(title="Warehouse automation", company_id=company["id"])
    note = firm.add("notes", None, {"company_id": company["id"], "body": "Prefers Tuesdays"})
    file = file_of(firm, "Offer 2026.pdf", "Total of nineteen thousand euro for conveyor belts.")
    viewer = firm.viewer
    for query, kind, id in (
        ("Zephyr Logistics", "company", company["id"]),
        ("DE811907980", "company", company["id"]),
        ("ida@zephyr.test", "contact", contact["id"]),
        ("kubernetes", "consultant", consultant["id"]),
        ("warehouse automation", "contract", contract["id"]),
        ("tuesdays", "note", note["id"]),
        ("conveyor belts", "file", file),
        ("offer 2026", "file", file),
    ):
        assert found(viewer, firm, query)[0] == (kind, id), query
    (row,) = find(viewer, firm, "conveyor")
    assert "conveyor belts" in row["snippet"]
    (row,) = find(viewer, firm, "tuesdays")
    assert (row["parent_kind"], row["parent_id"]) == ("company", company["id"])


def test_a_client_brings_its_contracts_behind_it(firm: Firm) -> None:
    company = firm.company(name="Brightwater")
    contract = firm.contract(title="Audit", company_id=company["id"])
    firm.contract(title="Audit")
    assert found(firm.viewer, firm, "brightwater") == [
        ("company", company["id"]),
        ("contract", contract["id"]),
    ]
    only = found(firm.viewer, firm, "brightwater", kinds=["company"])
    assert only == [("company", company["id"])]


@pytest.mark.parametrize("typed", ["helois energy", "Helios Enrgy", "HÉLIOS", "heli", "energy hel"])
def test_mistakes_accents_and_half_words(firm: Firm, typed: str) -> None:
    firm.company(name="Hélios Energy")
    firm.company(name="Nordwind")
    assert [row["title"] for row in find(firm.owner, firm, typed)] == ["Hélios Energy"]


def test_the_same_name_comes_before_longer_ones(firm: Firm) -> None:
    firm.company(name="Alpine Tours Switzerland")
    firm.company(name="The Alpine")
    same = firm.company(name="Alpine")
    titles = [row["title"] for row in find(firm.viewer, firm, "alpine")]
    assert titles == [same["name"], "Alpine Tours Switzerland", "The Alpine"]


def test_what_changes_is_found_as_it_is_now(firm: Firm) -> None:
    company = firm.company(name="Oldname")
    created(firm.owner.update("companies", {"name": "Freshname"}, id=f"eq.{company['id']}"))
    assert found(firm.viewer, firm, "oldname") == []
    assert found(firm.viewer, firm, "freshname") == [("company", company["id"])]
    created(firm.owner.update("companies", {"archived_at": "now"}, id=f"eq.{company['id']}"))
    assert found(firm.viewer, firm, "freshname") == []
    created(firm.owner.update("companies", {"archived_at": None}, id=f"eq.{company['id']}"))
    assert found(firm.viewer, firm, "freshname") == [("company", company["id"])]


def test_deleted_rows_leave_nothing_behind(firm: Firm, db: Db) -> None:
    company = firm.company(name="Gone")
    db.execute("delete from public.companies where id = %s", [company["id"]])
    assert found(firm.viewer, firm, "gone") == []
    firm.company(name="Gone too")
    db.execute("delete from public.firms where id = %s", [firm.id])
    left = db.execute(
        "select count(*) from private.search_entries where firm_id = %s", [firm.id]
    ).fetchone()
    assert left == (0,)


@pytest.mark.parametrize(
    "query",
    [
        *(
            "",
            "   ",
            "!!!",
            "'",
            '"',
            "\\",
            "%",
            "_",
            "%%%",
            "(((",
            "-",
            "--",
            "\t\n",
            "🙂",
            "\u202e",
        ),
        *("' | '' & !", "a:*b", "<->", "&|!", ":*", "a\\'b", "; drop table firms", "x" * 10_000),
    ],
)
def test_whatever_is_typed_is_only_text(shared_firm: Firm, query: str) -> None:
    assert find(shared_firm.viewer, shared_firm, query) == []


def test_the_first_eight_words_count(firm: Firm) -> None:
    """Each costs as much as all firms wrote: nobody sends a hundred of them."""
    company = firm.company()["id"]
    words = "ada bea cleo dora edda fay gwen hope"
    note = firm.add("notes", None, {"company_id": company, "body": words})
    assert found(firm.viewer, firm, words + " never") == [("note", note["id"])]
    assert found(firm.viewer, firm, "never " + words) == []


def test_no_more_than_asked_for_and_never_more_than_a_hundred(firm: Firm) -> None:
    rows = [{"name": f"Copy {n}", "firm_id": firm.id} for n in range(120)]
    created(firm.owner.insert("companies", rows))
    assert len(find(firm.viewer, firm, "copy")) == 20
    assert len(find(firm.viewer, firm, "copy", max_rows=3)) == 3
    assert len(find(firm.viewer, firm, "copy", max_rows=5000)) == 100


def test_a_text_without_end_is_still_found_by_its_name(
    firm: Firm, file_of: Callable[..., str]
) -> None:
    words = " ".join(f"{n:05x}" for n in range(200_000))
    file = file_of(firm, "Everything.pdf", words)
    assert found(firm.viewer, firm, "everything") == [("file", file)]


def test_attack_29_managers_files_are_found_by_managers_only(
    firm: Firm, file_of: Callable[..., str]
) -> None:
    secret = file_of(firm, "Payroll.pdf", "Confidential margins", "managers")
    assert found(firm.manager, firm, "payroll") == [("file", secret)]
    assert found(firm.manager, firm, "margins") == [("file", secret)]
    for person in (firm.member, firm.viewer):
        assert found(person, firm, "payroll") == []
        assert found(person, firm, "margins") == []


def test_attack_02_nothing_of_another_firm_is_found(firm: Firm, other_firm: Firm) -> None:
    other_firm.company(name="Quokka Holdings")
    assert found(firm.owner, firm, "quokka") == []
    answer = firm.owner.rpc("search", firm_id=other_firm.id, query="quokka")
    assert (answer.status_code, answer.json()["details"]) == (404, "firm_not_found")


def test_attack_18_those_who_are_out_find_nothing(
    firm: Firm, outsider: Person, visitor: Caller
) -> None:
    firm.company(name="Quokka Holdings")
    for person in (outsider, firm.portal, firm.suspended, firm.removed):
        answer = person.rpc("search", firm_id=firm.id, query="quokka")
        assert (answer.status_code, answer.json()["details"]) == (404, "firm_not_found")
    assert visitor.rpc("search", firm_id=firm.id, query="quokka").status_code == 401


@pytest.mark.parametrize(
    ("language", "written", "typed"),
    [
        ("english", "The consultants were invoicing monthly", "consultant invoices"),
        ("german", "Die Kündigung des Vertrags", "Kündigungen Verträge"),
        ("french", "Une obligation contractuelle", "obligations contractuelles"),
    ],
)
def test_documents_are_found_by_other_forms_of_their_words(
    firm: Firm, file_of: Callable[..., str], db: Db, language: str, written: str, typed: str
) -> None:
    file = file_of(firm, "scan-1.pdf", written)
    assert found(firm.viewer, firm, typed) == [], "as long as nobody knows the language"
    db.execute("update files set language = %s where id = %s", [language, file])
    assert found(firm.viewer, firm, typed) == [("file", file)]
    db.execute("update files set language = 'simple' where id = %s", [file])
    assert found(firm.viewer, firm, typed) == []


def test_several_languages_in_one_firm(firm: Firm, file_of: Callable[..., str], db: Db) -> None:
    texts = {"german": "Verlängerungen", "english": "renewals", "spanish": "renovaciones"}
    files = {language: file_of(firm, "x.pdf", text) for language, text in texts.items()}
    for language, file in files.items():
        db.execute("update files set language = %s where id = %s", [language, file])
    for language, typed in (("german", "Verlängerung"), ("english", "renewal")):
        assert found(firm.viewer, firm, typed) == [("file", files[language])]


def test_a_phrase_deep_in_a_document_and_its_page(
    firm: Firm, other_firm: Firm, outsider: Person, file_of: Callable[..., str], db: Db
) -> None:
    pages = [f"Page {n} speaks of many things. " + "Lorem ipsum dolor. " * 150 for n in range(320)]
    pages[299] = "The parties agree on the\nmarmalade clause of Article 7."
    file = file_of(firm, "Long.pdf", "\f".join(pages))
    db.execute("update files set page_count = 320, language = 'english' where id = %s", [file])
    (row,) = find(firm.member, firm, "marmalade clause")
    assert (row["id"], row["page"]) == (file, 300)
    assert "marmalade clause" in row["snippet"]
    (row,) = find(firm.member, firm, "Long.pdf")
    assert row["page"] is None, "its name is on no page"
    for stranger in (outsider, other_firm.owner):
        answer = stranger.rpc("search", firm_id=firm.id, query="marmalade clause")
        assert answer.json()["details"] == "firm_not_found"
    assert find(other_firm.owner, other_firm, "marmalade clause") == []
