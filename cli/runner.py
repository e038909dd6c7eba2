"""A runner beside a command that waits for jobs."""

import subprocess
import sys
from typing import Self

from cli.local.config import ROOT
from edge_jobs.errors import Refused


class HelpingRunner:
    """A process of its own, so that its signals and its output are none of the command's."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def help(self) -> None:
        """Starts it, and once more where it ended or was killed: the next one may find something
        due. Raises Refused where it says that it cannot do its work."""
        code = 0 if self._process is None else self._process.poll()
        if code is not None and code > 0:
            raise Refused(
                code="runner_failed",
                message=f"The runner ended with exit code {code}.",
                hint="`firmbase jobs run` says why.",
            )
        if code is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "edge_jobs", "run"], cwd=ROOT, stderr=subprocess.DEVNULL
            )
