"""Who may begin, send, start and read an import, and what is refused before a byte is read."""

from functools import partial
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.api.files import refused, service
from tests.api.imports import COMPANIES, begin, errors, look, send, start, upload
from tests.api.races import LOCK_FIRM, race
from tests.api.test_retention import apply
from tests.conftest import RunningStack
from tests.people import Api, Caller, Firm, Person, created

Db = psycopg.Connection[Any]


@pytest.mark.parametrize(
    ("intent", "status", "code"),
    [
        ({"kind": "contacts"}, 422, "unknown_kind"),
        ({"kind": "imports"}, 422, "unknown_kind"),
        ({"name": "a.xls"}, 415, "type_not_allowed"),
        ({"name": "a.csv.exe"}, 415, "type_not_allowed"),
        ({"name": "../../a.csv"}, 422, "bad_name"),
        ({"name": "a\u202evsc.csv"}, 422, "bad_name"),
        ({"size_bytes": 0}, 422, "file_empty"),
        ({"size_bytes": 50_000_001}, 413, "file_too_large"),
        ({"mapping": ["name"]}, 422, "bad_mapping"),
        ({"mapping": {"x": {"y": 1}}}, 422, "unknown_field"),
        ({"mapping": {"x": "archived_at"}}, 422, "unknown_field"),
    ],
)
def test_what_cannot_be_imported_is_not_begun(
    shared_firm: Firm, intent: dict[str, Any], status: int, code: str
) -> None:
    refused(begin(shared_firm.owner, shared_firm, **intent), status, code)


def test_a_file_is_started_once_it_is_there_as_announced(firm: Firm, db: Db) -> None:
    row = created(begin(firm.member, firm))
    refused(start(firm.member, row, True), 409, "object_missing")
    created(send(firm.member, row["path"], COMPANIES[:-1]))
    refused(start(firm.member, row, True), 409, "size_mismatch")
    row = upload(firm.member, firm)
    queued = created(firm.member.rpc("start_import", import_id=row["id"], dry_run=None))
    assert (queued["status"], queued["run"], queued["dry_run"]) == ("queued", 1, True)
    assert created(start(firm.member, row, True)) == queued, "said twice is no error"
    assert created(firm.member.rpc("start_import", import_id=row["id"], dry_run=None)) == queued
    refused(start(firm.member, row, False), 409, "import_running")
    jobs = db.execute(
        "select payload from private.jobs where kind = 'import.run' and firm_id = %s", [firm.id]
    ).fetchall()
    assert jobs == [({"import_id": row["id"], "run": 1},)]


def test_attack_30_an_upload_goes_where_it_was_asked_for_alone(
    firm: Firm, other_firm: Firm, outsider: Person, visitor: Caller
) -> None:
    row = created(begin(firm.member, firm))
    for caller in (visitor, outsider, other_firm.owner, firm.viewer, firm.owner):
        assert send(caller, row["path"]).is_error
    folder = f"{firm.id}/{row['id']}"
    for path in (
        f"{folder}/source.xlsx",
        f"{folder}/errors-1.csv",
        f"{folder}//source.csv",
        f"{folder}/source.csv/x.csv",
        f"{folder}/SOURCE.csv",
        f"{other_firm.id}/{row['id']}/source.csv",
        "source.csv",
    ):
        assert send(firm.member, path).is_error, path
    created(send(firm.member, row["path"]))
    # Not again, and not when it has begun to run; nobody gets the file itself back.
    assert send(firm.member, row["path"]).is_error
    created(start(firm.member, row, True))
    put = {"content": b"x", "headers": {"Content-Type": "text/csv"}}
    for method in ("PUT", "DELETE"):
        firm.member.send(method, f"/storage/v1/object/imports/{row['path']}", **put)
    assert errors(firm.owner, row["path"]).is_error
    assert firm.api.as_service("GET", f"/storage/v1/object/imports/{row['path']}").is_success


def test_attack_19_imports_of_a_firm_are_its_own(
    firm: Firm, other_firm: Firm, outsider: Person
) -> None:
    row = upload(firm.member, firm)
    for stranger in (outsider, other_firm.owner, firm.portal):
        refused(begin(stranger, firm), 404, "firm_not_found")
        refused(start(stranger, row, False), 404, "import_not_found")
        refused(stranger.rpc("cancel_import", import_id=row["id"]), 404, "import_not_found")
        assert created(stranger.get("imports")) == []
    refused(begin(firm.viewer, firm), 403, "not_allowed")
    refused(start(firm.viewer, row, False), 404, "import_not_found")
    assert created(firm.viewer.get("imports")) == []
    # Consultants are the managers' to write, so their imports are the managers' to see.
    refused(begin(firm.member, firm, kind="consultants"), 403, "not_allowed")
    people = upload(firm.manager, firm, b"name,email\n", kind="consultants")
    assert created(firm.member.get("imports", id=f"eq.{people['id']}")) == []
    refused(start(firm.member, people, True), 404, "import_not_found")
    # A colleague with the right may start it: it is then theirs, and runs with their rights.
    assert created(start(firm.manager, row, True))["requested_by"] == firm.manager.id


def test_attack_42_refused_rows_are_read_by_who_sees_the_import(
    firm: Firm, other_firm: Firm, outsider: Person, visitor: Caller, db: Db
) -> None:
    row = upload(firm.manager, firm, b"name,email\n", kind="consultants")
    path = f"{firm.id}/{row['id']}/errors-1.csv"
    put = {"content": b"line", "headers": {"Content-Type": "text/csv"}}
    created(firm.api.as_service("POST", f"/storage/v1/object/imports/{path}", **put))
    assert errors(firm.owner, path).is_error, "not before the row says so"
    db.execute("update imports set errors_path = %s where id = %s", [path, row["id"]])
    assert errors(firm.manager, path).is_success
    strangers = (visitor, outsider, other_firm.owner)
    for caller in (*strangers, firm.member, firm.viewer, firm.portal, firm.removed, firm.suspended):
        assert errors(caller, path).is_error
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute(
            "update imports set errors_path = %s where id = %s",
            [f"{other_firm.id}/{row['id']}/errors-1.csv", row["id"]],
        )


def test_a_firm_has_five_at_once_and_a_gigabyte(stack: RunningStack, firm: Firm, db: Db) -> None:
    rows = [upload(firm.member, firm) for _ in range(6)]
    for row in rows[:4]:
        created(start(firm.member, row, True))
    # The last place goes to one of two who ask for it at the same time.
    requests = (partial(start, firm.member, row, True) for row in rows[4:])
    answers = race(stack.superuser_url, LOCK_FIRM, firm.id, *requests)
    assert sorted(answer.status_code for answer in answers) == [200, 429]
    db.execute("update imports set size_bytes = 1073741823 where id = %s", [rows[0]["id"]])
    refused(begin(firm.member, firm), 409, "import_quota")
    db.execute("update imports set size_bytes = 1 where id = %s", [rows[0]["id"]])
    db.execute(
        "insert into imports (id, firm_id, kind, name, path, size_bytes)"
        " select id, firm_id, 'companies', 'a.csv', firm_id || '/' || id || '/source.csv', 1"
        " from (select gen_random_uuid() as id, %s::uuid as firm_id from generate_series(1, 50)) i",
        [firm.id],
    )
    refused(begin(firm.member, firm), 429, "too_many_imports")
    db.execute(
        "update imports set upload_expires_at = now() where firm_id = %s and status = 'uploading'",
        [firm.id],
    )
    row = created(begin(firm.member, firm))
    left = db.execute("select count(*) from imports where firm_id = %s", [firm.id]).fetchone()
    assert left == (6,), "what was never sent is gone"
    assert look(firm.member, row)["status"] == "uploading"


def test_attack_41_what_is_announced_too_small_counts_for_what_came(firm: Firm, db: Db) -> None:
    row = created(begin(firm.member, firm, size_bytes=1))
    created(send(firm.member, row["path"]))
    db.execute(
        "update storage.objects set metadata = metadata || '{\"size\": 1073741823}'"
        " where bucket_id = 'imports' and name = %s",
        [row["path"]],
    )
    created(firm.member.rpc("cancel_import", import_id=row["id"]))
    refused(begin(firm.member, firm), 409, "import_quota")


def test_the_list_of_a_run_goes_with_the_next(firm: Firm, db: Db) -> None:
    row = upload(firm.member, firm)
    created(start(firm.member, row, True))
    db.execute("update imports set status = 'done' where id = %s", [row["id"]])
    again = created(start(firm.member, row, True))
    names = [f"{firm.id}/{row['id']}/errors-{run}.csv" for run in (1, again["run"])]
    doomed = "select path from private.doomed_objects where bucket = 'imports' and path = any (%s)"
    assert db.execute(doomed, [names]).fetchall() == [(names[0],)]
    for path, needed in ((names[0], False), (names[1], True), (row["path"], True)):
        found = db.execute("select private.needs_object('imports', %s)", [path]).fetchone()
        assert found == (needed,), path


def test_no_import_is_deleted_while_it_runs(firm: Firm, db: Db) -> None:
    row = upload(firm.member, firm)
    created(start(firm.member, row, False))
    db.execute(
        "update imports set created_at = now() - interval '1 year' where firm_id = %s", [firm.id]
    )
    apply(db)
    assert look(firm.member, row)["status"] == "queued"
    db.execute(
        "update imports set status = 'done', finished_at = created_at where id = %s", [row["id"]]
    )
    apply(db)
    assert created(firm.member.get("imports", id=f"eq.{row['id']}")) == []


def test_an_import_whose_job_died_leaves_a_word_and_no_values(firm: Firm, db: Db) -> None:
    row = upload(firm.member, firm)
    row = created(start(firm.member, row, False))
    db.execute(
        "insert into private.import_errors (firm_id, import_id, line, code, value)"
        " values (%s, %s, 2, 'bad_form', 'Ada Marsh')",
        [firm.id, row["id"]],
    )
    db.execute(
        "insert into private.dead_jobs"
        " (queue, msg_id, kind, payload, code, error, attempts, history, enqueued_at)"
        " values ('jobs_low', 0, 'import.run', %s, 'exception', 'KeyError', 5, '[]', now())",
        [Jsonb({"import_id": row["id"], "run": row["run"]})],
    )
    db.execute("delete from private.dead_jobs where msg_id = 0")
    left = "select count(*) from private.import_errors where import_id = %s"
    assert db.execute(left, [row["id"]]).fetchone() == (0,)
    (told,) = created(firm.member.get("notifications", kind="eq.import_finished"))
    assert told["title"] == "“companies.csv” could not be imported"
    assert told["body"] == "Something went wrong on our side."


def test_objects_go_with_their_import(firm: Firm, db: Db) -> None:
    row = upload(firm.member, firm)
    db.execute("update imports set run = 2, size_bytes = 1 where id = %s", [row["id"]])
    db.execute("delete from imports where id = %s", [row["id"]])
    doomed = db.execute(
        "select path from private.doomed_objects where bucket = 'imports' and path like %s"
        " and due_at <= now() and open_until > now() order by path",
        [f"{firm.id}/%"],
    ).fetchall()
    names = [path.rpartition("/")[2] for (path,) in doomed]
    assert names == ["errors-2.csv", "source.csv"]


def test_attack_40_people_reach_no_step_of_the_worker(firm: Firm) -> None:
    row = upload(firm.owner, firm)
    this = {"import_id": row["id"], "run": 1}
    for function, more in (
        ("begin_import_run", {}),
        ("describe_import", {"columns": [], "row_count": 1}),
        ("import_rows", {"first": 0, "size": 1, "fields": ["name"], "rows": [[2, "x"]]}),
        ("import_errors", {}),
        ("finish_import", {}),
    ):
        assert firm.owner.rpc(function, **this, **more).status_code == 403, function
    assert firm.owner.rpc("start_import_for_operator", import_id=row["id"]).status_code == 403


def test_the_operator_imports_for_a_firm_as_nobody_of_it(firm: Firm, api: Api) -> None:
    intent = {"kind": "companies", "name": "a.csv", "size_bytes": len(COMPANIES)}
    begun = "begin_import_for_operator"
    refused(service(firm, begun, firm_id=firm.owner.id, **intent), 404, "firm_not_found")
    row = created(service(firm, begun, firm_id=firm.id, **intent))
    assert (row["by_operator"], row["requested_by"]) == (True, None)
    missing = {"import_id": firm.id}
    for function in ("start_import_for_operator", "cancel_import_for_operator"):
        refused(service(firm, function, **missing), 404, "import_not_found")
    put = {"content": COMPANIES, "headers": {"Content-Type": "text/csv"}}
    created(api.as_service("POST", f"/storage/v1/object/imports/{row['path']}", **put))
    this = {"import_id": row["id"]}
    queued = created(service(firm, "start_import_for_operator", **this, dry_run=False))
    run = {**this, "run": queued["run"]}
    assert created(service(firm, "begin_import_run", **run))["rows_done"] == 0
    batch = {"first": 0, "size": 2, "fields": ["name"], "rows": [[2, "One"], [3, "Two"]]}
    for fields in (["id"], ["name", "archived_at"], ["name; drop table x"]):
        answer = service(firm, "import_rows", **run, **batch | {"fields": fields})
        refused(answer, 422, "unknown_field")
    assert created(service(firm, "import_rows", **run, **batch)) == {"rows_done": 2, "failed": 0}
    created(service(firm, "finish_import", **run))
    found = created(firm.owner.get("companies", select="name,created_by", order="name"))
    assert found == [{"name": n, "created_by": None} for n in ("One", "Two")]
    # What a member starts afterwards runs with the member's rights.
    assert created(start(firm.member, row, False))["by_operator"] is False
    created(service(firm, "cancel_import_for_operator", **this))
    assert look(firm.member, row)["status"] == "cancelled"
    created(firm.owner.rpc("archive_firm", firm_id=firm.id))
    refused(service(firm, "start_import_for_operator", **this), 404, "firm_not_found")
