"""What the systems run on: the project's own stack with a database for each peer, and Redis."""

import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from bench.jobs.crew import tell
from bench.jobs.systems import System
from cli.local import postgres
from cli.local.config import LOOPBACK, Config, is_free, random_bases
from cli.local.processes import end_with_parent
from cli.local.project import migrate
from cli.local.stack import Stack

START_S = 10.0


@contextmanager
def stack() -> Iterator[Config]:
    """A stack that lasts as long, and that writes to the disk what it says it has written: without
    fsync, a commit would cost nobody anything."""
    # Such a stack does not end with its parent by itself.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    with tempfile.TemporaryDirectory(prefix="firmbase-bench-") as folder:
        Path(folder).chmod(0o711)
        made = Stack(Path(folder) / "stack")
        config = made.up(bases=random_bases())
        try:
            migrate(config)
            yield config
        finally:
            made.remove()


def make_database(config: Config, system: System) -> None:
    """An empty database for a peer, and in it what its program's `prepare` makes."""
    name = str(conninfo_to_dict(system.database or "")["dbname"])
    with postgres.connect(config, "template1") as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    tell(system, "prepare")


@contextmanager
def redis(program: str) -> Iterator[str]:
    """The URL of a Redis that keeps everything in memory: no snapshots, no append-only file."""
    port = next(base for base in random_bases() if is_free(base))
    with tempfile.TemporaryDirectory(prefix="firmbase-bench-") as folder:
        options = ["--save", "", "--appendonly", "no", "--dir", folder, "--loglevel", "warning"]
        server = subprocess.Popen(
            [program, "--bind", LOOPBACK, "--port", str(port), *options],
            stdout=subprocess.DEVNULL,
            preexec_fn=end_with_parent,
        )
        try:
            wait_for_port(port)
            yield f"redis://{LOOPBACK}:{port}/0"
        finally:
            server.terminate()
            server.wait()


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + START_S
    while True:
        with suppress(ConnectionRefusedError), socket.create_connection((LOOPBACK, port)):
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"Nothing answers on port {port}.")
        time.sleep(0.05)
