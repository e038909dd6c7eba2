"""`make mutants`: takes away one right, policy or key after the other; tests must notice each.

Prints a line for each mutation, which suite caught how many, and those that nothing caught. Exit
code 1 if there are such, 2 if nothing can be concluded.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import psycopg

from cli.local.config import random_bases
from cli.local.project import wait_for_api
from cli.local.stack import Stack
from cli.schema.build import build_from_sql
from tests.mutants.hunt import SUITES, Broken, Hunt, Verdict, spread
from tests.mutants.mutations import mutations


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, metavar="N", help="only N, spread over all kinds")
    parser.add_argument("--only", default="", metavar="TEXT", help="only those it stands in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="firmbase-mutants-") as parent:
        Path(parent).chmod(0o711)
        stack = Stack(Path(parent) / "stack")
        config = stack.up(bases=random_bases(), throwaway=True)
        try:
            build_from_sql(config.database_url())
            wait_for_api(config)
            with psycopg.connect(config.database_url("supabase_admin"), autocommit=True) as db:
                db.execute("set search_path = ''")  # so that every name is printed in full
                hunt = Hunt(config, db)
                every = [each for each in mutations(db) if options.only in str(each)]
                chosen = spread(every, options.sample)
                print(f"{len(every)} mutations, {len(chosen)} of them now.")
                verdicts = []
                for verdict in hunt.verdicts(chosen):
                    verdicts.append(verdict)
                    print(line(verdict, len(verdicts), len(chosen)), flush=True)
        except Broken as error:
            print(error, file=sys.stderr)
            return 2
        finally:
            stack.remove()
    print(summary(verdicts))
    return exit_code(verdicts)


def exit_code(verdicts: list[Verdict]) -> int:
    return 1 if any(each.suite is None for each in verdicts) else 0


def line(verdict: Verdict, number: int, total: int) -> str:
    caught = f"caught by {verdict.test}" if verdict.suite else "SURVIVED"
    mutation = verdict.mutation
    return (
        f"[{number}/{total}] {verdict.seconds:4.1f} s  {mutation.kind}: {mutation.name}: {caught}"
    )


def summary(verdicts: list[Verdict]) -> str:
    """A table of kinds and suites, then what survived."""
    counts = Counter((each.mutation.kind, each.suite) for each in verdicts)
    lines = ["", f"{'mutations':<28}{'all':>6}" + "".join(f"{name:>13}" for name in SUITES)]
    for kind in dict.fromkeys(each.mutation.kind for each in verdicts):
        all_of_kind = sum(counts[kind, suite] for suite in (*SUITES, None))
        caught = "".join(f"{counts[kind, suite]:>13}" for suite in SUITES)
        lines.append(f"{kind:<28}{all_of_kind:>6}{caught}")
    survivors = [each.mutation for each in verdicts if each.suite is None]
    lines.append(f"\n{len(verdicts) - len(survivors)} of {len(verdicts)} caught.")
    lines += [f"SURVIVED: {each}" for each in survivors]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
