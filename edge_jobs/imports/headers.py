"""What the columns of a file mean. Runs inside the sandbox."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from edge_jobs.imports.refused import Refused

Fields = Sequence[Mapping[str, Any]]

_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def plain(words: str) -> str:
    """Case, spaces, underscores and accents tell no two headers apart."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKD", words).casefold())


def match(
    header: Sequence[str], fields: Fields, mapping: Mapping[str, str | None]
) -> list[str | None]:
    """The field of each column, None for those that are left out. The mapping wins.

    Raises Refused: wrong_delimiter, duplicate_column, unknown_column, no_known_column,
    no_key_column.
    """
    names = [name.strip() for name in header]
    _refuse_doubles(names)
    chosen = _chosen(names, mapping)
    known = {plain(word): f["field"] for f in fields for word in (f["field"], *f["words"])}
    # Two spellings of the same field: its own name is stronger than one that means the same.
    meant = [chosen[name] if name in chosen else known.get(plain(name)) for name in names]
    explicit = {field for field in chosen.values() if field}
    found = [
        None if field in explicit and name not in chosen else field
        for name, field in zip(names, meant, strict=True)
    ]
    given = [field for field in found if field]
    if not given:
        _refuse_delimiter(",".join(header))
        raise Refused("no_known_column", ", ".join(name[:40] for name in names[:5]))
    for field in given:
        if given.count(field) > 1:
            twice = [name for name, other in zip(names, found, strict=True) if other == field]
            raise Refused("duplicate_column", f"{', '.join(twice)} ({field})")
    keys = [f["field"] for f in fields if f["key"]]
    if not set(keys) & set(given):
        raise Refused("no_key_column", " or ".join(keys))
    return found


def _refuse_doubles(names: Sequence[str]) -> None:
    seen = set()
    for name in filter(None, names):
        if plain(name) in seen:
            raise Refused("duplicate_column", name[:100])
        seen.add(plain(name))


def _chosen(names: Sequence[str], mapping: Mapping[str, str | None]) -> dict[str, str | None]:
    chosen = {}
    for column, field in mapping.items():
        same = [name for name in names if name == column]
        same = same or [name for name in names if name and plain(name) == plain(column)]
        if not same:
            raise Refused("unknown_column", column[:100])
        chosen[same[0]] = field
    return chosen


def _refuse_delimiter(line: str) -> None:
    delimiter = max(_DELIMITERS, key=line.count)
    if line.count(delimiter) > line.count(","):
        raise Refused("wrong_delimiter", _DELIMITERS[delimiter])
