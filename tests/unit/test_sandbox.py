"""The bounds of the process that opens untrusted bytes."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from edge_jobs import sandbox


def run(tmp_path: Path, name: str) -> dict[str, Any]:
    source, folder = tmp_path / "source", tmp_path / "work"
    source.write_text("content")
    folder.mkdir()
    return sandbox.run(f"tests.unit.sandboxed:{name}", source, folder)


def test_result_and_files_come_back(tmp_path: Path) -> None:
    assert run(tmp_path, "report")["read"] == "content"
    assert (tmp_path / "work" / "left.txt").read_text() == "here"


def test_no_secret_is_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_x")
    found = run(tmp_path, "report")
    assert "SUPABASE_SECRET_KEY" not in found["env"]
    assert found["session"] != os.getsid(0)


@pytest.mark.parametrize("name", ["hog", "spin", "crash"])
def test_limits_and_crashes(tmp_path: Path, name: str) -> None:
    with pytest.raises(sandbox.TooComplex):
        run(tmp_path, name)


def test_whoever_waits_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "WALL_SECONDS", 2)
    with pytest.raises(sandbox.TooComplex):
        run(tmp_path, "sleep")
    grandchild = int((tmp_path / "work" / "child").read_text())
    deadline = time.monotonic() + 5  # the signal is sent; dying takes a moment
    while not has_ended(grandchild):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_file_has_a_size_limit(tmp_path: Path) -> None:
    with pytest.raises(sandbox.SandboxFailed, match="File too large"):
        run(tmp_path, "fill")


def test_our_own_faults_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(sandbox.SandboxFailed, match="KeyError: 'ours'"):
        run(tmp_path, "stumble")
