"""Files on the whole way: uploaded by a person, claimed, fetched, read, drawn, stored and ready.

One runner with two slots, so that two processes do the work, on the local stack, which has the
same two cores. The peer reads as many local files with two processes and nothing else to do.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from bench.files import documents
from bench.report import Goal
from cli.demo.people import sign_up
from cli.local.config import ROOT, Config, random_bases
from cli.local.project import migrate
from cli.local.stack import Stack
from edge_jobs.files.kinds import SUFFIXES

FILES, LITTLE_ONES = 200, 1000
LARGE_BYTES = 50_000_000
ROUNDS = 2
PROCESSES = 2

RUNNER = f"""
from edge_jobs.runner import Runner
from edge_jobs.settings import Settings
Runner(Settings.load(), watch=False, slots={PROCESSES}).run()
"""
Found = tuple[list[list[str]], list[Goal]]


@dataclass(frozen=True)
class Firm:
    """A firm, somebody who uploads, and the database behind both."""

    id: str
    token: str
    config: Config
    database: psycopg.Connection[Any]

    def upload(self, name: str, content: bytes) -> None:
        headers = {
            "apikey": self.config.keys.publishable,
            "Authorization": f"Bearer {self.token}",
        }
        kind = SUFFIXES[Path(name).suffix]
        with httpx.Client(base_url=self.config.api_url, headers=headers, timeout=60) as client:
            begin = {"firm_id": self.id, "name": name, "size_bytes": len(content), "mime": kind}
            file = client.post("/rest/v1/rpc/begin_upload", json=begin).raise_for_status().json()
            client.post(
                f"/storage/v1/object/firm-files/{file['path']}",
                content=content,
                headers={"content-type": kind},
            ).raise_for_status()
            finish = {"file_id": file["id"]}
            client.post("/rest/v1/rpc/finish_upload", json=finish).raise_for_status()

    def left(self) -> int:
        row = self.database.execute(
            "select count(*) from public.files where status = 'processing'"
        ).fetchone()
        assert row is not None  # noqa: S101
        return int(row[0])

    def check(self, count: int) -> None:
        """A file that did not become ready would be no measurement."""
        rows = self.database.execute(
            "delete from public.files returning status, name, reason"
        ).fetchall()
        unready = [row for row in rows if row[0] != "ready"]
        if unready or len(rows) != count:
            raise RuntimeError(f"{len(rows)} of {count} files, not ready: {unready}")


def measure() -> Found:
    with firm() as ours:
        found = [step(ours) for step in (_end_to_end, _large_file, _many_files)]
    return [row for rows, _ in found for row in rows], [
        goal for _, goals in found for goal in goals
    ]


@contextmanager
def firm() -> Iterator[Firm]:
    with tempfile.TemporaryDirectory(prefix="firmbase-bench-") as folder:
        Path(folder).chmod(0o711)
        stack = Stack(Path(folder) / "stack")
        config = stack.up(bases=random_bases(), throwaway=True)
        try:
            migrate(config)
            person = sign_up(config, "Mara Lindqvist", "mara@example.com")
            session = person.client.auth.get_session()
            assert session is not None  # noqa: S101
            begin = {"name": "Bench", "slug": "bench", "currency": "EUR", "timezone": "UTC"}
            made: Any = person.client.rpc("create_firm", begin).execute().data
            with stack.connect() as database:
                yield Firm(made["id"], session.access_token, config, database)
        finally:
            stack.remove()


def _end_to_end(ours: Firm) -> Found:
    paths = documents.mixed(FILES)
    best_ours = best_theirs = float("inf")
    for _ in range(ROUNDS):
        _upload(ours, [(path.name, path.read_bytes()) for path in paths])
        best_ours = min(best_ours, _drain(ours))
        ours.check(FILES)
        # The objects of the files that went with the check.
        _drain(ours)
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "bench.files.bare", *map(str, paths)],
            check=True,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        best_theirs = min(best_theirs, time.perf_counter() - begun)
    row = f"{best_ours:.1f} s, bare {best_theirs:.1f} s"
    goal = Goal("end to end: speed ÷ bare libraries", best_theirs / best_ours, at_least=0.6)
    return [[f"{FILES} real documents, {PROCESSES} processes", row]], [goal]


def _large_file(ours: Firm) -> Found:
    """What the runner has in memory while 50 MB go through it."""
    line = b"2026-11-22;Harbour Foods;950.00\n"
    content = line * (LARGE_BYTES // len(line))
    _upload(ours, [("times.csv", content)])
    peak = 0.0
    with _runner(ours) as runner:
        while runner.poll() is None:
            peak = max(peak, _mebibytes(runner, "VmHWM"))
            time.sleep(0.01)
    ours.check(1)
    goal = Goal("50 MB through the runner: its memory ÷ 100 MB", peak / 100, at_most=1)
    return [["runner's memory, 50 MB file", f"{peak:.0f} MiB at most"]], [goal]


def _many_files(ours: Firm) -> Found:
    content = (documents.SAMPLES / "testWORD_features.docx").read_bytes()
    _upload(ours, [("letter.docx", content)] * LITTLE_ONES)
    seen: list[tuple[int, float]] = []
    with _runner(ours) as runner:
        while runner.poll() is None:
            if left := ours.left():
                seen.append((LITTLE_ONES - left, _mebibytes(runner, "VmRSS")))
            time.sleep(0.1)
    ours.check(LITTLE_ONES)
    fifth = next(memory for done, memory in seen if done >= LITTLE_ONES // 5)
    last = seen[-1][1]
    return (
        [
            [
                f"runner's memory, {LITTLE_ONES:,} files",
                f"{fifth:.0f} MiB, at the end {last:.0f} MiB",
            ]
        ],
        [
            Goal(
                f"runner's memory after {LITTLE_ONES:,} files ÷ after 200",
                last / fifth,
                at_most=1.1,
            )
        ],
    )


def _upload(ours: Firm, files: Sequence[tuple[str, bytes]]) -> None:
    with ThreadPoolExecutor(4) as pool:
        # Through a list: what went wrong in a thread is raised.
        list(pool.map(lambda file: ours.upload(*file), files))


def _drain(ours: Firm) -> float:
    """Seconds until nothing is due any more."""
    begun = time.perf_counter()
    with _runner(ours) as runner:
        runner.wait()
    return time.perf_counter() - begun


@contextmanager
def _runner(ours: Firm) -> Iterator[subprocess.Popen[bytes]]:
    env = os.environ | ours.config.environment() | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", RUNNER], env=env, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _mebibytes(process: subprocess.Popen[bytes], field: str) -> float:
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except FileNotFoundError:
        return 0.0
    found = [line for line in status.splitlines() if line.startswith(field)]
    return int(found[0].split()[1]) / 1024 if found else 0.0
