"""The figures that matter most as bars."""

import json
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typst

from bench.jobs.measure import FLOOD, Measured
from bench.jobs.systems import NO_FIRMS, SYNCHRONOUS
from cli.local.config import ROOT

TEMPLATE = Path(__file__).with_suffix(".typ")
OUT = ROOT / "bench" / "out" / "jobs.png"


def draw(measured: Mapping[str, Measured], out: Path = OUT) -> Path:
    """Writes the chart as PNG and returns where it is."""
    data = {
        "panels": [
            panel(
                measured,
                "Jobs drained a second",
                "two workers, jobs that do nothing; longer is better",
                lambda of: statistics.median(of.drain),
                "{:,.0f}",
            ),
            panel(
                measured,
                "From the call to the handler",
                "median, idle worker; shorter is better",
                lambda of: statistics.median(of.waited_ms),
                "{:.1f} ms",
            ),
            panel(
                {name: of for name, of in measured.items() if of.behind_flood_ms},
                f"One firm's job behind {FLOOD:,} of another",
                "median, from the call to the handler; shorter is better",
                lambda of: statistics.median(of.behind_flood_ms),
                "{:,.0f} ms",
            ),
        ]
    }
    out.parent.mkdir(exist_ok=True)
    inputs = {"data": json.dumps(data)}
    typst.compile(TEMPLATE, output=out, sys_inputs=inputs, ppi=160)
    return out


def panel(
    measured: Mapping[str, Measured],
    title: str,
    note: str,
    value: Callable[[Measured], float],
    form: str,
) -> dict[str, Any]:
    bars = [
        {
            "name": name,
            "value": value(of),
            "text": form.format(value(of)),
            "ours": name.startswith("ours"),
        }
        for name, of in measured.items()
        if name not in (NO_FIRMS, SYNCHRONOUS)
    ]
    return {"title": title, "note": note, "bars": bars}
