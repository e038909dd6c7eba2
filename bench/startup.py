"""How long the programs that start often take to start.

Cron starts the runner every minute, and most of the time there is nothing to do: one look at the
queue must cost little more than the interpreter and one request. People wait for `firmbase --help`.
"""

import os
import sys
import tempfile
from pathlib import Path

from bench.report import Goal, Result, time_commands
from cli.local.config import ROOT, random_bases
from cli.local.project import migrate
from cli.local.stack import Stack

ROUNDS = 15
FIRMBASE = Path(sys.executable).with_name("firmbase")

ONE_REQUEST = """
import http.client, json, os, urllib.parse
url = urllib.parse.urlsplit(os.environ["SUPABASE_URL"])
connection = http.client.HTTPConnection(url.hostname, url.port)
connection.request("POST", "/rest/v1/rpc/schema_version", "{}",
    {"apikey": os.environ["SUPABASE_SECRET_KEY"], "Content-Type": "application/json"})
answer = connection.getresponse()
assert answer.status == 200, answer.read()
answer.read()
"""


def run() -> Result:
    python = sys.executable
    commands = {
        "python, bare": [python, "-c", "pass"],
        "python + one request by http.client": [python, "-c", ONE_REQUEST],
        "python -m edge_jobs run, nothing to do": [python, "-m", "edge_jobs", "run"],
        "python + import httpx": [python, "-c", "import httpx"],
        "python + import supabase": [python, "-c", "import supabase"],
        "python + import typer, rich": [python, "-c", "import typer, typer.rich_utils"],
        "firmbase --help": [str(FIRMBASE), "--help"],
    }
    with tempfile.TemporaryDirectory(prefix="firmbase-bench-") as folder:
        Path(folder).chmod(0o711)
        stack = Stack(Path(folder) / "stack")
        config = stack.up(bases=random_bases(), throwaway=True)
        try:
            migrate(config)
            env = os.environ | config.environment() | {"PYTHONPATH": str(ROOT)}
            times = time_commands(commands, rounds=ROUNDS, env=env)
        finally:
            stack.remove()
    idle = times["python -m edge_jobs run, nothing to do"]
    request = times["python + one request by http.client"]
    return Result(
        columns=["command", "wall ms", "cpu ms"],
        rows=[[name, f"{t.wall_ms:.0f}", f"{t.cpu_ms:.0f}"] for name, t in times.items()],
        goals=[
            Goal("idle run ÷ one request, cpu", idle.cpu_ms / request.cpu_ms, 1.5),
            Goal(
                "idle run ÷ import supabase, cpu",
                idle.cpu_ms / times["python + import supabase"].cpu_ms,
                0.4,
            ),
            Goal(
                "firmbase --help ÷ import typer and rich, cpu",
                times["firmbase --help"].cpu_ms / times["python + import typer, rich"].cpu_ms,
                1.5,
            ),
        ],
    )
