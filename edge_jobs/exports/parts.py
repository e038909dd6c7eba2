"""ZIP files of a bounded size, each sent away and deleted when it is full."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

PART_BYTES = 40 * 1024 * 1024

Part = dict[str, Any]


class Parts:
    """`send(number, zip)` stores a part and says where; `sent` lists them."""

    def __init__(self, folder: Path, send: Callable[[int, Path], str]) -> None:
        self._path = folder / "part.zip"
        self._send = send
        self._open: ZipFile | None = None
        self.sent: list[Part] = []

    def add(self, source: Path, name: str) -> None:
        """One that does not fit into what is left, or into any part, begins a new one."""
        if self._open and self._path.stat().st_size + source.stat().st_size > PART_BYTES:
            self.close()
        if self._open is None:
            self._open = ZipFile(self._path, "w", ZIP_DEFLATED)
        self._open.write(source, name)

    def close(self) -> None:
        """Sends what has been gathered."""
        if self._open is None:
            return
        self._open.close()
        self._open = None
        with self._path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size = self._path.stat().st_size
        path = self._send(len(self.sent) + 1, self._path)
        self.sent.append({"path": path, "size_bytes": size, "sha256": sha256})
        self._path.unlink()
