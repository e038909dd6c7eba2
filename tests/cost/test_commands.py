"""`firmbase usage` and `firmbase cost`, as processes; and every command of docs/cost.md."""

import re
import shlex
from typing import Any

import psycopg
import pytest
import typer

from cli.main import app
from tests.api.files import settled
from tests.conftest import RunningStack
from tests.jobs.commands import Firmbase
from tests.jobs.runners import ROOT
from tests.people import Firm

Db = psycopg.Connection[Any]
TEXT = (ROOT / "docs" / "cost.md").read_text()
BLOCK = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("line", [line for block in BLOCK for line in block.splitlines()])
def test_the_commands_are_understood(line: str) -> None:
    command: Any = typer.main.get_command(app)
    _, *words = shlex.split(line, comments=True)
    for number, word in enumerate(words):
        if not hasattr(command, "commands"):
            command.make_context(word, words[number:])
            return
        _, command, _ = command.resolve_command(typer.Context(command), [word])
    command.make_context(words[-1], words[1:])


def test_usage_of_a_project_and_of_a_firm(stack: RunningStack, firm: Firm, db: Db) -> None:
    settled(firm.member, firm)
    usage = Firmbase(stack.env, "usage")
    shown = usage("--limit", "1000").stdout
    assert "Usage, beside Supabase Free" in shown
    assert re.search(r"database +0\.\d+ +0\.5 GB ", shown)
    assert re.search(r"egress +5 GB a month +not measured", shown)
    assert "all else" in shown
    found = usage.json("--plan", "pro", "--limit", "1000")
    limits = {limit["what"]: limit for limit in found["limits"]}
    assert (limits["database"]["included"], limits["database"]["hard"]) == (8, False)
    assert (limits["egress"]["used"], limits["egress"]["share"]) == (None, None)
    slug = next(one["slug"] for one in found["firms"] if one["firm_id"] == firm.id)
    alone = usage.json("--firm", slug)
    assert (alone["firm_id"], alone["files"]) == (firm.id, 1)
    assert slug in usage("--firm", slug).stdout
    assert "There is no firm nowhere." in usage.refused("--firm", "nowhere")


def test_cost_of_a_project(stack: RunningStack, db: Db) -> None:
    cost = Firmbase(stack.env, "cost")
    db.execute("delete from private.usage_days")
    db.execute(
        "insert into private.usage_days"
        " select current_date - n, 40000000, 9000000000 - 200000000::bigint * n, 5, 5, 0, 1"
        " from generate_series(1, 30) as n"
    )
    try:
        shown = cost().stdout
        found = cost.json("--plan", "pro", "--compute", "large", "--runner", "railway")
    finally:
        db.execute("delete from private.usage_days")
    assert "A month, as it is now" in shown
    assert "a contract, signed, with all that belongs to it" in shown
    assert (found["bill"]["plan"], found["bill"]["monthly"]) == ("pro", 25 + 100 + 5)
    assert found["cheapest"]["monthly"] <= found["bill"]["monthly"]
    months = {limit["what"]: limit["month"] for limit in found["next"]}
    assert re.fullmatch(r"\d{4}-\d\d", months["files"])
    assert months["active users"] is None
    assert found["sizes"]["starter"]["firms_that_fit_free"]["files_gb"] > 0


def test_cost_of_a_size_asks_no_project() -> None:
    nowhere = {"SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_SECRET_KEY": "none"}
    cost = Firmbase(nowhere, "cost")
    found = cost.json("--size", "growth")
    assert found["bill"] == found["sizes"]["growth"]["bill"]
    assert found["next"] == []
    shown = cost("--size", "enterprise").stdout
    assert "runner: Render, Starter (unverified)" in shown
    assert 'There is no "huge": micro, small' in cost.refused(
        "--size", "growth", "--compute", "huge", code=2
    )
