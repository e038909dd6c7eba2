"""TypeScript types of the Data API's schema, generated from `sql/`."""

import subprocess
import tempfile
from pathlib import Path

from cli.local.config import ROOT
from cli.schema import supabase_cli
from cli.schema.build import build_from_sql, scratch
from cli.schema.errors import CliFailed
from cli.schema.migrations import Project

FILE = Path("web") / "services" / "database.types.ts"
BIOME = ROOT / "supabase" / "local" / "node_modules" / ".bin" / "biome"
STYLE = ("--indent-style=space", "--indent-width=2", "--line-width=100")


def generate(server: str, project: Project) -> str:
    """The types, formatted, as they belong into `FILE`.

    Raises:
        SqlFailed: `sql/` does not build.
        CliFailed: the types could not be generated or formatted.
    """
    with scratch(server) as database:
        build_from_sql(database, project.sql)
        bare = supabase_cli.types(database)
    with tempfile.TemporaryDirectory() as outside:  # of the configuration, which ignores this file
        formatted = subprocess.run(
            [str(BIOME), "format", *STYLE, f"--stdin-file-path={FILE.name}"],
            input=bare,
            env=supabase_cli.with_node(),
            cwd=outside,
            capture_output=True,
            text=True,
        )
    if formatted.returncode != 0:
        raise CliFailed(said=f"its types could not be formatted. {formatted.stderr.strip()}")
    return formatted.stdout
