"""`firmbase jobs stats --prometheus`: the text format, for a collector of files or a script."""

from collections.abc import Iterable, Iterator
from typing import Any

from cli.jobs.words import age_s

Samples = Iterable[tuple[dict[str, str], float]]
STATES = ("ready", "running", "waiting", "dead")


def exposition(stats: list[dict[str, Any]]) -> str:
    """`stats`: what jobs_stats answers."""
    # Kinds of which nothing is queued have no priority, and what has ended is counted by kind only:
    # a kind with jobs of two priorities has it in both its rows.
    queued = [kind for kind in stats if kind["priority"]]
    kinds = {kind["kind"]: kind for kind in stats}
    lines = [
        *gauge(
            "firmbase_jobs",
            "Jobs by kind, priority and state.",
            (({**names(kind), "state": state}, kind[state]) for kind in queued for state in STATES),
        ),
        *gauge(
            "firmbase_jobs_lag_seconds",
            "How long the oldest job that is ready has waited.",
            ((names(kind), lag(kind)) for kind in queued),
        ),
        *gauge(
            "firmbase_jobs_paused",
            "1 where the kind or its queue is paused.",
            ((names(kind), float(kind["paused"])) for kind in queued),
        ),
        *gauge(
            "firmbase_jobs_ended_last_hour",
            "Attempts that ended in the last hour.",
            (
                ({"kind": name, "outcome": outcome}, kind[f"{outcome}_1h"])
                for name, kind in kinds.items()
                for outcome in ("done", "failed")
            ),
        ),
        *gauge(
            "firmbase_jobs_seconds_last_hour",
            "What the handlers of the jobs done in the last hour took.",
            (({"kind": name}, kind["seconds_1h"]) for name, kind in kinds.items()),
        ),
    ]
    return "".join(f"{line}\n" for line in lines)


def gauge(name: str, help: str, samples: Samples) -> Iterator[str]:
    yield f"# HELP {name} {help}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        written = ",".join(f'{label}="{escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{written}}} {value:.15g}"


def names(kind: dict[str, Any]) -> dict[str, str]:
    return {"kind": kind["kind"], "priority": kind["priority"]}


def lag(kind: dict[str, Any]) -> float:
    at = kind["oldest_ready_at"]
    return max(age_s(at), 0.0) if at else 0.0


def escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
