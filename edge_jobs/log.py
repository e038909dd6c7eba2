"""One line per event: for people on a terminal, JSON for everything else. Secrets are masked."""

import contextlib
import json
import re
import sys
import time
from collections import deque
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TextIO

_SECRETS = re.compile(
    r"(?P<key>sb_secret_)[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=://)(?P<user>[^/\s:@]*:)[^/\s@]+(?=@)"
)


def mask(text: str) -> str:
    """`text` without secret keys, tokens, and passwords in URLs."""
    # One of the three is in every secret that the pattern finds; a single character is found first.
    key, token = "sb_secret_" in text, "J" in text and "eyJ" in text
    if key or token or ("/" in text and "://" in text):
        return _SECRETS.sub(lambda m: (m["key"] or m["user"] or "") + "***", text)
    return text


def storable(text: str) -> str:
    """What PostgreSQL takes as text, masked: one bad character would have every outcome refused."""
    return mask(text).replace("\0", "�").encode(errors="replace").decode()


Facts = dict[str, object]
Encode = Callable[[Facts], str]


class Log:
    """`log.info("done", job="default:7", ms=12)`; `bind` adds facts to every later line."""

    __slots__ = ("_as_json", "_facts", "_later", "_stream")

    def __init__(
        self, stream: TextIO | None = None, as_json: bool | None = None, **facts: object
    ) -> None:
        """`as_json`: unless told, JSON where `stream` (standard error) is not a terminal."""
        self._stream = stream or sys.stderr
        self._as_json = not self._stream.isatty() if as_json is None else as_json
        self._facts = facts
        self._later: deque[tuple[float, str, str, Facts, Facts, Encode]] = deque()

    def bind(self, **facts: object) -> "Log":
        bound = object.__new__(Log)
        bound._stream, bound._as_json, bound._later = self._stream, self._as_json, self._later
        bound._facts = {**self._facts, **facts} if self._facts else facts
        return bound

    def info(self, event: str, /, **facts: object) -> None:
        self._write("info", event, facts)

    def warning(self, event: str, /, **facts: object) -> None:
        self._write("warning", event, facts)

    def error(self, event: str, /, **facts: object) -> None:
        self._write("error", event, facts)

    def info_later(self, event: str, facts: Facts) -> None:
        """For lines that come by the thousand: written with the next line, or by `flush`."""
        self._later.append((time.time(), "info", event, self._facts, facts, _fast_json))

    def flush(self) -> None:
        lines = []
        with contextlib.suppress(IndexError):
            while True:
                lines.append(self._line(*self._later.popleft()))
        if not lines:
            return
        # A line that cannot be written must not end the work it tells of.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write("".join(lines))
            self._stream.flush()

    def _write(self, level: str, event: str, facts: Facts) -> None:
        self._later.append((time.time(), level, event, self._facts, facts, _json))
        self.flush()

    def _line(
        self, at: float, level: str, event: str, bound: Facts, facts: Facts, encode: Encode
    ) -> str:
        line = {"at": _stamp(int(at * 1000)), "level": level, "event": event, **bound, **facts}
        if None in line.values():
            line = {name: fact for name, fact in line.items() if fact is not None}
        return mask(encode(line) if self._as_json else _words(line)) + "\n"


@lru_cache(maxsize=2)
def _stamp(ms: int) -> str:
    second, ms = divmod(ms, 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(second))}.{ms:03}Z"


_json = json.JSONEncoder(default=str, skipkeys=True, separators=(",", ":")).encode


@cache
def _pydantic_json() -> Callable[[object], bytes]:
    from pydantic_core import to_json

    return to_json


def _fast_json(facts: Facts) -> str:
    """The same in a fifth of the time, for those who have imported pydantic anyway."""
    try:
        text = _pydantic_json()(facts).decode()
    except ValueError:
        return _json(facts)
    return text if text.isascii() else _json(facts)


def _words(facts: Facts) -> str:
    sign = {"info": " ", "warning": "!", "error": "✗"}[str(facts["level"])]
    rest = [
        f"{name}={fact}" for name, fact in facts.items() if name not in ("at", "level", "event")
    ]
    return " ".join([time.strftime("%H:%M:%S"), sign, str(facts["event"]), *rest])
