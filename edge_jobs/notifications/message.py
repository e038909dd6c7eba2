"""Turn a letter into a message: HTML and text, headers that cannot be injected."""

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from html import escape
from pathlib import Path
from string import Template

from edge_jobs.notifications.letters import Letter

_LAYOUT = Template(Path(__file__).with_name("layout.html").read_text(encoding="utf-8"))

# The default policy folds a long List-Unsubscribe into encoded words, which no mailbox understands.
_POLICY = SMTP.clone(max_line_length=990)

_PARAGRAPH = (
    '<p class="ink" style="margin:0 0 16px;color:#1f2933;font-size:16px;line-height:1.55">{}</p>'
)
_FACT = (
    '<tr><td class="muted rule" style="padding:11px 16px 11px 0;border-top:1px solid #e6eaef;'
    'color:#66727f;font-size:14px;line-height:1.45;white-space:nowrap;vertical-align:top">{}</td>'
    '<td class="ink rule" style="padding:11px 0;border-top:1px solid #e6eaef;color:#1f2933;'
    'font-size:14px;line-height:1.45;text-align:right;overflow-wrap:anywhere">{}</td></tr>'
)


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
) -> EmailMessage:
    """The message for one person. Raises BadHeader: bad_header, bad_address, multiple_addresses."""
    link = app_url.rstrip("/") + letter.link
    message = EmailMessage(policy=_POLICY)
    sender_name, sender_address = parseaddr(sender)
    try:
        shown = f"{firm} via {sender_name}" if sender_name else firm
        message["From"] = Address(" ".join(shown.split()), addr_spec=sender_address)
        message["To"] = _recipient(to)
        message["Subject"] = subject
        message["Message-ID"] = message_id
        message["Date"] = formatdate(usegmt=True)
        # Keeps out-of-office replies from answering a machine.
        message["Auto-Submitted"] = "auto-generated"
        message["List-Unsubscribe"] = f"<{app_url.rstrip('/')}/settings/notifications>"
    except BadHeader:
        raise
    except (ValueError, MessageError) as error:
        raise BadHeader("bad_header", f"A header cannot be written: {error}.") from error
    message.set_content(_text(letter, firm, link), cte="quoted-printable")
    message.add_alternative(_html(letter, firm, link), subtype="html", cte="quoted-printable")
    return message


def _recipient(to: str) -> Address:
    if "\r" in to or "\n" in to:
        raise BadHeader("bad_header", "The recipient's address holds a line break.")
    if "," in to or ";" in to:
        raise BadHeader("multiple_addresses", f"{to} is more than one address.")
    try:
        address = Address(addr_spec=to)
    except (ValueError, MessageError, IndexError) as error:
        raise BadHeader("bad_address", f"{to} is no e-mail address.") from error
    if not address.username or "." not in address.domain:
        raise BadHeader("bad_address", f"{to} is no e-mail address.")
    return address


def _text(letter: Letter, firm: str, link: str) -> str:
    width = max((len(name) for name, _ in letter.facts), default=0)
    facts = "\n".join(f"{name:<{width}}  {value}" for name, value in letter.facts)
    blocks = [firm, letter.heading, *letter.paragraphs, facts, f"{letter.action}:\n{link}"]
    return "\n\n".join(block for block in blocks if block) + f"\n\n-- \n{letter.reason}\n"


def _html(letter: Letter, firm: str, link: str) -> str:
    return _LAYOUT.substitute(
        firm=escape(firm),
        heading=escape(letter.heading),
        preview=escape(letter.paragraphs[0]),
        paragraphs="\n".join(_PARAGRAPH.format(escape(text)) for text in letter.paragraphs),
        facts="\n".join(_FACT.format(escape(name), escape(value)) for name, value in letter.facts),
        url=escape(link),
        action=escape(letter.action),
        reason=escape(letter.reason),
    )
