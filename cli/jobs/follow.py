"""`firmbase jobs list --follow`: what is new or has changed, as it comes."""

import time
from typing import Any, NoReturn

import typer

from cli.jobs.words import progress
from cli.output import print_json_line
from edge_jobs.api import Api

LOOK_EVERY_S = 1.0
TOLD = ("state", "attempts", "error", "progress")


def tell_changes(api: Api, filters: dict[str, Any], *, as_json: bool) -> NoReturn:
    """Until Ctrl-C. Of jobs that come and go between two looks nothing is told."""
    known: dict[str, dict[str, Any]] = {}
    while True:
        listed = {job["id"]: job for job in api.rpc("jobs_list", **filters)}
        news = [job for job in reversed(listed.values()) if changed(known.get(job["id"]), job)]
        # One that is no longer listed has succeeded: unless there is no room for it, or it has
        # only left the state that was asked for, or was dead and sent back.
        if len(listed) < filters["max_rows"] and filters["state"] is None:
            gone = [job for id, job in known.items() if id not in listed]
            news += [{**job, "state": "done"} for job in gone if job["state"] != "dead"]
        for job in news:
            if as_json:
                print_json_line(job)
            else:
                typer.echo(line(job))
        known = listed
        time.sleep(LOOK_EVERY_S)


def changed(before: dict[str, Any] | None, job: dict[str, Any]) -> bool:
    return before is None or any(before[name] != job[name] for name in TOLD)


def line(job: dict[str, Any]) -> str:
    said = progress(job["progress"]) if job["state"] == "running" else job["error"] or ""
    now = time.strftime("%H:%M:%S")
    words = (
        f"{now}  {job['id']:<14} {job['kind']:<18} {job['state']:<8} {job['attempts']:>2}  {said}"
    )
    return words.rstrip()
