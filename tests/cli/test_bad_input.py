"""What a person who gets something wrong is told: one sentence, and an exit code that stays."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.errors import BadStackName, NoStack, StackError
from cli.local import webapp
from cli.local.config import STACKS, role_token
from cli.local.stack import Stack
from tests.conftest import RunningStack

FIRMBASE = Path(sys.executable).with_name("firmbase")
PASSWORD = "correct-horse-battery"
ANOTHER_PROJECTS = role_token("the secret of another project", "service_role")


def firmbase(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    bare = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "")}
    return subprocess.run(
        [FIRMBASE, *arguments],
        env=bare | {"FIRMBASE_STACK": "nobody-made-this-one"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module", autouse=True)
def app_is_built() -> None:
    """Else the first command to need it would say so ahead of what is looked at here."""
    webapp.build()


def check(done: subprocess.CompletedProcess[str], code: int, words: str) -> None:
    """It failed with one sentence that has these words."""
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("error: ")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


@pytest.fixture(scope="module")
def web_server() -> Iterator[str]:
    """Somebody else's: it answers, and is no Supabase."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("stack env", 11),
        ("stack logs", 11),
        ("stack reset --yes", 11),
        ("db status", 7),
        ("db migrate", 7),
        ("db advisors", 7),
        ("db diff add_invoices", 11),
        ("db types", 11),
        ("firms list", 3),
        ("files list", 3),
        ("jobs list", 3),
        ("jobs run", 3),
    ],
)
def test_without_a_stack_every_command_names_the_one_to_start_it(command: str, code: int) -> None:
    check(firmbase(*command.split()), code, "`firmbase stack up`")
    assert not (STACKS / "nobody-made-this-one").exists()


@pytest.mark.parametrize(
    ("command", "code", "name"),
    [
        ("firms list", 3, "missing_setting"),
        ("stack env", 11, "no_stack"),
        ("stack env --name ../x", 2, "bad_stack_name"),
        ("files list --kind nonsense", 2, "wrong_usage"),
        ("jobs list --state nonsense", 2, "wrong_usage"),
        ("jobs fly", 2, "wrong_usage"),
    ],
)
def test_programs_get_errors_as_json_too(command: str, code: int, name: str) -> None:
    answer = firmbase(*command.split(), "--json")
    assert answer.returncode == code, answer.stderr
    error = json.loads(answer.stderr)["error"]
    assert error["code"] == name
    assert error["message"]
    assert answer.stdout == ""


@pytest.mark.parametrize("command", ["firms list", "jobs list", "jobs run"])
def test_another_web_server_is_no_supabase(command: str, web_server: str) -> None:
    answer = firmbase(*command.split(), SUPABASE_URL=web_server, SUPABASE_SECRET_KEY="sb_secret_x")
    check(answer, 4, "is not a Supabase project: set SUPABASE_URL")


@pytest.mark.parametrize("url", ["nonsense", "http://", "http://a b", "http://x.test?a=1"])
def test_what_is_no_address_is_told_so(url: str) -> None:
    check(firmbase("firms", "list", SUPABASE_URL=url), 4, "is not a Supabase project")


@pytest.mark.parametrize("command", ["firms list", "jobs list", "jobs run"])
def test_nobody_at_home(command: str) -> None:
    answer = firmbase(
        *command.split(), SUPABASE_URL="http://127.0.0.1:9", SUPABASE_SECRET_KEY="sb_secret_x"
    )
    check(answer, 6, "start the stack with `firmbase stack up`, or correct SUPABASE_URL.")


@pytest.mark.parametrize("command", ["firms list", "jobs run"])
@pytest.mark.parametrize(
    "key", ["schlüssel", "two\nlines", "sb_secret_wrong", "publishable", ANOTHER_PROJECTS]
)
def test_a_key_that_is_none_is_refused_and_not_repeated(
    command: str, key: str, stack: RunningStack
) -> None:
    given = stack.publishable_key if key == "publishable" else key
    answer = firmbase(*command.split(), SUPABASE_URL=stack.url, SUPABASE_SECRET_KEY=given)
    check(answer, 5, "set SUPABASE_SECRET_KEY to the project's secret key.")
    assert given not in answer.stderr
    assert repr(given) not in answer.stderr


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        f"http://postgres:{PASSWORD}@127.0.0.1/postgres",
        f"postgresql://postgres:{PASSWORD} x@127.0.0.1/postgres",
        f"postgresql://postgres:{PASSWORD}@[::1/postgres",
        f"postgresql://postgres:{PASSWORD}@127.0.0.1:99999/postgres",
    ],
)
@pytest.mark.parametrize("command", ["db status", "db migrate"])
def test_a_database_url_that_is_none_is_told_so_without_its_password(
    command: str, url: str
) -> None:
    answer = firmbase(*command.split(), SUPABASE_DB_URL=url)
    check(answer, 4, "SUPABASE_DB_URL is not the address of a database")
    assert PASSWORD not in answer.stderr


def test_a_database_that_is_down_is_told_in_words() -> None:
    url = f"postgresql://postgres:{PASSWORD}@127.0.0.1:1/postgres"
    answer = firmbase("db", "status", SUPABASE_DB_URL=url)
    check(answer, 7, "Connection refused): check SUPABASE_DB_URL")
    assert PASSWORD not in answer.stderr


@pytest.mark.parametrize("name", ["../other", "a/b", "a b", ".", "é", "/other"])
def test_a_stack_cannot_be_named_out_of_its_folder(name: str) -> None:
    with pytest.raises(BadStackName, match="use letters, digits"):
        Stack.named(name)


@pytest.mark.parametrize("command", ["stack up", "stack down", "demo"])
def test_a_stack_with_such_a_name_is_wrong_usage(command: str) -> None:
    check(firmbase(*command.split(), FIRMBASE_STACK="a/b"), 2, "cannot be called 'a/b'")


def test_an_empty_name_is_the_default_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRMBASE_STACK", "")
    assert Stack.named("").directory == STACKS / "default"


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"ports": {"api": 1}, "keys": {}}'])
def test_a_damaged_stack_says_how_to_begin_again(content: str, tmp_path: Path) -> None:
    stack = Stack(tmp_path / "damaged")
    stack.directory.mkdir()
    (stack.directory / "config.json").write_text(content)
    for use in (stack.up, stack.clear, lambda: stack.config):
        with pytest.raises(StackError, match=r"config\.json is damaged .* delete .*damaged"):
            use()
    stack.remove()
    assert not stack.directory.exists()


def test_reset_asks_nobody_where_nobody_is(tmp_path: Path) -> None:
    refused = firmbase("stack", "reset")
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    with pytest.raises(NoStack):
        Stack(tmp_path / "none").clear()


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    # Root may write everywhere, so the folder is a file here.
    run = (
        "import sys; from pathlib import Path; from cli import main; from cli.local import stack;"
        "stack.STACKS = Path(sys.argv.pop(1)); main.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", run, tmp_path / "file", "stack", "up"],
        capture_output=True,
        text=True,
    )
    check(done, 13, "cannot be used (not a directory)")


def test_nothing_to_list_is_said_in_words(stack: RunningStack) -> None:
    shown = firmbase("stack", "status")
    assert shown.returncode == 1
    assert shown.stdout == ""
    jobs = firmbase("jobs", "list", "--kind", "no.such", **stack.env)
    assert (jobs.returncode, jobs.stdout) == (0, "")
    assert "There are no such jobs." in jobs.stderr


@pytest.mark.parametrize(
    ("wrong", "part", "mend"),
    [
        ({"SUPABASE_URL": "nonsense"}, "keys", "Set SUPABASE_URL"),
        ({"SUPABASE_URL": "http://127.0.0.1:9"}, "gateway", "Start the stack"),
        ({"SUPABASE_SECRET_KEY": "sb_secret_wrong"}, "api", "Set SUPABASE_SECRET_KEY"),
        ({"SUPABASE_SECRET_KEY": "schlüssel"}, "keys", "Set SUPABASE_SECRET_KEY"),
        ({"SUPABASE_PUBLISHABLE_KEY": "wrong"}, "auth", "Check SUPABASE_PUBLISHABLE_KEY"),
        ({"SUPABASE_PUBLISHABLE_KEY": "sb_secret_x"}, "keys", "Set SUPABASE_PUBLISHABLE_KEY"),
        ({"SMTP_URL": "nonsense"}, "mail", "Set SMTP_URL"),
        ({"SMTP_URL": "smtp://127.0.0.1:99999"}, "mail", "Set SMTP_URL"),
        ({"SMTP_URL": "smtp://127.0.0.1:9"}, "mail", "Check SMTP_URL"),
        (
            {"RESEND_API_KEY": "re_wrong", "RESEND_URL": "http://127.0.0.1:9"},
            "mail",
            "Check RESEND_API_KEY",
        ),
        ({"SUPABASE_DB_URL": "nonsense"}, "migrations", "Set SUPABASE_DB_URL"),
    ],
)
def test_the_doctor_says_how_to_mend_what_is_wrong(
    stack: RunningStack, wrong: dict[str, str], part: str, mend: str
) -> None:
    done = firmbase("doctor", "--json", **(stack.env | wrong))
    assert done.returncode == 1
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks[part]["state"] == "failed"
    assert checks[part]["mend"].startswith(mend)
