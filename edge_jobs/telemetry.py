"""What a runner tells the outside: metrics for Prometheus and spans for OpenTelemetry, each where
its library is installed (`pip install prometheus-client opentelemetry-api`)."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from edge_jobs.attempt import Attempt


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


class Telemetry:
    """`port`: where to serve the metrics over HTTP, on all addresses; None: nowhere."""

    def __init__(self, port: int | None) -> None:
        trace = _library("opentelemetry.trace")
        self._tracer = trace and trace.get_tracer("firmbase.jobs")
        self._ended: Any = None
        self._seconds: Any = None
        if port is not None:
            prometheus = importlib.import_module("prometheus_client")
            self._ended = prometheus.Counter(
                "firmbase_jobs_ended", "Attempts that ended.", ["kind", "outcome"]
            )
            self._seconds = prometheus.Histogram(
                "firmbase_job_seconds", "What attempts took.", ["kind"]
            )
            prometheus.start_http_server(port)

    @contextmanager
    def span(self, attempt: Attempt) -> Iterator[None]:
        """Around one attempt. Its exporter is the application's to set up."""
        if self._tracer is None:
            yield
            return
        job = attempt.job
        facts = {
            "job.id": job.id,
            "job.kind": job.kind,
            "job.attempt": job.attempt,
            "job.firm": job.firm_id or "",
        }
        with self._tracer.start_as_current_span(job.kind, attributes=facts):
            yield

    def ended(self, kind: str, outcome: str, seconds: float) -> None:
        if self._ended is not None:
            self._ended.labels(kind, outcome).inc()
            self._seconds.labels(kind).observe(seconds)
