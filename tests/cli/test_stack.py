"""The local stack's life: up, a part that dies, down, up again with its data, reset."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from cli.errors import StackError
from cli.local.config import Config, Ports, default_bases, first_free, random_bases
from cli.local.stack import Stack

FIRMBASE = str(Path(sys.executable).with_name("firmbase"))


@pytest.fixture
def own(breakable: Stack) -> Stack:
    """The module's stack, running whatever the test before did to it."""
    breakable.up(bases=random_bases())
    return breakable


@pytest.fixture(scope="module")
def breakable() -> Iterator[Stack]:
    name = f"test-{os.getpid()}"
    stack = Stack.named(name)
    stack.up(bases=random_bases())
    try:
        yield stack
    finally:
        stack.remove()


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def processes(stack: Stack) -> dict[str, int]:
    return {name: part["pid"] for name, part in stack.status()["services"].items()}


def supervisor(stack: Stack) -> int:
    pid = stack.supervisor_id()
    assert pid
    return pid


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process that has ended but was not waited for yet still has its number.
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def firmbase(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FIRMBASE, "stack", *arguments, "--name", stack.directory.name],
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("part", ["postgres", "postgrest", "services", "mail"])
def test_a_part_that_is_killed_is_shown_and_started_again(own: Stack, part: str) -> None:
    before = own.status()["services"][part]
    os.kill(before["pid"], signal.SIGKILL)
    until(lambda: own.status()["services"][part]["restarts"] > before["restarts"])
    until(lambda: own.status()["healthy"])
    after = own.status()["services"][part]
    assert after["pid"] != before["pid"]
    assert after["last_exit"] == "was ended by SIGKILL"
    shown = firmbase(own, "status")
    assert shown.returncode == 0
    assert "SIGKILL" in shown.stdout


def test_what_was_committed_survives_the_death_of_the_database(own: Stack) -> None:
    with own.connect() as connection:
        connection.execute("create table public.kept (n int)")
        connection.execute("insert into public.kept select generate_series(1, 1000)")
    os.kill(processes(own)["postgres"], signal.SIGKILL)
    until(lambda: own.status()["services"]["postgres"]["state"] != "running")
    until(lambda: own.status()["healthy"])
    with own.connect() as connection:
        row = connection.execute("select count(*) from public.kept").fetchone()
    assert row == (1000,)


def test_data_ports_and_keys_survive_down_and_up(own: Stack) -> None:
    with own.connect() as connection:
        connection.execute("create table public.survivor as select 42 as n")
    before = own.config.environment()
    pids = [*processes(own).values(), supervisor(own)]
    assert own.down()
    assert not any(map(is_alive, pids))
    assert not own.config.ports.taken()
    assert own.up().environment() == before
    with own.connect() as connection:
        assert connection.execute("select n from public.survivor").fetchone() == (42,)


def test_nothing_outlives_a_killed_supervisor(own: Stack) -> None:
    pids = list(processes(own).values())
    os.kill(supervisor(own), signal.SIGKILL)
    until(lambda: not any(map(is_alive, pids)))
    assert own.status()["running"] is False
    own.up()
    assert own.status()["healthy"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"services": {}}'])
def test_a_damaged_state_is_told_and_mended_by_down_and_up(own: Stack, damage: str) -> None:
    (own.directory / "state.json").write_text(damage)
    told = firmbase(own, "status")
    assert told.returncode == 11
    assert told.stderr.startswith("error: ")
    assert "state.json is damaged: `firmbase stack down`" in told.stderr
    assert len(told.stderr.splitlines()) == 1
    assert own.down()
    assert not own.config.ports.taken()
    own.up()
    assert own.status()["healthy"]


def test_up_twice_changes_nothing(own: Stack) -> None:
    before = processes(own)
    assert own.up().ports == own.config.ports
    assert processes(own) == before


def test_two_that_start_it_at_once_get_the_same_stack(own: Stack) -> None:
    own.clear()
    command = [FIRMBASE, "stack", "up", "--json", "--name", own.directory.name]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [each.communicate() for each in both]
    assert [each.returncode for each in both] == [0, 0], answers
    assert [json.loads(out) for out, _ in answers] == [own.config.environment()] * 2
    assert any("already running" in said for _, said in answers)


@pytest.mark.parametrize("moment", ["Making the database", "postgres is ready"])
def test_an_interrupted_start_leaves_nothing_running(own: Stack, moment: str) -> None:
    own.clear()
    command = [FIRMBASE, "stack", "up", "--name", own.directory.name]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as starting:
        assert starting.stderr is not None
        while moment not in starting.stderr.readline():
            assert starting.poll() is None
        starting.send_signal(signal.SIGINT)
        starting.communicate()
    assert starting.returncode == 130
    assert not own.is_up()
    assert not own.config.ports.taken()
    assert own.up()


def test_down_during_up_wins(own: Stack) -> None:
    own.clear()
    command = [FIRMBASE, "stack", "up", "--name", own.directory.name]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as starting:
        assert starting.stderr is not None
        while "Making the database" not in starting.stderr.readline():
            assert starting.poll() is None
        own.down()
        starting.communicate()
    assert not own.is_up()
    assert not own.config.ports.taken()


def test_a_running_stack_does_not_move(own: Stack) -> None:
    with pytest.raises(StackError, match="stop it with `firmbase stack down` before it moves"):
        own.up(port=own.config.ports.api + 100)
    assert own.status()["healthy"]


def test_a_port_that_is_asked_for_and_taken_is_an_error(own: Stack, tmp_path: Path) -> None:
    other = Stack(tmp_path / "other")
    with pytest.raises(StackError, match=r"Port \d+ is taken"):
        other.up(port=own.config.ports.api)
    assert not other.is_up()


def test_a_stack_whose_ports_were_taken_moves(own: Stack) -> None:
    old = own.config.ports
    own.down()
    lines: list[str] = []
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", old.api))
        thief.listen()
        config = own.up(bases=random_bases(), report=lines.append)
    assert config.ports.api != old.api
    assert any("taken" in line for line in lines)
    assert httpx.get(f"{config.api_url}/_health").status_code == 200


def test_free_ports_are_found_beside_another_stack(own: Stack) -> None:
    assert first_free([own.config.ports.api, *default_bases()]) != own.config.ports
    assert Ports.from_base(54321).api == 54321


def test_everything_listens_on_the_loopback_address_only(own: Stack) -> None:
    ports = own.config.ports
    listening = {
        (line.split()[1].split(":")[0], int(line.split()[1].split(":")[1], 16))
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    }
    wanted = {ports.api, ports.app, ports.db, ports.mail, ports.smtp}
    wanted |= {ports.postgrest, ports.postgrest_admin}
    addresses = {address for address, port in listening if port in wanted}
    assert addresses == {"0100007F"}
    assert wanted <= {port for _, port in listening}


def test_secrets_are_private_and_in_no_argument_or_log(own: Stack) -> None:
    config = own.config
    for name in ("config.json", "env.json"):
        assert (own.directory / name).stat().st_mode & 0o077 == 0
    secrets = [
        config.keys.jwt_secret,
        config.keys.secret,
        config.keys.database_password,
        config.keys.superuser_password,
    ]
    places = [Path(f"/proc/{pid}/cmdline").read_text() for pid in processes(own).values()]
    places += [log.read_text() for log in (own.directory / "logs").iterdir()]
    assert not [secret for secret in secrets for text in places if secret in text]


def test_the_database_starts_as_a_hosted_one(own: Stack) -> None:
    """Migrations run as a role that is no superuser, and nothing is granted of its own accord."""
    with psycopg.connect(own.config.database_url(), autocommit=True) as connection:
        role = connection.execute(
            "select rolsuper, rolbypassrls, rolcreaterole from pg_roles"
            " where rolname = current_user"
        ).fetchone()
        assert role == (False, True, True)
        for forbidden in (
            "create table auth.mine (id int)",
            "create table storage.mine (id int)",
            "create function realtime.mine() returns int language sql as 'select 1'",
            "alter table auth.users add column mine int",
            "alter table storage.objects add column mine int",
            "alter table realtime.messages add column mine int",
            "create index on storage.objects (owner)",
            "drop table realtime.messages",
            "delete from storage.objects",
            "delete from storage.buckets",
            "alter system set work_mem = '1GB'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)
        connection.execute("create table public.fresh (id int)")
        granted = connection.execute(
            "select grantee, privilege_type from information_schema.role_table_grants"
            " where table_name = 'fresh' and grantee in ('anon', 'authenticated', 'service_role')"
            " and privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')"
        ).fetchall()
        assert granted == []
        connection.execute("drop table public.fresh")
        for extension in ("pgmq", "pgtap with schema extensions", "pg_trgm with schema extensions"):
            connection.execute(f"create extension if not exists {extension}")
        timeouts: dict[str, str] = dict(
            connection.execute(
                "select rolname, array_to_string(rolconfig, ',') from pg_roles"
                " where rolname in ('anon', 'authenticated', 'authenticator')"
            ).fetchall()
        )
        assert "statement_timeout=3s" in timeouts["anon"]
        assert "statement_timeout=8s" in timeouts["authenticated"]
        assert "lock_timeout=8s" in timeouts["authenticator"]
        publication = connection.execute(
            "select count(*) from pg_publication where pubname = 'supabase_realtime'"
        ).fetchone()
        assert publication == (1,)


def test_the_commands_speak_json(own: Stack) -> None:
    status = json.loads(firmbase(own, "status", "--json").stdout)
    assert status["healthy"] is True
    env = json.loads(firmbase(own, "env", "--json").stdout)
    assert env == own.config.environment()
    exports = firmbase(own, "env").stdout
    assert f"export SUPABASE_URL={env['SUPABASE_URL']}\n" in exports
    assert firmbase(own, "logs", "postgres").stdout
    unknown = firmbase(own, "logs", "nonsense")
    assert unknown.returncode == 11
    assert "There is no log of nonsense" in unknown.stderr


def test_reset_deletes_the_data(own: Stack) -> None:
    with own.connect() as connection:
        connection.execute("create table public.gone (n int)")
    answer = firmbase(own, "reset", "--yes", "--json")
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == own.config.environment()
    with own.connect() as connection:
        assert connection.execute("select to_regclass('public.gone')").fetchone() == (None,)


def test_a_stack_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="firmbase stack up"):
        _ = Stack(tmp_path / "none").config
    assert Stack(tmp_path / "none").status() == {"running": False, "healthy": False, "services": {}}
    assert Config.load(tmp_path / "none") is None
