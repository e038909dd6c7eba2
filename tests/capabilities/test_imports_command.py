"""`firmbase import`, from a file on disk to what a person reads of it."""

import json
import signal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import RunningStack
from tests.jobs.commands import Firmbase, Terminal
from tests.jobs.runners import wait_for
from tests.people import Firm, created

Db = psycopg.Connection[Any]

ROWS = "Company name;VAT ID;Website\nMüller & Söhne;DE1;https://m.example\nAcme;DE2;acme\n"


@pytest.fixture
def importing(stack: RunningStack) -> Firmbase:
    return Firmbase(stack.env, "import")


def test_a_file_is_tried_and_then_imported(importing: Firmbase, firm: Firm, tmp_path: Path) -> None:
    file, errors = tmp_path / "Companies 2026.csv", tmp_path / "refused.csv"
    file.write_bytes(ROWS.encode("windows-1252"))
    ask = (str(file), "--firm", firm.slug)
    assert "is not in UTF-8, from line 2 on" in importing.refused(*ask)
    assert "windows-1252" in importing.refused(*ask)
    told = importing.refused(*ask, "--encoding", "utf-8", code=2)
    assert "is not in utf-8: name its encoding" in told
    assert "not in nonsense" in importing.refused(*ask, "--encoding", "nonsense", code=2)
    read = (*ask, "--encoding", "windows-1252")
    assert "is divided by semicolons; save it with commas." in importing.refused(*read)

    file.write_bytes(ROWS.replace(";", ",").encode("windows-1252"))
    tried = importing(*read, "--dry-run", code=14)
    shown = " ".join(tried.stdout.split())
    assert "Companies 2026.csv: 2 companies, dry run" in shown
    assert "create 1 update 0 unchanged 0 refused 1" in shown
    assert "VAT ID tax_id" in shown
    assert "3 Website acme bad_form This is no website, such as https://example.com." in shown
    assert "Nothing was written" in tried.stderr
    assert created(firm.member.get("companies")) == []

    mapping = ("--map", "Website=", "--errors", str(errors))
    done = importing(*read, *mapping)
    assert "created" in done.stdout
    assert not errors.exists(), "nothing was refused"
    names = {c["name"] for c in created(firm.member.get("companies"))}
    assert names == {"Müller & Söhne", "Acme"}

    again = importing(*read, "--errors", str(errors), "--json", code=14)
    found = json.loads(again.stdout)
    assert (found["created_count"], found["unchanged_count"], found["failed_count"]) == (0, 0, 1)
    assert found["updated_count"] == 1
    assert [error["line"] for error in found["refused"]] == ["3"]
    assert errors.read_text("utf-8-sig").splitlines()[0] == "line,column,value,code,reason"


def test_what_is_asked_for_wrongly(importing: Firmbase, firm: Firm, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("name\nAcme\n")
    ask = (str(file), "--firm", firm.slug)
    assert "list.csv does not say what its rows are" in importing.refused(*ask, code=2)
    of_kind = (*ask, "--kind", "companies")
    assert "maps nothing" in importing.refused(*of_kind, "--map", "name", code=2)
    assert "There is no field" in importing.refused(*of_kind, "--map", "name=id")
    file.write_bytes(b"")
    assert "The file is empty." in importing.refused(*of_kind)
    nowhere = importing.refused(str(file), "--firm", "nobody", "--kind", "companies")
    assert "There is no firm nobody" in nowhere


def test_progress_is_shown_and_ctrl_c_says_how_to_go_on(
    importing: Firmbase, db: Db, firm: Firm, tmp_path: Path
) -> None:
    file = tmp_path / "companies.csv"
    file.write_text("name,ref\nAcme,1\n")
    ask = (str(file), "--firm", firm.slug)
    db.execute("insert into private.job_pauses (target) values ('import.run')")
    try:
        terminal = Terminal(importing.env, *ask, noun="import")
        terminal.wait_for("Reading")
        status = "select status from imports where firm_id = %s"
        queued = [("queued",)]
        wait_for(lambda: db.execute(status, [firm.id]).fetchall() == queued, "it to be queued")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.finish() == 130
        assert "run the same command again to go on" in terminal.shown
        assert db.execute(status, [firm.id]).fetchall() == [("cancelled",)]
    finally:
        db.execute("delete from private.job_pauses")


def test_a_run_that_gave_up_hands_its_list_over(
    importing: Firmbase, db: Db, firm: Firm, tmp_path: Path
) -> None:
    file, errors = tmp_path / "companies.csv", tmp_path / "refused.csv"
    file.write_text("name,ref\nAcme,1\n")
    db.execute("insert into private.job_pauses (target) values ('import.run')")
    try:
        terminal = Terminal(
            importing.env, str(file), "--firm", firm.slug, "--errors", str(errors), noun="import"
        )
        terminal.wait_for("Reading")
        query = "select id from imports where firm_id = %s and status = 'queued'"
        wait_for(lambda: db.execute(query, [firm.id]).fetchone(), "it to be queued")
        (id,) = db.execute(query, [firm.id]).fetchone() or (None,)
        path = f"{firm.id}/{id}/errors-1.csv"
        content = b"\xef\xbb\xbfline,column,value,code,reason\r\n2,name,Acme,bad_form,So.\r\n"
        put = {"content": content, "headers": {"Content-Type": "text/csv"}}
        created(firm.api.as_service("POST", f"/storage/v1/object/imports/{path}", **put))
        db.execute(
            "update imports set status = 'failed', reason = 'too_many_errors', errors_path = %s,"
            " detail = 'It has too many.', failed_count = 1 where id = %s",
            [path, id],
        )
        assert terminal.finish() == 10
        assert "It has too many." in terminal.shown
        assert errors.read_bytes() == content
    finally:
        db.execute("delete from private.job_pauses")
