"""What is wrong around the runner ends in one sentence and its own exit code."""

import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import psycopg
import pytest

from cli.local.config import random_bases
from cli.local.stack import Stack
from edge_jobs import SCHEMA_VERSION
from edge_jobs.errors import SessionExpired, from_response
from tests.conftest import RunningStack, apply_schema
from tests.jobs.conftest import Jobs
from tests.jobs.runners import Runners, wait_for
from tests.people import Firm


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["walk"],
        ["run", "--wtach"],
        ["run", "--watch", "x"],
        ["run", "--for"],
        ["run", "--for", "--watch"],
        ["run", "--for", "-1"],
    ],
)
def test_wrong_usage(runners: Runners, arguments: list[str]) -> None:
    runner = runners.start_real(*arguments)
    assert runner.finish() == 2
    assert runner.lines[0].startswith("usage: python -m edge_jobs run")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"SUPABASE_SECRET_KEY": ""}, 3, "SUPABASE_SECRET_KEY is not set"),
        ({"SUPABASE_URL": "not a url"}, 4, "'not a url' is not a Supabase project"),
        ({"SUPABASE_URL": "ftp://example.com"}, 4, "is not a Supabase project"),
        ({"SUPABASE_URL": "http://127.0.0.1:99999"}, 4, "is not a Supabase project"),
        ({"SUPABASE_URL": "http://u:hush@127.0.0.1"}, 4, "SUPABASE_URL is not a Supabase project"),
        ({"SUPABASE_SECRET_KEY": "sb_secret_wrong"}, 5, "refuses this key (Invalid API key)"),
        ({"SUPABASE_SECRET_KEY": "ключ"}, 5, "has characters no key has"),
    ],
)
@pytest.mark.parametrize("option", [[], ["--watch"]])
def test_wrong_settings(
    runners: Runners, change: dict[str, str], code: int, words: str, option: list[str]
) -> None:
    runner = runners.start_real("run", *option, **change)
    assert runner.finish() == code
    (line,) = runner.lines
    assert line.startswith("error: ")
    assert words in line
    assert "hush" not in line


@pytest.mark.parametrize(
    ("url", "words"),
    [("http://127.0.0.1:9", "(connection refused)"), ("http://nowhere.invalid", "Nothing answers")],
)
def test_nobody_there(runners: Runners, url: str, words: str) -> None:
    runner = runners.start_real("run", SUPABASE_URL=url)
    assert runner.finish() == 6
    assert words in runner.lines[0]


def test_a_runner_that_stays_waits_for_the_network(runners: Runners) -> None:
    runner = runners.start_real("run", "--watch", SUPABASE_URL="http://127.0.0.1:9")
    runner.wait_for("no answer", times=2)
    runner.process.send_signal(signal.SIGTERM)
    assert runner.finish() == 0


def test_the_publishable_key_is_the_wrong_one(runners: Runners, stack: RunningStack) -> None:
    runner = runners.start_real("run", SUPABASE_SECRET_KEY=stack.publishable_key)
    assert runner.finish() == 5
    assert "permission denied for function jobs_step" in runner.lines[0]


def test_the_older_name_of_the_key(jobs: Jobs, runners: Runners, stack: RunningStack) -> None:
    names = {"SUPABASE_SECRET_KEY": "", "SUPABASE_SERVICE_ROLE_KEY": stack.secret_key}
    assert runners.start_real("run", **names).finish() == 0


def test_a_session_past_its_time(stack: RunningStack) -> None:
    claims = {"role": "authenticated", "exp": int(time.time()) - 600}
    token = jwt.encode(claims, stack.config.keys.jwt_secret, "HS256")
    answer = httpx.get(
        f"{stack.url}/rest/v1/firms",
        headers={"apikey": stack.publishable_key, "Authorization": f"Bearer {token}"},
    )
    error = from_response(stack.url, answer.json(), answer.status_code)
    assert isinstance(error, SessionExpired), answer.text
    assert (error.exit_code, error.code) == (9, "session_expired")


def test_a_refusal_is_no_wrong_key(stack: RunningStack, shared_firm: Firm) -> None:
    invited = {"email": "new@example.com", "role": "member"}
    answer = shared_firm.viewer.rpc("invite_member", firm_id=shared_firm.id, **invited)
    error = from_response(stack.url, answer.json(), answer.status_code)
    assert (answer.status_code, error.exit_code) == (403, 10), answer.text
    assert error.code == answer.json()["details"] != "wrong_key"


def test_a_server_that_is_not_supabase(runners: Runners, stack: RunningStack) -> None:
    """The mail catcher's web page is a real server, and not ours."""
    runner = runners.start_real("run", SUPABASE_URL=stack.mail_url)
    assert runner.finish() == 4
    smtp = stack.smtp_url.replace("smtp://", "http://")
    assert runners.start_real("run", SUPABASE_URL=smtp).finish() == 4


@pytest.mark.parametrize(
    ("theirs", "words"),
    [(SCHEMA_VERSION - 1, "apply the migrations"), (SCHEMA_VERSION + 1, "update the")],
)
def test_another_schema(
    jobs: Jobs, runners: Runners, db: psycopg.Connection, theirs: int, words: str
) -> None:
    jobs.enqueue("test.noop")
    body = "create or replace function private.schema_version() returns integer language sql"
    db.execute(f"{body} immutable set search_path = '' return {theirs}")
    try:
        runner = runners.start_real("run")
        assert runner.finish() == 8
    finally:
        db.execute(f"{body} immutable set search_path = '' return {SCHEMA_VERSION}")
    assert f"has schema {theirs}" in runner.lines[-1]
    assert words in runner.lines[-1]
    assert jobs.only()["state"] == "ready", "it was not touched"


@pytest.fixture(scope="module")
def frail() -> Iterator[Stack]:
    """A stack of its own, to be broken."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        stack = Stack(Path(folder) / "stack")
        stack.up(bases=random_bases(), throwaway=True)
        yield stack
        stack.remove()


def test_a_project_without_the_schema_then_without_its_database(
    frail: Stack, runners: Runners
) -> None:
    runners.env = {**runners.env, **frail.config.environment()}
    runner = runners.start_real("run")
    assert runner.finish() == 8
    assert "has schema none" in runner.lines[0]

    apply_schema(frail.config)
    wait_for(lambda: runners.start_real("run").finish() == 0, "the API to see the schema")
    stays = runners.start_real("run", "--watch")
    supervisor = frail.supervisor_id()
    assert supervisor
    os.kill(supervisor, signal.SIGSTOP)
    try:
        os.kill(frail.state()["services"]["postgres"]["pid"], signal.SIGKILL)
        runner = runners.start_real("run")
        assert runner.finish() == 7
        assert "its database does not" in runner.lines[0]
        stays.wait_for("no answer")
    finally:
        os.kill(supervisor, signal.SIGCONT)
    stays.wait_for("database is back")
    assert stays.stop(signal.SIGTERM) == 0


def test_the_local_stack_is_never_mixed_with_another_project(
    runners: Runners, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_jobs import settings
    from edge_jobs.errors import MissingSetting

    package = tmp_path / "edge_jobs"
    local = tmp_path / ".stack" / "default" / "env.json"
    local.parent.mkdir(parents=True)
    values = {"SUPABASE_URL": "http://local:1", "SUPABASE_SECRET_KEY": "local"}
    local.write_text(json.dumps(values))
    monkeypatch.setattr(settings, "__file__", str(package / "settings.py"))
    for name in (*values, "SUPABASE_SERVICE_ROLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert settings.Settings.load().secret_key == "local"
    monkeypatch.setenv("SUPABASE_URL", "https://example.supabase.co")
    elsewhere = settings.Settings.load()
    assert elsewhere.url == "https://example.supabase.co"
    with pytest.raises(MissingSetting):
        _ = elsewhere.secret_key
