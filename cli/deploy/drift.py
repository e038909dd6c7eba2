"""What somebody changed by hand: objects of a project that are not as its migrations made them."""

import re
import shutil
import tempfile
from pathlib import Path

from cli.schema import supabase_cli
from cli.schema.build import scratch
from cli.schema.catalog import Difference, compare, objects
from cli.schema.files import in_order, version
from cli.schema.migrations import Project
from cli.schema.servers import connect

OURS = re.compile(r"schema private$|[a-z ]+ (.* on )?(public|private)\.")
# The platform has triggers of its own on its tables, but no policies.
RIGHTS = re.compile(r"policy .* on (auth|realtime|storage)\.")
HOOKS = re.compile(r"trigger .* on (auth|storage)\.")


def drift(db_url: str, server: str, project: Project, applied: list[str]) -> list[Difference]:
    """What differs from a scratch database with the same migrations; its side is the left one.

    Raises:
        NoScratchServer: the server is no local stack's.
    """
    with scratch(server) as made, tempfile.TemporaryDirectory(prefix="firmbase-") as folder:
        then = Project(Path(folder))
        then.migrations.mkdir(parents=True)
        for file in in_order(project.migrations):
            if version(file) in applied:
                shutil.copy(file, then.migrations)
        supabase_cli.migrate(made, then.root)
        with connect(made) as ours, connect(db_url) as theirs:
            return [each for each in compare(objects(ours), objects(theirs)) if counts(each)]


def counts(found: Difference) -> bool:
    if HOOKS.match(found.object):
        return found.only_in != "right"
    return bool(OURS.match(found.object) or RIGHTS.match(found.object))
