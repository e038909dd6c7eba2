"""`firmbase jobs`: the queue, its runner, its limits and its schedules."""

import typer

from cli.jobs import act, dead, limits, look, pauses, run, schedules, top

app = typer.Typer(no_args_is_help=True, add_completion=False)
for part in (run, look, top, act, pauses):
    app.add_typer(part.app)
app.add_typer(dead.app, name="dead", help="The dead jobs: list, redrive, purge.")
app.add_typer(limits.app, name="limits", help="How much of a kind may run: list, set, clear.")
app.add_typer(
    schedules.app,
    name="schedules",
    help="Jobs by the clock: list, next, set, run, pause, resume, remove.",
)
