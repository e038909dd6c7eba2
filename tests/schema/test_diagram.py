"""The picture of the data model: what is drawn, and that the document shows the present schema."""

import json
from pathlib import Path

import psycopg
import pytest

from cli import db as command
from cli.schema.build import scratch
from cli.schema.diagram import BEGIN, END, FILE, draw
from cli.schema.errors import NoPlace
from cli.schema.migrations import Project
from tests.schema.conftest import Firmbase

SMALL = """
create table public.firms (id uuid primary key);
create table public.clients (
  id uuid primary key, firm_id uuid not null references public.firms, name text,
  unique (firm_id, id)
);
create table public.orders (
  id bigint primary key, firm_id uuid not null references public.firms,
  client_id uuid, parent_id bigint references public.orders,
  constraint client foreign key (firm_id, client_id) references public.clients (firm_id, id)
);
create table public.secrets (
  firm_id uuid not null, client_id uuid primary key,
  foreign key (firm_id, client_id) references public.clients (firm_id, id)
);
comment on table public.clients is 'Who pays.';
"""
DRAWN = """```mermaid
erDiagram
  clients |o--o{ orders : "client_id"
  clients ||--o| secrets : "client_id"
  firms ||--o{ clients : "firm_id"
  firms ||--o{ orders : "firm_id"
  orders |o--o{ orders : "parent_id"
  clients {
    uuid id PK
    uuid firm_id FK
  }
  firms {
    uuid id PK
  }
  orders {
    int8 id PK
    uuid firm_id FK
    uuid client_id FK
    int8 parent_id FK
  }
  secrets {
    uuid firm_id FK
    uuid client_id PK, FK
  }
```

| table | what it is |
|---|---|
| `clients` | Who pays. |
| `firms` |  |
| `orders` |  |
| `secrets` |  |
"""


def test_tables_keys_and_references_are_drawn(server: str) -> None:
    with scratch(server) as url, psycopg.connect(url) as connection:
        connection.execute(SMALL)
        assert draw(connection) == DRAWN


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with one small file in sql/ and a document with an empty place."""
    project = Project(tmp_path)
    file = project.sql / "10_things" / "10_things.sql"
    file.parent.mkdir(parents=True)
    file.write_text(SMALL)
    document = project.root / FILE
    document.parent.mkdir()
    document.write_text(f"Before.\n\n{BEGIN}{END}\nAfter.\n")
    monkeypatch.setattr(command, "PROJECT", project)
    return project


def test_the_document_is_written_and_checked(project: Project, firmbase: Firmbase) -> None:
    document = project.root / FILE
    assert firmbase("diagram", "--check").exit_code == 1
    assert DRAWN not in document.read_text()
    assert json.loads(firmbase("diagram", "--json").stdout) == {"file": str(FILE), "changed": True}
    assert document.read_text() == f"Before.\n\n{BEGIN}{DRAWN}{END}\nAfter.\n"
    assert firmbase("diagram", "--check").exit_code == 0


def test_a_document_without_a_place_stays_as_it_is(project: Project, firmbase: Firmbase) -> None:
    document = project.root / FILE
    document.write_text("No marks.\n")
    with pytest.raises(NoPlace, match="data-model"):
        firmbase("diagram")
    assert document.read_text() == "No marks.\n"


def test_the_picture_is_up_to_date(firmbase: Firmbase) -> None:
    done = firmbase("diagram", "--check")
    assert done.exit_code == 0, done.stderr
