"""What a benchmark hands back, and how it is printed."""

import json
import math
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Goal:
    """A ratio of two measurements and the most, or the least, it may be.

    Not a number where one of the two could not be taken: no bound lets that pass.
    """

    name: str
    ratio: float
    at_most: float = math.inf
    at_least: float = -math.inf

    @property
    def ok(self) -> bool:
        return self.at_least <= self.ratio <= self.at_most

    @property
    def value(self) -> str:
        return "not measured" if math.isnan(self.ratio) else f"{self.ratio:.2f}"

    @property
    def bounds(self) -> str:
        least = [f"≥ {self.at_least:g}"] if self.at_least > -math.inf else []
        most = [f"≤ {self.at_most:g}"] if self.at_most < math.inf else []
        return " and ".join(least + most)


@dataclass(frozen=True)
class Result:
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal]
    notes: Sequence[str] = ()

    @property
    def ok(self) -> bool:
        return all(goal.ok for goal in self.goals)

    def table(self) -> str:
        rows = [list(self.columns), *map(list, self.rows)]
        widths = [max(len(row[n]) for row in rows) for n in range(len(self.columns))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
        lines.insert(1, "  ".join("-" * width for width in widths))
        lines += ["", *self.notes, ""] if self.notes else [""]
        lines += [
            f"{'ok  ' if goal.ok else 'MISS'}  {goal.name}: {goal.value} ({goal.bounds})"
            for goal in self.goals
        ]
        return "\n".join(lines)

    def json_line(self, name: str) -> str:
        return json.dumps(
            {
                "bench": name,
                "ratios": {
                    goal.name: None if math.isnan(goal.ratio) else round(goal.ratio, 3)
                    for goal in self.goals
                },
                "goals": {goal.name: goal.bounds for goal in self.goals},
                "ok": self.ok,
            },
            ensure_ascii=False,
        )


@dataclass(frozen=True)
class Run:
    """Median time of a command in milliseconds: on the clock, and on the processor."""

    wall_ms: float
    cpu_ms: float


def time_commands(
    commands: Mapping[str, Sequence[str]], *, rounds: int, env: Mapping[str, str]
) -> dict[str, Run]:
    """Runs the commands in turn, so that a noisy moment hits all of them alike.

    Raises:
        subprocess.CalledProcessError: a command failed, so its time means nothing.
    """
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            samples[name].append(time_once(command, env))
    return {
        name: Run(*(statistics.median(values) for values in zip(*taken, strict=True)))
        for name, taken in samples.items()
    }


def time_once(command: Sequence[str], env: Mapping[str, str]) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    subprocess.run(command, env=env, check=True, capture_output=True)
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return wall * 1000, cpu * 1000


@dataclass(frozen=True)
class Times:
    """What a call that was repeated took, in milliseconds."""

    median_ms: float
    p95_ms: float

    @classmethod
    def of(cls, taken: Sequence[float]) -> "Times":
        return cls(statistics.median(taken), sorted(taken)[math.ceil(0.95 * len(taken)) - 1])


def time_calls(
    calls: Mapping[Name, Callable[[], float]], *, rounds: int, seconds: float
) -> dict[Name, Times]:
    """Makes the calls in turn; each returns the milliseconds of what it measures.

    A call whose samples took this many seconds in all gets no more of them, but at least three.
    """
    samples: dict[Name, list[float]] = {name: [] for name in calls}
    for turn in range(rounds):
        for name, call in calls.items():
            if turn < 3 or sum(samples[name]) < seconds * 1000:
                samples[name].append(call())
    return {name: Times.of(taken) for name, taken in samples.items()}
