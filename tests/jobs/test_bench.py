"""The benchmark of the jobs: its measurements of our engine at a size that takes no time, and what
it makes of peers that are not there."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.jobs import chart, claims, measure, systems
from bench.jobs.crew import tell
from bench.jobs.measure import Measured
from bench.jobs.outcome import Findings, result
from bench.jobs.systems import OURS, PGMQ, PROCRASTINATE, Size, System
from bench.report import Run, Times
from tests.conftest import RunningStack
from tests.jobs.conftest import Jobs


@pytest.fixture
def own(stack: RunningStack, jobs: Jobs, api_ready: None) -> list[System]:
    return systems.ours(stack.config, Size(drain=300, single=5, ping=3))


def test_a_round_queues_every_job_and_drains_it(own: list[System], jobs: Jobs) -> None:
    measured = Measured()
    measure.fill_and_drain(own[0], measured)
    assert jobs.list() == []
    assert min(measured.bulk + measured.single + measured.drain) > 0


def test_jobs_belong_to_ten_firms_or_to_none(own: list[System], jobs: Jobs) -> None:
    tell(own[0], "bulk", 25)
    assert len(jobs.list()) == 25
    assert len({job["firm_id"] for job in jobs.list()}) == 10
    tell(own[1], "bulk", 5)
    assert len(jobs.list(firm_id=None)) == 5


def test_each_ping_is_a_sample_but_for_the_warm_up(own: list[System]) -> None:
    waited = measure.pick_up(own[0])
    assert len(waited) == 3
    assert min(waited) > 0


def test_acknowledgements_wait_for_the_disk_only_while_that_is_measured(
    own: list[System], jobs: Jobs
) -> None:
    definition = "select pg_get_functiondef('private.jobs_step'::regproc)"
    before = jobs.value(definition)
    synchronous = own[2]
    measure.execute(synchronous, synchronous.before)
    changed = jobs.value(definition)
    measure.execute(own[0], own[0].before)
    assert changed == before.replace("'synchronous_commit', 'off'", "'synchronous_commit', 'on'")
    assert changed != before == jobs.value(definition)


def test_both_claim_what_is_due_from_behind_what_is_delayed(own: list[System], jobs: Jobs) -> None:
    times = claims.behind_delayed(own[0], delayed=200)
    assert set(times) == {
        (who, what)
        for who in (claims.JOBS_STEP, claims.READ)
        for what in (claims.FULL, claims.EMPTY)
    }
    assert jobs.list() == []


def findings(*names: str) -> Findings:
    """Round figures: a peer does everything half as fast as ours."""
    ours = Measured(
        bulk=[9.0],
        single=[2.0],
        drain=[60.0],
        waited_ms=[1.0, 3.0],
        behind_flood_ms=[47.0],
        idle=Run(80, 20),
        megabytes=[30.0, 31.0],
    )
    half = replace(ours, bulk=[4.5], single=[1.0], drain=[30.0], waited_ms=[4.0], megabytes=[])
    claimed = {
        (who, what): Times(ms, ms)
        for who, ms in ((claims.JOBS_STEP, 1.0), (claims.READ, 30.0))
        for what in (claims.FULL, claims.EMPTY)
    }
    measured = {name: ours if name == OURS else half for name in names}
    made = [System(name, (), {}, Size(10)) for name in names]
    return Findings(made, measured, claimed)


def test_goals_are_ratios_to_each_peer() -> None:
    outcome = result(findings(OURS, PGMQ), {}, Path("chart.png"))
    goal = next(goal for goal in outcome.goals if PGMQ in goal.name)
    assert goal.ratio == 2.0
    assert goal.ok


def test_a_peer_that_is_missing_is_named_and_its_goals_are_missed() -> None:
    outcome = result(findings(OURS, PGMQ), {PROCRASTINATE: "no network"}, Path("chart.png"))
    table = outcome.table()
    assert f"{PROCRASTINATE} is missing: no network" in table
    assert f"MISS  drain, ours ÷ {PROCRASTINATE}: not measured (≥ 20)" in table
    assert not outcome.ok
    ratios = json.loads(outcome.json_line("jobs"))["ratios"]
    assert ratios[f"drain, ours ÷ {PROCRASTINATE}"] is None
    assert ratios[f"drain, ours ÷ {PGMQ}"] == 2.0


def test_the_chart_is_a_picture(tmp_path: Path) -> None:
    drawn = chart.draw(findings(OURS, PGMQ).measured, tmp_path / "chart.png")
    assert drawn.read_bytes().startswith(b"\x89PNG")
