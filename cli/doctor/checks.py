"""The checks of the doctor, from the checkout outwards to the project it works with."""

import base64
import email.utils
import enum
import importlib
import json
import os
import shutil
import smtplib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx

from cli import install
from cli.local.config import ROOT
from cli.local.stack import Stack
from edge_jobs import SCHEMA_VERSION
from edge_jobs.api import Api, plain_errors
from edge_jobs.errors import FirmbaseError, MissingSetting, schema_mismatch
from edge_jobs.files.scanner import Scanner, ScanUnavailable
from edge_jobs.notifications.carrier import carrier
from edge_jobs.notifications.resend import NotTaken
from edge_jobs.settings import Settings

BUCKETS = {"avatars", "exports", "firm-files", "imports", "reports"}
SKEW_SECONDS = 30.0
LATE_SECONDS = 300.0
LEAST_BYTES = 1 << 30
LIBRARIES = {
    "pypdfium2": "PDF files",
    "PIL.Image": "thumbnails",
    "pi_heif": "HEIC pictures",
    "python_calamine": "workbooks",
    "olefile": "Outlook mails",
    "typst": "PDF reports",
}


class State(enum.StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    # Of a project compared with this checkout, by `firmbase deploy`.
    DIFFERS = "differs"
    MISSING = "missing"
    BY_HAND = "by hand"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `mend` says what to do unless all is well."""

    name: str
    state: State
    detail: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        return {
            "name": self.name,
            "state": self.state,
            "detail": self.detail,
            "mend": self.mend,
        }


class Broken(Exception):
    """A check failed: what is wrong, and how to mend it."""

    def __init__(self, detail: str, mend: str, state: State = State.FAILED) -> None:
        super().__init__(detail)
        self.detail, self.mend, self.state = detail, mend, state


def examine() -> Iterator[Check]:
    """Runs the checks one at a time; stops where the ones that follow could only fail too."""
    settings = Settings.load()
    for check in (python, packages, libraries, disk):
        yield perform(check.__name__, check)
    for look in (
        keys,
        stack,
        gateway,
        clock,
        api,
        auth,
        storage,
        realtime,
        mail,
        scanner,
        migrations,
        rules,
        queue,
    ):
        found = perform(look.__name__, partial(look, settings))
        yield found
        if found.state is State.FAILED and look in GATES:
            return


def look_at(name: str, check: Callable[[], str]) -> Check:
    """What a check found. Raises FirmbaseError where it could not look."""
    try:
        with plain_errors():
            return Check(name, State.OK, check())
    except Broken as found:
        return Check(name, found.state, found.detail, found.mend)


def perform(name: str, check: Callable[[], str]) -> Check:
    try:
        return look_at(name, check)
    except FirmbaseError as error:
        sentence, _, mend = str(error).rpartition(": ")
        return Check(name, State.FAILED, sentence or mend, mend[:1].upper() + mend[1:])
    except OSError as error:
        return Check(name, State.FAILED, str(error), "See `firmbase stack logs`.")


def python() -> str:
    if sys.version_info < install.OLDEST:
        raise Broken(f"This is Python {sys.version.split()[0]}.", "Install Python 3.11 or newer.")
    return f"Python {sys.version.split()[0]}"


def packages() -> str:
    if install.installed() != install.fingerprint():
        raise Broken("The packages are not those of the lock files.", "Run `make install`.")
    return "as the lock files say"


def libraries() -> str:
    for name, purpose in LIBRARIES.items():
        try:
            importlib.import_module(name)
        except ImportError as error:
            raise Broken(f"{name}, for {purpose}: {error}", "Run `make install`.") from error
    return ", ".join(LIBRARIES.values())


def disk() -> str:
    free = shutil.disk_usage(ROOT).free
    if free < LEAST_BYTES:
        raise Broken(f"{free >> 20} MB are left.", "Free some space on this disk.")
    return f"{free >> 30} GB free"


def stack(settings: Settings) -> str:
    """The local stack, if it is what we work with."""
    local = Stack.named()
    if not (local.directory / "config.json").exists():
        return f"none here; working with {settings.url}"
    if settings.url != local.config.api_url:
        return f"not used; working with {settings.url}"
    status = local.status()
    if not status["running"]:
        raise Broken("The local stack is not running.", "Run `firmbase stack up`.")
    ailing = [name for name, part in status["services"].items() if part["state"] != "running"]
    if ailing:
        raise Broken(
            f"{', '.join(ailing)} died and is being restarted.",
            f"See `firmbase stack logs {ailing[0]}`.",
        )
    return f"{len(status['services'])} parts run"


def keys(settings: Settings) -> str:
    _, publishable, secret = settings.url, settings.publishable_key, settings.secret_key
    if publishable == secret or is_secret(publishable):
        raise Broken(
            "SUPABASE_PUBLISHABLE_KEY holds a secret key, which must never reach a browser.",
            "Set SUPABASE_PUBLISHABLE_KEY to the project's publishable key, and make a new secret "
            "key if anybody has seen this one.",
        )
    if is_secret(secret) is False:
        raise Broken(
            "SUPABASE_SECRET_KEY holds a publishable key.",
            "Set SUPABASE_SECRET_KEY to the project's secret key.",
        )
    return "address and keys are set"


def is_secret(key: str) -> bool | None:
    """By how it looks, or by the role in a legacy key; None: it does not tell."""
    if key.startswith(("sb_secret_", "sb_publishable_")):
        return key.startswith("sb_secret_")
    try:
        payload = key.split(".")[1]
        role = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["role"]
        return {"service_role": True, "anon": False}.get(role)
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def get(settings: Settings, path: str, key: str | None = None) -> httpx.Response:
    headers = {"apikey": key} if key else {}
    return httpx.get(f"{settings.url}{path}", headers=headers, timeout=10)


def gateway(settings: Settings) -> str:
    refused = get(settings, "/rest/v1/", "not-a-key").status_code
    if refused != 401:
        raise Broken(
            f"{settings.url} answers {refused} to a wrong key, not 401.",
            "Set SUPABASE_URL to the API URL of a Supabase project.",
        )
    return settings.url


def clock(settings: Settings) -> str:
    date = get(settings, "/auth/v1/health", settings.publishable_key).headers.get("date")
    if date is None:
        return "the server does not tell its time"
    skew = abs(email.utils.parsedate_to_datetime(date).timestamp() - time.time())
    if skew > SKEW_SECONDS:
        raise Broken(
            f"This clock is {skew:.0f} s off the server's.", "Set the clock, or turn on NTP."
        )
    return "agrees with the server's"


def api(settings: Settings) -> str:
    theirs = Api(settings).rpc("schema_version")
    if theirs != SCHEMA_VERSION:
        raise schema_mismatch(theirs, SCHEMA_VERSION)
    return f"schema {theirs}, reached with the secret key"


def auth(settings: Settings) -> str:
    answer = get(settings, "/auth/v1/settings", settings.publishable_key)
    if answer.status_code != 200:
        raise Broken(
            f"Auth answers {answer.status_code}.",
            "Check SUPABASE_PUBLISHABLE_KEY; locally, see `firmbase stack logs services`.",
        )
    return "answers the publishable key"


def storage(settings: Settings) -> str:
    found = {bucket.id for bucket in Api(settings).client.storage.list_buckets()}
    if missing := BUCKETS - found:
        raise Broken(
            f"The bucket {', '.join(sorted(missing))} is missing.", "Run `firmbase db migrate`."
        )
    return ", ".join(sorted(BUCKETS))


def realtime(settings: Settings) -> str:
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect

    address = settings.url.replace("http", "ws", 1) + "/realtime/v1/websocket?vsn=1.0.0"
    beat = '{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}'
    try:
        with connect(f"{address}&apikey={settings.publishable_key}", open_timeout=10) as socket_:
            socket_.send(beat)
            answer = str(socket_.recv(timeout=10))
    except (WebSocketException, TimeoutError) as error:
        raise Broken(
            f"Realtime does not answer ({type(error).__name__}).",
            "Locally, see `firmbase stack logs services`.",
        ) from error
    if "ok" not in answer:
        raise Broken("Realtime does not know the heartbeat.", "Is this a Supabase project?")
    return "answers a heartbeat"


def mail(settings: Settings) -> str:
    try:
        post, _ = carrier(settings), settings.mail_from
    except MissingSetting as error:
        raise Broken(
            str(error).partition(":")[0],
            "Set SMTP_URL (or RESEND_API_KEY) and MAIL_FROM to send mail.",
            State.WARNING,
        ) from error
    try:
        post.check()
    except (NotTaken, httpx.HTTPError) as error:
        raise Broken(str(error), "Check RESEND_API_KEY.") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Broken(
            f"The mail server refuses: {error}",
            "Check SMTP_URL; locally, see `firmbase stack logs mail`.",
        ) from error
    finally:
        post.close()
    name = "Resend" if settings.resend_key else urlsplit(settings.smtp_url).hostname
    return f"{name} takes mail"


def scanner(settings: Settings) -> str:
    """The virus scanner, which a project may do without: its files say so then."""
    if settings.clamd is None:
        raise Broken(
            "Files are not scanned for viruses.",
            "Run clamd, and set CLAMD_URL to tcp://host:3310 or unix:///path/of/clamd.ctl.",
            State.WARNING,
        )
    try:
        return Scanner(settings.clamd).version()
    except ScanUnavailable as error:
        raise Broken(
            f"The virus scanner does not answer: {error}",
            "Start clamd, or correct CLAMD_URL; until then files wait for it.",
        ) from error


def migrations(settings: Settings) -> str:
    from cli.schema.migrations import Project, applied
    from cli.schema.servers import database

    if "SUPABASE_URL" in os.environ and "SUPABASE_DB_URL" not in os.environ:
        return "not looked at: SUPABASE_DB_URL is not set"
    url = database()
    wanted, found = set(Project().versions()), set(applied(url))
    if wanted - found:
        raise Broken(f"{len(wanted - found)} not applied.", "Run `firmbase db migrate`.")
    if found - wanted:
        raise Broken("The database is newer than this checkout.", "Update this checkout.")
    return f"all {len(wanted)} applied"


def rules(settings: Settings) -> str:
    """What the database does by the clock."""
    (state,) = Api(settings).rpc("jobs_clock")
    no_faults(state)
    return "no rule of the clock fails"


def no_faults(state: dict[str, Any]) -> None:
    if state["faults"]:
        faults = "; ".join(f"{rule}: {error}" for rule, error in state["faults"].items())
        raise Broken(
            f"Work due by the clock fails: {faults}",
            "Mend the function in sql/, or the rows it stumbles over; every minute tries again.",
        )


def queue(settings: Settings) -> str:
    stats: list[dict[str, Any]] = Api(settings).rpc("jobs_stats")
    dead = sum(row["dead"] for row in stats)
    if dead:
        raise Broken(f"{dead} jobs are dead.", "See `firmbase jobs dead list`.", State.WARNING)
    oldest = min((row["oldest_ready_at"] for row in stats if row["oldest_ready_at"]), default=None)
    if oldest:
        late = time.time() - datetime.fromisoformat(oldest).timestamp()
        if late > LATE_SECONDS:
            raise Broken(
                f"A job has been waiting for {late / 60:.0f} minutes.",
                "Start the runner: `firmbase jobs run`, from cron every minute.",
                State.WARNING,
            )
    return f"{sum(row['ready'] + row['running'] + row['waiting'] for row in stats)} jobs, none late"


GATES = (keys, stack, gateway, api)
