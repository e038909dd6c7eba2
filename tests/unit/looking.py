"""What the pipeline makes of bytes, through the real sandbox."""

from pathlib import Path
from typing import Any

from edge_jobs.files.kinds import SUFFIXES
from edge_jobs.files.process import examine

SAMPLES = Path(__file__).parents[1] / "samples"


def look(tmp_path: Path, raw: bytes, name: str, declared: str | None = None) -> dict[str, Any]:
    source, work = tmp_path / "source", tmp_path / "work"
    source.write_bytes(raw)
    work.mkdir()
    return examine(source, work, name, declared or SUFFIXES[Path(name).suffix])
