"""A short battle. `make chaos` fights the long one; CHAOS_SEED=… fights one again."""

import os
import random
from pathlib import Path

from tests.chaos.battle import Battle, fight, stack_of_its_own
from tests.chaos.monkey import ROUND

SEED = "CHAOS_SEED"


def test_no_job_suffers_from_the_chaos_around_it(tmp_path: Path) -> None:
    seed = int(os.environ.get(SEED) or random.randrange(10**6))
    print(f"{SEED}={seed}")
    battle = Battle(seed=seed, jobs=1000, runners=2, seconds=10, rounds=1, patience_s=60, lease_s=2)
    with stack_of_its_own() as stack:
        verdict = fight(battle, stack, tmp_path, print)
    print(verdict)
    assert verdict.violations == {}
    assert verdict.facts.items() >= ROUND.items()
    assert verdict.facts["jobs"] + verdict.facts["merged by a unique key"] == battle.jobs
    assert verdict.facts["effects tried again"] > 0, "nothing was ever interrupted at its end"
    assert verdict.facts["log lines that are hours off"] > 0
