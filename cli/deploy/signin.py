"""The settings of Auth and its mails: supabase/config.toml against a project's.

The Supabase CLI compares and pushes them. It sees a copy of the file's [auth] in which links lead
to APP_URL, and in which what a project is stricter about stands as the project has it.
"""

import json
import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cli.deploy.hosted import MANAGEMENT, Hosted, Management
from cli.local.config import ROOT
from cli.schema import supabase_cli
from cli.schema.errors import CliFailed
from cli.schema.servers import LOCAL_HOSTS
from edge_jobs.errors import MissingSetting

Config = dict[str, Any]
FOLDER = ROOT / "supabase"


def more(ours: Any, theirs: Any) -> bool:
    return bool(ours > theirs)


def less(ours: Any, theirs: Any) -> bool:
    return bool(ours < theirs)


def sooner(ours: Any, theirs: Any) -> bool:
    return seconds(ours) < seconds(theirs)


# Whether ours admits more than theirs. What is not named here is neither weaker nor stricter.
WEAKER: Mapping[str, Callable[[Any, Any], bool]] = {
    "auth.jwt_expiry": more,
    "auth.enable_refresh_token_rotation": less,
    "auth.refresh_token_reuse_interval": more,
    "auth.enable_signup": more,
    "auth.enable_anonymous_sign_ins": more,
    "auth.minimum_password_length": less,
    "auth.email.enable_signup": more,
    "auth.email.double_confirm_changes": less,
    "auth.email.enable_confirmations": less,
    "auth.email.secure_password_change": less,
    "auth.email.max_frequency": sooner,
    "auth.email.otp_length": less,
    "auth.email.otp_expiry": more,
    "auth.mfa.totp.enroll_enabled": less,
    "auth.mfa.totp.verify_enabled": less,
}


@dataclass(frozen=True)
class Change:
    """A setting that differs."""

    path: tuple[str, ...]
    ours: Any
    theirs: Any

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def weakens(self) -> bool:
        if self.theirs is None or self.name not in WEAKER:
            return False
        return WEAKER[self.name](self.ours, self.theirs)

    def __str__(self) -> str:
        return f"{self.name}: {json.dumps(self.theirs)} → {json.dumps(self.ours)}"


def seconds(duration: str) -> float:
    """Of `1m0s`, `24h`, `500ms`."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    return sum(float(n) * units[unit] for n, unit in re.findall(r"([\d.]+)(ms|h|m|s)", duration))


def wanted(project: Hosted) -> Config:
    """[auth] of config.toml, with the [remotes] block of this project if it has one."""
    config = tomllib.loads((FOLDER / "config.toml").read_text())
    app = project.settings.app_url.rstrip("/")
    auth: Config = config["auth"] | {"site_url": app, "additional_redirect_urls": [app]}
    for block in config.get("remotes", {}).values():
        if project.ref and block.get("project_id") == project.ref:
            merge(auth, block.get("auth", {}))
    return auth


def merge(below: Config, above: Config) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            merge(below[key], value)
        else:
            below[key] = value


def changes(management: Management, auth: Config) -> list[Change]:
    """What differs in the settings that config.toml names; the mails' texts are not among them."""
    answer = run(management, auth, "config", "diff")
    return [
        Change(tuple(each["path"]), each["local"], each["remote"])
        for each in answer["changes"]
        if each["declared"] and each["path"][0] == "auth"
    ]


def contradicts(told: Mapping[str, Any], auth: Config) -> list[str]:
    """What of that which Auth tells everybody is not as config.toml says."""
    external = told["external"]
    faults = {
        "Addresses count without being confirmed": auth["email"]["enable_confirmations"]
        and told["mailer_autoconfirm"],
        "People may sign in without a name": external.get("anonymous_users")
        and not auth["enable_anonymous_sign_ins"],
        "Nobody may sign in by mail": not external["email"],
    }
    return [fault for fault, is_so in faults.items() if is_so]


def stale_mails(auth: Config, theirs: Mapping[str, object]) -> list[str]:
    """The templates whose text differs from the project's."""
    stale = []
    for name, template in auth["email"]["template"].items():
        ours = (ROOT / template["content_path"]).read_text()
        text = theirs.get(f"mailer_templates_{name}_content")
        if not isinstance(text, str) or text.strip() != ours.strip():
            stale.append(name)
    return stale


def keep(auth: Config, kept: list[Change]) -> Config:
    """`auth` as it is pushed: with theirs where they are stricter."""
    result: Config = json.loads(json.dumps(auth))
    for change in kept:
        above: Any = change.theirs
        for key in reversed(change.path[1:]):
            above = {key: above}
        merge(result, above)
    return result


def push(management: Management, auth: Config) -> None:
    """Raises CliFailed where a setting of ours cannot be pushed; the others have been."""
    answer = run(management, auth, "config", "push", "--yes")
    for left_out in (*answer["unsupported"], *answer["unencodable"]):
        if left_out["path"][0] == "auth":
            name = ".".join(left_out["path"])
            raise CliFailed(said=f"it did not push {name}: {left_out['reason']}.")


def run(management: Management, auth: Config, *command: str) -> dict[str, Any]:
    with workdir(management, auth) as folder:
        profile = []
        if management.url != MANAGEMENT:
            profile = ["--profile", str(folder / "profile.yaml")]
        return supabase_cli.run(
            *command,
            f"--remote={management.ref}",
            *profile,
            workdir=folder,
            more={"SUPABASE_ACCESS_TOKEN": management.token, **network()},
        )


def resolved(auth: Config) -> Config:
    """With what each `env(NAME)` stands for: the CLI would leave such a setting out, and a captcha
    was on without its secret. Raises MissingSetting."""

    def value(found: Any) -> Any:
        if isinstance(found, dict):
            return {key: value(below) for key, below in found.items()}
        name = re.fullmatch(r"env\((\w+)\)", found) if isinstance(found, str) else None
        if name and not os.environ.get(name[1]):
            raise MissingSetting(name=name[1])
        return os.environ[name[1]] if name else found

    return {key: value(below) for key, below in auth.items()}


def network() -> dict[str, str]:
    """How this machine gets out."""
    names = ("HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
    return {name: os.environ[name] for name in names if name in os.environ}


@contextmanager
def workdir(management: Management, auth: Config) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="firmbase-") as name:
        folder = Path(name)
        shutil.copytree(FOLDER / "templates", folder / "supabase" / "templates")
        config = {"project_id": "firmbase", "auth": resolved(auth)}
        (folder / "supabase" / "config.json").write_text(json.dumps(config))
        profile = {
            "name": "firmbase",
            "api_url": management.url,
            "dashboard_url": management.url,
            "project_host": "supabase.co",
        }
        # JSON is YAML.
        (folder / "profile.yaml").write_text(json.dumps(profile))
        yield folder


def flat(auth: Config, prefix: str = "auth") -> Iterator[tuple[str, Any]]:
    """The settings one by one, for a person who compares them."""
    for key, value in auth.items():
        name = f"{prefix}.{key}"
        if isinstance(value, dict):
            yield from flat(value, name)
        elif key not in ("enabled", "content_path"):  # the local stack's, and a file of ours
            yield name, value


def leads_nowhere(auth: Config, project: Hosted) -> bool:
    """Whether links in mails would lead to the reader's own machine."""
    return urlsplit(auth["site_url"]).hostname in LOCAL_HOSTS and not project.is_here
