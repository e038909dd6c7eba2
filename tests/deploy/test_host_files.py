"""The files for the runner's hosts: each against its parser or schema, and what it must not do."""

import configparser
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from cli.local.config import ROOT
from edge_jobs.errors import MissingSetting
from edge_jobs.settings import Settings
from tests.conftest import RunningStack

FILES = ROOT / "docs" / "deploy"
SCHEMAS = Path(__file__).parent / "schemas"
DOCKERFILE = (FILES / "Dockerfile").read_text()
PROGRAMS = Path(sys.executable).parent
NEEDED = {"SUPABASE_URL", "SUPABASE_SECRET_KEY", "APP_URL", "SMTP_URL", "MAIL_FROM"}


def quiet(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_hadolint_has_nothing_to_say_of_the_dockerfile() -> None:
    quiet(PROGRAMS / "hadolint", "--failure-threshold=style", FILES / "Dockerfile")


def test_the_image_is_pinned_small_and_without_rights() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    assert len(stages) == 2
    assert all(re.match(r"python:3\.\d+\.\d+-slim-[a-z]+( AS \w+)?\n", stage) for stage in stages)
    last = stages[-1]
    assert "RUN" not in last
    uid = re.search(r"^USER (\d+):\d+$", last, re.MULTILINE)
    assert uid
    assert int(uid[1]) > 999
    assert not re.search(r"KEY|PASSWORD|SECRET|TOKEN", DOCKERFILE)
    entry = re.search(r"^ENTRYPOINT (.*)$", last, re.MULTILINE)
    assert entry
    assert json.loads(entry[1])[1:] == ["-m", "edge_jobs", "run"]


def test_what_the_image_copies_is_let_into_it() -> None:
    admitted = (FILES / "Dockerfile.dockerignore").read_text().splitlines()
    assert admitted[0] == "*"
    for source in re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE):
        assert (ROOT / source).exists()
        assert f"!{source}" in admitted


def pins(text: str) -> dict[str, str]:
    """Each package with its version and hashes."""
    lines = "".join(line for line in text.splitlines(True) if not line.startswith("#"))
    found = re.findall(r"^([\w-]+)(==.*?)(?=^\S|\Z)", lines, re.MULTILINE | re.DOTALL)
    return {name: " ".join(rest.split()) for name, rest in found}


def test_the_runners_packages_are_those_of_the_lock() -> None:
    ours = pins((FILES / "requirements.txt").read_text())
    lock = pins((ROOT / "requirements.lock").read_text())
    assert len(ours) > 30
    assert {name: lock.get(name) for name in ours} == ours


def test_the_runner_needs_no_other_package(stack: RunningStack, tmp_path: Path) -> None:
    """With the packages of the image, and no others, it answers `ping` and all handlers load."""
    for name in pins((FILES / "requirements.txt").read_text()):
        files = importlib.metadata.files(name)
        assert files, name
        for top in {file.parts[0] for file in files if file.parts[0] not in ("..", "__pycache__")}:
            link = tmp_path / top
            if not link.exists():
                link.symlink_to(Path(str(importlib.metadata.distribution(name).locate_file(top))))
    (tmp_path / "edge_jobs").symlink_to(ROOT / "edge_jobs")
    env = {
        "PYTHONPATH": str(tmp_path),
        "SUPABASE_URL": stack.url,
        "SUPABASE_SECRET_KEY": stack.secret_key,
    }
    # Without the site packages of this interpreter.
    bare = [sys.executable, "-S"]
    load = (
        "import importlib, pkgutil, edge_jobs;"
        "[importlib.import_module(m.name)"
        " for m in pkgutil.walk_packages(edge_jobs.__path__, 'edge_jobs.')"
        " if not m.name.endswith('__main__')];"
        "import importlib.util as u; assert not u.find_spec('typer'), 'not bare'"
    )
    for arguments in (["-m", "edge_jobs", "ping"], ["-c", load]):
        done = subprocess.run([*bare, *arguments], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_ping_tells_what_is_wrong(stack: RunningStack) -> None:
    env = {**os.environ, "SUPABASE_URL": stack.url, "SUPABASE_SECRET_KEY": stack.publishable_key}
    done = subprocess.run(
        [sys.executable, "-m", "edge_jobs", "ping"],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 5
    assert done.stderr.startswith("error: ")


def test_the_workflow_fits_githubs_schema_and_is_careful() -> None:
    file = FILES / "github-actions-cron.yml"
    quiet(PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", file)
    workflow = yaml.safe_load(file.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"] == {"group": "firmbase-runner", "cancel-in-progress": False}
    (job,) = workflow["jobs"].values()
    for step in job["steps"]:
        assert re.fullmatch(
            r"actions/[\w-]+@[0-9a-f]{40}", step.get("uses", f"actions/x@{'0' * 40}")
        )
        assert "${{" not in step.get("run", "")
    env = job["steps"][-1]["env"]
    assert env.keys() == NEEDED
    for name in ("SUPABASE_SECRET_KEY", "SMTP_URL"):
        assert env[name] == f"${{{{ secrets.{name} }}}}"
    # Away before the next one is due, with what a stop may take.
    seconds = int(job["steps"][-1]["run"].split()[-1])
    assert seconds + 30 < 300 < job["timeout-minutes"] * 60


def test_render_and_railway_and_fly_name_what_their_documentation_names() -> None:
    render = yaml.safe_load((FILES / "render.yaml").read_text())
    railway = json.loads((FILES / "railway.json").read_text())
    fly = tomllib.loads((FILES / "fly.toml").read_text())
    for name, content in (("render", render), ("railway", railway), ("fly", fly)):
        jsonschema.validate(content, json.loads((SCHEMAS / f"{name}.json").read_text()))
    (worker,) = render["services"]
    assert worker["type"] == "worker"
    assert {each["key"] for each in worker["envVars"]} == NEEDED
    assert all(each == {"key": each["key"], "sync": False} for each in worker["envVars"])
    for path in (worker["dockerfilePath"], railway["build"]["dockerfilePath"]):
        assert (ROOT / path).samefile(FILES / "Dockerfile")
    # Fly looks beside fly.toml, the others at the root.
    assert (FILES / fly["build"]["dockerfile"]).samefile(FILES / "Dockerfile")
    assert (FILES / fly["build"]["ignorefile"]).exists()


@pytest.mark.parametrize("name", ["render", "railway", "fly"])
def test_the_schemas_refuse_what_nobody_documents(name: str) -> None:
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"replicas": 2}, schema)


UNITS = sorted(path.name for path in FILES.glob("firmbase-*"))


class Unit(configparser.ConfigParser):
    """Tells capitals from small letters, as systemd does."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    assert UNITS == ["firmbase-jobs.service", "firmbase-jobs.timer", "firmbase-runner.service"]
    for unit in UNITS:
        text = (FILES / unit).read_text().replace("/srv/firmbase/.venv/bin/python", "/bin/true")
        (tmp_path / unit).write_text(text)
        parser = Unit(interpolation=None)
        parser.read_string(text)
        if unit.endswith(".service"):
            service = parser["Service"]
            assert service["User"] == "firmbase"
            assert service["EnvironmentFile"] == "/etc/firmbase.env"
            assert "Environment" not in service
            assert int(service["TimeoutStopSec"]) > 25
    runner = Unit(interpolation=None)
    runner.read(FILES / "firmbase-runner.service")
    # What starting again cannot mend: wrong usage, and a setting that is missing.
    never = runner["Service"]["RestartPreventExitStatus"].split()
    assert never == ["2", str(MissingSetting.exit_code)]
    if shutil.which("systemd-analyze"):
        verify = ["systemd-analyze", "verify", *(str(tmp_path / unit) for unit in UNITS)]
        done = subprocess.run(verify, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_example_of_the_settings_is_whole() -> None:
    lines = (FILES / "env.example").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if line and line[0] != "#")
    assert values.keys() - {"SUPABASE_ACCESS_TOKEN"} == NEEDED | {
        "SUPABASE_PUBLISHABLE_KEY",
        "SUPABASE_DB_URL",
    }
    settings = Settings(values)
    assert settings.url == values["SUPABASE_URL"]
    assert settings.smtp_url == values["SMTP_URL"]
    assert ":5432/" in values["SUPABASE_DB_URL"]


def test_every_file_is_in_the_document() -> None:
    document = (ROOT / "docs" / "going-live.md").read_text()
    helpers = {"requirements.txt", "Dockerfile.dockerignore", "firmbase-jobs.timer"}
    for file in FILES.iterdir():
        assert file.name in document or file.name in helpers, file.name
