"""What the pipeline shows of each real document, on one sheet."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst

from bench.files import documents
from cli.local.config import ROOT
from edge_jobs.files.kinds import SUFFIXES
from edge_jobs.files.preview import THUMBNAIL
from edge_jobs.files.process import examine

TEMPLATE = Path(__file__).with_suffix(".typ")
OUT = ROOT / "bench" / "out" / "files.png"


def draw(out: Path = OUT) -> Path:
    """Writes the sheet as PNG and returns where it is."""
    out.parent.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="firmbase-bench-") as folder:
        cards = [card(path, Path(folder) / path.stem) for path in documents.real()]
        inputs = {"cards": json.dumps(cards)}
        compiler = typst.Compiler(TEMPLATE.read_bytes(), root=folder, sys_inputs=inputs)
        compiler.compile(output=out, ppi=130)
    return out


def card(path: Path, work: Path) -> dict[str, Any]:
    """Name, facts, and where the thumbnail is, if there is one."""
    work = work.with_name(f"{work.name}-{path.suffix[1:]}")
    work.mkdir()
    found = examine(path, work, path.name, SUFFIXES[path.suffix])
    language = found["language"]
    facts = {
        "pages": found["page_count"],
        "words": found["word_count"],
        "hints": len(found["hints"]),
    }
    told = [
        f"{number:,} {what if number > 1 else what[:-1]}"
        for what, number in facts.items()
        if number
    ]
    if language not in (None, "simple"):
        told.append(language.capitalize())
    thumbnail = work / THUMBNAIL
    return {
        "name": path.name,
        "facts": " · ".join(told),
        "picture": f"/{work.name}/{THUMBNAIL}" if thumbnail.exists() else "",
    }
