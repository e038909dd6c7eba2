"""Jobs that are queued again and again, by the clock."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from cli.jobs.arguments import DAYS, ForFirm, Payload, Priority, firm_id, json_object, span
from cli.jobs.words import when
from cli.output import Json, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.errors import Refused
from edge_jobs.schedules import BadSchedule, next_time, times
from edge_jobs.settings import Settings

app = typer.Typer(no_args_is_help=True)

NAMES = re.compile(r"[a-z][a-z0-9_.-]{0,99}")
DAY_S = 86_400

Name = Annotated[str, typer.Argument(help="The schedule's name, as `schedules list` shows it.")]


class IfMissed(StrEnum):
    skip = "skip"
    once = "once"
    all = "all"


class IfRunning(StrEnum):
    skip = "skip"
    queue = "queue"


@app.command("list")
def list_schedules(as_json: Json = False) -> None:
    """List the schedules, each with its next time in its own time zone."""
    schedules = Api(Settings.load()).rpc("jobs_schedules")
    if as_json:
        print_json(schedules)
    elif schedules:
        print_schedules(schedules)
    else:
        say("There are no schedules: `firmbase jobs schedules set` makes one.")


def print_schedules(schedules: list[dict[str, Any]]) -> None:
    rows = [
        [
            f"{each['name']}\n{each['kind']}",
            f"{each['cron']}\n{each['time_zone']}",
            f"{each['if_missed']}\n{each['if_running']}",
            next_in_words(each, "\n"),
            when(each["last_at"]),
        ]
        for each in schedules
    ]
    columns = ["name\nkind", "cron\ntime zone", "missed\nrunning", "next", "last"]
    print_table("Schedules", columns, rows, dense=True)


def next_in_words(schedule: dict[str, Any], between: str = " ") -> str:
    """`between` the day and the time."""
    if schedule["paused_at"]:
        return between.join(filter(None, ("paused", schedule["error"])))
    if schedule["next_at"] is None:
        return "when a runner looks"
    return local(datetime.fromisoformat(schedule["next_at"]), schedule["time_zone"], between)


def local(moment: datetime, time_zone: str, between: str = " ") -> str:
    return f"{moment.astimezone(ZoneInfo(time_zone)):%a %Y-%m-%d{between}%H:%M %Z}"


@app.command("next")
def next_times(
    name: Name,
    count: Annotated[int, typer.Option(help="How many.", min=1, max=1000)] = 10,
    after: Annotated[
        datetime | None,
        typer.Option(
            formats=DAYS, metavar="TIME", help="From then on, in its time zone: 2026-10-24."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the next times of a schedule, also through the nights when clocks are set."""
    schedule = find(Api(Settings.load()), name)
    zone = ZoneInfo(schedule["time_zone"])
    start = datetime.now(UTC)
    if after is not None:
        start = after if after.tzinfo else after.replace(tzinfo=zone)
    moments = list(islice(times(schedule["cron"], zone.key, start.astimezone(UTC)), count))
    if as_json:
        print_json([moment.astimezone(zone).isoformat() for moment in moments])
        return
    rows = [[local(moment, zone.key), f"{moment:%Y-%m-%d %H:%M}"] for moment in moments]
    print_table(f"{name}: {schedule['cron']}", [zone.key, "UTC"], rows)


@app.command("set")
def set_schedule(
    name: Annotated[str, typer.Argument(help="Such as nightly.report; of one that is there, too.")],
    kind: Annotated[str, typer.Argument(help="The kind of job it queues.")],
    cron: Annotated[
        str,
        typer.Option(help='Minute, hour, day of the month, month, day of the week: "0 9 * * 1-5".'),
    ],
    time_zone: Annotated[
        str, typer.Option("--tz", help="In which the times are meant, such as Europe/Berlin.")
    ] = "UTC",
    payload: Payload = "{}",
    firm: ForFirm = None,
    priority: Annotated[Priority, typer.Option(help="The queue it waits in.")] = Priority.default,
    if_missed: Annotated[
        IfMissed, typer.Option(help="Times that passed while no runner looked.")
    ] = IfMissed.once,
    if_running: Annotated[
        IfRunning, typer.Option(help="A time at which the last run has not ended.")
    ] = IfRunning.skip,
    jitter: Annotated[
        float | None,
        typer.Option(
            parser=span,
            metavar="SPAN",
            help="Later by up to so much, at random: 5min, a day at most.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a schedule, or change the one of that name: what is not given is as by default.

    The job gets the time it is for as scheduled_at in its payload.
    """
    if not NAMES.fullmatch(name):
        message = "a name has small letters, digits, dots, hyphens and underscores, 100 at most."
        raise typer.BadParameter(message, param_hint="NAME")
    if jitter and jitter > DAY_S:
        raise typer.BadParameter("a day at most.", param_hint="--jitter")
    try:
        next_at = next_time(cron, time_zone, datetime.now(UTC))
    except BadSchedule as error:
        raise typer.BadParameter(str(error)) from None
    api = Api(Settings.load())
    schedule = {
        "name": name,
        "kind": kind,
        "cron": " ".join(cron.split()),
        "time_zone": time_zone,
        "payload": json_object(payload),
        "firm_id": firm_id(api, firm),
        "priority": priority,
        "if_missed": if_missed,
        "if_running": if_running,
        "jitter": f"{jitter or 0} seconds",
        "next_at": next_at.isoformat(),
    }
    api.rpc("jobs_schedule_set", schedule=schedule)
    made = find(api, name)
    if as_json:
        print_json(made)
    elif made["paused_at"]:
        say(f"{name} is set, and paused: `firmbase jobs schedules resume {name}` lets it go on.")
    else:
        say(f"{name} is set: its next time is {next_in_words(made)}.")


@app.command()
def run(name: Name, as_json: Json = False) -> None:
    """Queue the job of a schedule now, besides its times.

    As at its times, a last run that has not ended keeps it from it where it says to skip.
    """
    api = Api(Settings.load())
    queued, now = 0, datetime.now(UTC).isoformat()
    while not queued:
        schedule = find(api, name)
        if schedule["paused_at"]:
            raise Refused(
                code="schedule_paused",
                message=f"{name} is paused.",
                hint=f"Let it go on first: `firmbase jobs schedules resume {name}`.",
            )
        at = schedule["next_at"]
        queued = api.rpc("jobs_schedule_fire", name=name, expected_at=at, run_at=[now], next_at=at)
        # Otherwise one of its times came in between.
        if not queued and find(api, name)["next_at"] == at:
            raise Refused(
                code="still_running",
                message=f"The last run of {name} has not ended.",
                hint=f"Wait for it: `firmbase jobs list --kind {schedule['kind']}`.",
            )
    if as_json:
        print_json({"name": name, "queued": queued})
    else:
        say(f"Queued a {schedule['kind']}.")


@app.command()
def pause(name: Name, as_json: Json = False) -> None:
    """Let the times of a schedule pass by; what it has queued still runs."""
    change("jobs_schedule_pause", name, "is paused", as_json, paused=True)


@app.command()
def resume(name: Name, as_json: Json = False) -> None:
    """Let a schedule go on with its next time; those that passed meanwhile are not made up for."""
    change("jobs_schedule_pause", name, "goes on", as_json, paused=False)


@app.command()
def remove(name: Name, as_json: Json = False) -> None:
    """Remove a schedule; what it has queued still runs."""
    change("jobs_schedule_remove", name, "is removed", as_json)


def change(function: str, name: str, words: str, as_json: bool, **arguments: bool) -> None:
    api = Api(Settings.load())
    api.rpc(function, name=name, **arguments)
    if as_json:
        print_json([each for each in api.rpc("jobs_schedules") if each["name"] == name])
    else:
        say(f"{name} {words}.")


def find(api: Api, name: str) -> dict[str, Any]:
    for schedule in api.rpc("jobs_schedules"):
        if schedule["name"] == name:
            return dict(schedule)
    raise Refused(
        code="schedule_not_found",
        message=f"There is no schedule {name}.",
        hint="`firmbase jobs schedules list` shows which there are.",
    )
