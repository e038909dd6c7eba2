"""Log lines: JSON for programs, words for people, no secrets for anybody."""

import io
import json

import pytest

from edge_jobs.log import Log, mask


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("key sb_secret_9xQ_ab-c refused", "key sb_secret_*** refused"),
        ("Bearer eyJhbGciOi.eyJyb2xlIjoi.c2lnbmF0dXJl!", "Bearer ***!"),
        ("smtp://mailer:hush@mail.example:587", "smtp://mailer:***@mail.example:587"),
        (
            "postgres://u:p:q@h/db and http://plain/a:b@c",
            "postgres://u:***@h/db and http://plain/a:b@c",
        ),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_secrets_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_line_for_a_program() -> None:
    stream = io.StringIO()
    Log(stream, job="default:7").bind(kind="test.noop").info("done", result=None, note="a\nb")
    line = json.loads(stream.getvalue())
    assert line.pop("at")
    assert line == {
        "level": "info",
        "event": "done",
        "job": "default:7",
        "kind": "test.noop",
        "note": "a\nb",
    }


def test_a_line_for_a_person() -> None:
    stream = Terminal()
    Log(stream).error("dead", job="default:7", error="no sb_secret_abc")
    assert stream.getvalue().endswith(" ✗ dead job=default:7 error=no sb_secret_***\n")


@pytest.mark.parametrize("fact", [{("not", "a", "word"): 1}, float("nan"), object(), b"bytes"])
def test_odd_facts_and_closed_streams_stop_nobody(fact: object) -> None:
    stream = io.StringIO()
    Log(stream).info("done", result=fact)
    assert json.loads(stream.getvalue())["event"] == "done"
    stream.close()
    Log(stream, as_json=True).info("done", result=fact)


def test_lines_that_may_wait_are_no_different() -> None:
    stream = io.StringIO()
    log = Log(stream, job="default:7", firm=None)
    facts: dict[str, object] = {"note": "é\nsb_secret_abc", "odd": float("nan"), "none": None}
    log.info_later("done", facts)
    log.info_later("done", {"half": "\ud83d", ("not", "a", "word"): 1})  # type: ignore[dict-item]
    assert stream.getvalue() == ""
    log.info("done", **facts)
    first, second, third = stream.getvalue().splitlines()
    assert first.isascii()
    assert second.isascii()
    waited, at_once = json.loads(first), json.loads(third)
    assert waited.pop("at") <= at_once.pop("at")
    assert str(waited) == str(at_once)
    assert waited["note"] == "é\nsb_secret_***"
    assert json.loads(second)["half"] == "\ud83d"
