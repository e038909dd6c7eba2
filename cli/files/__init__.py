"""`firmbase files`: what was uploaded, what became of it, and what is to be done about it."""

import typer

from cli.files import look, quarantine, show, upkeep, work

app = typer.Typer(no_args_is_help=True, add_completion=False)
for part in (look, show, work):
    app.add_typer(part.app)
app.add_typer(quarantine.app, name="quarantine", help="What nobody may open: list, release, purge.")
app.add_typer(upkeep.app)
