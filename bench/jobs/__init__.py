"""Our job engine and its peers on one machine in one run: two workers each, jobs that do nothing.

The peers on Postgres share the server with ours, each in a database of its own, with the server's
own synchronous_commit and fsync. Ours queues jobs that durably too; what it gives up is that an
acknowledgement may be lost with the server's power, which runs the job once more: the row "ours,
synchronous acks" is without that. Redis writes nothing to the disk, so its peers lose what is
queued: they are measured at their fastest, not at equal terms. Celery also acknowledges a job
before it runs. Peers log nothing for each job; ours logs as always.

The first run installs the peers' packages beside their programs (bench/jobs/programs); Redis must
be there.
"""

import shutil
import sys
from contextlib import ExitStack

from bench.jobs import chart, claims, install, measure, servers, systems
from bench.jobs.measure import Measured
from bench.jobs.outcome import FEW, MANY, Findings, result
from bench.jobs.systems import Size, System
from bench.report import Result
from cli.local.config import Config

# The peers that are through the flood within seconds.
FLOODED = (systems.OURS, systems.GRAPHILE, systems.PG_BOSS, systems.BULLMQ)
NO_REDIS = "redis-server is missing: apt-get install redis-server"


def run() -> Result:
    with ExitStack() as stack:
        say("starts the servers")
        config = stack.enter_context(servers.stack())
        found, missing = here(config, stack)
        findings = compare(found)
    return result(findings, missing, chart.draw(findings.measured))


def here(config: Config, stack: ExitStack) -> tuple[list[System], dict[str, str]]:
    """The systems that can run on this machine, ready to; of the others, what they lack."""
    peers = systems.on_postgres(config)
    if program := shutil.which("redis-server"):
        url = stack.enter_context(servers.redis(program))
    else:
        url = ""
    peers += systems.on_redis(url)

    missing: dict[str, str] = {}
    for needed_by, installs in (
        (install.PYTHON, install.python_peers),
        (install.NODE, install.node_peers),
    ):
        try:
            installs()
        except install.NotInstalled as error:
            missing |= {p.name: str(error) for p in peers if p.program[0] == str(needed_by)}
    if not url:
        missing |= {p.name: NO_REDIS for p in peers if p.database is None}

    able = [peer for peer in peers if peer.name not in missing]
    for peer in able:
        if peer.database:
            servers.make_database(config, peer)
    return [*systems.ours(config, Size(20_000)), *able], missing


def compare(found: list[System]) -> Findings:
    """Every measurement; in rounds, so that a noisy moment hits all systems alike."""
    measured = {system.name: Measured() for system in found}
    for number in range(max(system.size.rounds for system in found)):
        for system in found:
            if number < system.size.rounds:
                say(f"round {number + 1}: {system.name}")
                measure.fill_and_drain(system, measured[system.name])
    for system in found:
        say(f"pick-up: {system.name}")
        measured[system.name].waited_ms = measure.pick_up(system)
    for system in found:
        if system.name in FLOODED:
            say(f"behind another firm's flood: {system.name}")
            measured[system.name].behind_flood_ms = measure.behind_flood(system)
    say("runs that find nothing")
    for name, cost in measure.look_once(found).items():
        measured[name].idle = cost
    own = next(system for system in found if system.name == systems.OURS)
    say("memory")
    measured[own.name].megabytes = measure.memory(own, FEW, MANY)
    say("claims behind delayed jobs")
    behind = claims.behind_delayed(own)
    for system in found:
        if system.finished:
            say(f"behind a million finished jobs: {system.name}")
            try:
                measured[system.name].behind_million = measure.behind_million(system)
            except measure.JobsLeft as error:
                # A peer that stops there costs its own figure, not the others'.
                if system is own:
                    raise
                say(str(error))
    return Findings(found, measured, behind)


def say(step: str) -> None:
    print(f"  {step} …", file=sys.stderr, flush=True)
