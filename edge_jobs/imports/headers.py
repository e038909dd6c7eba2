"""What the columns of a file mean. Runs inside the sandbox."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from edge_jobs.imports.refused import Refused

Fields = Sequence[Mapping[str, Any]]
Columns = Sequence[Mapping[str, Any]]

_LONGEST_NAME = 200
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def plain(words: str) -> str:
    """Case, spaces, underscores and accents tell no two headers apart."""
    folded = unicodedata.normalize("NFKD", words).casefold().strip()
    said = "".join(c for c in folded if c.isalnum() or _is_letter_part(c))
    # Of signs alone, the signs do.
    return said if any(map(str.isalnum, said)) else folded


def _is_letter_part(sign: str) -> bool:
    """A vowel of Hindi or Thai, a voice mark of Japanese. Accents have places of their own."""
    return unicodedata.category(sign)[0] == "M" and unicodedata.combining(sign) < 200


def cut(name: str) -> str:
    """As much of a header as people are told."""
    return name.strip()[:_LONGEST_NAME].rstrip()


def match(
    header: Sequence[str], fields: Fields, mapping: Mapping[str, str | None]
) -> list[str | None]:
    """The field of each column, None for those that are left out. The mapping wins.

    Raises Refused where no mapping helps: wrong_delimiter, or duplicate_column, two of one name.
    """
    names = [name.strip() for name in header]
    _refuse_doubles(names)
    chosen = {_find(names, column): field for column, field in mapping.items()}
    known = {plain(word): f["field"] for f in fields for word in (f["field"], *f["words"])}
    # Two spellings of the same field: its own name is stronger than one that means the same.
    meant = [chosen[name] if name in chosen else known.get(plain(name)) for name in names]
    explicit = {chosen[name] for name in names if chosen.get(name)}
    found = [
        None if field in explicit and name not in chosen else field
        for name, field in zip(names, meant, strict=True)
    ]
    if not any(found):
        _refuse_delimiter(",".join(header))
    return found


def check(columns: Columns, fields: Fields, mapping: Mapping[str, str | None]) -> None:
    """Raises Refused where another mapping helps, with the columns, for people to make it:
    unknown_column, no_known_column, duplicate_column, no_key_column."""
    names = [c["column"] for c in columns]
    for column in mapping:
        if _find(names, column) is None:
            raise Refused("unknown_column", column[:100], columns=columns)
    given = [c["field"] for c in columns if c["field"]]
    if not given:
        said = ", ".join(name[:40] for name in names[:5])
        raise Refused("no_known_column", said, columns=columns)
    for field in given:
        if given.count(field) > 1:
            twice = ", ".join(c["column"] for c in columns if c["field"] == field)
            raise Refused("duplicate_column", f"{twice} ({field})", columns=columns)
    keys = [f["field"] for f in fields if f["key"]]
    if not set(keys) & set(given):
        raise Refused("no_key_column", " or ".join(keys), columns=columns)


def _refuse_doubles(names: Sequence[str]) -> None:
    seen = set()
    for name in filter(None, names):
        if plain(name) in seen:
            raise Refused("duplicate_column", name[:100])
        seen.add(plain(name))


def _find(names: Sequence[str], column: str) -> str | None:
    """The name that a mapping means: to the letter, else read the same, else as it was told."""
    for read in (str.strip, plain, cut):
        for name in filter(None, names):
            if read(name) == read(column):
                return name
    return None


def _refuse_delimiter(line: str) -> None:
    delimiter = max(_DELIMITERS, key=line.count)
    if line.count(delimiter) > line.count(","):
        raise Refused("wrong_delimiter", _DELIMITERS[delimiter])
