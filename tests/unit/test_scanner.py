"""The virus scanner, a real one: what it says of a file, and what nobody says when it is away."""

import io
import random
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_jobs.errors import BadScanner
from edge_jobs.files.scanner import Scanner, ScanUnavailable
from edge_jobs.settings import Settings
from tests.clamd import EICAR, STREAM_BYTES, Clamd


@pytest.fixture(params=["tcp", "socket"])
def scanner(request: pytest.FixtureRequest, clamd: Clamd) -> Scanner:
    return Scanner(getattr(clamd, request.param))


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/image1.bin", b"before " + content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (b"Terms of service", None),
        (EICAR, "infected"),
        (zipped(EICAR), "infected"),
        (zipped(b"nothing"), None),
        (random.Random(1).randbytes(STREAM_BYTES - 4096), None),  # noqa: S311
        (random.Random(1).randbytes(8 * STREAM_BYTES), "too_large_to_scan"),  # noqa: S311
        (zipped(bytes(2 * STREAM_BYTES)), "too_large_to_scan"),
    ],
    ids=["clean", "infected", "in a zip", "clean zip", "large", "too large", "too large within"],
)
def test_verdicts(scanner: Scanner, tmp_path: Path, content: bytes, verdict: str | None) -> None:
    source = tmp_path / "source"
    source.write_bytes(content)
    assert scanner.scan(source) == verdict


def test_version(scanner: Scanner) -> None:
    assert scanner.version().startswith("ClamAV ")


def test_nobody_is_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    for address in (("127.0.0.1", port), str(tmp_path / "clamd.ctl")):
        with pytest.raises(ScanUnavailable):
            Scanner(address).scan(Path(__file__))


@pytest.fixture(params=[b"", b"stream: lstat() failed ERROR\0", b"COMMAND READ TIMED OUT ERROR\0"])
def confused(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """Something that listens and says this."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as stream:
                # Up to the end of the file, which is the scanner's sign as well.
                while (sent := stream.read1(65536)) != b"zVERSION\0" and b"\0\0\0\0" not in sent:
                    pass
                connection.sendall(request.param)

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()
        thread.join()


def test_no_answer_is_not_a_good_one(confused: tuple[str, int], tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"text")
    with pytest.raises(ScanUnavailable):
        Scanner(confused).scan(source)


def test_no_version_is_not_one(confused: tuple[str, int]) -> None:
    with pytest.raises(ScanUnavailable):
        Scanner(confused).version()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("", None),
        ("tcp://scanner:3311", ("scanner", 3311)),
        ("tcp://scanner", ("scanner", 3310)),
        ("unix:///run/clamav/clamd.ctl", "/run/clamav/clamd.ctl"),
    ],
)
def test_where_it_is(url: str, address: tuple[str, int] | str | None) -> None:
    assert Settings({"CLAMD_URL": url}).clamd == address


@pytest.mark.parametrize("url", ["scanner:3310", "tcp://", "tcp://a:b", "unix://", "http://a:80"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(BadScanner):
        _ = Settings({"CLAMD_URL": url}).clamd
