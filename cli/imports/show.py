"""What came of an import, for people."""

from pathlib import Path
from typing import Any

from cli.output import print_facts, print_table, say

MOST_LISTED = 10


def show(row: dict[str, Any], refused: list[dict[str, str]], target: Path | None) -> None:
    ways = ("create", "update") if row["dry_run"] else ("created", "updated")
    counts = (
        (ways[0], row["created_count"]),
        (ways[1], row["updated_count"]),
        ("unchanged", row["unchanged_count"]),
        ("refused", row["failed_count"]),
    )
    title = f"{row['name']}: {row['row_count']:,} {row['kind']}"
    print_facts(
        f"{title}, dry run" if row["dry_run"] else title,
        [(name, f"{count:>9,}") for name, count in counts],
    )
    columns = [(c["column"] or "–", c["field"] or "left out") for c in row["columns"]]
    print_facts("Columns, and what they mean", columns)
    if refused:
        shown = [list(error.values()) for error in refused[:MOST_LISTED]]
        print_table("\nRefused", list(refused[0]), shown, dense=True)
    if target and refused:
        say(f"{target} lists all {len(refused):,}.")
    elif len(refused) > MOST_LISTED:
        say(f"And {len(refused) - MOST_LISTED:,} more: --errors FILE lists all of them.")
    if row["dry_run"]:
        say("Nothing was written: run it without --dry-run to do it.")
