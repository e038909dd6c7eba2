"""Names that every system can unpack, each once."""

import re
import unicodedata
from pathlib import PurePosixPath

# What Windows refuses in a name, and what no name should hold: control and direction marks.
_UNSAFE = re.compile(
    r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]'
)
_RESERVED = re.compile(
    r"^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3]) *(\..*)?$", re.IGNORECASE
)
_LONGEST = 100
# A disk takes 255 of UTF-8; a number may be added.
_LONGEST_BYTES = 240


def safe(name: str) -> str:
    """The name as one step of a path: never empty, hidden, climbing or reserved."""
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).strip(" .")
    if _RESERVED.match(name):
        name = f"_{name}"
    if len(name) > _LONGEST or len(name.encode()) > _LONGEST_BYTES:
        ending = PurePosixPath(name).suffix[:10].rstrip(" .")
        room = _LONGEST_BYTES - len(ending.encode())
        start = name[: _LONGEST - len(ending)].encode()[:room].decode(errors="ignore")
        name = start.rstrip(" .") + ending
    return name or "_"


class Names:
    """Paths that were given out. Two that differ in case only are one on many disks."""

    def __init__(self) -> None:
        # With the last number that was tried behind each.
        self._taken: dict[str, int] = {}

    def unique(self, *steps: str) -> str:
        *folder, name = map(safe, steps)
        first = path = PurePosixPath(*folder, name)
        number = self._taken.get(str(first).casefold(), 1)
        while str(path).casefold() in self._taken:
            number += 1
            path = first.with_name(numbered(name, number))
        self._taken[str(path).casefold()] = 1
        self._taken[str(first).casefold()] = number
        return str(path)


def numbered(name: str, number: int) -> str:
    path = PurePosixPath(name)
    return f"{path.stem} ({number}){path.suffix}"
