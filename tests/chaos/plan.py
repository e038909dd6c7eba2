"""Which jobs there are, by the seed: so many of each sort, shuffled."""

import random
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

FIRMS = 5
PRIORITIES = {"high": 2, "default": 6, "low": 2}
# Jobs with one unique key: as soon as one of them has ended, the next is a job of its own.
SAME_KEY = 4


@dataclass(frozen=True)
class Planned:
    """Arguments of private.enqueue, and what the job must come to: `done`, the code it dies with,
    or `poison`, which dies with whatever code the engine has for it."""

    number: int
    kind: str
    payload: dict[str, Any]
    fate: str
    firm_id: str
    priority: str
    key: str | None = None
    delay_s: int = 0


@dataclass(frozen=True)
class Sort:
    """A share of all jobs, in thousandths; of a share above nothing there is at least one."""

    per_mille: float
    kind: str = "chaos.work"
    fate: str = "done"
    payload: dict[str, Any] = field(default_factory=dict)
    keyed: bool = False
    delays: tuple[int, ...] = (0,)

    def count(self, jobs: int) -> int:
        return max(round(jobs * self.per_mille / 1000), self.per_mille > 0)


SORTS = (
    Sort(80, payload={"fails": 1}),
    Sort(20, payload={"fails": 3}),
    Sort(15, payload={"seconds": 1.0}),
    # Longer than it takes until a lease is over and another runner has the job.
    Sort(10, payload={"seconds": 4.0}),
    Sort(60, delays=(1, 2, 5)),
    Sort(80, keyed=True),
    Sort(20, kind="chaos.refuse", fate="refused"),
    Sort(10, kind="chaos.exhaust", fate="retry_later"),
    Sort(10, fate="bad_payload", payload={"fails": "many"}),
    Sort(10, kind="chaos.unheard_of", fate="unknown_kind"),
    Sort(0.3, kind="chaos.crash", fate="poison", payload={"how": "signal"}),
    Sort(0.3, kind="chaos.crash", fate="poison", payload={"how": "pointer"}),
    Sort(0.3, kind="chaos.flood", fate="result_too_large"),
)


def plan(jobs: int, rng: random.Random) -> list[dict[str, Any]]:
    """`jobs` jobs as chaos.enqueue takes them; what no sort claims is plain work."""
    special = [sort for sort in SORTS for _ in range(sort.count(jobs))]
    sorts = special + [Sort(1000)] * (jobs - len(special))
    rng.shuffle(sorts)
    firms = [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(FIRMS)]
    keys = max(1, sum(sort.keyed for sort in sorts) // SAME_KEY)
    return [
        asdict(
            Planned(
                number,
                sort.kind,
                {"number": number, **sort.payload},
                sort.fate,
                rng.choice(firms),
                rng.choices(list(PRIORITIES), list(PRIORITIES.values()))[0],
                key=f"key-{rng.randrange(keys)}" if sort.keyed else None,
                delay_s=rng.choice(sort.delays),
            )
        )
        for number, sort in enumerate(sorts)
    ]
