"""The picture of the data model: what is drawn."""

import psycopg

from cli.schema.build import scratch
from cli.schema.diagram import draw

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
