"""Supabase's advisors, as the dashboard of a hosted project has them, and our own lint."""

import re
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from cli.schema import lint, supabase_cli
from cli.schema.servers import connect

RULES = (resources.files(__package__) / "advisors.sql").read_bytes()
GUIDE = "https://supabase.com/docs/guides/database/database-linter?lint="
ENOUGH_ROWS = 1000


@dataclass(frozen=True)
class Finding:
    """One thing an advisor found: its rule, how grave, what, and how to mend it."""

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
    """Runs all advisors: the CLI's, those it lacks, and our own lint.

    Raises:
        DatabaseRefuses: the database does not answer.
    """
    said = supabase_cli.advisors(db_url)
    with connect(db_url) as connection:
        rules = connection.execute(RULES).fetchall()
        violations = lint.lint(connection)
        small = {
            (schema, table)
            for schema, table, rows in connection.execute(
                "select schemaname, relname, n_live_tup from pg_stat_user_tables"
            )
            if rows < ENOUGH_ROWS
        }
    advice = Advice([], [])
    for each in said:
        finding = Finding(
            each["name"], each["level"], _plain(each["detail"]), str(each["remediation"])
        )
        table = (each["metadata"].get("schema"), each["metadata"].get("name"))
        early = each["name"] == "unused_index" and table in small
        (advice.too_early if early else advice.findings).append(finding)
    for name, level, detail, page in rules:
        advice.findings.append(Finding(name, level, detail, GUIDE + page))
    for violation in violations:
        rule = lint.RULES[violation.rule]
        advice.findings.append(
            Finding(violation.rule, "WARN", violation.detail, f"{rule.why} {rule.mend}")
        )
    return advice


def _plain(detail: Any) -> str:
    return re.sub(r"\s+", " ", str(detail)).strip()
