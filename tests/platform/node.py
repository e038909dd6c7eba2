"""Contract tests written in JavaScript: supabase-js against the stack, by node's own runner."""

import os
import subprocess
from pathlib import Path

from tests.conftest import RunningStack

HERE = Path(__file__).parent
NODE = HERE.parents[1] / ".venv" / "bin" / "node"


def run_node_tests(stack: RunningStack, file: str, **environment: str) -> None:
    """Runs tests/platform/js/`file`; its output is the message of a failure."""
    result = subprocess.run(
        [NODE, "--test", "--test-reporter=spec", HERE / "js" / file],
        env=os.environ | stack.env | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "tests 0" not in result.stdout, "the file holds no test"
