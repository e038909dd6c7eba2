"""`firmbase firms access-review`, as a process with the environment of a project."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg

from tests.conftest import RunningStack
from tests.people import Firm, created

FIRMBASE = Path(sys.executable).with_name("firmbase")


def review(stack: RunningStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FIRMBASE, "firms", "access-review", *arguments],
        env={**stack.env, "COLUMNS": "250"},
        capture_output=True,
        text=True,
    )


def done(answer: subprocess.CompletedProcess[str]) -> str:
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_everybody_with_access_for_people_and_for_programs(stack: RunningStack, firm: Firm) -> None:
    people = [firm.owner, firm.viewer, firm.suspended, firm.portal]
    table = done(review(stack, firm.slug))
    ways = json.loads(done(review(stack, firm.slug, "--json")))
    assert {way["email"] for way in ways} == {person.email for person in people}
    for person in people:
        assert person.email in table
    assert "nothing" in table


def test_attack_43_the_file_runs_nothing_in_a_spreadsheet(
    stack: RunningStack, firm: Firm, tmp_path: Path
) -> None:
    formula = '=HYPERLINK("https://example.com")'
    change = {"full_name": formula}
    created(firm.viewer.update("profiles", change, id=f"eq.{firm.viewer.id}"))
    file = tmp_path / "access.csv"
    ways = json.loads(done(review(stack, firm.slug, "--csv", str(file), "--json")))
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline="")))
    assert [row["email"] for row in rows] == [way["email"] for way in ways]
    assert list(rows[0]) == list(ways[0])
    (row,) = [row for row in rows if row["email"] == firm.viewer.email]
    assert row["person"] == f"'{formula}"
    assert (row["via"], row["role"], row["expires_at"]) == ("member", "viewer", "")
    answer = review(stack, firm.slug, "--csv", str(file))
    assert (done(answer), answer.stderr) == ("", f"Wrote 2 rows to {file}.\n")


def test_more_than_one_answer_of_the_api_holds(
    stack: RunningStack, firm: Firm, db: psycopg.Connection[Any]
) -> None:
    db.execute(
        "insert into invitations (firm_id, email, role, expires_at)"
        " select %s, n || '@example.com', 'viewer', now() + interval '1 day'"
        " from generate_series(1, 1999) n",
        [firm.id],
    )
    ways = json.loads(done(review(stack, firm.slug, "--json")))
    assert len({way["email"] for way in ways}) == len(ways) == 2000


def test_what_cannot_be_is_one_sentence(stack: RunningStack, firm: Firm, tmp_path: Path) -> None:
    answer = review(stack, "nobody")
    assert answer.returncode == 10
    assert answer.stderr == (
        "error: There is no firm nobody. `firmbase firms list` shows which there are.\n"
    )
    answer = review(stack, firm.slug, "--csv", str(tmp_path / "missing" / "access.csv"))
    assert answer.returncode != 0
    assert answer.stderr.startswith("error: ")
    assert len(answer.stderr.splitlines()) == 1
