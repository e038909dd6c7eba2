"""One line per event: for people on a terminal, JSON for everything else. Secrets are masked."""

import contextlib
import json
import re
import sys
import time
from collections import deque
from functools import lru_cache
from typing import TextIO

_SECRETS = re.compile(
    r"(?P<key>sb_secret_)[\w-]+|eyJ[\w-]+\.[\w-]+\.[\w-]*|(?<=://)(?P<user>[^/\s:@]*:)[^/\s@]+(?=@)"
)


# One of them is in every secret that the pattern finds.
_SIGNS = ("sb_secret_", "eyJ", "://")


def mask(text: str) -> str:
    """`text` without secret keys, tokens, and passwords in URLs."""
    if not any(sign in text for sign in _SIGNS):
        return text
    return _SECRETS.sub(lambda m: (m["key"] or m["user"] or "") + "***", text)


class Log:
    """`log.info("done", job="default:7", ms=12)`; `bind` adds facts to every later line."""

    def __init__(
        self, stream: TextIO | None = None, as_json: bool | None = None, **facts: object
    ) -> None:
        """`as_json`: unless told, JSON where `stream` (standard error) is not a terminal."""
        self._stream = stream or sys.stderr
        self._as_json = not self._stream.isatty() if as_json is None else as_json
        self._facts = facts
        self._later: deque[str] = deque()

    def bind(self, **facts: object) -> "Log":
        bound = object.__new__(type(self))
        bound.__dict__ = {**self.__dict__, "_facts": {**self._facts, **facts}}
        return bound

    def info(self, event: str, /, **facts: object) -> None:
        self._write("info", event, facts)

    def warning(self, event: str, /, **facts: object) -> None:
        self._write("warning", event, facts)

    def error(self, event: str, /, **facts: object) -> None:
        self._write("error", event, facts)

    def info_later(self, event: str, /, **facts: object) -> None:
        """For lines that come by the thousand: written with the next line, or by `flush`."""
        self._later.append(self._line("info", event, facts))

    def flush(self) -> None:
        lines = []
        with contextlib.suppress(IndexError):
            while True:
                lines.append(self._later.popleft())
        if not lines:
            return
        # A line that cannot be written must not end the work it tells of.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write("".join(lines))
            self._stream.flush()

    def _write(self, level: str, event: str, facts: dict[str, object]) -> None:
        self._later.append(self._line(level, event, facts))
        self.flush()

    def _line(self, level: str, event: str, facts: dict[str, object]) -> str:
        facts = {k: v for k, v in {**self._facts, **facts}.items() if v is not None}
        return mask((_json if self._as_json else _words)(level, event, facts)) + "\n"


_encoder = json.JSONEncoder(default=str, skipkeys=True)


@lru_cache(maxsize=2)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def _json(level: str, event: str, facts: dict[str, object]) -> str:
    now = time.time()
    at = f"{_second(int(now))}.{int(now % 1 * 1000):03}Z"
    return _encoder.encode({"at": at, "level": level, "event": event, **facts})


def _words(level: str, event: str, facts: dict[str, object]) -> str:
    sign = {"info": " ", "warning": "!", "error": "✗"}[level]
    words = " ".join(f"{name}={fact}" for name, fact in facts.items())
    return f"{time.strftime('%H:%M:%S')} {sign} {event} {words}"
