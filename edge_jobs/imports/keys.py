"""Which rows of a file mean the same entry. Runs inside the sandbox.

Twelve bytes for each key, whatever it says, so that a file of any size fits.
"""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

CLEARED = "\\N"
_MOST_NAMED = 5
_PARTS = 16
# Where the same is written in several ways.
_PLAIN: dict[str, Callable[[str], str]] = {
    "email": str.casefold,
    "number": lambda said: said.lstrip("+0"),
}


class _Key:
    def __init__(self, field: str, place: int, shared: bool) -> None:
        self.field = field
        self.place = place
        # Some rows may share its value: those that a stronger key tells apart.
        self.shared = shared
        self.hashes = array("q")
        self.lines = array("I")


class Keys:
    def __init__(self, fields: Sequence[Mapping[str, Any]], given: Sequence[str]) -> None:
        self._keys = [
            _Key(f["field"], given.index(f["field"]), f["key"] == "shared")
            for f in fields
            if f["key"] and f["field"] in given
        ]

    def add(self, line: int, cells: Sequence[str | None]) -> None:
        known = False
        for key in self._keys:
            value = cells[key.place]
            if value is None or value == CLEARED:
                continue
            # The last bit: whether the row is told from others by something else.
            said = _PLAIN.get(key.field, str)(value)
            key.hashes.append(hash(said) & -2 | (key.shared and known))
            key.lines.append(line)
            known = True

    def doubles(self) -> Iterator[tuple[int, str, str]]:
        """(line, field, all lines as text) in the order of the lines, once for each line."""
        found: dict[int, tuple[str, str]] = {}
        for key in self._keys:
            again = _repeated(key.hashes)
            if not again:
                continue
            lines = defaultdict[int, list[int]](list)
            for hashed, line in zip(key.hashes, key.lines, strict=True):
                if hashed & -2 in again:
                    lines[hashed & -2].append(line)
            for hashed, line in zip(key.hashes, key.lines, strict=True):
                if hashed & -2 in again and not hashed & 1:
                    found.setdefault(line, (key.field, _said(lines[hashed & -2], line)))
        for line in sorted(found):
            yield line, *found[line]


def _repeated(hashes: "array[int]") -> set[int]:
    """Those that are there more than once; in parts, as sorting takes forty bytes for each."""
    found: set[int] = set()
    for part in range(_PARTS):
        some = sorted(h & -2 for h in hashes if (h >> 1) % _PARTS == part)
        found.update(a for a, b in pairwise(some) if a == b)
    return found


def _said(lines: list[int], line: int) -> str:
    named = sorted({*lines[:_MOST_NAMED], line})
    rest = f" and {len(lines) - len(named)} more" if len(lines) > len(named) else ""
    return ", ".join(map(str, named)) + rest
