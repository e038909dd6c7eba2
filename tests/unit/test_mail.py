"""What a mail looks like on the wire."""

import email
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from pydantic import ValidationError

from edge_jobs.notifications.letters import compose
from edge_jobs.notifications.message import BadHeader, build

ENDING = {
    "firm": "Marlow & Hart <Advisory>",
    "link": "/contracts/1",
    "number": "7",
    "title": "Pricing & <b>bold</b> plans",
    "party": "Nordwind GmbH",
    "ends_on": "2026-12-06",
    "days": 14,
}


def message(**changes: Any) -> EmailMessage:
    values = {
        "firm": ENDING["firm"],
        "sender": "Firmbase <no-reply@firmbase.test>",
        "to": "ada@marlow.test",
        "subject": "Pricing ends in 14 days",
        "message_id": "<1@firmbase.test>",
        "app_url": "https://app.firmbase.test/",
    } | changes
    return build(compose("contract_ending", ENDING), **values)


def parts(sent: EmailMessage) -> tuple[str, str]:
    received = email.message_from_bytes(sent.as_bytes(), policy=default)
    texts = [received.get_body((kind,)) for kind in ("plain", "html")]
    return tuple(text.get_content() for text in texts)  # type: ignore[union-attr, return-value]


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
    sent = message(app_url="https://app.firmbase.test/" + "a-long-name/" * 20)
    raw = sent.as_bytes()
    header = next(line for line in raw.split(b"\r\n") if line.startswith(b"List-Unsubscribe"))
    assert header.endswith(b"/settings/notifications>")
    assert b"=?" not in header
    assert sent["Message-ID"] == "<1@firmbase.test>"
    assert sent["From"].addresses[0].display_name == "Marlow & Hart <Advisory> via Firmbase"
    assert sent["From"].addresses[0].addr_spec == "no-reply@firmbase.test"
    assert sent["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"subject": "Hello\r\nBcc: everybody@example.com"}, "bad_header"),
        ({"subject": "Hello\nBcc: everybody@example.com"}, "bad_header"),
        ({"to": "a@b.test\r\nBcc: c@d.test"}, "bad_header"),
        ({"to": "a@@b.test"}, "bad_address"),
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


def test_a_firm_with_a_line_break_in_its_name_still_gets_mail() -> None:
    sent = message(firm="Marlow\r\nBcc: c@d.test")
    assert sent["From"].addresses[0].display_name == "Marlow Bcc: c@d.test via Firmbase"
    assert email.message_from_bytes(sent.as_bytes())["Bcc"] is None


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
