"""What is written into the documents, and that it shows the present schema."""

import json
from pathlib import Path

import psycopg
import pytest

from cli import db as command
from cli.schema.build import scratch
from cli.schema.documents import BEGIN, END, PARTS
from cli.schema.errors import NoPlace
from cli.schema.functions import listed
from cli.schema.migrations import Project
from tests.schema.conftest import Firmbase

SMALL = """
create table public.things (id uuid primary key);
create function public.give(thing uuid, times integer default 1, to_whom text default null)
returns void language sql as '';
comment on function public.give(uuid, integer, text) is 'Gives a | b.';
create function public.count_all(out n bigint) language sql return 1;
create function public.hidden() returns void language sql as '';
revoke execute on all functions in schema public from public, anon, authenticated;
grant execute on function public.give(uuid, integer, text), public.count_all() to authenticated;
"""
LISTED = """| function | what it does |
|---|---|
| `count_all()` |  |
| `give(thing [times] [to_whom])` | Gives a \\| b. |
"""


def test_functions_that_people_call_are_listed(server: str) -> None:
    with scratch(server) as url, psycopg.connect(url) as connection:
        connection.execute(SMALL)
        assert listed(connection) == LISTED


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with one small file in sql/ and documents with an empty place."""
    project = Project(tmp_path)
    file = project.sql / "10_things" / "10_things.sql"
    file.parent.mkdir(parents=True)
    file.write_text(SMALL)
    for path in PARTS:
        document = project.root / path
        document.parent.mkdir(exist_ok=True)
        document.write_text(f"Before.\n\n{BEGIN}{END}\nAfter.\n")
    monkeypatch.setattr(command, "PROJECT", project)
    return project


def test_the_documents_are_written_and_checked(project: Project, firmbase: Firmbase) -> None:
    document = project.root / "docs" / "api.md"
    assert firmbase("docs", "--check").exit_code == 1
    assert LISTED not in document.read_text()
    assert json.loads(firmbase("docs", "--json").stdout) == [
        {"file": str(file), "changed": True} for file in PARTS
    ]
    assert document.read_text() == f"Before.\n\n{BEGIN}{LISTED}{END}\nAfter.\n"
    assert "erDiagram" in (project.root / "docs" / "data-model.md").read_text()
    assert firmbase("docs", "--check").exit_code == 0


def test_a_document_without_a_place_stays_as_it_is(project: Project, firmbase: Firmbase) -> None:
    document = project.root / "docs" / "api.md"
    document.write_text("No marks.\n")
    with pytest.raises(NoPlace, match="api"):
        firmbase("docs")
    assert document.read_text() == "No marks.\n"


def test_the_documents_are_up_to_date(firmbase: Firmbase) -> None:
    done = firmbase("docs", "--check")
    assert done.exit_code == 0, done.stderr
