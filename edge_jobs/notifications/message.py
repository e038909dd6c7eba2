"""Turn a letter into a message: HTML and text, headers that cannot be injected."""

from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import formataddr, formatdate, parseaddr
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from edge_jobs.notifications.colors import Palette, palette
from edge_jobs.notifications.letters import Letter

_LAYOUT = Template(Path(__file__).with_name("layout.html").read_text(encoding="utf-8"))


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text


class _Plain(BaseHeader):
    """A text that means what it says. The library's own headers decode what looks like an encoded
    word, with the line breaks in it, and lose blanks where they fold."""

    max_count = 1

    @classmethod
    def parse(cls, value: str, facts: dict[str, Any]) -> None:
        facts |= {"decoded": value, "parse_tree": None}

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self.written()}".replace("\n", policy.linesep) + policy.linesep

    def written(self) -> str:
        return self.words(self)

    def words(self, text: str) -> str:
        charset = None if _is_plain(text) else "utf-8"
        # What RFC 2047 grants an encoded word.
        return Header(text, charset, maxlinelen=75, header_name=self.name).encode()


class _From(_Plain):
    def written(self) -> str:
        name, address = parseaddr(self)
        if _is_plain(name):
            return formataddr((name, address))
        return f"{self.words(name)}\n <{address}>"


class _Link(_Plain):
    def written(self) -> str:
        # In one piece: no mailbox decodes it.
        return self


_HEADERS = HeaderRegistry()
for _name, _kind in (("from", _From), ("list-unsubscribe", _Link), ("subject", _Plain)):
    _HEADERS.map_to_type(_name, _kind)
_POLICY = SMTP.clone(header_factory=_HEADERS)

_PARAGRAPH = (
    '<p class="ink" style="margin:0 0 16px;color:#1f2933;font-size:16px;line-height:1.55;'
    'overflow-wrap:anywhere">{}</p>'
)
_FACT = (
    '<tr><td class="muted rule" style="padding:11px 24px 11px 0;border-top:1px solid #e6eaef;'
    'color:#5d6875;font-size:14px;line-height:1.45;white-space:nowrap;vertical-align:top;width:1%">'
    "{}</td>"
    '<td class="ink rule" style="padding:11px 0;border-top:1px solid #e6eaef;color:#1f2933;'
    'font-size:14px;line-height:1.45;overflow-wrap:anywhere">{}</td></tr>'
)
_ENTRY = (
    '<tr><td class="rule" style="padding:13px 0;border-top:1px solid #e6eaef;font-size:14px;'
    'line-height:1.45;overflow-wrap:anywhere"><a class="ink" href="{url}" style="color:#1f2933;'
    'font-size:15px;font-weight:600;text-decoration:none">{title}</a>'
    '<div class="muted" style="color:#5d6875">{body}</div></td></tr>'
)
_LINK = '<a class="muted" href="{url}" style="color:#5d6875">{name}</a>'

SETTINGS = "/settings/notifications"  # path below APP_URL


class BadHeader(ValueError):
    """A subject or an address would break out of its header, or is no single address."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def build(
    letter: Letter,
    *,
    firm: str,
    sender: str,
    to: str,
    subject: str,
    message_id: str,
    app_url: str,
    unsubscribe_url: str,
    color: str | None = None,
) -> EmailMessage:
    """The message for one person. Raises BadHeader: bad_header, bad_address, multiple_addresses."""
    app = app_url.rstrip("/")
    message = EmailMessage(policy=_POLICY)
    sender_name, sender_address = parseaddr(sender)
    try:
        shown = f"{firm} via {sender_name}" if sender_name else firm
        message["From"] = str(Address(" ".join(shown.split()), addr_spec=sender_address))
        message["To"] = _recipient(to)
        message["Subject"] = subject
        message["Message-ID"] = message_id
        message["Date"] = formatdate(usegmt=True)
        # Keeps out-of-office replies from answering a machine.
        message["Auto-Submitted"] = "auto-generated"
        # One click is enough (RFC 8058).
        message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    except BadHeader:
        raise
    except (ValueError, MessageError) as error:
        raise BadHeader("bad_header", f"A header cannot be written: {error}.") from error
    text = _text(letter, firm, app, unsubscribe_url)
    html = _html(letter, firm, app, unsubscribe_url, palette(color))
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message


def unsubscribe_url(project_url: str, token: str) -> str:
    """Where one click ends mails of a kind: the Edge Function of this name."""
    return f"{project_url}/functions/v1/unsubscribe?token={token}"


def _recipient(to: str) -> Address:
    if "\r" in to or "\n" in to:
        raise BadHeader("bad_header", "The recipient's address holds a line break.")
    if "," in to or ";" in to:
        raise BadHeader("multiple_addresses", f"{to} is more than one address.")
    try:
        address = Address(addr_spec=to)
        # Servers without SMTPUTF8 take no other letters.
        address = Address(username=address.username, domain=address.domain.encode("idna").decode())
    except (ValueError, MessageError, IndexError) as error:
        raise BadHeader("bad_address", f"{to} is no e-mail address.") from error
    if not address.username or "." not in address.domain:
        raise BadHeader("bad_address", f"{to} is no e-mail address.")
    return address


def _text(letter: Letter, firm: str, app: str, unsubscribe: str) -> str:
    width = max((len(name) for name, _ in letter.facts), default=0)
    facts = "\n".join(f"{name:<{width}}  {value}" for name, value in letter.facts)
    entries = [
        "\n".join(filter(None, (f"* {e.title} ({e.note})", e.body, app + e.link)))
        for e in letter.entries
    ]
    action = f"{letter.action}:\n{app}{letter.link}"
    blocks = [firm, letter.heading, *letter.paragraphs, facts, *entries, action]
    settings = f"Choose what you get: {app}{SETTINGS}\n" if letter.for_member else ""
    return (
        "\n\n".join(block for block in blocks if block)
        + f"\n\n-- \n{letter.reason}\n{settings}Stop these mails: {unsubscribe}\n"
    )


def _html(letter: Letter, firm: str, app: str, unsubscribe: str, colors: Palette) -> str:
    foot = _LINK.format(url=escape(unsubscribe), name="Stop these mails")
    if letter.for_member:
        settings = _LINK.format(url=escape(app + SETTINGS), name="Choose what you get")
        foot = f"{settings} &nbsp;·&nbsp; {foot}"
    rows = [_FACT.format(escape(name), escape(value)) for name, value in letter.facts]
    rows += [
        _ENTRY.format(
            url=escape(app + entry.link),
            title=escape(entry.title),
            body=escape(" · ".join(filter(None, (entry.note, entry.body)))),
        )
        for entry in letter.entries
    ]
    return _LAYOUT.substitute(
        colors._asdict(),
        firm=escape(firm),
        heading=escape(letter.heading),
        preview=escape(letter.paragraphs[0]),
        paragraphs="\n".join(_PARAGRAPH.format(escape(text)) for text in letter.paragraphs),
        rows="\n".join(rows),
        url=escape(app + letter.link),
        action=escape(letter.action),
        reason=escape(letter.reason),
        foot=foot,
    )
