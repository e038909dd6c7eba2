"""From a file to rows: what is created, updated, left alone and refused, once and for good."""

import csv
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from edge_jobs.errors import Snooze, Unreachable
from edge_jobs.imports import report
from edge_jobs.imports import run as importing
from edge_jobs.imports.run import ImportRun
from edge_jobs.log import Log
from edge_jobs.registry import Job
from tests.api.imports import Import, errors, look, start, upload
from tests.api.races import wait_for_waiters
from tests.capabilities.conftest import Worker, notifications
from tests.conftest import RunningStack
from tests.people import Firm, Person, created
from tests.platform.live import connected, follow

Db = psycopg.Connection[Any]
Make = Callable[..., Worker]
COUNTS = ("created_count", "updated_count", "unchanged_count", "failed_count")


class Runs:
    """Runs imports as a runner would."""

    def __init__(self, worker: Make) -> None:
        self.make = worker
        self.api = worker()

    def run(self, row: Import, api: Worker | None = None) -> None:
        job = Job("default:1", "import.run", 1, None, api or self.api, Log())
        importing.run(job, ImportRun(import_id=row["id"], run=row["run"]))

    def run_and_close(self, row: Import) -> None:
        """In a thread, whose connections are its own."""
        api = self.make()
        self.run(row, api)
        api.close()

    def over(self, person: Person, row: Import, dry_run: bool, **values: Any) -> Import:
        self.run(created(start(person, row, dry_run, **values)))
        return look(person, row)


@pytest.fixture
def runs(worker: Make) -> Runs:
    return Runs(worker)


def counts(row: Import) -> tuple[int, ...]:
    return tuple(row[name] for name in COUNTS)


def refused(person: Person, row: Import) -> list[dict[str, str]]:
    answer = errors(person, row["errors_path"])
    assert answer.is_success, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def written(db: Db, firm: Firm) -> list[Any]:
    """Everything an import could have touched."""
    return [
        db.execute(f"select * from {table} where firm_id = %s order by 1", [firm.id]).fetchall()
        for table in ("companies", "consultants", "contracts", "audit_log")
    ]


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


class CutOff(Worker):
    """Loses the answer to every second batch, or its question."""

    calls = 0

    def rpc(self, name: str, /, **arguments: Any) -> Any:
        if name != "import_rows":
            return super().rpc(name, **arguments)
        self.calls += 1
        if self.calls % 3 == 1:
            raise Unreachable(url="x", reason="the question was lost")
        answer = super().rpc(name, **arguments)
        if self.calls % 3 == 2:
            raise Unreachable(url="x", reason="the answer was lost")
        return answer


def test_a_run_that_is_cut_off_anywhere_has_its_effects_once(
    runs: Runs, worker: Make, db: Db, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 3)
    rows = "name,ref,country\n" + "".join(
        f"Company {n},R-{n},{'DE' if n % 4 else 'Germany'}\n" for n in range(1, 12)
    )
    row = created(start(firm.member, upload(firm.member, firm, rows.encode()), dry_run=False))
    api = worker(CutOff)
    for _ in range(20):
        try:
            runs.run(row, api)
            break
        except Unreachable:
            continue
    done = look(firm.member, row)
    assert (done["status"], counts(done)) == ("done", (9, 0, 0, 2))
    assert [error["line"] for error in refused(firm.member, done)] == ["5", "9"]
    log = db.execute(
        "select count(*) from audit_log where firm_id = %s and table_name = 'companies'", [firm.id]
    )
    assert log.fetchone() == (9,)
    # A batch that comes late, of this run or of one before.
    late = {"import_id": row["id"], "size": 1, "fields": ["name"], "rows": [[2, "Late"]]}
    for run, first in ((1, 0), (1, 11), (2, 0)):
        assert runs.api.rpc("import_rows", **late, run=run, first=first) is None
    runs.run(row)
    assert look(firm.member, row) == done


def test_a_run_goes_on_where_an_attempt_that_seemed_lost_had_gone_on(
    runs: Runs, worker: Make, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 1)
    rows = b"name,ref\nOne,R-1\nTwo,R-2\nThree,R-3\n"
    row = created(start(firm.member, upload(firm.member, firm, rows), dry_run=False))

    class Overtaken(Worker):
        def rpc(self, name: str, /, **arguments: Any) -> Any:
            if name == "import_rows" and arguments["first"] == 1:
                runs.api.rpc(name, **arguments)
            return super().rpc(name, **arguments)

    with pytest.raises(Snooze):
        runs.run(row, worker(Overtaken))
    runs.run(row)
    over = look(firm.member, row)
    assert (over["status"], counts(over)) == ("done", (3, 0, 0, 0))


def test_a_colleague_who_was_faster_costs_one_row(
    runs: Runs, db: Db, stack: RunningStack, firm: Firm
) -> None:
    """The unique index decides, behind everything that was looked at before."""
    rows = "name,ref\n" + "".join(f"Ours {n},R-{n}\n" for n in range(20))
    row = created(start(firm.member, upload(firm.member, firm, rows.encode()), dry_run=False))
    with psycopg.connect(stack.superuser_url) as colleague:
        colleague.execute(
            "insert into companies (firm_id, name, external_ref) values (%s, 'Theirs', 'R-13')",
            [firm.id],
        )
        with ThreadPoolExecutor() as pool:
            running = pool.submit(runs.run_and_close, row)
            wait_for_waiters(db, colleague.info.backend_pid, 1)
            colleague.commit()
            running.result()
    done = look(firm.member, row)
    # Tried once more by itself, it is the colleague's company that is meant.
    assert counts(done) == (19, 1, 0, 0)
    names = {c["name"] for c in created(firm.member.get("companies"))}
    assert names == {f"Ours {n}" for n in range(20)}


def test_a_file_that_is_sent_twice_at_once_makes_its_rows_once(
    runs: Runs, db: Db, stack: RunningStack, firm: Firm
) -> None:
    """No unique index knows the names of companies."""
    rows = b"name\nOne\nTwo\n"
    first, second = (
        created(start(firm.member, upload(firm.member, firm, rows), dry_run=False))
        for _ in range(2)
    )
    runs.api.rpc("begin_import_run", import_id=first["id"], run=1)
    batch = "select public.import_rows(%s, 1, 0, 2, '{name}', '[[2, \"One\"], [3, \"Two\"]]')"
    with psycopg.connect(stack.superuser_url) as other:
        other.execute("set local role service_role")
        other.execute(batch, [first["id"]])
        with ThreadPoolExecutor() as pool:
            running = pool.submit(runs.run_and_close, second)
            wait_for_waiters(db, other.info.backend_pid, 1)
            other.commit()
            running.result()
    assert counts(look(firm.member, second)) == (0, 0, 2, 0)
    assert len(created(firm.member.get("companies"))) == 2


def test_a_run_can_be_cancelled_and_begun_again(
    runs: Runs, worker: Make, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 1)
    rows = b"name,ref\nOne,R-1\nTwo,R-2\nThree,R-3\n"
    row = created(start(firm.member, upload(firm.member, firm, rows), dry_run=False))

    class Cancelling(Worker):
        def rpc(self, name: str, /, **arguments: Any) -> Any:
            if name == "import_rows" and arguments["first"] == 1:
                created(firm.member.rpc("cancel_import", import_id=row["id"]))
            return super().rpc(name, **arguments)

    runs.run(row, worker(Cancelling))
    over = look(firm.member, row)
    assert (over["status"], over["rows_done"]) == ("cancelled", 1)
    answer = firm.member.rpc("cancel_import", import_id=row["id"])
    assert (answer.status_code, answer.json()["details"]) == (409, "import_over")
    assert counts(runs.over(firm.member, row, dry_run=False)) == (2, 0, 1, 0)


def test_an_import_whose_job_dies_has_failed(
    drain: Callable[..., str], db: Db, firm: Firm, api: Any
) -> None:
    row = created(start(firm.member, upload(firm.member, firm), dry_run=False))
    api.as_service("DELETE", f"/storage/v1/object/imports/{row['path']}")
    drain()
    over = look(firm.member, row)
    assert (over["status"], over["reason"]) == ("failed", "object_missing")
    assert over["detail"] == "The uploaded bytes are no longer there."


async def test_progress_is_live(
    stack: RunningStack, runs: Runs, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_ROWS", 1)
    rows = b"name,ref\nOne,R-1\nTwo,R-2\n"
    row = upload(firm.member, firm, rows)
    async with connected(stack, firm.member.token) as client:
        changes = await follow(client, "imports", filter=f"firm_id=eq.{firm.id}")
        runs.over(firm.member, row, dry_run=True)
        seen: list[tuple[str, int]] = []
        while not seen or seen[-1][0] != "done":
            change = (await changes.next())["record"]
            seen.append((change["status"], change["progress"]))
    assert seen == [
        ("queued", 0),
        ("running", 0),
        ("running", 0),
        ("running", 50),
        ("running", 99),
        ("done", 100),
    ]
