"""Everything a firm has, for its owners, and nothing of anybody else."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from edge_jobs.exports import export as exporting
from edge_jobs.exports import parts as packing
from edge_jobs.exports import tables
from edge_jobs.exports.export import FirmExport
from edge_jobs.log import Log
from edge_jobs.registry import Job
from tests.api.world import World
from tests.capabilities.conftest import SAMPLES, notifications, row, stored, upload
from tests.capabilities.worker import Worker
from tests.conftest import RunningStack
from tests.people import Api, Caller, Firm, Person, created

Drain = Callable[..., str]
Make = Callable[..., Worker]
Database = psycopg.Connection[Any]

AGREEMENT = (SAMPLES / "pdflatex-4-pages.pdf").read_bytes()
PDF = "application/pdf"
FIRMBASE = str(Path(sys.executable).with_name("firmbase"))


def ask(firm: Firm) -> str:
    return str(created(firm.owner.rpc("export_firm", firm_id=firm.id)))


class Unpacked:
    """The parts of an export in one folder, as its owner gets them."""

    def __init__(self, firm: Firm, id: str) -> None:
        self.row = row(firm.owner, "firm_exports", id)
        self.files: dict[str, bytes] = {}
        for part in self.row["parts"]:
            content = stored(firm.owner, "exports", part["path"])
            assert len(content) == part["size_bytes"]
            assert hashlib.sha256(content).hexdigest() == part["sha256"]
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    assert name not in self.files
                    self.files[name] = archive.read(name)
        self.manifest = json.loads(self.files["manifest.json"])

    def rows(self, table: str) -> list[dict[str, Any]]:
        lines = self.files[f"data/{table}.jsonl"].decode().splitlines()
        return [json.loads(line) for line in lines]

    def cells(self, table: str) -> list[dict[str, str]]:
        text = self.files[f"data/{table}.csv"].decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def full(api: Api, db: Database, firm: Firm, visitor: Caller) -> World:
    """A firm with rows in every table."""
    world = World(api, db, firm, visitor, Person(api, "outsider"))
    for table in tables.TABLES:
        if table not in ("firms", "profiles", "firm_members", "audit_log"):
            world.make(table)
    world.merge()
    return world


def test_the_list_of_tables_is_that_of_the_database(db: Database) -> None:
    found = {
        table
        for (table,) in db.execute(
            "select c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid"
            " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
            " and a.attname = 'firm_id' and not a.attisdropped"
        )
    }
    assert found | {"firms", "profiles"} == tables.TABLES.keys() | tables.EXCLUDED.keys()
    assert not tables.TABLES.keys() & tables.EXCLUDED.keys()
    assert all(tables.EXCLUDED.values())


def test_every_row_of_every_table_is_there(
    full: World, other_firm: Firm, db: Database, drain: Drain
) -> None:
    firm = full.firm
    others = [other_firm.company()["id"], other_firm.consultant()["id"], other_firm.id]
    secret = other_firm.company(name="Of another firm")["name"]
    firm.company(name='=HYPERLINK("http://x")')
    firm.company(name="+49 Logistics; =1+1")
    contract = firm.contract(rate=1234.5, value_cap=99999999.99)
    db.execute(
        "insert into tags (firm_id, name) select %s, 'Tag ' || n from generate_series(1, 2100) n",
        [firm.id],
    )
    id = ask(firm)
    drain()
    found = Unpacked(firm, id)
    assert (found.row["status"], found.row["progress"]) == ("ready", 100)
    for table in tables.TABLES:
        if table == "profiles":
            continue
        where = "id = %s" if table == "firms" else "firm_id = %s"
        expected = [
            line
            for (line,) in db.execute(
                f"select to_jsonb(t) from {table} t where {where}".encode(), [firm.id]
            )
        ]
        if table == "audit_log":
            # Asking for the export leaves no trace there, but nothing else may be missing.
            assert len(expected) > 5
        rows = found.rows(table)
        key = tables.TABLES[table].key
        assert sorted(map(str, (r[key] for r in rows))) == sorted(str(e[key]) for e in expected)
        assert expected, table
        by_key = {str(e[key]): e for e in expected}
        for line in rows:
            for column, value in by_key[str(line[key])].items():
                if table == "reports" or (isinstance(value, str) and "T" in value):
                    continue  # an instant is written in another way
                assert line[column] == value, (table, column)
        assert len(found.cells(table)) == len(rows) == found.manifest["tables"][table]
    people = {person["id"] for person in found.rows("profiles")}
    assert people == {member["user_id"] for member in found.rows("firm_members")}
    names = {line["name"] for line in found.cells("companies")}
    assert {'\'=HYPERLINK("http://x")', "'+49 Logistics;' =1+1"} <= names
    assert {'=HYPERLINK("http://x")', "+49 Logistics; =1+1"} <= {
        line["name"] for line in found.rows("companies")
    }
    (money,) = (c for c in found.cells("contracts") if c["id"] == contract["id"])
    assert (money["rate"], money["value_cap"]) == ("1234.50", "99999999.99")
    everything = b"".join(found.files.values()).decode(errors="replace")
    for foreign in (*others, secret, other_firm.owner.email):
        assert foreign not in everything
    for name in ("token", "token_hash", "dedupe_key", "encrypted_password"):
        assert f'"{name}"' not in everything
    for (hashed,) in db.execute(
        "select encode(token_hash, 'hex') from private.invitation_tokens"
        " union all select encode(token_hash, 'hex') from private.signing_tokens"
    ):
        assert hashed not in everything


def test_no_row_is_left_out_where_the_api_gives_fewer_than_asked_for(
    api: Api, firm: Firm, other_firm: Firm, db: Database
) -> None:
    db.execute(
        "insert into tags (firm_id, name) select %s, n::text from generate_series(1, 1100) n",
        [firm.id],
    )
    key = api.secret_key
    headers = {"apikey": key, "Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"{api.url}/rest/v1", headers=headers) as http:
        wide = tables.Table(page=5000)
        assert len({tag["id"] for tag in tables.pages(http, "tags", wide, firm.id)}) == 1100
        # Nor does any other firm come along, not even where the key is the firm's own.
        first = min(firm.id, other_firm.id)
        assert [row["id"] for row in tables.rows(http, "firms", first)] == [first]


def test_the_documents_are_there_byte_by_byte(firm: Firm, db: Database, drain: Drain) -> None:
    company = firm.company(name="Käse & Söhne: a/b")["id"]
    contract = firm.contract()
    text = "Protokoll – März".encode()
    ready = [
        upload(firm.member, firm, "Agreement.pdf", AGREEMENT, PDF, company_id=company),
        upload(firm.member, firm, "agreement.pdf", AGREEMENT, PDF, company_id=company),
        upload(firm.member, firm, "Minutes.txt", text, "text/plain", contract_id=contract["id"]),
        upload(firm.member, firm, "con.txt", text, "text/plain"),
        *(
            upload(firm.member, firm, "CV.txt", text, "text/plain", contact_id=contact["id"])
            for contact in (firm.contact(company_id=company), firm.contact())
        ),
        upload(
            firm.member, firm, "CV.txt", text, "text/plain", consultant_id=firm.consultant()["id"]
        ),
    ]
    bad = upload(firm.member, firm, "Wrong.pdf", text, PDF)
    lost = upload(firm.member, firm, "Lost.txt", text, "text/plain")
    drain()
    created(firm.owner.update("files", {"archived_at": "now"}, id=f"eq.{ready[2]}"))
    path = row(firm.owner, "files", lost)["path"]
    created(firm.api.as_service("DELETE", f"/storage/v1/object/firm-files/{path}"))
    id = ask(firm)
    drain()
    found = Unpacked(firm, id)
    documents = {n: c for n, c in found.files.items() if n.startswith("documents/")}
    folder = "documents/company/Käse & Söhne_ a_b"
    twins = [name for name in documents if name.startswith(folder)]
    assert {name.casefold() for name in twins} == {
        f"{folder}/agreement.pdf".casefold(),
        f"{folder}/agreement (2).pdf".casefold(),
    }
    assert all(documents[name] == AGREEMENT for name in twins)
    assert documents[f"documents/contract/{contract['number']}/Minutes.txt"] == text
    assert documents["documents/firm/_con.txt"] == text
    # Two of one name, at different companies.
    for person in ("Käse & Söhne_ a_b/Ada Marsh", "Harbour Foods/Ada Marsh"):
        assert documents[f"documents/contact/{person}/CV.txt"] == text
    assert documents["documents/consultant/Ines Duarte/CV.txt"] == text
    assert len(documents) == 7
    listed = {entry["id"]: entry for entry in found.manifest["documents"]}
    for file in ready:
        entry = listed[file]
        assert hashlib.sha256(documents[entry["path"]]).hexdigest() == entry["sha256"]
    assert listed[bad]["left_out"] == "quarantined"
    assert listed[lost]["left_out"] == "object_missing"
    assert "Marlow & Partners" in found.files["README.txt"].decode()


def run(api: Worker, id: str) -> dict[str, Any]:
    """The job in this process; another firm in its message changes nothing."""
    job = Job("low:1", "firm.export", 1, str(uuid.uuid4()), api, Log())
    return exporting.export(job, FirmExport(export_id=uuid.UUID(id))) or {}


def objects(db: Database, id: str) -> list[str]:
    found = db.execute(
        "select name from storage.objects where bucket_id = 'exports' and name like %s order by 1",
        [f"%/{id}/%"],
    )
    return [name for (name,) in found]


def test_parts_are_bounded_and_a_large_document_has_its_own(
    firm: Firm, db: Database, drain: Drain, worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        upload(firm.member, firm, f"{number}.pdf", AGREEMENT, PDF)
    drain()
    monkeypatch.setattr(packing, "PART_BYTES", len(AGREEMENT) // 2)
    monkeypatch.setattr(exporting, "FILE_BYTES", 200)
    firm.company(name="First")
    firm.company(name="Second")
    id = ask(firm)
    assert run(worker(), id)["parts"] > 3
    found = Unpacked(firm, id)
    assert {"data/companies.csv", "data/companies-2.csv"} <= found.files.keys()
    assert len([name for name in found.files if name.startswith("documents/")]) == 3
    drain()
    db.execute("delete from firm_exports where id = %s", [id])
    drain()
    assert objects(db, id) == []


class Crash(Exception):
    """The worker ends here."""


class Crashing(Worker):
    """Dies when the first part has been stored."""

    def rpc(self, name: str, /, **arguments: Any) -> Any:
        if name == "progress_export" and arguments["part_count"] > 1:
            raise Crash
        return super().rpc(name, **arguments)


def test_cut_short_and_repeated_it_leaves_one_export(
    firm: Firm, db: Database, drain: Drain, worker: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(firm.member, firm, "Agreement.pdf", AGREEMENT, PDF)
    drain()
    id = ask(firm)
    with monkeypatch.context() as small:
        small.setattr(packing, "PART_BYTES", 100)
        with pytest.raises(Crash):
            run(worker(Crashing), id)
    assert row(firm.owner, "firm_exports", id)["status"] == "working"
    assert objects(db, id) == [f"{firm.id}/{id}/part-001.zip"]
    path = f"/storage/v1/object/exports/{firm.id}/{id}/part-001.zip"
    assert firm.owner.send("GET", path).is_error, "half an export is none"
    drain()
    found = Unpacked(firm, id)
    assert len([name for name in found.files if name.startswith("documents/")]) == 1
    assert objects(db, id) == [f"{firm.id}/{id}/part-001.zip"]
    assert len(notifications(firm.owner, "export_ready")) == 1
    before = row(firm.owner, "firm_exports", id)
    assert run(worker(), id) == {"skipped": "done already"}
    assert row(firm.owner, "firm_exports", id) == before


def test_a_row_that_goes_meanwhile_ends_the_job(firm: Firm, db: Database, worker: Make) -> None:
    id = ask(firm)
    db.execute("update firm_exports set status = 'failed' where id = %s", [id])

    class Gone(Worker):
        def rpc(self, name: str, /, **arguments: Any) -> Any:
            if name == "progress_export" and arguments["progress"] > 0:
                db.execute("delete from firm_exports where id = %s", [id])
            return super().rpc(name, **arguments)

    with pytest.raises(Exception, match="Nobody waits"):
        run(worker(Gone), id)
    assert objects(db, id) == []


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["details"]) == (status, code), answer.text


def test_one_at_a_time_and_five_a_day(firm: Firm, db: Database) -> None:
    ask(firm)
    refused(firm.owner.rpc("export_firm", firm_id=firm.id), 409, "export_running")
    for _ in range(4):
        db.execute("update firm_exports set status = 'failed' where firm_id = %s", [firm.id])
        ask(firm)
    db.execute("update firm_exports set status = 'failed' where firm_id = %s", [firm.id])
    refused(firm.owner.rpc("export_firm", firm_id=firm.id), 429, "too_many_exports")
    db.execute(
        "update firm_exports set created_at = now() - interval '25 hours' where firm_id = %s",
        [firm.id],
    )
    ask(firm)


def test_attack_42_only_owners_of_the_firm_reach_it(
    firm: Firm, other_firm: Firm, drain: Drain, outsider: Person, visitor: Caller
) -> None:
    id = ask(firm)
    drain()
    (part,) = row(firm.owner, "firm_exports", id)["parts"]
    path = part["path"]
    signed = {"json": {"expiresIn": 60}}
    assert firm.owner.send("POST", f"/storage/v1/object/sign/exports/{path}", **signed).is_success
    for person in (
        firm.admin,
        firm.manager,
        firm.member,
        firm.viewer,
        firm.portal,
        firm.suspended,
        firm.removed,
        other_firm.owner,
        outsider,
        visitor,
    ):
        listed = person.get("firm_exports", id=f"eq.{id}")
        assert listed.is_error or listed.json() == []
        assert person.send("GET", f"/storage/v1/object/exports/{path}").is_error
        assert person.send("POST", f"/storage/v1/object/sign/exports/{path}", **signed).is_error
        assert person.rpc("export_firm", firm_id=firm.id).is_error
        for function in ("begin_export", "progress_export", "finish_export"):
            extra: dict[str, Any] = {"export_id": id}
            extra |= {"progress": 1, "part_count": 1} if function == "progress_export" else {}
            extra |= {"parts": []} if function == "finish_export" else {}
            assert person.rpc(function, **extra).json()["code"] == "42501"
        assert person.rpc("export_firm_for_operator", firm_id=firm.id).json()["code"] == "42501"
        there = f"/storage/v1/object/exports/{path}"
        assert person.send("POST", there, headers={"x-upsert": "true"}, content=b"PK").is_error


def test_attack_41_a_job_exports_the_firm_of_the_row(
    firm: Firm, other_firm: Firm, db: Database, drain: Drain
) -> None:
    """A message that names the other firm beside this export's id."""
    id = ask(firm)
    company = other_firm.company(name="Of another firm")
    db.execute(
        "update pgmq.q_jobs_low set message = message || jsonb_build_object('firm_id', %s::text)"
        " where message #>> '{payload,export_id}' = %s",
        [other_firm.id, id],
    )
    drain()
    found = Unpacked(firm, id)
    assert company["id"] not in {line["id"] for line in found.rows("companies")}
    foreign = json.dumps([{"path": f"{other_firm.id}/x/part-001.zip"}])
    second = ask(firm)
    db.execute("update firm_exports set status = 'working' where id = %s", [second])
    db.execute("select private.finish_export(%s, %s)", [second, foreign])
    assert row(firm.owner, "firm_exports", second)["status"] == "working"


def test_a_dead_job_leaves_a_failed_export(firm: Firm, db: Database) -> None:
    id = ask(firm)
    db.execute(
        "insert into private.dead_jobs"
        " (queue, msg_id, kind, payload, code, error, attempts, history, enqueued_at)"
        " values ('jobs_low', (random() * 1e9)::bigint, 'firm.export',"
        " jsonb_build_object('export_id', %s::text), 'exception', '/srv/x', 3, '[]', now())",
        [id],
    )
    export = row(firm.owner, "firm_exports", id)
    assert (export["status"], export["error"]) == ("failed", "exception")
    assert export["detail"] == "Something went wrong on our side."


def test_it_expires_with_its_parts(firm: Firm, db: Database, drain: Drain) -> None:
    id = ask(firm)
    drain()
    path = f"/storage/v1/object/exports/{firm.id}/{id}/part-001.zip"
    assert firm.owner.send("GET", path).is_success
    db.execute(
        "update firm_exports set expires_at = now() - %s where id = %s", [timedelta(hours=1), id]
    )
    assert firm.owner.send("GET", path).is_error
    db.execute("delete from private.retention_clock")
    db.execute("select private.apply_retention()")
    drain()
    assert created(firm.owner.get("firm_exports", id=f"eq.{id}")) == []
    assert objects(db, id) == []


@pytest.mark.parametrize("as_json", [True, False])
def test_the_operator_exports_to_a_folder(
    firm: Firm, stack: RunningStack, tmp_path: Path, as_json: bool
) -> None:
    created(firm.owner.rpc("archive_firm", firm_id=firm.id))
    folder = tmp_path / "out"
    done = subprocess.run(
        [FIRMBASE, "firms", "export", firm.slug, "--to", str(folder), *["--json"][:as_json]],
        env={"PATH": os.environ["PATH"], **stack.env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (file,) = folder.iterdir()
    with zipfile.ZipFile(file) as archive:
        assert {"README.txt", "manifest.json", "data/firms.csv"} <= set(archive.namelist())
    if as_json:
        assert json.loads(done.stdout)["files"] == [str(file)]
    else:
        assert "100%" in done.stderr
        assert done.stderr.strip().endswith(f"{file}.")
