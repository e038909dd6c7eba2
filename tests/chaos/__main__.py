"""`make chaos`: many jobs while everything around them is killed, cut off and stopped.

Prints what happened and whether every job came to the end it was made for and had its effect once.
The same goes to chaos/verdict.json, and what the runners said beside it. Exit code 1 if a rule was
broken. The seed decides which jobs there are and what strikes when; how far each job has come by
then is up to the machine.
"""

import argparse
import json
import random
import sys

from cli.local.config import ROOT
from tests.chaos.battle import Battle, fight, stack_of_its_own

REPORT = ROOT / "chaos"
SECONDS_PER_ROUND = 20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--jobs", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=180, help="how long the chaos lasts")
    options = parser.parse_args()
    battle = Battle(
        seed=options.seed,
        jobs=options.jobs,
        runners=3,
        seconds=options.seconds,
        rounds=max(1, round(options.seconds / SECONDS_PER_ROUND)),
        patience_s=600,
        lease_s=5,
    )
    print(f"seed {battle.seed}", flush=True)
    REPORT.mkdir(exist_ok=True)
    with stack_of_its_own() as stack:
        verdict = fight(battle, stack, REPORT, lambda line: print(line, flush=True))
    (REPORT / "verdict.json").write_text(json.dumps(verdict.as_dict(), indent=2) + "\n")
    print(verdict)
    return 1 if verdict.violations else 0


if __name__ == "__main__":
    sys.exit(main())
