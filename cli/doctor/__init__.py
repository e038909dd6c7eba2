"""`firmbase doctor`: checks every part and says how to mend each."""

import typer

from cli.doctor.checks import Check, State, examine
from cli.output import Json, print_json, print_table, say

app = typer.Typer(add_completion=False)
MARKS = {State.OK: "ok", State.WARNING: "warning", State.FAILED: "FAILED"}


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check every part, from Python to the queue, and say how to mend what is broken.

    Looks at the project SUPABASE_URL names, or at the local stack. Exit code 1 if a check failed.
    """
    checks: list[Check] = []
    for check in examine():
        checks.append(check)
        if not as_json:
            say(f"{MARKS[check.state]:>7}  {check.name}: {check.detail}")
    failed = [check for check in checks if check.state is State.FAILED]
    if as_json:
        print_json({"ok": not failed, "checks": [check.as_dict() for check in checks]})
    else:
        mends = [[check.name, check.mend] for check in checks if check.mend]
        if failed and failed[-1] is checks[-1]:
            say("The parts behind that one were not looked at.")
        if mends:
            print_table("What to do", ["part", "how to mend it"], mends)
        else:
            typer.echo(f"All {len(checks)} checks passed.")
    if failed:
        raise typer.Exit(1)
