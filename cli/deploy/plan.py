"""What `firmbase deploy push` is about to do, and doing it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from cli.deploy import buckets, signin
from cli.deploy.buckets import Difference
from cli.deploy.checks import Found
from cli.deploy.errors import Destructive, NotReady
from cli.deploy.hosted import Hosted
from cli.deploy.signin import Change
from cli.doctor.checks import State
from cli.schema import supabase_cli
from cli.schema.build import masked
from cli.schema.migrations import Project
from cli.schema.servers import connect

# What must be right before anything is changed.
NEEDED = ("keys", "database", "extensions", "owner", "sign-in")
# What goes with a type, an extension or a function is not in the text.
DESTROYS = re.compile(
    r"\s*(drop\s+(table|schema|materialized\s+view|foreign\s+table|extension|owned)\b"
    r"|drop\s+(?!view|trigger|policy|index)\w+\b.*\bcascade\b"
    r"|alter\s+table\b.*\bdrop\b(?!\s+(constraint|default|not|expression|identity)\b)"
    r"|(?P<rows>truncate\b|(with\b.*\b)?delete\s+from\b"
    r"|(with\b.*\b)?merge\s+into\b.*\bthen\s+delete\b"
    r"|.*\bpgmq\s*\.\s*(drop|purge)_queue\b))",
    re.IGNORECASE | re.DOTALL,
)
HEADER = re.compile(r"^-- DESTROYS what is in:\n((?:--   .+\n)+)", re.MULTILINE)


@dataclass
class Plan:
    """`kept`: what is weaker here than there and stays as it is there, unless it was named."""

    migrations: list[str]
    destroyed: list[str] = field(default_factory=list)
    buckets: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.migrations or self.buckets or self.settings or self.mails)

    def as_dict(self) -> dict[str, list[str]]:
        return {
            "migrations": self.migrations,
            "destroyed": self.destroyed,
            "buckets": self.buckets,
            "settings": self.settings,
            "mails": self.mails,
            "kept": self.kept,
        }


def draw_up(found: Found, project: Project, weaken: set[str]) -> Plan:
    """Raises NotReady where nothing may be changed."""
    for check in found.checks:
        ahead = check.name == "migrations" and check.state is State.DIFFERS
        if (check.name in NEEDED and check.state is State.FAILED) or ahead:
            raise NotReady(detail=check.detail, mend=check.mend)
    of_buckets = found.buckets.wanted if found.buckets else {}
    known = {*signin.WEAKER, *(f"{id}.{name}" for id in of_buckets for name in buckets.FIELDS)}
    if found.buckets and (unknown := sorted(weaken - known)):
        raise NotReady(
            detail=f"There is no {unknown[0]} to weaken.",
            mend="What is kept is listed by its name.",
        )
    result = Plan(found.pending, mails=found.mails)
    if found.applied:
        for name in found.pending:
            text = (project.migrations / name).read_text()
            result.destroyed += [f"{name}: {what}" for what in destroyed(text)]
    if found.buckets:
        # Those that are missing because their migration is pending come with it.
        result.buckets = [] if found.pending else list(found.buckets.missing)
    differing: list[Change | Difference] = [*found.changes]
    differing += found.buckets.differences if found.buckets else []
    for each in differing:
        if each.weakens and each.name not in weaken:
            result.kept.append(each.name)
        elif isinstance(each, Difference):
            result.buckets.append(f"{each.name}: {each.theirs} → {each.ours}")
        else:
            result.settings.append(str(each))
    return result


def destroyed(text: str) -> list[str]:
    """What a migration destroys: what `firmbase db diff` wrote at its head, and what its
    statements say, those in the bodies of functions left out."""
    said = [
        line.removeprefix("--   ") for block in HEADER.findall(text) for line in block.splitlines()
    ]
    # The head names all that goes with tables and columns; rows are deleted by hand, below it.
    return said + [
        " ".join(text[found.start() : found.end()].split())
        for found in re.finditer(r"[^;\s][^;]*", masked(text))
        if (destroys := DESTROYS.match(found[0])) and (destroys["rows"] or not said)
    ]


def demand_consent(plan: Plan, allow_destructive: bool) -> None:
    if plan.destroyed and not allow_destructive:
        raise Destructive(what="; ".join(plan.destroyed))


def carry_out(
    hosted: Hosted,
    project: Project,
    found: Found,
    plan: Plan,
    weaken: set[str],
    report: Callable[[str], None],
) -> None:
    """Migrations first, each a transaction of its own; run again, it goes on where it stopped."""
    if plan.migrations:
        report(f"Applying {len(plan.migrations)} migrations …")
        for name in supabase_cli.migrate(hosted.db_url, project.root):
            report(f"  {name}")
    with connect(hosted.db_url) as connection, hosted.storage() as storage:
        for name in buckets.mend(connection, buckets.compare(storage, connection), weaken):
            report(f"  bucket {name}")
    if hosted.management and (plan.settings or plan.mails):
        report("Pushing the settings of Auth and its mails …")
        kept = [each for each in found.changes if each.weakens and each.name not in weaken]
        signin.push(hosted.management, signin.keep(found.auth, kept))
