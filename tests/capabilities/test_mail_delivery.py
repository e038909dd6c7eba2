"""How people get their mails: at once, in the digest, or not at all."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.capabilities.conftest import Mailbox, deliveries, notifications
from tests.capabilities.mails import Database, Drain, choose, mails, make_digests, service, tell
from tests.people import Firm, created


def past_eight(zone: str = "UTC") -> datetime:
    """The next time that the clocks there show five past eight."""
    now = datetime.now(ZoneInfo(zone))
    day = now + timedelta(days=now.hour >= 8)
    return day.replace(hour=8, minute=5, second=0, microsecond=0)


def test_each_gets_it_as_they_chose(firm: Firm, db: Database) -> None:
    for person, delivery in (
        (firm.owner, None),
        (firm.manager, "now"),
        (firm.member, "digest"),
        (firm.viewer, "off"),
    ):
        if delivery:
            choose(person, firm, delivery)
        tell(db, firm, person)
        (told,) = notifications(person, "report_ready")
        assert told["delivery"] == delivery or (told["delivery"] == "now" and delivery is None)
        assert len(mails(db, person.email, "report_ready")) == (told["delivery"] == "now")
    # A choice holds in its firm only.
    assert deliveries(firm.member, firm)["report_ready"] == "digest"
    other = Firm(firm.api)
    other.join("member", firm.member)
    assert deliveries(firm.member, other)["report_ready"] == "now"


def test_attack_53_a_flood_becomes_a_digest(firm: Firm, db: Database) -> None:
    for number in range(23):
        tell(db, firm, firm.owner, f"Report {number}")
    assert len(mails(db, firm.owner.email, "report_ready")) == 20
    kinds = [row["delivery"] for row in notifications(firm.owner, "report_ready")]
    assert (kinds.count("now"), kinds.count("digest")) == (20, 3)


def test_the_digest_is_one_mail_a_day_at_eight_by_the_firms_clock(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox
) -> None:
    zone = "Pacific/Auckland"
    created(
        firm.owner.update("firms", {"timezone": zone, "brand_color": "#0b6e4f"}, id=f"eq.{firm.id}")
    )
    for person in (firm.member, firm.viewer):
        choose(person, firm, "digest")
        tell(db, firm, person, "A & <b>")
        tell(db, firm, person, "B")
    tell(db, firm, firm.member, "Seen already")
    (seen,) = [n for n in notifications(firm.member, "report_ready") if n["title"][0] == "S"]
    created(firm.member.update("notifications", {"read_at": "now"}, id=f"eq.{seen['id']}"))
    # Whoever wants none of it any more gets none, though it was gathered.
    choose(firm.viewer, firm, "off")

    make_digests(db, past_eight(zone) - timedelta(hours=1))
    assert mails(db, firm.member.email, "digest") == []
    for _ in range(3):
        make_digests(db, past_eight(zone))
    (made,) = mails(db, firm.member.email, "digest")
    assert made["subject"] == "Marlow & Partners: 2 things since yesterday"
    assert mails(db, firm.viewer.email, "digest") == []

    drain()
    mail = mailbox.expect(firm.member.email, "2 things")
    assert mail["text"].index("A & <b>") < mail["text"].index("B (")
    assert "A &amp; &lt;b&gt;" in mail["html"]
    assert "background:#0b6e4f" in mail["html"]
    assert "Seen already" not in mail["text"]

    # Nothing new, nothing sent; what comes later waits for its own day.
    make_digests(db, past_eight(zone) + timedelta(days=1))
    assert len(mails(db, firm.member.email, "digest")) == 1
    tell(db, firm, firm.member, "C")
    make_digests(db, past_eight(zone))
    assert len(mails(db, firm.member.email, "digest")) == 1
    make_digests(db, past_eight(zone) + timedelta(days=1))
    (_, second) = mails(db, firm.member.email, "digest")
    assert [item["title"] for item in second["params"]["items"]] == ["C"]


def test_a_digest_shows_fifty_and_counts_the_rest(firm: Firm, db: Database) -> None:
    for person in (firm.member, firm.viewer):
        choose(person, firm, "digest")
        for number in range(53):
            tell(db, firm, person, f"Report {number}")
    choose(firm.viewer, firm, "off", kind="digest")
    make_digests(db, past_eight())
    assert mails(db, firm.viewer.email, "digest") == []
    (made,) = mails(db, firm.member.email, "digest")
    assert made["subject"].endswith("53 things since yesterday")
    assert (len(made["params"]["items"]), made["params"]["more"]) == (50, 3)


def test_who_left_gets_no_digest(firm: Firm, db: Database) -> None:
    choose(firm.member, firm, "digest")
    tell(db, firm, firm.member)
    created(firm.owner.rpc("suspend_member", firm_id=firm.id, user_id=firm.member.id))
    make_digests(db, past_eight())
    assert mails(db, firm.member.email, "digest") == []


def test_nothing_goes_to_an_address_that_bounced(
    firm: Firm, db: Database, drain: Drain, mailbox: Mailbox
) -> None:
    tell(db, firm, firm.member)
    for _ in range(2):
        created(service(firm, "suppress_address", address=firm.member.email, reason="bounced"))
    drain()
    (mail,) = mails(db, firm.member.email, "report_ready")
    assert (mail["status"], mail["params"]) == ("suppressed", {})
    assert mailbox.of(firm.member.email, "Ready") == []
    assert len(notifications(firm.member, "report_ready")) == 1
    for wrong in (
        {"address": firm.member.email, "reason": "unsubscribed"},
        {"address": "a@b.example, c@d.example", "reason": "bounced"},
    ):
        assert service(firm, "suppress_address", **wrong).status_code == 400


def test_who_left_or_turned_it_off_gets_nothing_that_still_waited(
    firm: Firm, db: Database, drain: Drain
) -> None:
    """A mail server may be away for hours."""
    left, suspended, decided, stays = firm.join("viewer"), firm.member, firm.manager, firm.admin
    drain()
    for person in (left, suspended, decided, stays):
        tell(db, firm, person)
    created(firm.owner.rpc("remove_member", firm_id=firm.id, user_id=left.id))
    created(firm.owner.rpc("suspend_member", firm_id=firm.id, user_id=suspended.id))
    choose(decided, firm, "off")
    drain()
    came = [mails(db, p.email, "report_ready")[0] for p in (left, suspended, decided, stays)]
    assert [mail["status"] for mail in came] == ["suppressed"] * 3 + ["sent"]
    assert [mail["params"] for mail in came] == [{}] * 4
