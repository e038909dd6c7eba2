"""Whatever callers and runners do, in whatever order: the SQL and the model agree at every step.

Hypothesis makes the stories up. One that fails is cut down to the steps that matter and printed,
with what it takes to play it again.
"""

from typing import Any

import psycopg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tests.jobs.conftest import QUEUES, Jobs, claims
from tests.jobs.model import LOST_LIMIT, PRIORITIES, Model, ModelJob

# Real time goes by while a story is played. It never comes near this many seconds, and all waits
# are multiples of it.
UNIT = 1000
FIRM = "00000000-0000-4000-8000-000000000001"

Claim = dict[str, Any]
waits = st.sampled_from([0, UNIT, 3 * UNIT])
leases = st.sampled_from([UNIT, 2 * UNIT])
workers = st.sampled_from(["ada", "ben"])


def job_id(claim: Claim) -> str:
    return f"{claim['queue'].removeprefix('jobs_')}:{claim['id']}"


class QueueMachine(RuleBasedStateMachine):
    claims: Bundle[Claim] = Bundle("claims")

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self.jobs = jobs
        self.model = Model()
        for table in (*(f"pgmq.q_{queue}" for queue in QUEUES), "private.job_keys"):
            jobs.db.execute(f"delete from {table}")
        jobs.db.execute("delete from private.dead_jobs")
        # What the SQL leaves to chance comes out the same when a story is played again.
        jobs.db.execute("select setseed(0.5)")

    @rule(
        kind=st.sampled_from(["test.one", "test.two"]),
        firm=st.sampled_from([None, FIRM]),
        key=st.sampled_from([None, "a", "b"]),
        delay=waits,
        priority=st.sampled_from(PRIORITIES),
        number=st.integers(0, 9),
    )
    def enqueue(
        self, kind: str, firm: str | None, key: str | None, delay: int, priority: str, number: int
    ) -> None:
        self.model.next_step()
        payload = {"number": number}
        new = self.jobs.enqueue(
            kind,
            payload,
            firm_id=firm,
            unique_key=key,
            delay=f"{delay} seconds",
            priority=priority,
        )
        assert (new is None) == (self.model.holder(kind, key) is not None)
        if new is not None:
            due = self.model.later(delay)
            self.model.enqueue(ModelJob(f"{priority}:{new}", kind, payload, firm, key, due))

    @rule(target=claims, worker=workers, qty=st.integers(1, 4), lease=leases)
    def claim(self, worker: str, qty: int, lease: int) -> MultipleResults[Claim]:
        return self.step(worker, lease, qty=qty)

    @rule(worker=workers, claim=claims)
    def ack(self, worker: str, claim: Claim) -> None:
        self.step(worker, UNIT, done=[claim])

    @rule(
        worker=workers,
        claim=claims,
        outcome=st.sampled_from(["retry", "snooze", "dead"]),
        wait=st.none() | waits,
    )
    def fail(self, worker: str, claim: Claim, outcome: str, wait: int | None) -> None:
        self.step(worker, UNIT, fail=[(claim, outcome, wait)])

    @rule(worker=workers, claim=claims, lease=leases)
    def extend(self, worker: str, claim: Claim, lease: int) -> None:
        self.step(worker, lease, extend=[claim])

    @rule(target=claims, worker=workers, qty=st.integers(0, 4), a=claims, b=claims, c=claims)
    def everything_at_once(
        self, worker: str, qty: int, a: Claim, b: Claim, c: Claim
    ) -> MultipleResults[Claim]:
        return self.step(worker, UNIT, qty=qty, done=[a], fail=[(b, "retry", 0)], extend=[b, c])

    @rule(units=st.sampled_from([1, 2, 10]))
    def pass_time(self, units: int) -> None:
        self.model.pass_time(units * UNIT)
        for queue in QUEUES:
            self.jobs.db.execute(
                f"update pgmq.q_{queue} set vt = vt - make_interval(secs => %s)", [units * UNIT]
            )

    @rule(
        target=claims,
        worker=workers,
        times=st.sampled_from([1, 2, 6, LOST_LIMIT + 1]),
        qty=st.integers(1, 3),
    )
    def runners_are_lost(self, worker: str, times: int, qty: int) -> MultipleResults[Claim]:
        """One after the other takes jobs and is not heard of again."""
        held: list[Claim] = []
        for _ in range(times):
            held += self.step(worker, UNIT, qty=qty).values
            self.pass_time(1)
        return multiple(*held)

    @rule(chosen=st.integers(0, 9))
    def send_back(self, chosen: int) -> None:
        """An operator has a dead job run again."""
        if not self.model.dead:
            return
        self.model.next_step()
        dead = list(self.model.dead.values())[chosen % len(self.model.dead)]
        query = "select public.jobs_retry(%s)"
        if self.model.holder(dead.kind, dead.key):
            with pytest.raises(psycopg.Error, match="queued already"):
                self.jobs.value(query, dead.id)
            return
        new = self.jobs.value(query, dead.id)
        del self.model.dead[dead.id]
        self.model.enqueue(
            ModelJob(new, dead.kind, dead.payload, dead.firm_id, dead.key, self.model.now)
        )

    def step(
        self,
        worker: str,
        lease: int,
        *,
        qty: int = 0,
        done: list[Claim] | None = None,
        fail: list[tuple[Claim, str, int | None]] | None = None,
        extend: list[Claim] | None = None,
    ) -> MultipleResults[Claim]:
        """public.jobs_step, and the model after it. `fail` has (claim, outcome, seconds)."""
        self.model.next_step()
        answer = self.jobs.step(
            worker=worker,
            vt=lease,
            qty=qty,
            done={c["queue"]: [[c["id"], c["read"]]] for c in done or []},
            fail={
                c["queue"]: [
                    {
                        "id": c["id"],
                        "read": c["read"],
                        "outcome": outcome,
                        "code": "code",
                        "error": "error",
                        "after_s": wait,
                    }
                ]
                for c, outcome, wait in fail or []
            },
            extend=by_queue(extend or []),
        )
        for claim in done or []:
            self.model.done(job_id(claim), claim["read"])
        for claim, outcome, wait in fail or []:
            seconds = 0 if outcome == "dead" else UNIT if wait is None else wait
            id = job_id(claim)
            counts = self.model.fail(id, claim["read"], worker, outcome, "code", seconds)
            if counts and wait is None and outcome != "dead":
                self.round_the_backoff(id)
        lost = [
            [c["queue"], c["id"], c["read"]]
            for c in extend or []
            if not self.model.extend(job_id(c), c["read"], lease)
        ]
        assert sorted(answer["lost"]) == sorted(lost)
        taken = claims(answer)
        self.compare_claims(taken, worker, qty, lease)
        return multiple(*taken)

    def round_the_backoff(self, id: str) -> None:
        """How long it is other tests check; in the model nothing is left to chance."""
        priority, number = id.split(":")
        self.jobs.db.execute(
            f"update pgmq.q_jobs_{priority} set vt = clock_timestamp() + make_interval(secs => %s)"
            " where msg_id = %s",
            [UNIT, number],
        )

    def compare_claims(self, taken: list[Claim], worker: str, qty: int, lease: int) -> None:
        dead = {job["id"] for job in self.jobs.list(state="dead")} - self.model.dead.keys()
        by_id = {job_id(claim): claim for claim in taken}
        assert len(by_id) == len(taken), "a job is handed out twice"
        due = {priority: self.model.may_run(priority) for priority in PRIORITIES}
        gone = by_id.keys() | dead
        counts = {p: sum(job.id in by_id for job in jobs) for p, jobs in due.items()}
        assert counts in (greedy(due, qty, PRIORITIES), greedy(due, qty, PRIORITIES[::-1])), (
            "the urgent ones first, or the last ones once in a while"
        )
        for jobs in due.values():
            lanes = by_lane(jobs)
            for lane in lanes:
                left = [job.due for job in lane if job.id not in gone]
                went = [job.due for job in lane if job.id in gone]
                assert not (left and went) or max(went) <= min(left), "not the longest due"
            if not dead:
                most = max((sum(job.id in gone for job in lane) for lane in lanes), default=0)
                waiting = [lane for lane in lanes if any(job.id not in gone for job in lane)]
                fewest = min(
                    (sum(job.id in gone for job in lane) for lane in waiting), default=most
                )
                assert most - fewest <= 1, "lanes take turns"
        order = [
            job.id
            for jobs in due.values()
            for job in jobs
            if job.id in gone and self.model.claim(job, lease, worker)
        ]
        assert by_id.keys() == set(order)
        for id, claim in by_id.items():
            job = self.model.queued[id]
            assert (claim["read"], claim["attempt"]) == (job.read, job.attempt)
            assert (claim["kind"], claim["payload"]) == (job.kind, job.payload)
            assert claim.get("firm_id") == job.firm_id

    @invariant()
    def they_agree(self) -> None:
        shown = [
            (
                *(job[name] for name in ("id", "kind", "state", "attempts", "firm_id", "payload")),
                [(entry["code"], entry["worker"]) for entry in job["history"]],
            )
            for job in self.jobs.list()
        ]
        assert sorted(shown) == sorted(self.model.states())
        held = self.jobs.db.execute(
            "select kind, key, substr(queue, 6) || ':' || msg_id from private.job_keys"
        ).fetchall()
        assert sorted(held) == sorted(self.model.keys())


def greedy(due: dict[str, list[ModelJob]], qty: int, order: tuple[str, ...]) -> dict[str, int]:
    """How many jobs of each queue are handed out; those that die of it do not count."""
    counts: dict[str, int] = {}
    for priority in order:
        alive = [job for job in due[priority] if job.read + 1 - job.settled <= LOST_LIMIT]
        counts[priority] = min(qty - sum(counts.values()), len(alive))
    return counts


def by_lane(jobs: list[ModelJob]) -> list[list[ModelJob]]:
    lanes: dict[tuple[str, str | None], list[ModelJob]] = {}
    for job in jobs:
        lanes.setdefault((job.kind, job.firm_id), []).append(job)
    return list(lanes.values())


def by_queue(claims: list[Claim]) -> dict[str, list[list[int]]]:
    sorted_out: dict[str, list[list[int]]] = {}
    for claim in claims:
        sorted_out.setdefault(claim["queue"], []).append([claim["id"], claim["read"]])
    return sorted_out


def test_the_queue_does_what_the_model_does(jobs: Jobs) -> None:
    # The clock's own jobs would be none of the model's.
    jobs.db.execute("update private.job_clock set ticked_at = 'infinity'")
    run_state_machine_as_test(
        lambda: QueueMachine(jobs),  # type: ignore[arg-type]  # any factory, its docstring says
        settings=settings(
            max_examples=100,
            stateful_step_count=40,
            deadline=None,
            print_blob=True,
            report_multiple_bugs=False,
        ),
    )
