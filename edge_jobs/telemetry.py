"""What a runner tells the outside: metrics for Prometheus and spans for OpenTelemetry, each where
its library is installed (`pip install prometheus-client opentelemetry-api`)."""

import importlib
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from edge_jobs.attempt import Attempt

_NO_SPAN = nullcontext()


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


class Telemetry:
    """`port`: where to serve the metrics over HTTP, on all addresses; None: nowhere."""

    def __init__(self, port: int | None) -> None:
        trace = _library("opentelemetry.trace")
        # Without a provider that the application has set up, spans would go nowhere.
        known = trace and not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        self._tracer = trace.get_tracer("firmbase.jobs") if known else None
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

    def span(self, attempt: Attempt) -> AbstractContextManager[Any]:
        """Around one attempt. Its exporter is the application's to set up."""
        if self._tracer is None:
            return _NO_SPAN
        job = attempt.job
        facts = {
            "job.id": job.id,
            "job.kind": job.kind,
            "job.attempt": job.attempt,
            "job.firm": job.firm_id or "",
        }
        span: AbstractContextManager[Any] = self._tracer.start_as_current_span(
            job.kind, attributes=facts
        )
        return span

    def ended(self, kind: str, outcome: str, seconds: float) -> None:
        if self._ended is not None:
            self._ended.labels(kind, outcome).inc()
            self._seconds.labels(kind).observe(seconds)
