"""Mails that people keep: who wrote whom and what, and the names of what was attached.

Runs inside the sandbox.
"""

import email
import email.policy
import re
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import olefile

from edge_jobs.files.kinds import Rejected
from edge_jobs.files.text import TextCollector, fact

_MOST_ATTACHMENTS = 20
_HEADER = re.compile(rb"[!-9;-~]+:|From ")
_PROOF = ("From", "Date", "Subject", "Received", "Message-ID")
_SHOWN = ("Subject", "From", "To", "Cc", "Date")

# Properties of [MS-OXMSG]: their number, of which a stream's name ends in the type besides.
_PROPERTIES = {"Subject": "0037", "From": "0C1A", "To": "0E04", "Cc": "0E03"}
_BODY, _HTML, _FILE_NAME, _SHORT_NAME = "1000", "1013", "3707", "3704"
_UNICODE, _NARROW, _BINARY = "001F", "001E", "0102"


def read_eml(source: Path) -> dict[str, Any]:
    """Facts of a mail as it was sent. Raises Rejected: type_mismatch, corrupt_message."""
    with source.open("rb") as file:
        if not _HEADER.match(file.read(100)):
            raise Rejected("type_mismatch")
        file.seek(0)
        try:
            message = email.message_from_binary_file(file, policy=email.policy.default)
            headers = {name: str(message[name]) for name in _SHOWN if message[name]}
            plain, html, attached = _parts(message)
        except (ValueError, LookupError, AttributeError, TypeError) as error:
            raise Rejected("corrupt_message") from error
    if not any(name in message for name in _PROOF):
        raise Rejected("type_mismatch")
    return _facts(headers, "\n".join(plain) or "\n".join(map(_without_tags, html)), attached)


def read_msg(source: Path) -> dict[str, Any]:
    """Facts of a mail as Outlook keeps it. Raises Rejected: corrupt_message, type_not_allowed."""
    try:
        with olefile.OleFileIO(source) as container:
            if not container.exists("__properties_version1.0"):
                raise Rejected("type_not_allowed")
            found = {name: _property(container, id) for name, id in _PROPERTIES.items()}
            headers = {name: value for name, value in found.items() if value}
            body = _property(container, _BODY) or _without_tags(_property(container, _HTML))
            folders = {path[0] for path in container.listdir() if len(path) > 1}
            attached = [
                _property(container, _FILE_NAME, folder)
                or _property(container, _SHORT_NAME, folder)
                for folder in sorted(folders)
                if folder.startswith("__attach_")
            ]
    except (OSError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise Rejected("corrupt_message") from error
    return _facts(headers, body, [name for name in attached if name])


def _parts(message: EmailMessage) -> tuple[list[str], list[str], list[str]]:
    plain: list[str] = []
    html: list[str] = []
    attached: list[str] = []
    for part in message.walk():
        name = part.get_filename()
        if name:
            attached.append(name)
        elif part.get_content_type() == "text/plain":
            plain.append(_decoded(part))
        elif part.get_content_type() == "text/html":
            html.append(_decoded(part))
    return plain, html, attached


def _decoded(part: EmailMessage) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    try:
        return raw.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")


def _property(container: "olefile.OleFileIO[bytes]", id: str, folder: str = "") -> str:
    for kind, encoding in ((_UNICODE, "utf-16-le"), (_NARROW, "cp1252"), (_BINARY, "utf-8")):
        stream = f"{folder}/__substg1.0_{id}{kind}".lstrip("/")
        if container.exists(stream):
            raw: bytes = container.openstream(stream).read()
            return raw.decode(encoding, "replace")
    return ""


def _facts(headers: dict[str, str], body: str, attached: list[str]) -> dict[str, Any]:
    collector = TextCollector()
    for name, value in headers.items():
        collector.add(f"{name}: {value}")
    collector.add(body)
    for name in attached:
        collector.add(name)
    metadata: dict[str, Any] = {
        known: fact(headers[name])
        for known, name in (("Title", "Subject"), ("Author", "From"), ("CreationDate", "Date"))
        if name in headers
    }
    if attached:
        metadata["attachments"] = [fact(name)[:100] for name in attached[:_MOST_ATTACHMENTS]]
    return collector.facts() | {"metadata": metadata}


class _Words(HTMLParser):
    """Everything a reader sees of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self._hidden += tag in ("script", "style")
        self.words.append("\n" if tag in ("br", "p", "div", "tr", "li") else "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)


def _without_tags(html: str) -> str:
    parser = _Words()
    parser.feed(html)
    return "".join(parser.words)
