"""Lines of JSON in files that a child of the sandbox may write, and its parent reads one by one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self, TextIO

from edge_jobs import sandbox

# Half of what one file may have. A line for which the other half has no room is too complex.
FILE_BYTES = 8 * 1024**2


class Spool:
    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._file: TextIO | None = None
        self._files = self._written = 0
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def add(self, entry: Any) -> None:
        if self._file is None or self._written >= FILE_BYTES:
            self.__exit__()
            self._files += 1
            self._file = path(self._folder, self._name, self._files).open("w", encoding="utf-8")
            self._written = 0
        self._written += self._file.write(json.dumps(entry) + "\n")
        self.count += 1


def path(folder: Path, name: str, number: int) -> Path:
    return folder / f"{name}-{number:04}.jsonl"


def entries(folder: Path, name: str) -> Iterator[Any]:
    number = 1
    while (lines := sandbox.open_left(path(folder, name, number))) is not None:
        with lines:
            for line in lines:
                yield json.loads(line)
        number += 1
