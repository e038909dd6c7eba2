"""The session in docs/images/going-live.txt: `python -m tests.deploy.session`.

From a clone of this checkout to a live project, with what each command said; the second stack that
plays the hosted project is that of the tests."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from cli.local.config import ROOT, random_bases
from cli.local.stack import Stack
from tests.conftest import RunningStack
from tests.deploy.conftest import with_token
from tests.deploy.platform import TOKEN, platform
from tests.deploy.test_going_live import DOCUMENT, blocks, fill_in

OUT = ROOT / "docs" / "images" / "going-live.txt"
TITLE = "# From a clone to a live project. A second local stack plays the hosted one.\n"
REPOSITORY = "https://github.com/your-company/firmbase.git"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="firmbase-session-") as parent, platform() as supabase:
        Path(parent).chmod(0o711)
        control = Stack(Path(parent) / "stack")
        hosted = RunningStack(control, control.up(bases=random_bases(), throwaway=True))
        theirs = ("SUPABASE_", "FIRMBASE_")
        own = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
        own |= with_token(supabase) | {"COLUMNS": "100"}
        try:
            folder = Path(parent) / "firmbase"
            got = subprocess.run(["git", "clone", ROOT, folder], check=True, capture_output=True)
            said = f"$ git clone {REPOSITORY}\n{got.stderr.decode()}\n$ cd firmbase\n"
            first, *others = blocks()
            said += play("make install\n" + first, folder, own)
            fill_in(folder / "production.env", {**hosted.env, "SUPABASE_ACCESS_TOKEN": TOKEN})
            said += "\n# Now somebody fills in production.env.\n"
            said += play("".join(others).replace(" --json", ""), folder, own)
        finally:
            control.remove()
    OUT.write_text(f"{TITLE}\n{said.replace(parent + '/', '')}")
    print(f"{OUT} has what {DOCUMENT.name} leads to.")


def play(commands: str, folder: Path, env: dict[str, str]) -> str:
    """Each command and what it said; raises CalledProcessError where one fails."""
    script = "".join(
        f"printf '\\n$ %s\\n' {shlex.quote(line)}\n{line}\n" for line in commands.splitlines()
    )
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
        text=True,
    )
    return done.stdout


if __name__ == "__main__":
    main()
