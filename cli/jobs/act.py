"""What is done to single jobs: retry, cancel, enqueue."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from cli.jobs.arguments import ForFirm, JobIds, Payload, Priority, firm_id, json_object, span
from cli.output import Json, print_error, print_json, say
from edge_jobs.api import Api
from edge_jobs.errors import Refused
from edge_jobs.settings import Settings

app = typer.Typer()

MOST_OF_A_KEY = 200


@app.command()
def retry(job_ids: JobIds, as_json: Json = False) -> None:
    """Queue dead jobs again, with their attempts counted anew.

    `jobs dead redrive` does it for many.
    """
    api = Api(Settings.load())

    def again(job_id: str) -> dict[str, Any]:
        return {"id": job_id, "queued_as": api.rpc("jobs_retry", id=job_id)}

    each(job_ids, again, "{id} is queued again as {queued_as}.", as_json=as_json)


@app.command()
def cancel(job_ids: JobIds, as_json: Json = False) -> None:
    """End jobs that have not ended, also those that run.

    A handler that runs is told at its next heartbeat. The jobs are kept with the dead ones, with
    the code cancelled: `jobs retry` queues them again.
    """
    api = Api(Settings.load())

    def end(job_id: str) -> dict[str, Any]:
        api.rpc("jobs_cancel", id=job_id)
        return {"id": job_id, "state": "dead"}

    each(job_ids, end, "{id} is cancelled.", as_json=as_json)


def each(
    ids: Sequence[str], do: Callable[[str], dict[str, Any]], words: str, *, as_json: bool
) -> None:
    """One that is refused does not keep the others from it; the exit code is that of the last."""
    done, code = [], 0
    for id in ids:
        try:
            done.append(do(id))
        except Refused as error:
            code = error.exit_code
            print_error(error.code, str(error), as_json=as_json)
            continue
        if not as_json:
            say(words.format(**done[-1]))
    if as_json:
        print_json(done)
    if code:
        raise typer.Exit(code)


@app.command()
def enqueue(
    kind: Annotated[str, typer.Argument(help="Such as test.noop.")],
    payload: Payload = "{}",
    firm: ForFirm = None,
    priority: Annotated[Priority, typer.Option(help="The queue it waits in.")] = Priority.default,
    delay: Annotated[
        float | None,
        typer.Option(parser=span, metavar="SPAN", help="Not before: 90s, 5min, 2h, 1day."),
    ] = None,
    unique_key: Annotated[
        str | None, typer.Option(help="Nothing is queued while a job of this key is.")
    ] = None,
    any_kind: Annotated[
        bool, typer.Option("--any-kind", help="Also a kind that does not begin with test.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Queue a job by hand, to try a handler or the engine.

    The product's own jobs are queued by the function that writes the row they work on, in the same
    transaction. One without its row dies, or does what nobody waits for: --any-kind is for those
    who know the handler.
    """
    if not (any_kind or kind.startswith("test.")):
        message = f"{kind} does not begin with test.; say --any-kind if its row is there."
        raise typer.BadParameter(message, param_hint="KIND")
    if unique_key is not None and not 1 <= len(unique_key) <= MOST_OF_A_KEY:
        message = f"a key has 1 to {MOST_OF_A_KEY} characters."
        raise typer.BadParameter(message, param_hint="--unique-key")
    content = json_object(payload)
    api = Api(Settings.load())
    (number,) = api.rpc(
        "jobs_enqueue",
        kind=kind,
        payloads=content,
        firm_id=firm_id(api, firm),
        priority=priority,
        delay_s=delay or 0,
        unique_key=unique_key,
    )
    job_id = None if number is None else f"{priority}:{number}"
    if as_json:
        print_json({"id": job_id})
    elif job_id:
        say(f"Queued as {job_id}.")
    else:
        say(f"A {kind} of the key {unique_key} is queued already: nothing was done.")
