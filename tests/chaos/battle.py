"""One battle: a stack of its own, runners, a monkey, and the verdict."""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.local.config import random_bases
from cli.local.project import wait_for_api
from cli.local.stack import Stack
from tests.chaos.feeder import Feeder
from tests.chaos.fleet import Fleet
from tests.chaos.monkey import Monkey
from tests.chaos.plan import plan
from tests.chaos.verdict import Verdict, judge
from tests.conftest import apply_schema

LEDGER = Path(__file__).with_name("ledger.sql")
SETTINGS = ("SUPABASE_URL", "SUPABASE_SECRET_KEY")


@dataclass(frozen=True)
class Battle:
    seed: int
    jobs: int
    runners: int
    # How long the monkey rages, and how often it goes through all it can do.
    seconds: float
    rounds: int
    # How long the rest may take once everything works again.
    patience_s: float
    lease_s: int
    # The share of the jobs that is queued before the chaos begins.
    head_start: float = 0.3


@contextmanager
def stack_of_its_own() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="firmbase-chaos-") as parent:
        Path(parent).chmod(0o711)
        stack = Stack(Path(parent) / "stack")
        config = stack.up(bases=random_bases(), throwaway=True)
        try:
            apply_schema(config)
            with stack.connect() as db:
                db.execute(LEDGER.read_text())
            wait_for_api(config)
            yield stack
        finally:
            stack.remove()


def fight(battle: Battle, stack: Stack, logs: Path, report: Callable[[str], None]) -> Verdict:
    """`logs`: the folder for what the runners write."""
    config = stack.config
    jobs = plan(battle.jobs, random.Random(battle.seed))
    feeder = Feeder(config.database_url("supabase_admin"), jobs)
    feeder.feed(battle.head_start)
    report(f"{len(feeder.confirmed)} batches of jobs are queued; the runners start.")
    env = {name: config.environment()[name] for name in SETTINGS}
    begun = time.monotonic()
    fleet = Fleet(battle.runners, stack.directory, env, battle.lease_s)
    try:
        monkey = Monkey(battle.seed, stack, fleet, battle.lease_s)
        feeding = feeder.feed_beside(battle.seconds * 0.9)
        monkey.rage(battle.seconds, battle.rounds)
        monkey.rest()
        feeding.join()
        report(f"{sum(monkey.strikes.values())} strikes; now the rest in peace.")
        drain(stack, battle.patience_s, report)
        stubborn = fleet.stop()
    finally:
        fleet.kill()
        fleet.write_logs(logs)
    facts = {
        "seed": battle.seed,
        "seconds": round(time.monotonic() - begun),
        **dict(sorted(monkey.strikes.items())),
        "answers disturbed": dict(monkey.faults),
        "log lines that are hours off": fleet.misdated(),
        "ends of runners": dict(fleet.exits()),
        "errors while queueing": dict(feeder.errors),
    }
    with stack.connect() as db:
        verdict = judge(
            db,
            facts,
            confirmed=feeder.confirmed,
            lease_s=battle.lease_s,
        )
    of_runners = {
        "a runner that was told to stop and did not": stubborn,
        "a runner failed": fleet.faults(),
    }
    verdict.violations |= {rule: found for rule, found in of_runners.items() if found}
    return verdict


def drain(stack: Stack, patience_s: float, report: Callable[[str], None]) -> None:
    """Until nothing is queued any more; what is left after that is for the verdict to name."""
    end = time.monotonic() + patience_s
    with stack.connect() as db:
        while time.monotonic() < end:
            (left,) = db.execute("select count(*) from chaos.queued").fetchone() or (0,)
            if not left:
                return
            report(f"{left} jobs are left.")
            time.sleep(1)
