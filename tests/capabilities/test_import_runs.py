"""A run is cut off, repeated, cancelled or raced: its effects happen once and for good."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from edge_jobs.errors import Snooze, Unreachable
from edge_jobs.imports import run as importing
from tests.api.imports import look, start, upload
from tests.api.races import wait_for_waiters
from tests.capabilities.import_runs import Db, Make, Runs, counts, refused
from tests.capabilities.worker import Worker
from tests.conftest import RunningStack
from tests.people import Firm, created
from tests.platform.live import connected, follow


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
