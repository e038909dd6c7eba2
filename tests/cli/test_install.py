"""What the installation says when the machine lacks something."""

import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from cli import install

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh checkout, as far as the installation looks at it, in a folder with a space."""
    folder = tmp_path / "fresh clone"
    (folder / "supabase" / "local").mkdir(parents=True)
    (folder / "cli").mkdir()
    (folder / "web").mkdir()
    for name in (
        "cli/install.py",
        "pyproject.toml",
        "requirements.lock",
        "supabase/local/package.json",
        "supabase/local/package-lock.json",
        "web/package-lock.json",
    ):
        shutil.copy(ROOT / name, folder / name)
    return folder


NOWHERE = "http://127.0.0.1:9/"
NO_PYPI = {"PIP_INDEX_URL": NOWHERE, "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
NO_NPM = {"npm_config_registry": NOWHERE, "npm_config_fetch_retry_mintimeout": "1"}


@pytest.mark.parametrize(("settings", "what"), [(NO_PYPI, "Node"), (NO_NPM, "npm registry")])
def test_a_registry_out_of_reach_is_one_sentence(
    checkout: Path, settings: dict[str, str], what: str
) -> None:
    done = subprocess.run(
        [sys.executable, "cli/install.py"],
        cwd=checkout,
        env=os.environ | {"HOME": str(checkout)} | settings,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"The package registry could not be reached ({what}): ")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_old_python_is_told_so() -> None:
    old = (
        "import sys; sys.version_info = (3, 9, 1); import os; os.environ['PATH'] = '';"
        "sys.path.insert(0, 'cli'); import install; install.main()"
    )
    done = subprocess.run([sys.executable, "-c", old], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Firmbase needs Python 3.11 or newer and this is 3.9:")


def test_a_full_disk_is_told_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**10, 10**10, 10**8))
    monkeypatch.setattr(install, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(install, "STAMP", str(tmp_path / ".venv" / "installed"))
    with pytest.raises(SystemExit):
        install.main()
    assert capsys.readouterr().err.startswith("The disk has 95 MB left")
    assert not list(tmp_path.iterdir())


def test_every_package_is_pinned() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    names = [line for line in lock.splitlines() if line[:1].isalnum()]
    assert len(names) > 30
    assert all("==" in line for line in names)
    assert lock.count("--hash=sha256:") > len(names)
    for folder in ("supabase/local", "web", "web/services", "web/app"):
        package = (ROOT / folder / "package.json").read_text()
        assert "^" not in package
        assert "~" not in package
