"""Spans go to the provider that the application has set up, and nowhere without one."""

import subprocess
import sys

PROGRAM = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from edge_jobs.attempt import Attempt
from edge_jobs.registry import Job
from edge_jobs.telemetry import Telemetry

exporter = InMemorySpanExporter()
if {provider}:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
job = Job("default:1", "test.noop", 2, None, api=None, log=None)
with Telemetry(None).span(Attempt(("jobs_default", 1, 2), {{}}, job)):
    pass
for span in exporter.get_finished_spans():
    print(span.name, dict(span.attributes))
"""


def spans(*, provider: bool) -> str:
    program = PROGRAM.format(provider=provider)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_span_says_which_attempt_it_is() -> None:
    assert spans(provider=True) == (
        "test.noop {'job.id': 'default:1', 'job.kind': 'test.noop', 'job.attempt': 2,"
        " 'job.firm': ''}\n"
    )


def test_without_a_provider_there_is_none() -> None:
    assert spans(provider=False) == ""
