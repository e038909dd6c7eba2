"""The steps of the pipeline one by one, each in the sandbox it has in production."""

import os
import statistics
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2

from bench.files import bare, documents
from bench.report import Goal
from edge_jobs import sandbox
from edge_jobs.files import archive
from edge_jobs.files.kinds import SUFFIXES

ROUNDS = 15
Found = tuple[list[list[str]], list[Goal]]


def measure() -> Found:
    with TemporaryDirectory(prefix="firmbase-bench-") as folder:
        work = Path(folder)
        found = [step(work) for step in (_isolation, _pdf_text, _zip_guard, _hostile)]
    return [row for rows, _ in found for row in rows], [
        goal for _, goals in found for goal in goals
    ]


def _isolation(work: Path) -> Found:
    """An empty child: what the sandbox adds to each file."""
    (work / "source").touch()

    def child() -> None:
        sandbox.run("bench.files.targets:nothing", work / "source", work)

    sandbox.close()
    first = _milliseconds(child)
    each = statistics.median(_milliseconds(child) for _ in range(10 * ROUNDS))
    return (
        [["sandbox, first file", f"{first:.0f} ms"], ["sandbox, each further", f"{each:.1f} ms"]],
        [
            Goal("sandbox of the first file ÷ 250 ms", first / 250, at_most=1),
            Goal("sandbox of each further file ÷ 50 ms", each / 50, at_most=1),
        ],
    )


def _pdf_text(work: Path) -> Found:
    source = work / "fifty.pdf"
    source.write_bytes(documents.fifty_pages())

    def ours() -> None:
        sandbox.run("bench.files.targets:pdf_text", source, work)

    def again() -> None:
        bare.pdf_text(pypdfium2.PdfDocument(source))

    def theirs() -> None:
        # Like ours in a process that has the library loaded and has read nothing before: what a
        # process of its own costs is measured above.
        if not (child := os.fork()):
            again()
            os._exit(0)
        os.waitpid(child, 0)

    taken: dict[Callable[[], None], list[float]] = {ours: [], theirs: []}
    for _ in range(ROUNDS):
        for call, samples in taken.items():
            samples.append(_milliseconds(call))
    warm = statistics.median(_milliseconds(again) for _ in range(ROUNDS))
    sandboxed, plain = (statistics.median(taken[call]) for call in (ours, theirs))
    told = f"{sandboxed:.0f} ms; bare {plain:.0f} ms, {warm:.0f} ms in a process that repeats it"
    return (
        [["text of 50 PDF pages", told]],
        [Goal("text of a PDF: speed ÷ bare pypdfium2", plain / sandboxed, at_least=0.8)],
    )


def _zip_guard(_work: Path) -> Found:
    worst, name = 0.0, ""
    for path in documents.real():
        if not zipfile.is_zipfile(path):
            continue
        with zipfile.ZipFile(path) as opened:
            taken = statistics.median(
                _milliseconds(partial(archive.guard, opened)) for _ in range(ROUNDS)
            )
        worst, name = max((worst, name), (taken, path.name))
    return (
        [["zip guard, slowest document", f"{worst:.1f} ms ({name})"]],
        [Goal("zip guard ÷ 100 ms", worst / 100, at_most=1)],
    )


def _hostile(work: Path) -> Found:
    rows, cpu, peak = [], 0.0, 0
    for what, (name, content) in documents.hostile().items():
        source = work / name
        source.write_bytes(content)
        kind = SUFFIXES[source.suffix]
        end = sandbox.attempt("edge_jobs.files.inspect:inspect", source, work, kind)
        rows.append([f"hostile: {what}", f"{end.cpu_s:.2f} s CPU, {end.peak_kib // 1024} MiB"])
        cpu, peak = max(cpu, end.cpu_s), max(peak, end.peak_kib)
    return rows, [
        # The kernel counts in ticks and ends a process after the one that was too many.
        Goal("hostile files: most CPU ÷ 10 s", cpu / 10, at_most=1.05),
        Goal("hostile files: most memory ÷ 1 GiB", peak / 1024**2, at_most=1),
    ]


def _milliseconds(call: Callable[[], None]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000
