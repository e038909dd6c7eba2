"""From an empty project to a live one, and what may go wrong there. Told in order: the first tests
find the project empty, docs/going-live.md takes it live, the others find it so."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from cli.deploy import signin
from cli.deploy.buckets import compare, mend
from cli.deploy.checks import Examination
from cli.deploy.errors import NotReady, WrongToken
from cli.deploy.hosted import Hosted
from cli.doctor.checks import Check, look_at
from cli.local.config import ROOT
from cli.schema.build import scratch
from cli.schema.errors import CliFailed, DatabaseRefuses
from cli.schema.migrations import Project, applied
from edge_jobs.errors import MissingSetting, Unreachable, WrongKey
from tests.conftest import RunningStack
from tests.deploy.conftest import Deploy, with_token
from tests.deploy.platform import TOKEN, Platform
from tests.jobs.runners import wait_for

FIRMBASE = str(Path(sys.executable).with_name("firmbase"))
DOCUMENT = ROOT / "docs" / "going-live.md"
ALL = sorted(Project().versions())


def states(answer: str) -> dict[str, str]:
    return {check["name"]: check["state"] for check in json.loads(answer)["checks"]}


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)


def look(name: str) -> Check:
    """One check by itself."""
    examination = Examination(Hosted(), Project())
    return look_at(name, getattr(examination, name.replace(" ", "_")))


def test_an_empty_project_lacks_everything_and_stays_empty(
    hosted: RunningStack, firmbase: Deploy
) -> None:
    done = firmbase("check", "--json")
    assert done.exit_code == 1
    assert states(done.stdout) == {
        "keys": "ok",
        "database": "ok",
        "extensions": "ok",
        "owner": "ok",
        "migrations": "missing",
        "objects": "ok",
        "schema": "missing",
        "buckets": "missing",
        "data api": "ok",
        "sign-in": "by hand",
        "mails": "by hand",
        "functions": "ok",
        "rights": "ok",
        "runner": "missing",
    }
    by_hand = {check["name"]: check["mend"] for check in json.loads(done.stdout)["checks"]}
    assert "auth.email.enable_confirmations = True" in by_hand["sign-in"]
    assert "supabase/templates/invite.html" in by_hand["mails"]
    assert applied(hosted.db_url) == []


@pytest.mark.parametrize("schema", ["public", "shop"])
def test_somebody_elses_project_is_left_alone(
    hosted: RunningStack, firmbase: Deploy, schema: str
) -> None:
    with psycopg.connect(hosted.db_url, autocommit=True) as connection:
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(f"create table {schema}.orders (id int)")
        try:
            with pytest.raises(NotReady, match=rf"somebody else's project.*{schema}\.orders"):
                firmbase("push", "--yes")
            assert applied(hosted.db_url) == []
        finally:
            connection.execute(f"drop table {schema}.orders")
            connection.execute("drop schema if exists shop")


def test_people_who_signed_up_before_are_somebody_elses(
    hosted: RunningStack, environment: object
) -> None:
    with psycopg.connect(hosted.superuser_url, autocommit=True) as connection:
        connection.execute(
            "insert into auth.users (id, email) values (gen_random_uuid(), 'a@example.com')"
        )
        try:
            assert look("owner").detail.endswith("it has 1 tables and views: auth.users.")
        finally:
            connection.execute("delete from auth.users where email = 'a@example.com'")


def test_nobody_is_asked_where_nobody_can_answer(firmbase: Deploy) -> None:
    refused = firmbase("push", "--json")
    assert refused.exit_code == 2
    assert "--yes" in refused.stderr


def test_an_interrupted_push_goes_on(hosted: RunningStack, environment: object) -> None:
    command = [FIRMBASE, "deploy", "push", "--yes"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as push:
        wait_for(lambda: applied(hosted.db_url) or push.poll() is not None, "a first migration")
        push.send_signal(signal.SIGTERM)
        push.communicate()
    assert push.returncode == 130
    # Each file is a transaction: what is entered is whole, and in order.
    done = applied(hosted.db_url)
    assert done == ALL[: len(done)]
    assert 0 < len(done) < len(ALL)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another checkout after `make install`, which has tests of its own: it runs its own code."""
    folder = tmp_path_factory.mktemp("clone") / "firmbase"
    folder.mkdir()
    for name in ("cli", "docs", "edge_jobs", "sql", "supabase"):
        ignored = shutil.ignore_patterns("node_modules", "__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    node = Path("supabase", "local", "node_modules")
    (folder / node).symlink_to(ROOT / node)
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "firmbase"):
        program = programs / name
        real = Path(sys.executable).with_name(name)
        program.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}" exec "{real}" "$@"\n')
        program.chmod(0o755)
    return folder


def fill_in(file: Path, values: dict[str, str]) -> None:
    """What a person does with the copy of env.example: no name is left out, none is made up."""
    lines = file.read_text().splitlines()
    for number, line in enumerate(lines):
        name, equals, _ = line.partition("=")
        if equals and not line.startswith("#"):
            lines[number] = f"{name}='{values[name]}'"
    file.write_text("\n".join(lines) + "\n")


def test_the_commands_of_the_document_lead_to_a_live_project(
    hosted: RunningStack, at_supabase: Platform, clone: Path, firmbase: Deploy
) -> None:
    first, *others = blocks()
    own = {"PATH": os.environ["PATH"], "HOME": str(clone), **with_token(at_supabase)}

    def bash(script: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-eu", "-c", script],
            cwd=clone,
            env=own,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stderr
        return done

    bash(first)
    settings = clone / "production.env"
    assert settings.stat().st_mode & 0o077 == 0
    values = {**hosted.env, "SUPABASE_ACCESS_TOKEN": TOKEN}
    fill_in(settings, values)
    # The checks by themselves are in other tests: once is enough.
    upgrade = next(n for n, block in enumerate(others) if block.count("firmbase deploy") == 2)
    del others[upgrade]
    done = bash("\n".join(others))

    secrets = [values[name] for name in ("SUPABASE_SECRET_KEY", "SUPABASE_ACCESS_TOKEN")]
    secrets.append(hosted.config.keys.database_password)
    assert not [secret for secret in secrets if secret in done.stdout + done.stderr]
    assert applied(hosted.db_url) == ALL
    final = json.loads(done.stdout[done.stdout.index("{\n") : done.stdout.rindex("\n}") + 2])
    assert final["in_sync"] is True
    told = {check["name"]: check for check in final["checks"]}
    assert told["runner"]["state"] == "ok"
    assert told["sign-in"]["state"] == "ok"
    assert at_supabase.auth["site_url"] == hosted.env["APP_URL"]
    invite = (ROOT / "supabase" / "templates" / "invite.html").read_text()
    assert at_supabase.auth["mailer_templates_invite_content"] == invite
    assert at_supabase.auth["smtp_max_frequency"] == 60  # ours is a second, for local tests
    assert (clone / "runner.env").stat().st_mode & 0o077 == 0
    runner = (clone / "runner.env").read_text()
    assert "SUPABASE_SECRET_KEY" in runner
    assert "SUPABASE_DB_URL" not in runner
    assert "TOKEN" not in runner


def test_a_wrong_secret_key(environment: pytest.MonkeyPatch, firmbase: Deploy) -> None:
    environment.setenv("SUPABASE_SECRET_KEY", "sb_secret_of_another_project")
    with pytest.raises(WrongKey) as raised:
        firmbase("check")
    assert raised.value.exit_code == 5
    assert "sb_secret_of_another_project" not in str(raised.value)


def test_a_wrong_publishable_key(environment: pytest.MonkeyPatch, firmbase: Deploy) -> None:
    environment.setenv("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_of_another_project")
    with pytest.raises(WrongKey, match="set SUPABASE_PUBLISHABLE_KEY"):
        firmbase("check")


def test_a_secret_key_where_the_publishable_one_belongs(
    hosted: RunningStack, environment: pytest.MonkeyPatch, firmbase: Deploy
) -> None:
    environment.setenv("SUPABASE_PUBLISHABLE_KEY", hosted.secret_key)
    done = firmbase("check")
    assert done.exit_code == 1
    assert "holds a secret key, which must never reach a browser" in done.stderr
    assert hosted.secret_key not in done.output
    with pytest.raises(NotReady):
        firmbase("push", "--yes")


def test_no_database_and_no_api(environment: pytest.MonkeyPatch, firmbase: Deploy) -> None:
    nowhere = "127.0.0.1:9"
    with environment.context() as wrong:
        wrong.setenv("SUPABASE_DB_URL", f"postgresql://postgres:secret@{nowhere}/postgres")
        with pytest.raises(DatabaseRefuses) as raised:
            firmbase("check")
    assert raised.value.exit_code == 7
    assert "secret@" not in str(raised.value)
    environment.setenv("SUPABASE_URL", f"http://{nowhere}")
    with pytest.raises(Unreachable) as unreachable:
        firmbase("check")
    assert unreachable.value.exit_code == 6


def test_the_database_of_another_project(
    hosted: RunningStack, environment: pytest.MonkeyPatch
) -> None:
    with scratch(hosted.db_url) as other:
        environment.setenv("SUPABASE_DB_URL", other)
        assert "two different projects" in look("database").detail


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://postgres.{other}:x@pooler.supabase.com:5432/postgres", "other"),
        ("postgresql://postgres:x@db.{other}.supabase.co:5432/postgres", "other"),
    ],
)
def test_the_reference_of_a_project_is_in_its_addresses(
    environment: pytest.MonkeyPatch, url: str, says: str
) -> None:
    environment.setenv("SUPABASE_URL", f"https://{'a' * 20}.supabase.co")
    environment.setenv("SUPABASE_DB_URL", url.format(**{says: "b" * 20}))
    project = Hosted()
    assert (project.ref, project.database_ref) == ("a" * 20, "b" * 20)
    # One that is said beside them hides neither.
    environment.setenv("SUPABASE_PROJECT_ID", "b" * 20)
    assert Hosted().refs == {"a" * 20, "b" * 20}


def test_a_project_ahead_of_the_checkout(hosted: RunningStack, firmbase: Deploy) -> None:
    history = "supabase_migrations.schema_migrations"
    with psycopg.connect(hosted.db_url, autocommit=True) as connection:
        connection.execute(f"insert into {history} (version) values ('20990101000000')")
        try:
            with pytest.raises(NotReady, match="1 that this checkout lacks: 20990101000000"):
                firmbase("push", "--yes")
        finally:
            connection.execute(f"delete from {history} where version = '20990101000000'")


def test_what_drifted_is_put_right_and_what_is_stricter_stays(
    hosted: RunningStack, token: Platform, firmbase: Deploy
) -> None:
    with psycopg.connect(hosted.db_url, autocommit=True) as connection:
        connection.execute("update storage.buckets set public = true where id = 'firm-files'")
        connection.execute("update storage.buckets set file_size_limit = 5 where id = 'exports'")
    token.auth |= {"password_min_length": 12, "mailer_autoconfirm": True, "disable_signup": True}
    kept = ["auth.email.max_frequency", "auth.enable_signup", "auth.minimum_password_length"]

    done = firmbase("push", "--yes", "--json")
    answer = json.loads(done.stdout)
    assert done.exit_code == 0, done.stdout
    assert answer["plan"]["buckets"] == ["firm-files.public: True → False"]
    assert answer["plan"]["settings"] == ["auth.email.enable_confirmations: false → true"]
    assert sorted(answer["plan"]["kept"]) == [*kept, "exports.file_size_limit"]
    assert token.written[-1] == {"mailer_autoconfirm": False}
    assert token.auth["password_min_length"] == 12
    with Hosted().storage() as storage:
        assert not storage.get_bucket("firm-files").public
        assert storage.get_bucket("exports").file_size_limit == 5
    told = {check["name"]: check["detail"] for check in answer["checks"]}
    assert told["buckets"].endswith("stricter than ours, and stays: exports.file_size_limit")
    assert told["sign-in"].endswith(f"stays: {', '.join(kept)}")

    with psycopg.connect(hosted.db_url) as connection, Hosted().storage() as storage:
        named = {"exports.file_size_limit"}
        assert mend(connection, compare(storage, connection), named) == [*named]
    assert look("buckets").detail == "avatars, exports, firm-files, imports, reports"


def test_a_secret_that_the_settings_name_is_taken_from_the_environment(
    token: Platform, environment: pytest.MonkeyPatch
) -> None:
    auth = signin.wanted(Hosted())
    auth["email"]["smtp"] = {
        "enabled": True,
        "host": "smtp.example.com",
        "port": 465,
        "user": "firmbase",
        "pass": "env(OF_THE_MAIL_SERVER)",
        "admin_email": "no-reply@example.com",
    }
    management = Hosted().management
    assert management
    with pytest.raises(MissingSetting, match="OF_THE_MAIL_SERVER"):
        signin.push(management, auth)
    environment.setenv("OF_THE_MAIL_SERVER", "a-secret")
    with pytest.raises(CliFailed, match=r"did not push auth\.email\.smtp\..* required fields"):
        signin.push(management, auth)
    auth["email"]["smtp"]["sender_name"] = "Example"
    assert "a-secret" not in str(signin.changes(management, auth))
    signin.push(management, auth)
    assert token.auth["smtp_pass"] == "a-secret"


def test_a_bucket_that_was_deleted_is_made_again(
    hosted: RunningStack, environment: pytest.MonkeyPatch
) -> None:
    with Hosted().storage() as storage, psycopg.connect(hosted.db_url) as connection:
        storage.delete_bucket("avatars")
        assert look("buckets").state == "missing"
        found = compare(storage, connection)
        for _ in range(2):  # as two at once do
            assert mend(connection, found, set()) == ["avatars"]
    assert look("buckets").state == "ok"


def test_a_function_that_is_not_deployed_or_wants_a_key_is_told(
    hosted: RunningStack, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert look("functions").detail == "unsubscribe deployed"
    missing = tmp_path / "supabase" / "functions" / "not_there"
    missing.mkdir(parents=True)
    (missing / "index.ts").touch()
    found = look_at("functions", Examination(Hosted(), Project(tmp_path)).functions)
    assert (found.state, found.mend) == (
        "warning",
        "Run `supabase functions deploy not_there --use-api`.",
    )
    assert "wants a key" in found.detail


def test_leftovers_are_found(hosted: RunningStack, environment: pytest.MonkeyPatch) -> None:
    with (
        Hosted().storage() as storage,
        psycopg.connect(hosted.db_url, autocommit=True) as connection,
    ):
        storage.create_bucket("holiday", options={"public": True})
        connection.execute("create table public.leftover (id int primary key)")
        connection.execute("grant select on public.leftover to anon")
        try:
            assert "public.leftover" in look("rights").detail
            assert "holiday" in look("buckets").detail
        finally:
            connection.execute("drop table public.leftover")
            storage.delete_bucket("holiday")


def test_a_key_does_not_travel_in_the_clear(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SUPABASE_URL", f"http://{'a' * 20}.supabase.co")
    found = look("keys")
    assert (found.state, found.mend) == ("failed", "Begin it with https.")


def test_links_to_this_machine_are_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SUPABASE_URL", "https://api.example.com")
    environment.setenv("APP_URL", "http://localhost:5173")
    found = look("sign_in")
    assert (found.state, found.detail.split(":")[0]) == (
        "failed",
        "APP_URL is an address of this machine",
    )


def test_a_token_that_is_refused(token: Platform, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SUPABASE_ACCESS_TOKEN", f"{TOKEN[:-1]}0")
    with pytest.raises(WrongToken) as raised:
        look("sign_in")
    assert raised.value.exit_code == 5
    assert TOKEN[4:-1] not in str(raised.value)


def test_the_session_in_the_document_has_its_commands() -> None:
    session = (DOCUMENT.parent / "images" / "going-live.txt").read_text().splitlines()
    for block in blocks():
        for line in block.splitlines():
            assert f"$ {line.removesuffix(' --json')}" in session
