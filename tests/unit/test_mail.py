"""What a mail looks like on the wire."""

import email
import re
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses, parseaddr
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edge_jobs.notifications.colors import (
    CARD,
    DARK_CARD,
    HOUSE,
    READABLE,
    VISIBLE,
    contrast,
    palette,
)
from edge_jobs.notifications.letters import EVENTS, compose
from edge_jobs.notifications.message import BadHeader, build
from edge_jobs.notifications.samples import sample

ENDING = {
    "firm": "Marlow & Hart <Advisory>",
    "link": "/contracts/1",
    "number": "7",
    "title": "Pricing & <b>bold</b> plans",
    "party": "Nordwind GmbH",
    "ends_on": "2026-12-06",
    "days": 14,
}


def message(**changes: str) -> EmailMessage:
    values = {
        "firm": str(ENDING["firm"]),
        "sender": "Firmbase <no-reply@firmbase.test>",
        "to": "ada@marlow.test",
        "subject": "Pricing ends in 14 days",
        "message_id": "<1@firmbase.test>",
        "app_url": "https://app.firmbase.test/",
        "unsubscribe_url": "https://project.test/functions/v1/unsubscribe?token=abc",
    } | changes
    return build(compose("contract_ending", ENDING), **values)


def parts(sent: EmailMessage) -> tuple[str, str]:
    received = email.message_from_bytes(sent.as_bytes(), policy=default)
    text, html = (received.get_body((kind,)) for kind in ("plain", "html"))
    assert text
    assert html
    return text.get_content(), html.get_content()


def decoded(header: str) -> str:
    return "".join(str(make_header(decode_header(header))).splitlines())


def test_both_parts_say_the_same() -> None:
    for part in parts(message()):
        assert "ends in 14 days" in part
        assert "6 December 2026" in part
        assert "Nordwind GmbH" in part
        assert "https://app.firmbase.test/contracts/1" in part


def test_what_people_wrote_is_never_markup() -> None:
    text, html = parts(message())
    assert "Pricing & <b>bold</b> plans" in text
    assert "Pricing &amp; &lt;b&gt;bold&lt;/b&gt; plans" in html
    assert "<b>" not in html
    assert "$" not in html


def test_headers() -> None:
    # As long as the longest token, which must stay in one piece: no mailbox decodes it.
    sent = message(unsubscribe_url="https://project.test/functions/v1/unsubscribe?t=" + "a-b_" * 44)
    lines = sent.as_bytes().split(b"\r\n")
    header = next(line for line in lines if line.startswith(b"List-Unsubscribe:"))
    assert header == b"List-Unsubscribe: <https://project.test/functions/v1/unsubscribe?t=" + (
        b"a-b_" * 44 + b">"
    )
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent["Message-ID"] == "<1@firmbase.test>"
    assert parseaddr(sent["From"]) == (
        "Marlow & Hart <Advisory> via Firmbase",
        "no-reply@firmbase.test",
    )
    assert sent["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subject": "Hello\r\nBcc: everybody@example.com"}, "bad_header"),
        ({"subject": "Hello\nBcc: everybody@example.com"}, "bad_header"),
        ({"to": "a@b.test\r\nBcc: c@d.test"}, "bad_header"),
        ({"to": "=?utf-8?q?a=0D=0ABcc=3Ax?=@b.test"}, "bad_address"),
        ({"to": "a@@b.test"}, "bad_address"),
        ({"to": "a@" + "ü" * 64 + ".test"}, "bad_address"),
        ({"to": "a@b"}, "bad_address"),
        ({"to": "nobody"}, "bad_address"),
        ({"to": ""}, "bad_address"),
        ({"to": "a@b.test, c@d.test"}, "multiple_addresses"),
    ],
)
def test_nothing_breaks_out_of_a_header(changes: dict[str, str], code: str) -> None:
    with pytest.raises(BadHeader) as caught:
        message(**changes)
    assert caught.value.code == code


def test_a_domain_of_any_letters_is_written_as_every_server_takes_it() -> None:
    sent = message(to="ada@bücher.example")
    assert sent["To"].addresses[0].addr_spec == "ada@xn--bcher-kva.example"
    assert b"\r\nTo: ada@xn--bcher-kva.example\r\n" in sent.as_bytes()


def test_a_firm_with_a_line_break_in_its_name_still_gets_mail() -> None:
    sent = message(firm="Marlow\r\nBcc: c@d.test")
    assert parseaddr(sent["From"])[0] == "Marlow Bcc: c@d.test via Firmbase"
    assert email.message_from_bytes(sent.as_bytes())["Bcc"] is None


@pytest.mark.parametrize("breaks", ["=0D=0ABcc:_c@d.test", "=0D=0A=0D=0A<b>Pay</b>", "=0ABcc:_x"])
@pytest.mark.parametrize("rest", ["", " für März"])
def test_what_looks_encoded_is_not_decoded(breaks: str, rest: str) -> None:
    """Else a contract or a firm of such a name writes headers, and mails, of its own."""
    name = f"=?utf-8?q?a{breaks}?={rest}"
    sent = message(firm=name, subject=name)
    received = email.message_from_bytes(sent.as_bytes())
    assert (decoded(received["Subject"]), sent["Subject"]) == (name, name)
    assert decoded(parseaddr(received["From"])[0]) == f"{name} via Firmbase"
    assert "Bcc" not in received
    assert received.keys() == message().keys()


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), min_size=1))
def test_names_of_any_letters_arrive_as_they_are(name: str) -> None:
    """In words that every mailbox decodes: RFC 2047 grants each 75 signs. And nobody's name is an
    address."""
    name = " ".join((name * 3 + " ü " + name).split())
    sent = message(firm=name, subject=name)
    raw = sent.as_bytes()
    words = re.findall(rb"=\?utf-8\?[bq]\?[^?]*\?=", raw.partition(b"\r\n\r\n")[0])
    assert words
    assert max(map(len, words)) <= 75
    received = email.message_from_bytes(raw)
    assert decoded(received["Subject"]) == name
    shown, address = parseaddr(received["From"])
    assert (decoded(shown), address) == (f"{name} via Firmbase", "no-reply@firmbase.test")
    # The envelope, as smtplib finds it.
    assert getaddresses([sent["From"]]) == [(f"{name} via Firmbase", "no-reply@firmbase.test")]


@pytest.mark.parametrize(("days", "when"), [(0, "today"), (1, "tomorrow"), (30, "in 30 days")])
def test_when_a_contract_ends(days: int, when: str) -> None:
    letter = compose("contract_ending", ENDING | {"days": days, "party": None})
    assert letter.heading.endswith(f"ends {when}")
    assert [name for name, _ in letter.facts] == ["Contract", "Last day"]


def test_an_invitation_names_who_invites_to_what() -> None:
    letter = compose(
        "invitation",
        {
            "firm": "Marlow",
            "link": "/invitations/accept#token=abc",
            "inviter": "Ada Marlow",
            "role": "manager",
            "expires_on": "2026-11-29",
        },
    )
    assert "Ada Marlow invites you" in letter.paragraphs[0]
    assert ("Your role", "Manager") in letter.facts
    assert letter.link == "/invitations/accept#token=abc"


def test_a_letter_without_its_facts_is_not_written() -> None:
    with pytest.raises(ValidationError):
        compose("contract_ending", {key: ENDING[key] for key in ENDING if key != "ends_on"})
    with pytest.raises(ValidationError):
        compose("contract_ending", ENDING | {"__class__": "x"})
    with pytest.raises(KeyError):
        compose("surprise", ENDING)


@pytest.mark.parametrize("event", EVENTS)
def test_every_letter_has_an_example_that_says_all_of_it(event: str) -> None:
    subject, facts = sample(event, color="#0b6e4f")
    letter = compose(event, facts)
    sent = build(
        letter,
        firm=facts["firm"],
        color="#0b6e4f",
        sender="no-reply@firmbase.test",
        to="ada@marlow.test",
        subject=subject,
        message_id="<1@firmbase.test>",
        app_url="https://app.firmbase.test",
        unsubscribe_url="https://project.test/unsubscribe?token=abc",
    )
    text, html = parts(sent)
    said = [letter.heading, *letter.paragraphs, letter.reason, letter.action]
    said += [part for fact in letter.facts for part in fact]
    said += [part for entry in letter.entries for part in (entry.title, entry.body)]
    for part in said:
        assert part in text
        assert escape(part) in html
    for part in (text, html):
        assert f"https://app.firmbase.test{letter.link}" in part
        assert "https://project.test/unsubscribe?token=abc" in part
        # Who is no member has no settings.
        assert ("/settings/notifications" in part) == letter.for_member
    assert "background:#0b6e4f" in html
    assert sent["Subject"] == subject


@given(st.integers(0, 0xFFFFFF))
def test_whatever_the_colour_its_text_can_be_read(number: int) -> None:
    colors = palette(f"#{number:06x}")
    assert colors.header == f"#{number:06x}"
    pairs = zip(colors[::2], colors[1::2], strict=True)
    assert all(contrast(ground, written) >= READABLE for ground, written in pairs)
    assert contrast(colors.button, CARD) >= VISIBLE
    assert contrast(colors.dark_button, DARK_CARD) >= VISIBLE


def test_the_colours_of_the_house_can_be_read() -> None:
    pairs = zip(HOUSE[::2], HOUSE[1::2], strict=True)
    assert all(contrast(ground, written) >= READABLE for ground, written in pairs)
    assert palette(None) == HOUSE


@pytest.mark.parametrize("color", ["red", "#FFF", '#000000"onload', "#00000g"])
def test_a_colour_is_a_colour(color: str) -> None:
    with pytest.raises(ValidationError):
        compose("contract_ending", ENDING | {"color": color})


def test_a_name_from_right_to_left_turns_nothing_else() -> None:
    """Nor does one that turns the direction by a sign of its own."""
    for name in ("שלום", "x\u202egpj.exe"):
        letter = compose("contract_ending", ENDING | {"party": name})
        assert ("With", f"\u2068{name}\u2069") in letter.facts
    # Nor one that ends the marks around it early, or keeps them open.
    for name in ("x\u2069\u202egpj.exe", "x\u2067\u202egpj.exe"):
        letter = compose("contract_ending", ENDING | {"party": name})
        assert ("With", "\u2068x\u202egpj.exe\u2069") in letter.facts
    letter = compose("contract_ending", ENDING | {"party": "Zoë 🦊"})
    assert ("With", "Zoë 🦊") in letter.facts


def test_a_digest_with_more_than_it_shows_says_so() -> None:
    _, facts = sample("digest")
    letter = compose("digest", facts | {"more": 117})
    assert letter.paragraphs[0].startswith("120 things ")
    assert letter.paragraphs[0].endswith("Here are 3 of them.")
