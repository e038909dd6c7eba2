"""docs/jobs.md: its SQL is run, its handlers do a job, its commands are understood, its table of
two nights is computed."""

import inspect
import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge_jobs.registry import handler
from edge_jobs.schedules import next_time, plan
from tests.cli.test_help import ALL
from tests.jobs.commands import understood
from tests.jobs.conftest import Jobs
from tests.jobs.runners import ROOT, Runners

TEXT = (ROOT / "docs" / "jobs.md").read_text()
BERLIN = ZoneInfo("Europe/Berlin")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def table(*columns: str) -> list[list[str]]:
    """The rows of the table with these columns."""
    head = f"| {' | '.join(columns)} |\n"
    _, found, rest = TEXT.partition(head)
    assert found, f"there is no table {head}"
    rows = rest.partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_sql_queues_jobs(jobs: Jobs) -> None:
    for block in blocks("sql"):
        jobs.db.execute(block)
    states = sorted((job["kind"], job["priority"], job["state"]) for job in jobs.list())
    assert states == [
        ("test.noop", "default", "ready"),
        ("test.noop", "default", "ready"),
        ("test.noop", "default", "ready"),
        ("test.noop", "high", "waiting"),
    ]


def test_the_handlers_do_their_job(jobs: Jobs, runners: Runners, tmp_path: Path) -> None:
    start = "import sys\nfrom edge_jobs import runner\nsys.exit(runner.main(watch=False))\n"
    module = tmp_path / "handlers.py"
    module.write_text("\n".join([*blocks("python"), start]))
    jobs.enqueue("test.book", {"file_ids": ["one", "two"]})
    runner = runners.start_script(module)
    assert runner.finish() == 0, runner.lines
    found = jobs.value("select result from private.finished_jobs where kind = 'test.book'")
    assert found == {"pages": 4, "unread": 0}


COMMANDS = [
    line for block in blocks("sh") for line in block.splitlines() if line.startswith("firmbase")
]


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_are_understood(line: str) -> None:
    understood(line)


def test_every_command_on_jobs_is_there() -> None:
    for name in ALL:
        if name.startswith("jobs "):
            assert re.search(rf"firmbase {name}\b", TEXT), name


def test_every_option_of_a_handler_is_there() -> None:
    options = [name.strip("`") for name, _, _ in table("option", "means", "unless told")]
    assert options == list(inspect.signature(handler).parameters)[1:]


def test_the_table_of_both_nights() -> None:
    def instant(text: str) -> datetime:
        local = datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=BERLIN)
        return local.astimezone(UTC)

    policies = ["skip", "once", "all"]
    rows = table("cron", "no runner from", "until", *(f"`{policy}`" for policy in policies))
    assert len(rows) >= 5
    for cron, start, until, *cells in rows:
        cron = cron.strip("`")
        schedule = {
            "cron": cron,
            "time_zone": BERLIN.key,
            "next_at": next_time(cron, BERLIN.key, instant(start)).isoformat(),
        }
        for policy, cell in zip(policies, cells, strict=True):
            runs = plan({**schedule, "if_missed": policy}, instant(until)).run_at
            shown = [f"{run.astimezone(BERLIN):%m-%d %H:%M %Z}" for run in runs]
            assert cell == (", ".join(shown) or "–"), f"{cron} until {until}: {policy}"
