"""Damaged documents of every kind, through the real sandbox.

Whatever is done to them, the outcome is a file or a refusal with a known code: nothing takes the
process down that forks the children, and nothing is taken for a fault of ours.
"""

import io
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_jobs import sandbox
from edge_jobs.files.kinds import SUFFIXES, Kind
from edge_jobs.files.process import examine
from edge_jobs.files.reasons import sentence
from tests.unit import documents, mails
from tests.unit.looking import SAMPLES

# How many of each kind; `make fuzz` has more.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "20"))

SEEDS = {
    "google-doc-document.pdf": None,
    "owner-password.pdf": None,
    "scripted.pdf": documents.packed_pdf(b"<</S/JavaScript/JS(app.alert)>>"),
    "testWORD_features.docx": None,
    "testEXCEL.xlsx": None,
    "testPPT.pptx": None,
    "testStyles.odt": None,
    "sheet.ods": documents.opendocument(Kind.ODS, "<table:table><text:p>a</text:p></table:table>"),
    "cells.xlsx": documents.xlsx(documents.far_cell("B2")),
    "testJPEG_EXIF.jpg": None,
    "photo.heic": None,
    "flat.png": documents.picture("PNG", (60, 40)),
    "flat.webp": documents.picture("WEBP", (60, 40)),
    "flat.tiff": documents.picture("TIFF", (60, 40)),
    "mail.eml": mails.eml(html=True, attachment="a.pdf"),
    "mail.msg": mails.msg({"0037": "Rates", "1000": "The rate is 950."}, "a.pdf"),
}

PACKED = (".docx", ".xlsx", ".pptx", ".odt", ".ods")

ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")
# Values that lengths, offsets and counts go wrong with.
AWKWARD = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@dataclass(frozen=True)
class Damaged:
    """Too long to be shown."""

    raw: bytes = field(repr=False)


@st.composite
def damaged(draw: st.DrawFn, sound: Damaged) -> Damaged:
    """The document after a few strokes: mostly at its ends, where headers and directories are."""
    data = bytearray(sound.raw)
    for _ in range(draw(st.integers(1, 6))):
        size = max(len(data), 1)
        reach = min(draw(st.sampled_from((64, 512, size))), size)
        at = draw(st.integers(0, reach - 1))
        at = size - 1 - at if draw(st.booleans()) else at
        match draw(st.sampled_from(("byte", "number", "cut", "drop", "double", "noise"))):
            case "byte":
                data[at : at + 1] = bytes([draw(st.integers(0, 255))])
            case "number":
                order = draw(st.sampled_from(ORDERS))
                data[at : at + 4] = draw(st.sampled_from(AWKWARD)).to_bytes(4, order)
            case "cut":
                del data[at:]
            case "drop":
                del data[at : at + draw(st.integers(1, 64))]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 512))]
            case "noise":
                data[at:at] = draw(st.binary(min_size=1, max_size=64))
    return Damaged(bytes(data))


@st.composite
def damaged_within(draw: st.DrawFn, sound: Damaged) -> Damaged:
    """A sound zip, of which one part is damaged: the checksums do not give it away."""
    with zipfile.ZipFile(io.BytesIO(sound.raw)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = draw(st.sampled_from([name for name in parts if parts[name]]))
    return Damaged(documents.zipped({**parts, name: draw(damaged(Damaged(parts[name]))).raw}))


@pytest.mark.parametrize("name", SEEDS)
def test_damaged_documents(name: str) -> None:
    raw = SEEDS[name] or (SAMPLES / name).read_bytes()
    survive(name, damaged(Damaged(raw)))


@pytest.mark.parametrize("name", [name for name in SEEDS if Path(name).suffix in PACKED])
def test_documents_with_damaged_parts(name: str) -> None:
    raw = SEEDS[name] or (SAMPLES / name).read_bytes()
    survive(name, damaged_within(Damaged(raw)))


def survive(name: str, contents: st.SearchStrategy[Damaged]) -> None:
    @settings(
        max_examples=EXAMPLES,
        # The same ones each time, unless somebody is looking for more.
        derandomize="FUZZ_EXAMPLES" not in os.environ,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(content=contents)
    def survives(content: Damaged) -> None:
        with TemporaryDirectory() as folder:
            source, work = Path(folder, "source"), Path(folder, "work")
            source.write_bytes(content.raw)
            work.mkdir()
            try:
                found = examine(source, work, name, SUFFIXES[Path(name).suffix])
            except sandbox.SandboxFailed:
                # To look at: the smallest one that was found is what stays there.
                Path(".hypothesis").mkdir(exist_ok=True)
                Path(".hypothesis", f"damaged-{name}").write_bytes(content.raw)
                raise
        assert found.get("mime") or sentence(found["rejected"], name)

    before = processes()
    survives()
    assert processes() == before


def processes() -> set[int]:
    """Those that the children are forked from, with one made where there is none."""
    with TemporaryDirectory() as folder:
        source = Path(folder, "source")
        source.touch()
        found = sandbox.run("tests.unit.sandboxed:keep", source, Path(folder))
    return {found["parent"]}
