"""The Node process of the stack, started once more with other settings on the same database."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cli.local.config import Config, first_free, random_bases
from cli.local.supervisor import Service
from cli.local.supervisor import services as parts

START_S = 30.0


def node_service(config: Config) -> Service:
    return next(part for part in parts(config) if part.name == "services")


@contextmanager
def another_process(config: Config, **settings: str) -> Iterator[str]:
    """Runs the services beside those of the stack; yields their address."""
    service = node_service(config)
    ports = first_free(random_bases())
    url = f"http://127.0.0.1:{ports.api}"
    places = {"API_PORT": str(ports.api), "API_URL": url, "APP_PORT": str(ports.app)}
    environment = service.environment | places | settings
    with subprocess.Popen(
        service.command, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            deadline = time.monotonic() + START_S
            while (line := process.stdout.readline().strip()) != "ready":
                assert process.poll() is None, line
                assert time.monotonic() < deadline, line
            yield url
        finally:
            process.terminate()
            assert process.wait(timeout=START_S) == 0
