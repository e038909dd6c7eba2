"""A virus scanner that knows two signatures, for the tests that need one."""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.local.config import LOOPBACK, is_free, random_bases
from edge_jobs.files.scanner import Scanner, ScanUnavailable

# The standard file to test scanners with, in two parts: what is stored here alarms nobody.
MARKER = b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + MARKER + b"!$H+H*"
STREAM_BYTES = 2 * 1024**2

_SETTINGS = """
Foreground yes
DatabaseDirectory {folder}
TCPSocket {port}
TCPAddr {host}
LocalSocket {folder}/clamd.ctl
StreamMaxLength {most}
MaxScanSize {most}
MaxFileSize {most}
AlertExceedsMax yes
ScanImageFuzzyHash no
"""


@dataclass(frozen=True)
class Clamd:
    tcp: tuple[str, int]
    socket: str

    @property
    def url(self) -> str:
        return f"tcp://{self.tcp[0]}:{self.tcp[1]}"


@pytest.fixture(scope="session")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clamd]:
    program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        # .ci/run installs it: where that went wrong, nothing may be passed over.
        say = pytest.fail if "CI" in os.environ else pytest.skip
        say(
            "Not tried: ClamAV's clamd is not installed. On Debian or Ubuntu: "
            "apt-get install --no-install-recommends clamav-daemon"
        )
    folder = tmp_path_factory.mktemp("clamd")
    (folder / "test.ndb").write_text(f"Test.Marker.Body:0:*:{MARKER.hex()}\n")
    digest = hashlib.sha256(EICAR).hexdigest()
    (folder / "test.hsb").write_text(f"{digest}:{len(EICAR)}:Test.Whole.File\n")
    found = Clamd((LOOPBACK, next(filter(is_free, random_bases()))), str(folder / "clamd.ctl"))
    settings = folder / "clamd.conf"
    settings.write_text(
        _SETTINGS.format(folder=folder, port=found.tcp[1], host=LOOPBACK, most=STREAM_BYTES)
    )
    with (folder / "clamd.log").open("wb") as log:
        process = subprocess.Popen([program, "-c", settings], stdout=log, stderr=log)
    try:
        wait_for(found, process, folder / "clamd.log")
        yield found
    finally:
        process.terminate()
        process.wait()


def wait_for(found: Clamd, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    for address in found.tcp, found.socket:
        while True:
            try:
                Scanner(address).version()
                break
            except ScanUnavailable:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
