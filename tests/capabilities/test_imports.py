"""From a file to rows: what is created, updated, left alone and refused, with whose rights."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from edge_jobs.imports import report
from tests.api.imports import look, start, upload
from tests.api.races import wait_for_waiters
from tests.capabilities.conftest import notifications
from tests.capabilities.import_runs import Db, Runs, counts, refused, written
from tests.conftest import RunningStack
from tests.people import Firm, created

MIXED = (
    'Company name,VAT ID,External-ID,web site,COUNTRY,Colour\r\n'
    '"Harbour\u00a0Foods, Ltd",DE1,H-1,https://h.example,DE,red\r\n'
    '=HYPERLINK("x"),,H-2,,,\r\n'
    'Ångström,,H-3,,Germany,\r\n'
    'Ragged,,H-4\r\n'
    'Twice,,H-5,,,\r\n'
    '"Two\nlines",,H-6,ftp://x,,\r\n'
    'Twice again,,H-5,,,\r\n'
    '\r\n'
    'Solo,,,,AT,\r\n'
).replace('=HYPERLINK("x")', '"=HYPERLINK(""x"")"').encode()  # fmt: skip


def test_good_rows_are_kept_and_bad_ones_say_why(runs: Runs, db: Db, firm: Firm) -> None:
    known = firm.company(name="Solo")
    row = upload(firm.member, firm, b"\xef\xbb\xbf" + MIXED)
    before = written(db, firm)
    tried = runs.over(firm.member, row, dry_run=True)
    assert written(db, firm) == before, "a dry run writes nothing"
    assert (tried["status"], tried["progress"], tried["row_count"]) == ("done", 100, 8)
    assert counts(tried) == (2, 1, 0, 5)
    assert tried["columns"][-1] == {"column": "Colour", "field": None}
    list_of_dry_run = refused(firm.member, tried)

    done = runs.over(firm.member, row, dry_run=False)
    assert counts(done) == counts(tried)
    assert refused(firm.member, done) == list_of_dry_run
    assert [list(error.values())[:4] for error in list_of_dry_run] == [
        ["4", "COUNTRY", "Germany", "bad_form"],
        ["5", "", "", "column_count"],
        ["6", "External-ID", "H-5", "duplicate_key"],
        ["7", "Company name", "Two\nlines", "control_character"],
        ["7", "web site", "ftp://x", "bad_form"],
        ["9", "External-ID", "H-5", "duplicate_key"],
    ]
    assert list_of_dry_run[2]["reason"] == "The rows of lines 6, 9 mean the same entry."
    rows = created(firm.member.get("companies", select="name,tax_id,country,external_ref,id"))
    assert {r["name"]: r["external_ref"] for r in rows} == {
        "Solo": None,
        "Harbour\u00a0Foods, Ltd": "H-1",
        '=HYPERLINK("x")': "H-2",
    }
    assert next(r["country"] for r in rows if r["id"] == known["id"]) == "AT"
    log = created(
        firm.owner.get("audit_log", table_name="eq.companies", actor=f"eq.{firm.member.id}")
    )
    assert sorted(entry["action"] for entry in log) == ["insert", "insert", "update"]

    before = written(db, firm)
    again = runs.over(firm.member, row, dry_run=False)
    assert counts(again) == (0, 0, 3, 5)
    assert written(db, firm) == before, "running it twice changes nothing"
    told = notifications(firm.member, "import_finished")
    assert next(t["body"] for t in told) == "2 created, 1 updated, 0 unchanged, 5 refused."


def test_a_list_that_is_too_long_ends_with_a_word(
    runs: Runs, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MOST_BYTES", 10_000)
    rows = b"name,external_ref,country\n" + b"".join(b"A,%d,Nowhere\n" % n for n in range(500))
    done = runs.over(firm.member, upload(firm.member, firm, rows), dry_run=True)
    assert done["failed_count"] == 500
    *listed, last = refused(firm.member, done)
    assert 100 < len(listed) < 499
    assert last["line"] == ""
    assert last["reason"].startswith("There are more")


def test_attack_43_formulas_are_kept_and_do_not_run_in_the_list(runs: Runs, firm: Firm) -> None:
    rows = b'name,external_ref,website\n"=1+1",@ref,"=cmd|\'/c calc\'!A0"\n'
    done = runs.over(firm.member, upload(firm.member, firm, rows), dry_run=False)
    (error,) = refused(firm.member, done)
    assert error["value"] == "'=cmd|'/c calc'!A0"
    rows = rows.replace(b"\"=cmd|'/c calc'!A0\"", b"")
    runs.over(firm.member, upload(firm.member, firm, rows), dry_run=False)
    (company,) = created(firm.member.get("companies"))
    assert (company["name"], company["external_ref"]) == ("=1+1", "@ref")


def test_blank_leaves_untouched_and_a_mark_clears(runs: Runs, firm: Firm) -> None:
    first = b"ref,name,industry,website\nA,Acme,Food,https://a.example\n"
    runs.over(firm.member, upload(firm.member, firm, first), dry_run=False)
    second = b"ref,name,industry,website\nA,,\\N,\nB,\\N,,\n"
    done = runs.over(firm.member, upload(firm.member, firm, second), dry_run=False)
    assert counts(done) == (0, 1, 0, 1)
    assert refused(firm.member, done)[0]["code"] == "required"
    (company,) = created(firm.member.get("companies"))
    kept = (company["name"], company["industry"], company["website"])
    assert kept == ("Acme", None, "https://a.example")


def test_a_mapping_wins_over_names(runs: Runs, firm: Firm) -> None:
    rows = b"Name,Kurzname,Nr\nAcme Holding GmbH,Acme,7\n"
    mapping = {"Kurzname": "name", "Name": "legal_name", "nr": "external_ref"}
    row = upload(firm.member, firm, rows)
    done = runs.over(firm.member, row, dry_run=True)
    assert counts(done) == (1, 0, 0, 0)
    assert [c["field"] for c in done["columns"]] == ["name", None, None]
    done = runs.over(firm.member, row, dry_run=False, mapping=mapping)
    (company,) = created(firm.member.get("companies"))
    assert (company["name"], company["external_ref"]) == ("Acme", "7")
    assert company["legal_name"] == "Acme Holding GmbH"
    for wrong, code in (({"Name": "id"}, "unknown_field"), ([], "bad_mapping")):
        answer = start(firm.member, row, True, mapping=wrong)
        assert (answer.status_code, answer.json()["details"]) == (422, code)
    failed = runs.over(firm.member, row, dry_run=True, mapping={"Gone": "name"})
    assert (failed["status"], failed["reason"]) == ("failed", "unknown_column")
    # People are told the columns all the same, to say what they mean.
    assert [c["field"] for c in failed["columns"]] == ["name", None, None]
    assert failed["row_count"] is None


CONSULTANTS = (
    b"name,E-mail,skills,available from,seniority,kind\n"
    b"Ines Duarte,Ines@example.com,SQL; Python,2027-02-28,senior,partner\n"
    b"Noor Haddad,noor@example.com,,28.02.2027,,\n"
    b"Nobody,,,,,\n"
)


def test_consultants_are_found_by_reference_or_address(runs: Runs, firm: Firm) -> None:
    known = firm.consultant(name="Ines", email="ines@example.com", external_ref="I-1")
    values = {"kind": "consultants", "name": "people.csv"}
    row = upload(firm.manager, firm, CONSULTANTS, **values)
    done = runs.over(firm.manager, row, dry_run=False)
    assert counts(done) == (0, 1, 0, 2)
    codes = [error["code"] for error in refused(firm.manager, done)]
    assert codes == ["bad_date", "key_missing"]
    (ines,) = created(firm.manager.get("consultants", id=f"eq.{known['id']}"))
    assert (ines["name"], ines["skills"]) == ("Ines Duarte", ["SQL", "Python"])
    assert (ines["available_from"], ines["external_ref"]) == ("2027-02-28", "I-1")
    firm.consultant(name="Twin", email="ines@example.com")
    done = runs.over(firm.manager, row, dry_run=False)
    assert "2 entries" in refused(firm.manager, done)[0]["reason"]


def test_a_list_of_nothing_but_marks_is_blank(runs: Runs, firm: Firm) -> None:
    firm.consultant(name="C", external_ref="3", skills=["SQL"])
    rows = b'name,ref,skills\nA,1,;\nB,2,"SQL;;Python, "\nC,3," , ;"\n'
    row = upload(firm.manager, firm, rows, kind="consultants", name="people.csv")
    assert counts(runs.over(firm.manager, row, dry_run=False)) == (2, 0, 1, 0)
    found = created(firm.manager.get("consultants", select="skills", order="external_ref"))
    assert [c["skills"] for c in found] == [[], ["SQL", "Python"], ["SQL"]]


CONTRACTS = (
    "reference,title,type,client,start date,end date,rate,unit,notice,auto renew\n"
    "K-1,Advice,client_services,Harbour,2026-01-01,2026-12-31,950.50,day,30,no\n"
    "K-2,Advice,client_services,Twin,2026-01-01,2026-12-31,,,,\n"
    "K-3,Advice,client_services,{other},2026-01-01,2026-12-31,,,,\n"
    'K-4,Advice,client_services,Harbour,2025-02-30,2026-12-31,"1,5",day,1.5,perhaps\n'
    f"K-5,Advice,client_services,Harbour,2026-02-01,2026-01-01,{2**70},,,\n"
    "K-6,Advice,client_services,,2026-02-01,2026-01-01,,day,,\n"
    "K-7,Advice,nda,Harbour,,,NaN,day,,\n"
    ",Advice,nda,Harbour,,,,,,\n"
)


def test_contracts_are_drafts_and_stay_so(runs: Runs, firm: Firm, other_firm: Firm) -> None:
    """attack_06 and attack_41: a row that names another firm's company names nobody."""
    firm.company(name="Harbour")
    for _ in range(2):
        firm.company(name="Twin")
    foreign = other_firm.company(name="Theirs", external_ref="T-1")
    rows = CONTRACTS.replace("{other}", foreign["id"]).encode()
    values = {"kind": "contracts", "name": "contracts.csv"}
    row = upload(firm.member, firm, rows, **values)
    tried = runs.over(firm.member, row, dry_run=True)
    done = runs.over(firm.member, row, dry_run=False)
    assert counts(tried) == counts(done) == (1, 0, 0, 7)
    found = [
        (error["line"], error["column"], error["code"]) for error in refused(firm.member, done)
    ]
    assert found == [
        ("3", "client", "ambiguous"),
        ("4", "client", "not_found"),
        ("5", "auto renew", "bad_boolean"),
        ("5", "notice", "bad_number"),
        ("5", "rate", "bad_number"),
        ("5", "start date", "bad_date"),
        ("6", "rate", "bad_number"),
        ("7", "client", "party_missing"),
        ("7", "end date", "wrong_order"),
        ("7", "rate", "incomplete"),
        ("8", "rate", "bad_number"),
        ("9", "reference", "key_missing"),
    ]
    for name in ("Theirs", "T-1"):
        again = CONTRACTS.replace("{other}", name).encode()
        done = runs.over(firm.member, upload(firm.member, firm, again, **values), dry_run=True)
        assert refused(firm.member, done)[1]["code"] == "not_found"
    (contract,) = created(firm.member.get("contracts"))
    assert (contract["status"], contract["rate"], contract["currency"]) == ("draft", 950.5, "EUR")
    changed = f"number,title\n{contract['number']},Other advice\n99,x\n".encode()
    done = runs.over(firm.member, upload(firm.member, firm, changed, **values), dry_run=False)
    assert counts(done) == (0, 1, 0, 1)
    created(firm.manager.rpc("transition_contract", id=contract["id"], to_status="in_review"))
    only_keys = upload(firm.member, firm, f"number\n{contract['number']}\n".encode(), **values)
    assert counts(runs.over(firm.member, only_keys, dry_run=False)) == (0, 0, 1, 0)
    changed = changed.replace(b"Other", b"Another")
    done = runs.over(firm.manager, upload(firm.manager, firm, changed, **values), dry_run=False)
    codes = [error["code"] for error in refused(firm.manager, done)]
    assert (counts(done), codes) == ((0, 0, 0, 2), ["not_draft", "not_found"])


def test_the_planner_knows_the_tables_an_import_looks_into(runs: Runs, db: Db, firm: Firm) -> None:
    tables = ["companies", "consultants", "contracts"]
    known = "update pg_class set reltuples = -1 where oid = any (%s::regclass[])"
    db.execute(known, [tables])
    row = upload(firm.member, firm, b"ref,title,kind\nK-1,Advice,nda\n", kind="contracts")
    runs.over(firm.member, row, dry_run=True)
    query = "select count(*) from pg_class where reltuples >= 0 and oid = any (%s::regclass[])"
    assert db.execute(query, [tables]).fetchone() == (3,)


def test_a_draft_that_is_sent_for_review_meanwhile_stays_as_it_is(
    runs: Runs, db: Db, stack: RunningStack, firm: Firm
) -> None:
    contract = firm.contract(external_ref="K-1", title="Advice")
    rows = b"ref,title\nK-1,Other advice\n"
    row = created(
        start(firm.manager, upload(firm.manager, firm, rows, kind="contracts"), dry_run=False)
    )
    with psycopg.connect(stack.superuser_url) as colleague:
        colleague.execute(
            "update contracts set status = 'in_review' where id = %s", [contract["id"]]
        )
        with ThreadPoolExecutor() as pool:
            running = pool.submit(runs.run_and_close, row)
            wait_for_waiters(db, colleague.info.backend_pid, 1)
            colleague.commit()
            running.result()
    (error,) = refused(firm.manager, look(firm.manager, row))
    assert (error["code"], error["reason"][:11]) == ("not_draft", "The contrac")


def test_attack_19_members_change_their_own_drafts_only(runs: Runs, firm: Firm) -> None:
    of_owner = firm.contract(external_ref="K-1", title="Advice")
    firm.contract(firm.member, external_ref="K-2", title="Advice")
    rows = b"ref,title\nK-1,Mine now\nK-2,Mine now\n"
    row = upload(firm.member, firm, rows, kind="contracts")
    tried = runs.over(firm.member, row, dry_run=True)
    done = runs.over(firm.member, row, dry_run=False)
    assert counts(tried) == counts(done) == (0, 1, 0, 1)
    assert refused(firm.member, done)[0]["code"] == "not_allowed"
    (kept,) = created(firm.owner.get("contracts", id=f"eq.{of_owner['id']}"))
    assert kept["title"] == "Advice"
    # A manager may, and does.
    assert counts(runs.over(firm.manager, row, dry_run=False)) == (0, 1, 1, 0)


def test_attack_18_rights_lost_in_between_import_nothing(
    runs: Runs, db: Db, firm: Firm, api: Any
) -> None:
    leaver = firm.join("member")
    row = created(start(leaver, upload(leaver, firm), dry_run=False))
    created(firm.owner.rpc("change_role", firm_id=firm.id, user_id=leaver.id, role="viewer"))
    runs.run(row)
    over = look(firm.owner, row)
    assert (over["status"], over["reason"]) == ("failed", "not_allowed")
    row = created(start(firm.member, row, dry_run=False))
    created(firm.owner.rpc("remove_member", firm_id=firm.id, user_id=firm.member.id))
    runs.run(row)
    assert look(firm.owner, row)["reason"] == "firm_not_found"
    # The account itself is gone: nobody's rights are not everybody's.
    row = created(start(firm.owner, row, dry_run=False))
    db.execute("update imports set requested_by = null where id = %s", [row["id"]])
    runs.run(row)
    assert look(firm.owner, row)["status"] == "failed"
    assert created(firm.owner.get("companies")) == []


def test_attack_44_the_second_factor_of_the_session_counts(runs: Runs, db: Db, firm: Firm) -> None:
    row = created(start(firm.member, upload(firm.member, firm), dry_run=False))
    db.execute("update firms set require_mfa = true where id = %s", [firm.id])
    runs.run(row)
    query = "select reason, (select count(*) from companies c where c.firm_id = i.firm_id)"
    found = db.execute(f"{query} from imports i where id = %s", [row["id"]]).fetchone()
    assert found == ("mfa_required", 0)
    # As start_import writes it for a session that was verified with one.
    db.execute(
        "update imports set status = 'running', second_factor = true where id = %s", [row["id"]]
    )
    runs.run(row)
    assert db.execute(f"{query} from imports i where id = %s", [row["id"]]).fetchone() == (None, 1)
