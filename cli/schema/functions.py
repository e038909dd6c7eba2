"""The functions of the API that people call, as a Markdown table."""

from importlib import resources
from typing import Any

import psycopg

QUERY = (resources.files(__package__) / "functions.sql").read_bytes()


def listed(connection: psycopg.Connection[Any]) -> str:
    """Markdown: each function with its arguments, those that can be left out in brackets."""
    lines = ["| function | what it does |", "|---|---|"]
    for name, arguments, description in connection.execute(QUERY):
        needed = ", ".join(a["name"] for a in arguments if not a["optional"])
        optional = "".join(f" [{a['name']}]" for a in arguments if a["optional"])
        call = f"{name}({needed}{optional})".replace("( ", "(")
        said = " ".join((description or "").split()).replace("|", "\\|")
        lines.append(f"| `{call}` | {said} |")
    return "\n".join(lines) + "\n"
