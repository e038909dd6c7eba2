"""`python -m edge_jobs run [--watch] [--for SECONDS]`: the runner without anything around it, for
cron; and `ping`, for health checks."""

import sys

from edge_jobs import runner

USAGE = """usage: python -m edge_jobs run [--watch] [--for SECONDS]

Runs every job that is due and exits; with --watch, stays and waits for more. With --for, begins no
job after so many seconds. With `python -m edge_jobs ping` it only asks whether the project answers.
Reads SUPABASE_URL and SUPABASE_SECRET_KEY. Exit codes: see edge_jobs/errors.py."""


def main(arguments: list[str]) -> int:
    watch, budget_s = False, None
    match arguments:
        case ["-h" | "--help"]:
            print(USAGE)
            return 0
        case ["ping"]:
            return runner.ping()
        case ["run", *options]:
            pass
        case _:
            return misused()
    while options:
        match options:
            case ["--watch", *options]:
                watch = True
            case ["--for", seconds, *options] if seconds.isdecimal():
                budget_s = float(seconds)
            case _:
                return misused()
    return runner.main(watch=watch, budget_s=budget_s)


def misused() -> int:
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
