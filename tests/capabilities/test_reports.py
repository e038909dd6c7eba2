"""The contract portfolio: asked for by people, computed under their firm, hidden from the rest."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pypdfium2
import pytest

from tests.capabilities.conftest import notifications, row, stored
from tests.people import Caller, Firm, Person, created, today

Drain = Callable[..., str]
Database = psycopg.Connection[Any]


def request(person: Person, firm: Firm, format: str, **params: str) -> str:
    answer = person.rpc(
        "request_report", firm_id=firm.id, kind="contract_portfolio", format=format, params=params
    )
    return str(created(answer))


def data(db: Database, id: str) -> dict[str, Any]:
    (found,) = db.execute("select private.report_contract_portfolio(%s)", [id]).fetchone() or (
        None,
    )
    assert found
    return dict(found)


@pytest.fixture
def portfolio(firm: Firm, db: Database) -> dict[str, str]:
    """Contracts in two currencies and several states; the ids of the two clients."""
    nordwind = firm.company(name="Nordwind GmbH")["id"]
    harbour = firm.company(name="=Harbour Foods")["id"]
    start = "2020-01-01"
    soon, later = str(today() + timedelta(days=30)), str(today() + timedelta(days=200))
    for title, client, currency, cap, end, status in (
        ("Pricing strategy", nordwind, "EUR", 40000, soon, "active"),
        ("Interim CFO", nordwind, "CHF", 90000.5, later, "active"),
        ("ERP selection", harbour, "EUR", 25000, later, "draft"),
    ):
        contract = firm.contract(
            title=title,
            company_id=client,
            currency=currency,
            value_cap=cap,
            starts_on=start,
            ends_on=end,
        )
        if status == "active":
            db.execute(
                "update public.contracts set status = 'active', signed_at = now() where id = %s",
                [contract["id"]],
            )
    firm.contract(
        title="Fixed fee", company_id=harbour, currency="EUR", rate=5000, rate_unit="fixed"
    )
    return {"nordwind": nordwind, "harbour": harbour}


def test_a_pdf_lies_ready_and_its_requester_is_told(
    firm: Firm, portfolio: dict[str, str], drain: Drain
) -> None:
    id = request(firm.manager, firm, "pdf")
    assert row(firm.manager, "reports", id)["status"] == "queued"
    drain()
    report = row(firm.manager, "reports", id)
    assert (report["status"], report["progress"]) == ("ready", 100)
    assert report["path"] == f"{firm.id}/{id}.pdf"
    document = stored(firm.manager, "reports", report["path"])
    assert len(document) == report["size_bytes"]
    with pypdfium2.PdfDocument(document) as opened:
        text = opened[0].get_textpage().get_text_range()
    for words in ("Marlow & Partners", "Contract portfolio", "Nordwind GmbH", "90,000.50"):
        assert words in text
    (told,) = notifications(firm.manager, "report_ready")
    assert told["link"] == f"/reports/{id}"
    assert notifications(firm.owner, "report_ready") == []


def test_attack_43_a_csv_holds_every_contract_and_no_formula(
    firm: Firm, portfolio: dict[str, str], drain: Drain
) -> None:
    id = request(firm.member, firm, "csv")
    drain()
    raw = stored(firm.member, "reports", row(firm.member, "reports", id)["path"])
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert [entry["title"] for entry in rows] == [
        "Pricing strategy",
        "Interim CFO",
        "Fixed fee",
        "ERP selection",
    ]
    assert {entry["company"] for entry in rows} == {"Nordwind GmbH", "'=Harbour Foods"}
    assert [entry["value"] for entry in rows] == ["40000.00", "90000.50", "5000.00", "25000.00"]


def test_figures_never_add_currencies(firm: Firm, portfolio: dict[str, str], db: Database) -> None:
    found = data(db, request(firm.owner, firm, "pdf"))
    assert found["figures"] == {"contracts": 4, "active": 2, "ending_soon": 1, "clients": 1}
    assert found["totals"] == [
        {"currency": "CHF", "active": "90000.50", "preparing": "0.00", "total": "90000.50"},
        {"currency": "EUR", "active": "40000.00", "preparing": "30000.00", "total": "70000.00"},
    ]
    assert [(entry["status"], entry["count"]) for entry in found["statuses"]] == [
        ("active", 2),
        ("draft", 2),
    ]
    assert len(found["months"]) == 12
    assert sum(month["count"] for month in found["months"]) == 2


def test_a_contract_under_notice_ends_on_its_last_day(
    firm: Firm, portfolio: dict[str, str], db: Database
) -> None:
    last = str(today() + timedelta(days=10))
    (contract,) = created(firm.owner.get("contracts", title="eq.Interim CFO"))
    notice = {"id": contract["id"], "reason": "Budget", "last_day": last}
    created(firm.owner.rpc("terminate_contract", **notice))
    found = data(db, request(firm.owner, firm, "pdf"))
    assert found["figures"]["ending_soon"] == 2
    first = found["contracts"][0]
    assert (first["title"], first["ends_on"]) == ("Interim CFO", last)
    (month,) = [month for month in found["months"] if month["month"] == last[:7]]
    assert month["count"] >= 1


def test_one_client_only(firm: Firm, portfolio: dict[str, str], db: Database) -> None:
    found = data(db, request(firm.owner, firm, "pdf", company_id=portfolio["harbour"]))
    assert found["client"] == "=Harbour Foods"
    assert {contract["company"] for contract in found["contracts"]} == {"=Harbour Foods"}
    assert found["figures"]["contracts"] == 2


def test_nothing_of_another_firm_is_in_it(
    firm: Firm, other_firm: Firm, portfolio: dict[str, str], db: Database, drain: Drain
) -> None:
    id = request(other_firm.owner, other_firm, "pdf")
    assert data(db, id)["contracts"] == []
    drain()
    assert row(other_firm.owner, "reports", id)["status"] == "ready"


def test_who_reads_which_report(
    firm: Firm, other_firm: Firm, drain: Drain, outsider: Person, visitor: Caller
) -> None:
    by_manager = request(firm.manager, firm, "csv")
    by_member = request(firm.member, firm, "csv")
    drain()

    def readable(person: Caller, id: str) -> bool:
        listed = person.get("reports", id=f"eq.{id}").json()
        path = f"/storage/v1/object/reports/{firm.id}/{id}.csv"
        stored = person.send("GET", path).is_success
        assert stored == bool(isinstance(listed, list) and listed)
        return stored

    for person in (firm.owner, firm.admin, firm.manager):
        assert readable(person, by_manager)
        assert readable(person, by_member)
    assert readable(firm.member, by_member)
    assert not readable(firm.member, by_manager)
    for stranger in (firm.viewer, firm.suspended, other_firm.owner, outsider, visitor):
        assert not readable(stranger, by_manager)
        assert not readable(stranger, by_member)


def test_who_may_ask(firm: Firm, outsider: Person, visitor: Caller) -> None:
    ask = {"firm_id": firm.id, "kind": "contract_portfolio", "format": "pdf"}
    assert firm.viewer.rpc("request_report", **ask).json()["details"] == "not_allowed"
    assert outsider.rpc("request_report", **ask).json()["details"] == "firm_not_found"
    assert visitor.rpc("request_report", **ask).json()["code"] == "42501"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "salaries"}, "unknown_report"),
        ({"format": "exe"}, "unknown_format"),
        ({"params": {"where": "true"}}, "unknown_parameter"),
        ({"params": []}, "unknown_parameter"),
        ({"params": {"company_id": "x'; drop table"}}, "company_not_found"),
        ({"params": {"company_id": None}}, "company_not_found"),
    ],
)
def test_bad_requests(firm: Firm, change: dict[str, Any], code: str) -> None:
    ask = {"firm_id": firm.id, "kind": "contract_portfolio", "format": "pdf"} | change
    assert firm.owner.rpc("request_report", **ask).json()["details"] == code


def test_a_company_of_another_firm_is_not_found(firm: Firm, other_firm: Firm) -> None:
    params = {"company_id": other_firm.company()["id"]}
    ask = {"firm_id": firm.id, "kind": "contract_portfolio", "format": "pdf", "params": params}
    assert firm.owner.rpc("request_report", **ask).json()["details"] == "company_not_found"


def test_only_the_worker_fills_reports(firm: Firm) -> None:
    id = request(firm.owner, firm, "pdf")
    for function in ("begin_report", "report_contract_portfolio", "finish_report"):
        arguments = {"size_bytes": 1} if function == "finish_report" else {}
        answer = firm.owner.rpc(function, report_id=id, **arguments)
        assert answer.json()["code"] == "42501"
    path = f"/storage/v1/object/reports/{firm.id}/{id}.pdf"
    assert firm.owner.send("POST", path, content=b"%PDF-").is_error


def test_doing_it_again_changes_nothing(firm: Firm, db: Database, drain: Drain) -> None:
    id = request(firm.owner, firm, "csv")
    drain()
    before = row(firm.owner, "reports", id)
    db.execute(
        "select private.enqueue('report.render', jsonb_build_object('report_id', %s::uuid))", [id]
    )
    drain()
    assert row(firm.owner, "reports", id) == before
    assert len(notifications(firm.owner, "report_ready")) == 1


@pytest.mark.parametrize(
    ("code", "said", "shown"),
    [
        ("crash_loop", "Gone.", "Gone."),
        ("exception", "OSError: /srv/x at http://10.0.0.7", "Something went wrong on our side."),
    ],
)
def test_a_dead_job_leaves_a_failed_report(
    firm: Firm, db: Database, code: str, said: str, shown: str
) -> None:
    id = request(firm.owner, firm, "csv")
    (message,) = db.execute(
        "select msg_id from pgmq.q_jobs_default where message -> 'payload' ->> 'report_id' = %s",
        [id],
    ).fetchone() or (None,)
    claimed = db.execute(
        "update pgmq.q_jobs_default set read_ct = read_ct + 1 where msg_id = %s returning read_ct",
        [message],
    ).fetchone() or (None,)
    db.execute(
        "select private.jobs_fail('jobs_default', jsonb_build_array(jsonb_build_object("
        "'id', %s::bigint, 'read', %s::integer, 'outcome', 'dead', 'code', %s::text, "
        "'error', %s::text)), now(), 'test')",
        [message, claimed[0], code, said],
    )
    report = row(firm.owner, "reports", id)
    assert (report["status"], report["error"], report["detail"]) == (
        "failed",
        code,
        shown,
    )


def test_a_firm_waits_for_at_most_fifty_reports(firm: Firm, db: Database) -> None:
    db.execute(
        "insert into public.reports (firm_id, kind, format)"
        " select %s, 'contract_portfolio', 'csv' from generate_series(1, 49)",
        [firm.id],
    )
    id = request(firm.member, firm, "csv")
    ask = {"firm_id": firm.id, "kind": "contract_portfolio", "format": "csv"}
    refused = firm.member.rpc("request_report", **ask)
    assert (refused.status_code, refused.json()["details"]) == (429, "too_many_reports")
    db.execute("update public.reports set status = 'failed' where id = %s", [id])
    request(firm.member, firm, "csv")
