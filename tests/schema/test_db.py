"""`firmbase db`, from a change in sql/ to a database that has it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pytest

from cli import db as command
from cli.local.config import ROOT
from cli.schema import migrations, supabase_cli, typescript
from cli.schema.build import scratch
from cli.schema.errors import (
    BadName,
    DatabaseRefuses,
    MigrationFailed,
    NoScratchServer,
    WrongRole,
)
from cli.schema.migrations import Project, differences
from tests.conftest import RunningStack
from tests.jobs.runners import wait_for
from tests.schema.conftest import Firmbase

TABLE = """
create schema private;
create table private.kinds (kind text primary key);
create table public.things (
  id uuid primary key default gen_random_uuid(),
  name text not null
) with (fillfactor = 90);
create index things_name_idx on public.things (name);
alter table public.things enable row level security;
create policy things_select on public.things for select to authenticated using (name <> '');
revoke all on public.things from anon, authenticated, service_role;
grant select, insert (name) on public.things to authenticated;
comment on table public.things is 'Things.';
"""
CHANGE = """
create function private.touch() returns trigger language plpgsql set search_path = '' as $$
begin
  return new;
end $$;
revoke execute on function private.touch() from public;
create trigger touch before update on public.things
for each row execute function private.touch();
alter table public.things add column note text check (note <> '');
grant update (note) on public.things to authenticated;
alter policy things_select on public.things using (name is not null);
create view public.names with (security_invoker = true) as select name from public.things;
revoke all on public.names from anon, authenticated, service_role;
grant select on public.names to authenticated;
comment on column public.things.note is 'A note.';
alter publication supabase_realtime add table public.things;
"""
BEYOND_THE_ENGINE = """
insert into private.kinds (kind) values ('one');
create statistics private.things_names on id, name from public.things;
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A small project whose first migration is written and up to date."""
    project = Project(tmp_path)
    add(project, TABLE)
    project.migrations.mkdir(parents=True)
    (project.migrations / "20260101000000_first.sql").write_text(TABLE)
    monkeypatch.setattr(command, "PROJECT", project)
    return project


def add(project: Project, text: str) -> None:
    folder = project.sql / "10_things"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{len(list(folder.iterdir()))}.sql").write_text(text)


def new_file(project: Project) -> Path:
    _first, new = sorted(project.migrations.iterdir())
    return new


def test_diff_writes_the_migration_that_makes_both_equal(
    server: str, project: Project, firmbase: Firmbase
) -> None:
    add(project, CHANGE)
    done = firmbase("diff", "add_notes", "--json")
    assert done.exit_code == 0, done.output
    file = new_file(project)
    assert file.name.endswith("_add_notes.sql")
    assert json.loads(done.stdout) == {
        "file": f"supabase/migrations/{file.name}",
        "missing": [],
        "destroyed": [],
    }
    assert "TODO" not in file.read_text()
    assert differences(server, project) == []


def test_diff_with_nothing_to_do_writes_nothing(project: Project, firmbase: Firmbase) -> None:
    done = firmbase("diff", "nothing")
    assert (done.exit_code, done.stderr.startswith("Nothing to do")) == (0, True)
    assert len(list(project.migrations.iterdir())) == 1


def test_diff_names_what_a_person_must_still_write(
    server: str, project: Project, firmbase: Firmbase
) -> None:
    add(project, BEYOND_THE_ENGINE)
    done = firmbase("diff", "add_rows")
    assert done.exit_code == 1
    file = new_file(project)
    for missing in ('row of private.kinds {"kind": "one"}', "statistics private.things_names"):
        assert missing in done.stdout
        assert f"--   {missing}: only in sql/" in file.read_text()
    assert {each.object for each in differences(server, project)} == {
        'row of private.kinds {"kind": "one"}',
        "statistics private.things_names",
    }
    file.write_text(BEYOND_THE_ENGINE)
    assert differences(server, project) == []


def test_diff_keeps_a_draft_that_does_not_run(
    project: Project, firmbase: Firmbase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The engine knows neither queues nor, so, the table that the view reads.
    add(
        project,
        "create extension pgmq; select pgmq.create('late');"
        "create view private.late as select msg_id from pgmq.q_late;",
    )
    monkeypatch.setattr(migrations, "STACKS", tmp_path / "drafts")
    with pytest.raises(MigrationFailed, match=r"does not run: .*pgmq\.q_late.*It is kept as"):
        firmbase("diff", "add_queue")
    (kept,) = (tmp_path / "drafts").iterdir()
    assert "q_late" in kept.read_text()
    assert len(list(project.migrations.iterdir())) == 1


def test_diff_says_what_it_destroys(project: Project, firmbase: Firmbase) -> None:
    add(project, "alter table public.things drop column name cascade;")
    done = firmbase("diff", "drop_name", "--json")
    assert json.loads(done.stdout)["destroyed"] == ["column public.things.name"]
    assert "-- DESTROYS what is in:\n--   column public.things.name" in (
        new_file(project).read_text()
    )


def test_the_first_migration_is_sql_itself(
    server: str, project: Project, firmbase: Firmbase
) -> None:
    shutil.rmtree(project.migrations)
    add(project, CHANGE)
    add(project, BEYOND_THE_ENGINE)
    assert firmbase("diff", "first").exit_code == 0
    (file,) = project.migrations.iterdir()
    parts = [f"-- sql/10_things/{number}.sql" for number in range(3)]
    assert [line for line in file.read_text().splitlines() if line.startswith("--")] == parts
    assert differences(server, project) == []


@pytest.mark.parametrize("name", ["Add", "a b", "a-b", "../x", "", "a__b", "1st"])
def test_a_bad_name_is_refused_at_once(project: Project, firmbase: Firmbase, name: str) -> None:
    with pytest.raises(BadName):
        firmbase("diff", name)
    assert len(list(project.migrations.iterdir())) == 1


def test_status_and_migrate(
    server: str, project: Project, firmbase: Firmbase, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scratch(server) as url:
        monkeypatch.setenv("SUPABASE_DB_URL", url)
        before = firmbase("status", "--json")
        assert before.exit_code == 1
        assert json.loads(before.stdout) == {
            "applied": [],
            "pending": ["20260101000000"],
            "unknown": [],
            "differences": [],
        }
        assert json.loads(firmbase("migrate", "--json").stdout) == {
            "applied": ["20260101000000_first.sql"]
        }
        assert firmbase("migrate").stderr.startswith("Nothing to do")
        after = firmbase("status")
        assert after.exit_code == 0, after.output
        assert "applied" in after.stdout

        add(project, CHANGE)
        differing = firmbase("status", "--json")
        assert differing.exit_code == 1
        assert "view public.names" in {
            each["object"] for each in json.loads(differing.stdout)["differences"]
        }

        (project.migrations / "20260101000000_first.sql").rename(
            project.migrations / "20260101000001_first.sql"
        )
        renamed = json.loads(firmbase("status", "--json").stdout)
        assert (renamed["unknown"], renamed["pending"]) == (["20260101000000"], ["20260101000001"])
        with pytest.raises(MigrationFailed, match="migrations that supabase/migrations/ lacks"):
            firmbase("migrate")


def test_two_that_migrate_at_once_apply_each_file_once(server: str, project: Project) -> None:
    second = project.migrations / "20260102000000_slow.sql"
    second.write_text("select pg_sleep(1);\ncreate table public.once ();\n")
    with scratch(server) as url, ThreadPoolExecutor() as pool:
        both = [pool.submit(supabase_cli.migrate, url, project.root) for _ in range(2)]
        applied = sorted(len(each.result()) for each in both)
    assert applied == [0, 2]


def test_what_is_interrupted_does_not_go_on_by_itself(server: str, project: Project) -> None:
    slow = project.migrations / "20260102000000_slow.sql"
    slow.write_text("select pg_sleep(3);\n")
    later = project.migrations / "20260103000000_later.sql"
    later.write_text("select pg_sleep(1);\n")
    call = (
        "import sys, pathlib as p, cli.schema.supabase_cli as c; c.migrate(sys.argv[1], p.Path())"
    )
    others = "select from pg_stat_activity where datname = current_database() and pid <> %s"
    with scratch(server) as url, psycopg.connect(url, autocommit=True) as connection:
        this = [connection.info.backend_pid]

        def asleep() -> bool:
            found = connection.execute(f"{others} and query like '%%pg_sleep%%'", this)
            return found.fetchone() is not None

        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", call, url]
        with subprocess.Popen(
            command, cwd=project.root, env=environment, stderr=subprocess.DEVNULL
        ) as migrating:
            wait_for(asleep, "the slow migration")
            migrating.send_signal(signal.SIGINT)
        wait_for(lambda: connection.execute(others, this).fetchone() is None, "its end")
        assert "20260103000000" not in migrations.applied(url)
        assert later.name in supabase_cli.migrate(url, project.root)


def test_status_without_a_local_stack_leaves_the_comparison_out(
    server: str, project: Project, firmbase: Firmbase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_stack() -> str:
        raise NoScratchServer

    monkeypatch.setattr(command, "scratch_server", no_stack)
    told = json.loads(firmbase("status", "--json").stdout)
    assert (told["pending"], told["differences"]) == (["20260101000000"], None)
    assert "unknown: `firmbase stack up` first" in firmbase("status").stderr


def test_a_failed_migration_names_the_file_and_leaves_nothing(
    server: str, project: Project, firmbase: Firmbase, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = project.migrations / "20260102000000_bad.sql"
    bad.write_text("create table public.half ();\nselect nothing;\n")
    with scratch(server) as url:
        monkeypatch.setenv("SUPABASE_DB_URL", url)
        with pytest.raises(MigrationFailed, match=r"20260102000000_bad\.sql: column .*nothing"):
            firmbase("migrate")
        with psycopg.connect(url) as connection:
            assert connection.execute("select to_regclass('public.half')").fetchone() == (None,)
            assert connection.execute("select to_regclass('public.things')").fetchone() != (None,)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"create table t (); create index concurrently i on t ((1));", "`create index concurr"),
        (b"begin; create table t (); commit;", "leave out begin and commit"),
        (b"create table t (); comment on table t is 'caf\xe9';", "is not UTF-8: save it"),
    ],
)
def test_what_could_be_applied_in_part_is_not_begun(
    server: str, project: Project, text: bytes, says: str
) -> None:
    (project.migrations / "20260102000000_second.sql").write_bytes(text)
    with scratch(server) as url:
        for attempt in (supabase_cli.pending, supabase_cli.migrate):
            with pytest.raises(MigrationFailed, match=says):
                attempt(url, project.root)
        assert migrations.applied(url) == []


def test_what_must_run_alone_may(server: str, project: Project) -> None:
    alone = project.migrations / "20260102000000_alone.sql"
    alone.write_text(
        "-- Large; slow.\ncreate unique index concurrently one on public.things (name);"
    )
    with scratch(server) as url:
        assert supabase_cli.migrate(url, project.root)[1:] == [alone.name]
        again = project.migrations / "20260103000000_again.sql"
        again.write_text(alone.read_text())
        with pytest.raises(
            MigrationFailed, match=r"already exists.* drop what it left, such as an"
        ):
            supabase_cli.migrate(url, project.root)


def test_two_files_of_one_version_are_one_too_many(project: Project) -> None:
    (project.migrations / "20260101000000_other.sql").write_text("select 1;")
    with pytest.raises(MigrationFailed, match=r"first\.sql and 20260101000000_other\.sql are of"):
        project.versions()


def test_a_wrong_password_is_one_sentence_without_it(
    server: str, project: Project, firmbase: Firmbase, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = server.rpartition("@")[2]
    monkeypatch.setenv("SUPABASE_DB_URL", f"postgresql://postgres:not-the-password@{host}")
    for name in ("migrate", "status", "advisors"):
        with pytest.raises(DatabaseRefuses) as raised:
            firmbase(name)
        assert "not-the-password" not in str(raised.value)
        assert "\n" not in str(raised.value)


def test_only_postgres_migrates(stack: RunningStack, project: Project) -> None:
    with pytest.raises(WrongRole, match="not as supabase_admin"):
        supabase_cli.migrate(stack.superuser_url, project.root)


def test_no_password_is_on_a_command_line(
    server: str, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A stand-in for the CLI tells what it was called with."""
    told = tmp_path / "told"
    program = tmp_path / "stand-in"
    program.write_text(f"""#!/bin/sh
echo "$@" > '{told}'
env >> '{told}'
echo '{{"applied": [], "diff": "", "results": []}}'
""")
    program.chmod(0o755)
    monkeypatch.setattr(supabase_cli, "PROGRAM", program)
    password = urlsplit(server).password
    assert password
    elsewhere = f"{server.replace(f':{password}@', '@')}?password={password}&connect_timeout=9"
    for call in (
        lambda: supabase_cli.migrate(server, project.root),
        lambda: supabase_cli.migrate(elsewhere, project.root),
        lambda: supabase_cli.diff(server, server),
        lambda: supabase_cli.types(server),
        lambda: supabase_cli.advisors(server),
    ):
        call()
        arguments, *environment = told.read_text().splitlines()
        assert password not in arguments
        assert f"PGPASSWORD={unquote(password)}" in environment
        assert "SUPABASE_TELEMETRY_DISABLED=1" in environment
        assert not [line for line in environment if line.startswith("SUPABASE_SECRET_KEY")]


def test_types_are_written_and_checked(project: Project, firmbase: Firmbase) -> None:
    file = project.root / typescript.FILE
    assert firmbase("types", "--check").exit_code == 1
    assert not file.exists()
    assert firmbase("types").exit_code == 0
    assert "things: {" in file.read_text()
    assert firmbase("types", "--check").exit_code == 0
    add(project, CHANGE)
    assert firmbase("types", "--check").exit_code == 1
    assert json.loads(firmbase("types", "--json").stdout)[0]["changed"] is True
    assert "note" in file.read_text()


def test_the_types_of_the_frontend_are_up_to_date(firmbase: Firmbase) -> None:
    done = firmbase("types", "--check")
    assert done.exit_code == 0, done.stderr
