"""What stands between a project and this checkout, each thing by itself; nothing is changed."""

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from cli.deploy import signin
from cli.deploy.buckets import Comparison, compare
from cli.deploy.drift import drift
from cli.deploy.hosted import Hosted
from cli.doctor import checks as doctor
from cli.doctor.checks import Broken, Check, State, get, look_at
from cli.schema import advisors, lint, supabase_cli
from cli.schema.build import sql_files
from cli.schema.catalog import render
from cli.schema.errors import MigrationFailed, NoScratchServer, WrongRole
from cli.schema.migrations import Project, applied
from cli.schema.servers import connect, scratch_server
from edge_jobs import SCHEMA_VERSION
from edge_jobs.errors import SchemaNewer, SchemaOlder, schema_mismatch

PUSH = "Run `firmbase deploy push`."
CLOSED = ("auth", "pgmq", "private", "storage", "vault")
NAMES_SHOWN = 5
LINES_SHOWN = 20
EXTENSION = re.compile(r"^\s*create extension if not exists (\w+)", re.MULTILINE)
OTHERS = """
select n.nspname || '.' || c.relname
from pg_class as c
inner join pg_namespace as n on n.oid = c.relnamespace
where (n.nspname in ('public', 'private') or c.relowner = 'postgres'::regrole)
  and n.nspname !~ '^pg_'
  and n.nspname not in (
    'information_schema', 'auth', 'extensions', 'realtime', 'storage', 'supabase_migrations'
  )
  and c.relkind in ('r', 'p', 'v', 'm', 'f')
  and not exists (
    select from pg_depend as d where d.objid = c.oid and d.deptype = 'e'
  )
union all
-- Who signed up before would never get a profile.
select 'auth.users' where exists (select from auth.users)
order by 1
"""


@dataclass
class Found:
    """What the checks learned, for whoever acts on it."""

    checks: list[Check] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    buckets: Comparison | None = None
    auth: signin.Config = field(default_factory=dict)
    changes: list[signin.Change] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    @property
    def in_sync(self) -> bool:
        differs = (State.DIFFERS, State.MISSING, State.FAILED)
        return not any(check.state in differs for check in self.checks)


class Examination:
    """One look at a project. Raises FirmbaseError where it cannot be reached or is not let in."""

    def __init__(self, hosted: Hosted, project: Project) -> None:
        self.hosted = hosted
        self.project = project
        self.found = Found()

    def run(self) -> Iterator[Check]:
        looks: dict[str, Callable[[], str]] = {
            "keys": self.keys,
            "database": self.database,
            "extensions": self.extensions,
            "owner": self.owner,
            "migrations": self.migrations,
            "objects": self.objects,
            "schema": self.schema,
            "buckets": self.buckets,
            "data api": self.data_api,
            "sign-in": self.sign_in,
            "mails": self.mails,
            "functions": self.functions,
            "rights": self.rights,
            "runner": self.runner,
        }
        for name, look in looks.items():
            check = look_at(name, look)
            self.found.checks.append(check)
            yield check
            if check.state is State.FAILED:
                return

    def keys(self) -> str:
        settings = self.hosted.settings
        if settings.url.startswith("http://") and not self.hosted.is_here:
            raise Broken(
                "SUPABASE_URL begins with http: the secret key would travel in the clear.",
                "Begin it with https.",
            )
        doctor.keys(settings)
        doctor.gateway(settings)
        self.hosted.prove_keys()
        return f"{settings.url} takes both keys"

    def database(self) -> str:
        hosted = self.hosted
        ours = tomllib.loads((signin.FOLDER / "config.toml").read_text())["db"]["major_version"]
        with connect(hosted.db_url) as connection:
            version = connection.info.server_version // 10000
            role = connection.execute("select current_user::text").fetchone()
            here = by_creation(connection)
        if role != ("postgres",):
            raise WrongRole(role=role[0] if role else "nobody")
        if version < ours:
            raise Broken(
                f"PostgreSQL {version}; the schema is made for {ours}.",
                "Upgrade the project in its dashboard, under Settings, Infrastructure.",
            )
        with hosted.storage() as storage:
            there = {each.id: each.created_at.timestamp() for each in storage.list_buckets()}
        strangers = here.keys() != there.keys() or any(
            abs(here[id] - there[id]) > 0.01 for id in here
        )
        if len(hosted.refs) > 1 or strangers:
            raise Broken(
                "SUPABASE_URL, SUPABASE_DB_URL and SUPABASE_PROJECT_ID are of two different "
                "projects.",
                "Copy them from the dashboard of one project.",
            )
        if here or (hosted.ref and hosted.database_ref):
            return f"PostgreSQL {version}, the one behind the API"
        return f"PostgreSQL {version}; neither addresses nor buckets tell whether the API has it"

    def extensions(self) -> str:
        names = {
            name
            for file in sql_files(self.project.sql)
            for name in EXTENSION.findall(file.read_text())
        }
        with connect(self.hosted.db_url) as connection:
            rows = connection.execute("select name from pg_available_extensions")
            missing = sorted(names - {name for (name,) in rows})
        if missing:
            raise Broken(
                f"{', '.join(missing)} cannot be had here.",
                "Upgrade the project, or choose a server that has them.",
            )
        return f"{', '.join(sorted(names))} are there or can be had"

    def owner(self) -> str:
        """Whose project it is: ours, nobody's yet, or somebody else's."""
        found = self.found
        found.applied = applied(self.hosted.db_url)
        files = self.project.versions()
        if set(found.applied) & set(files):
            return "a project of Firmbase"
        with connect(self.hosted.db_url) as connection:
            others = [name for (name,) in connection.execute(OTHERS)]
        if others or found.applied:
            what = f"{len(others)} tables and views: {shortened(others)}" if others else "its own"
            raise Broken(
                f"This is somebody else's project: it has {what}.",
                "Set SUPABASE_URL, the keys and SUPABASE_DB_URL to a new, empty project.",
            )
        return "an empty project"

    def migrations(self) -> str:
        found, files = self.found, self.project.versions()
        unknown = [version for version in found.applied if version not in files]
        if unknown:
            raise Broken(
                f"The project has {len(unknown)} that this checkout lacks: {shortened(unknown)}.",
                "Update this checkout, or find out who applied them.",
                State.DIFFERS,
            )
        if len(found.applied) == len(files):
            return f"all {len(files)} applied"
        try:
            found.pending = supabase_cli.pending(self.hosted.db_url, self.project.root)
        except MigrationFailed as error:
            sentence, _, mend = str(error).partition(": ")
            raise Broken(sentence, mend[:1].upper() + mend[1:], State.DIFFERS) from error
        raise Broken(f"{len(found.pending)} of {len(files)} not applied.", PUSH, State.MISSING)

    def objects(self) -> str:
        """What somebody changed by hand, such as in the dashboard's SQL editor."""
        if not self.found.applied:
            return "none of ours yet"
        try:
            found = drift(self.hosted.db_url, scratch_server(), self.project, self.found.applied)
        except NoScratchServer:
            raise Broken(
                "Without a local stack nobody compares tables, functions, rights and policies.",
                "Run `firmbase stack up`, then this again.",
                State.BY_HAND,
            ) from None
        if found:
            names = shortened([each.object for each in found])
            told = render(found, "the migrations", "the project").splitlines()
            raise Broken(
                f"{len(found)} are not as the migrations made them: {names}.",
                "\n".join(
                    ["Take it back by hand, or into sql/ and a migration.", *told[:LINES_SHOWN]]
                ),
                State.DIFFERS,
            )
        return "tables, functions, rights and policies are as the migrations made them"

    def schema(self) -> str:
        try:
            theirs = self.hosted.rpc("schema_version")
            if theirs != SCHEMA_VERSION:
                raise schema_mismatch(theirs, SCHEMA_VERSION)
        except SchemaOlder as error:
            raise Broken(str(error).partition(":")[0] + ".", PUSH, State.MISSING) from error
        except SchemaNewer as error:
            raise Broken(
                str(error).partition(":")[0] + ".", "Update this checkout.", State.DIFFERS
            ) from error
        return f"schema {theirs}, as this program needs"

    def buckets(self) -> str:
        with connect(self.hosted.db_url) as connection, self.hosted.storage() as storage:
            found = compare(storage, connection)
        self.found.buckets = found
        if found.missing:
            raise Broken(f"{', '.join(found.missing)} missing.", PUSH, State.MISSING)
        if found.open:
            raise Broken(
                f"Everybody may read what is in {', '.join(found.open)}, which is none of ours.",
                "Make it private in the dashboard, under Storage, or delete it.",
                State.DIFFERS,
            )
        looser = [each for each in found.differences if not each.weakens]
        stricter = [each.name for each in found.differences if each.weakens]
        if looser:
            said = "; ".join(f"{each.name} is {each.theirs}, not {each.ours}" for each in looser)
            raise Broken(f"{said}.", PUSH, State.DIFFERS)
        return f"{', '.join(sorted(found.wanted))}{stricter_than_ours(stricter)}"

    def data_api(self) -> str:
        """Schemas that hold what no client may reach, whatever its rights."""
        exposed = [schema for schema in CLOSED if self.hosted.exposes(schema)]
        if exposed:
            raise Broken(
                f"The Data API exposes {', '.join(exposed)}.",
                "Take it off the exposed schemas, in the dashboard under Settings, Data API.",
                State.DIFFERS,
            )
        return f"none of {', '.join(CLOSED)} is exposed"

    def sign_in(self) -> str:
        hosted, found = self.hosted, self.found
        found.auth = signin.wanted(hosted)
        if signin.leads_nowhere(found.auth, hosted):
            raise Broken(
                "APP_URL is an address of this machine: links in mails would lead nowhere.",
                "Set APP_URL to where people will use the product.",
            )
        if hosted.management is None:
            self.public_settings()
            raise Broken(
                "Without SUPABASE_ACCESS_TOKEN nobody but a person can compare the rest.",
                "\n".join(
                    [
                        "Compare with the dashboard, under Authentication:",
                        *(f"{name} = {value}" for name, value in signin.flat(found.auth)),
                    ]
                ),
                State.BY_HAND,
            )
        _ = hosted.auth  # says it better than the CLI if the token is refused
        found.changes = signin.changes(hosted.management, found.auth)
        due = [change for change in found.changes if not change.weakens]
        if due:
            raise Broken(
                f"{len(due)} settings: {shortened([change.name for change in due])}.",
                "\n".join([PUSH, *map(str, due)]),
                State.DIFFERS,
            )
        stricter = [change.name for change in found.changes if change.weakens]
        return f"as config.toml says{stricter_than_ours(stricter)}"

    def public_settings(self) -> None:
        """What Auth tells everybody."""
        settings = self.hosted.settings
        answer = get(settings, "/auth/v1/settings", settings.publishable_key)
        if wrong := signin.contradicts(answer.json(), self.found.auth):
            raise Broken(
                f"{'; '.join(wrong)}.",
                "Change it in the dashboard, under Authentication, Sign In / Providers.",
                State.DIFFERS,
            )

    def mails(self) -> str:
        found = self.found
        templates = found.auth["email"]["template"]
        if self.hosted.management is None:
            raise Broken(
                f"{len(templates)} templates and the mail server are yours to compare.",
                "In the dashboard, under Authentication, Emails: paste "
                + ", ".join(each["content_path"].removeprefix("./") for each in templates.values())
                + " and their subjects in supabase/config.toml, and set the SMTP server.",
                State.BY_HAND,
            )
        theirs = self.hosted.auth
        found.mails = signin.stale_mails(found.auth, theirs)
        if found.mails:
            raise Broken(f"{', '.join(found.mails)} differ.", PUSH, State.DIFFERS)
        if not theirs.get("smtp_host"):
            raise Broken(
                "Without a mail server of your own Supabase writes to your team only, "
                "and a few times an hour.",
                "Set one in the dashboard, under Authentication, Emails, SMTP Settings.",
                State.WARNING,
            )
        return f"{len(templates)} templates as in supabase/templates, and a mail server"

    def functions(self) -> str:
        """The Edge Functions, which mails lead to; the CLI alone can deploy them."""
        names = sorted(file.parent.name for file in self.project.functions.glob("*/index.ts"))
        for name in names:
            # Changes nothing: a GET shows what a POST would do.
            answer = get(self.hosted.settings, f"/functions/v1/{name}")
            if answer.status_code >= 400:
                known = {401: "wants a key", 404: "is not deployed"}
                what = known.get(answer.status_code, f"answers with HTTP {answer.status_code}")
                raise Broken(
                    f"{name} {what}: the link in mails does nothing.",
                    f"Run `supabase functions deploy {name} --use-api`.",
                    State.WARNING,
                )
            if answer.headers.get("content-type", "").startswith("text/plain"):
                raise Broken(
                    f"{name} does not know the app, and the platform shows no page of a function.",
                    f"Run `supabase secrets set APP_URL={self.hosted.settings.app_url}`.",
                    State.WARNING,
                )
        return f"{', '.join(names)} deployed"

    def rights(self) -> str:
        """Leftovers that open what is closed: tables without row security and their like."""
        findings = [
            f"{each.name}: {each.detail}"
            for each in advisors.advise(self.hosted.db_url).findings
            if each.level != "INFO" and each.name not in lint.RULES
        ]
        if findings:
            raise Broken(
                f"{len(findings)} findings of the advisors: {shortened(findings, 2)}",
                "Run `firmbase db advisors`, which says how to mend each.",
                State.DIFFERS,
            )
        return "the advisors find nothing"

    def runner(self) -> str:
        """Who runs the jobs and the rules of the clock: no pg_cron, but a runner of ours."""
        try:
            (clock,) = self.hosted.rpc("jobs_clock")
        except SchemaOlder:
            raise Broken("There is no queue yet.", PUSH, State.MISSING) from None
        how = "Start one: docs/going-live.md has a file for each host."
        if not clock["ticked_at"]:
            raise Broken("No runner was here yet.", how, State.WARNING)
        ago = datetime.now(UTC) - datetime.fromisoformat(clock["ticked_at"])
        if ago.total_seconds() > doctor.LATE_SECONDS:
            minutes = ago.total_seconds() / 60
            raise Broken(f"No runner for {minutes:.0f} minutes.", how, State.WARNING)
        doctor.no_faults(clock)
        return "a runner is at work"


def by_creation(connection: psycopg.Connection[Any]) -> dict[str, float]:
    """When each bucket was made: the same over the API, if it is the same project."""
    rows = connection.execute("select id, created_at from storage.buckets")
    return {id: made.timestamp() for id, made in rows}


def stricter_than_ours(names: list[str]) -> str:
    return f"; stricter than ours, and stays: {', '.join(sorted(names))}" if names else ""


def shortened(names: list[str], shown: int = NAMES_SHOWN) -> str:
    rest = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + rest
