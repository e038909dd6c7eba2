"""A look at empty queues is cheap: cron starts it every minute."""

import subprocess
import sys

from tests.conftest import RunningStack
from tests.jobs.conftest import Jobs
from tests.jobs.runners import ROOT

HEAVY = {"supabase", "httpx", "pydantic", "postgrest", "asyncio", "logging", "dataclasses"}


def test_nothing_heavy_is_imported_when_there_is_nothing_to_do(
    jobs: Jobs, stack: RunningStack
) -> None:
    script = (
        "import sys; from edge_jobs import runner; code = runner.main(watch=False);"
        "print(code, *sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=stack.env, cwd=ROOT, capture_output=True, text=True
    )
    code, *modules = done.stdout.split()
    assert code == "0", done.stderr
    assert "http.client" in modules
    assert not HEAVY & set(modules)
    assert [name for name in modules if name.startswith("edge_jobs")] == [
        "edge_jobs",
        "edge_jobs.connection",
        "edge_jobs.errors",
        "edge_jobs.log",
        "edge_jobs.rpc",
        "edge_jobs.runner",
        "edge_jobs.settings",
    ]
