"""`python -m edge_jobs run [--watch]`: the runner without anything around it, for cron."""

import sys

from edge_jobs import runner

USAGE = """usage: python -m edge_jobs run [--watch]

Runs every job that is due and exits; with --watch, stays and waits for more.
Reads SUPABASE_URL and SUPABASE_SECRET_KEY. Exit codes: see edge_jobs/errors.py."""

match sys.argv[1:]:
    case ["run"]:
        sys.exit(runner.main(watch=False))
    case ["run", "--watch"]:
        sys.exit(runner.main(watch=True))
    case ["-h" | "--help"]:
        print(USAGE)
    case _:
        print(USAGE, file=sys.stderr)
        sys.exit(2)
