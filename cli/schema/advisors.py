"""Supabase's security and performance advisors, as the dashboard of a hosted project has them."""

import re
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from cli.schema import supabase_cli
from cli.schema.servers import connect

RULES = (resources.files(__package__) / "advisors.sql").read_bytes()
GUIDE = "https://supabase.com/docs/guides/database/database-linter?lint="
ENOUGH_ROWS = 1000


@dataclass(frozen=True)
class Finding:
    """One thing an advisor found: its rule, how grave, what, and where to read about it."""

    name: str
    level: str
    detail: str
    remediation: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Advice:
    """What the advisors say of a database.

    `too_early` holds indexes without use on tables with fewer than `ENOUGH_ROWS` rows: there,
    PostgreSQL reads the whole table whatever indexes it has, so that it uses none says nothing.
    """

    findings: list[Finding]
    too_early: list[Finding]


def advise(db_url: str) -> Advice:
    """Runs all advisors, the CLI's and those it lacks.

    Raises:
        DatabaseRefuses: the database does not answer.
    """
    said = supabase_cli.advisors(db_url)
    with connect(db_url) as connection:
        rules = connection.execute(RULES).fetchall()
        small = {
            (schema, table)
            for schema, table, rows in connection.execute(
                "select schemaname, relname, n_live_tup from pg_stat_user_tables"
            )
            if rows < ENOUGH_ROWS
        }
    advice = Advice([], [])
    for lint in said:
        finding = Finding(
            lint["name"], lint["level"], _plain(lint["detail"]), str(lint["remediation"])
        )
        table = (lint["metadata"].get("schema"), lint["metadata"].get("name"))
        early = lint["name"] == "unused_index" and table in small
        (advice.too_early if early else advice.findings).append(finding)
    for name, level, detail, rule in rules:
        advice.findings.append(Finding(name, level, detail, GUIDE + rule))
    return advice


def _plain(detail: Any) -> str:
    return re.sub(r"\s+", " ", str(detail)).strip()
