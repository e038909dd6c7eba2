"""What came of an import, for people."""

from pathlib import Path
from typing import Any

from cli.output import print_table, say

MOST_LISTED = 10


def show(row: dict[str, Any], refused: list[dict[str, str]], target: Path | None) -> None:
    ways = ("create", "update") if row["dry_run"] else ("created", "updated")
    counts = [
        [ways[0], row["created_count"]],
        [ways[1], row["updated_count"]],
        ["unchanged", row["unchanged_count"]],
        ["refused", row["failed_count"]],
    ]
    title = f"{row['name']}: {row['row_count']:,} {row['kind']}"
    print_table(f"{title}, dry run" if row["dry_run"] else title, ["rows", "count"], counts)
    columns = [[c["column"] or "–", c["field"] or "left out"] for c in row["columns"]]
    print_table("Columns", ["of the file", "field"], columns, dense=True)
    if refused:
        shown = [list(error.values()) for error in refused[:MOST_LISTED]]
        print_table("Refused", list(refused[0]), shown, dense=True)
    if target and refused:
        say(f"{target} lists all {len(refused):,}.")
    elif len(refused) > MOST_LISTED:
        say(f"And {len(refused) - MOST_LISTED:,} more: --errors FILE lists all of them.")
    if row["dry_run"]:
        say("Nothing was written: run it without --dry-run to do it.")
