"""A second stack that plays a hosted project, empty at first, and the platform it is on."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import deploy
from cli.local.config import random_bases
from cli.local.stack import Stack
from tests.conftest import RunningStack
from tests.deploy.platform import REF, TOKEN, Platform, platform

Deploy = Callable[..., Result]


@pytest.fixture(scope="module")
def hosted() -> Iterator[RunningStack]:
    with tempfile.TemporaryDirectory(prefix="firmbase-hosted-") as parent:
        Path(parent).chmod(0o711)
        control = Stack(Path(parent) / "stack")
        config = control.up(bases=random_bases(), throwaway=True)
        try:
            yield RunningStack(control, config)
        finally:
            control.remove()


@pytest.fixture(scope="module")
def at_supabase() -> Iterator[Platform]:
    with platform() as running:
        yield running


@pytest.fixture
def environment(hosted: RunningStack, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """That of somebody who goes live there, without an access token."""
    for name in os.environ:
        if name.startswith(("SUPABASE_", "FIRMBASE_")):
            monkeypatch.delenv(name)
    for name, value in hosted.env.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def token(environment: pytest.MonkeyPatch, at_supabase: Platform) -> Platform:
    for name, value in with_token(at_supabase).items():
        environment.setenv(name, value)
    return at_supabase


def with_token(running: Platform) -> dict[str, str]:
    return {
        "SUPABASE_ACCESS_TOKEN": TOKEN,
        "SUPABASE_PROJECT_ID": REF,
        "SUPABASE_MANAGEMENT_URL": running.url,
    }


@pytest.fixture
def firmbase(environment: pytest.MonkeyPatch) -> Deploy:
    """Runs `firmbase deploy` with these arguments."""
    return lambda *arguments: CliRunner().invoke(
        deploy.app, list(arguments), catch_exceptions=False
    )
