"""The app of `web/`, built when its sources have changed since the last time."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable

from cli.errors import StackError
from cli.local.config import ROOT

WEB = ROOT / "web"
DIST = WEB / "app" / "dist"
STAMP = DIST / "built-from"
VITE = WEB / "node_modules" / "vite" / "bin" / "vite.js"
NODE = ROOT / ".venv" / "bin" / "node"


def build(report: Callable[[str], None] = lambda _line: None) -> None:
    """Builds the app unless it is built already.

    Raises:
        StackError: the app could not be built; the one before it stays.
    """
    with (WEB / "node_modules" / ".build-lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = fingerprint()
        if STAMP.exists() and STAMP.read_text() == wanted:
            return
        report("Building the app …")
        draft = DIST.with_name("dist.part")
        done = subprocess.run(
            [NODE, VITE, "build", "app", "--outDir", draft, "--emptyOutDir", "--logLevel=warn"],
            cwd=WEB,
            env={"PATH": os.environ.get("PATH", "")},
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise StackError(f"The app could not be built: {done.stderr.strip()}")
        (draft / STAMP.name).write_text(wanted)
        shutil.rmtree(DIST, ignore_errors=True)
        draft.rename(DIST)


def fingerprint() -> str:
    """Of everything the built app depends on."""
    digest = hashlib.sha256((WEB / "package-lock.json").read_bytes())
    sources = [WEB / "app" / "index.html", WEB / "app" / "vite.config.ts"]
    sources += [*WEB.glob("services/*.ts"), *WEB.glob("services/memory/*.ts")]
    sources += [path for path in WEB.glob("app/[sp]*/**/*") if path.is_file()]
    for path in sorted(sources):
        digest.update(f"{path.relative_to(WEB)}\0".encode() + path.read_bytes())
    return digest.hexdigest()
