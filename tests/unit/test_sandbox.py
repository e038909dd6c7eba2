"""The bounds of the process that opens untrusted bytes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge_jobs import sandbox


def run(tmp_path: Path, name: str, *arguments: str) -> dict[str, Any]:
    source, folder = tmp_path / "source", tmp_path / "work"
    tmp_path.mkdir(exist_ok=True)
    source.write_text("content")
    folder.mkdir(exist_ok=True)
    return sandbox.run(f"tests.unit.sandboxed:{name}", source, folder, *arguments)


def test_result_and_files_come_back(tmp_path: Path) -> None:
    assert run(tmp_path, "report")["read"] == "content"
    assert (tmp_path / "work" / "left.txt").read_text() == "here"


def test_no_secret_is_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_x")
    sandbox.close()
    found = run(tmp_path, "report")
    assert "SUPABASE_SECRET_KEY" not in found["env"]
    assert found["session"] != os.getsid(0)


def test_it_reaches_nothing_but_its_folder(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sb_secret_x")
    found = run(tmp_path, "look_around", str(secret), str(os.getpid()))
    assert found == {"reached": [], "open": []}
    assert not (tmp_path / "beside").exists()


@pytest.mark.parametrize(
    "make",
    [
        lambda path, secret: path.symlink_to(secret),
        lambda path, _: os.mkfifo(path),
        lambda path, _: path.mkdir(),
    ],
    ids=["link", "pipe", "folder"],
)
def test_what_is_left_is_a_file_or_nothing(
    tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    (secret := tmp_path / "secret").write_text("sb_secret_x")
    make(tmp_path / "picture", secret)
    with pytest.raises(sandbox.SandboxFailed, match=r"^It left no file: picture\.$"):
        sandbox.left(tmp_path / "picture")
    assert sandbox.left(tmp_path / "nothing") is None
    assert sandbox.left(secret) == b"sb_secret_x"


def test_one_after_the_other_share_a_nursery_and_nothing_else(tmp_path: Path) -> None:
    first, second = (run(tmp_path, "keep") for _ in range(2))
    assert first["parent"] == second["parent"]
    assert (first["found"], second["found"]) == (None, None)


@pytest.mark.parametrize("name", ["hog", "spin", "crash", "recurse"])
def test_limits_and_crashes(tmp_path: Path, name: str) -> None:
    parent = run(tmp_path / "before", "keep")["parent"]
    with pytest.raises(sandbox.TooComplex):
        run(tmp_path, name)
    # It takes nothing along, the process it was forked from least of all.
    assert run(tmp_path / "after", "keep")["parent"] == parent


def test_whoever_waits_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "WALL_SECONDS", 2)
    with pytest.raises(sandbox.TooComplex):
        run(tmp_path, "sleep")
    for pid in json.loads((tmp_path / "work" / "pids").read_text()):
        expect(partial(has_ended, pid))


def test_a_child_that_somebody_kills_is_one_file_lost(tmp_path: Path) -> None:
    outcomes = in_thread(lambda: run(tmp_path, "wait", "go"))
    os.kill(appeared(tmp_path / "work" / "pid"), signal.SIGKILL)
    assert isinstance(outcomes(), sandbox.TooComplex)
    assert run(tmp_path / "next", "report")["read"] == "content"


def test_a_nursery_that_somebody_kills_takes_its_child_along(tmp_path: Path) -> None:
    outcomes = in_thread(lambda: run(tmp_path, "wait", "go"))
    child = appeared(tmp_path / "work" / "pid")
    nursery = int(Path(f"/proc/{child}/stat").read_text().split()[3])
    os.kill(nursery, signal.SIGKILL)
    assert isinstance(outcomes(), sandbox.SandboxFailed)
    expect(lambda: has_ended(child))
    assert run(tmp_path / "next", "report")["read"] == "content"


def test_an_idle_nursery_that_somebody_kills_is_not_missed(tmp_path: Path) -> None:
    nursery = run(tmp_path, "keep")["parent"]
    os.kill(nursery, signal.SIGKILL)
    expect(lambda: has_ended(nursery))
    assert run(tmp_path, "keep")["parent"] != nursery


def test_a_runner_that_is_killed_leaves_nobody_behind(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from tests.unit.test_sandbox import run; "
        f"run(Path({str(tmp_path)!r}), 'wait', 'go')"
    )
    runner = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    child = appeared(tmp_path / "work" / "pid")
    nursery = int(Path(f"/proc/{child}/stat").read_text().split()[3])
    runner.kill()
    runner.wait()
    expect(lambda: has_ended(child) and has_ended(nursery))


def test_several_at_once(tmp_path: Path) -> None:
    waiting = [in_thread(partial(run, tmp_path / str(n), "wait", "go")) for n in range(4)]
    folders = [tmp_path / str(n) / "work" for n in range(4)]
    # Nobody goes on before all of them are there.
    for folder in folders:
        appeared(folder / "pid")
    for folder in folders:
        (folder / "go").touch()
    assert len({outcome()["parent"] for outcome in waiting}) == 4


def test_a_file_has_a_size_limit(tmp_path: Path) -> None:
    with pytest.raises(sandbox.TooComplex):
        run(tmp_path, "fill")


def test_our_own_faults_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(sandbox.SandboxFailed, match="KeyError: 'ours'"):
        run(tmp_path, "stumble")


def in_thread(call: Callable[[], Any]) -> Callable[[], Any]:
    """Runs it beside the test. What comes back waits for what it returns, or raises."""
    outcomes: list[Any] = []

    def work() -> None:
        try:
            outcomes.append(call())
        except Exception as error:
            outcomes.append(error)

    thread = threading.Thread(target=work)
    thread.start()

    def outcome() -> Any:
        thread.join()
        return outcomes[0]

    return outcome


def appeared(path: Path) -> int:
    """The number in a file, as soon as there is one."""
    expect(lambda: path.exists() and bool(path.read_text()))
    return int(path.read_text())


def expect(condition: Callable[[], bool]) -> None:
    """A signal is sent, a process is started: the rest takes a moment."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
