"""What the people of a small firm do on one day, each with a token of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from postgrest.exceptions import APIError
from supabase import Client, create_client

from cli.demo import people
from cli.demo.people import Person
from cli.local.config import ROOT, Config

DOCUMENTS = Path(__file__).parent / "documents"
RUNNER_SECONDS = 150.0
PDF = "application/pdf"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Say = Callable[[str], None]


@dataclass
class Day:
    """What there is to show in the end."""

    config: Config
    firm: dict[str, Any]
    people: list[Person]
    files: list[dict[str, Any]] = field(default_factory=list)
    contracts: list[dict[str, Any]] = field(default_factory=list)
    mails: list[dict[str, Any]] = field(default_factory=list)
    reports: list[Path] = field(default_factory=list)
    thumbnails: list[Path] = field(default_factory=list)
    stranger_rows: int = 0
    unfinished: list[str] = field(default_factory=list)


def play(config: Config, folder: Path, say: Say) -> Day:
    """Plays the day; reports and thumbnails are saved in a new folder under `folder`."""
    run = time.strftime("%m%d-%H%M%S")
    say("Ada signs up, confirms her address and founds a firm …")
    ada = people.sign_up(config, "Ada Lindqvist", f"ada.{run}@northlight.test")
    firm = ada.client.rpc(
        "create_firm",
        {
            "name": "Northlight Advisory",
            "slug": f"northlight-{run}",
            "currency": "EUR",
            "timezone": "UTC",
        },
    ).execute()
    day = Day(config, first(firm.data), [ada])
    ada.role = "owner"

    say("She invites Ben, who signs up and accepts …")
    ben = people.sign_up(config, "Ben Okafor", f"ben.{run}@northlight.test")
    invitation = ada.client.rpc(
        "invite_member", {"firm_id": day.firm["id"], "email": ben.email, "role": "manager"}
    ).execute()
    ben.client.rpc("accept_invitation", {"token": first(invitation.data)["token"]}).execute()
    ben.role = "manager"
    day.people.append(ben)

    say("Ben enters two client companies, three consultants and five contracts …")
    contracts = enter_business(ben.client, day.firm["id"])

    say("They upload documents …")
    files = upload_documents(day, ada.client, ben.client, contracts)

    say("Ada asks for the contract portfolio as PDF and CSV …")
    asked = {"firm_id": day.firm["id"], "kind": "contract_portfolio"}
    reports = [
        str(ada.client.rpc("request_report", asked | {"format": form}).execute().data)
        for form in ("pdf", "csv")
    ]

    say("Midnight passes: contracts begin, reminders fall due …")
    create_client(config.api_url, config.keys.secret).rpc("jobs_tick").execute()

    say("The job runner works …")
    day.unfinished = run_jobs(day, ada.client, files, reports, say)
    collect(day, ada, folder / run, reports)

    say("A stranger signs up and looks around …")
    stranger = people.sign_up(config, "Sam Stranger", f"sam.{run}@elsewhere.test")
    day.people.append(stranger)
    day.stranger_rows = readable(config, stranger)
    return day


def first(data: Any) -> dict[str, Any]:
    """The row a function returned, whether the API sent it alone or in a list."""
    row: dict[str, Any] = data[0] if isinstance(data, list) else data
    return row


def rows(query: Any) -> list[dict[str, Any]]:
    """The rows of a query."""
    found: list[dict[str, Any]] = query.execute().data
    return found


def insert(client: Client, table: str, row: dict[str, Any]) -> dict[str, Any]:
    return first(client.table(table).insert(row).execute().data)


def enter_business(client: Client, firm_id: str) -> list[dict[str, Any]]:
    """Two companies, three consultants and five contracts, taken as far as their state says."""
    helios, meridian = (
        insert(client, "companies", {"firm_id": firm_id, **company})
        for company in (
            {"name": "Helios Energy GmbH", "status": "active", "country": "DE"},
            {"name": "Meridian Health plc", "status": "active", "country": "GB"},
        )
    )
    _noor, tomas, _lea = (
        insert(client, "consultants", {"firm_id": firm_id, **consultant})
        for consultant in (
            {"name": "Noor Haddad", "kind": "employee", "headline": "Energy strategy"},
            {"name": "Tomás Rivera", "kind": "contractor", "headline": "Clinical data"},
            {"name": "Léa Fontaine", "kind": "partner", "headline": "Change management"},
        )
    )
    today = datetime.now(UTC).date()  # in the time zone of the firm
    service = {"kind": "client_services", "rate_unit": "day", "currency": "EUR"}
    plans: list[tuple[dict[str, Any], list[str]]] = [
        (
            service
            | {"title": "Grid transition programme", "company_id": helios["id"], "rate": 1450}
            | {
                "value_cap": 174000,
                "starts_on": today - timedelta(120),
                "ends_on": today + timedelta(7),
            },
            ["in_review", "sent", "signed"],
        ),
        (
            service
            | {"title": "Patient data platform", "company_id": meridian["id"], "rate": 1280}
            | {
                "value_cap": 230000,
                "starts_on": today - timedelta(30),
                "ends_on": today + timedelta(240),
            },
            ["in_review", "sent", "signed"],
        ),
        (
            {"kind": "consultant", "title": "Clinical data architect", "consultant_id": tomas["id"]}
            | {"rate": 820, "rate_unit": "day", "currency": "EUR", "value_cap": 98000}
            | {"starts_on": today + timedelta(14), "ends_on": today + timedelta(200)},
            ["in_review", "sent"],
        ),
        (
            {"kind": "nda", "title": "Mutual NDA", "company_id": meridian["id"]}
            | {"starts_on": today, "ends_on": today + timedelta(730)},
            ["in_review"],
        ),
        (
            service
            | {"title": "Storage feasibility study", "company_id": helios["id"], "rate": 1400}
            | {
                "value_cap": 42000,
                "starts_on": today + timedelta(45),
                "ends_on": today + timedelta(130),
            },
            [],
        ),
    ]
    contracts = []
    for plan, steps in plans:
        row = plan | {"starts_on": str(plan["starts_on"]), "ends_on": str(plan["ends_on"])}
        contract = insert(client, "contracts", {"firm_id": firm_id, **row})
        for step in steps:
            client.rpc("transition_contract", {"id": contract["id"], "to_status": step}).execute()
        contracts.append(contract)
    return contracts


def upload_documents(
    day: Day, owner: Client, manager: Client, contracts: list[dict[str, Any]]
) -> list[str]:
    """Real documents, and one that is not what its name says; returns the ids of the files."""
    grid, platform, _architect, nda, _study = (contract["id"] for contract in contracts)
    not_a_pdf = b"<!doctype html><script>alert('invoice')</script>"
    agreement = (DOCUMENTS / "professional-services-agreement.pdf").read_bytes()
    uploads: list[tuple[Client, str, bytes, str, str | None]] = [
        (manager, "Professional services agreement.pdf", agreement, PDF, grid),
        (manager, "Mutual NDA.pdf", (DOCUMENTS / "mutual-nda.pdf").read_bytes(), PDF, nda),
        (
            owner,
            "Kick-off notes.docx",
            (DOCUMENTS / "testWORD_features.docx").read_bytes(),
            WORD,
            platform,
        ),
        (owner, "Budget.xlsx", (DOCUMENTS / "testEXCEL.xlsx").read_bytes(), EXCEL, platform),
        (
            owner,
            "Site visit.jpg",
            (DOCUMENTS / "testJPEG_EXIF.jpg").read_bytes(),
            "image/jpeg",
            grid,
        ),
        (manager, "Invoice.pdf", not_a_pdf, PDF, grid),
    ]
    return [upload(day.firm["id"], *one) for one in uploads]


def upload(
    firm_id: str, client: Client, name: str, content: bytes, mime: str, contract_id: str | None
) -> str:
    """Uploads by intent, as the frontend does: ask for a place, send the bytes, say it is done."""
    intent = first(
        client.rpc(
            "begin_upload",
            {
                "firm_id": firm_id,
                "name": name,
                "size_bytes": len(content),
                "mime": mime,
                "contract_id": contract_id,
            },
        )
        .execute()
        .data
    )
    client.storage.from_(intent["bucket"]).upload(
        intent["path"], content, {"content-type": mime, "upsert": "false"}
    )
    client.rpc("finish_upload", {"file_id": intent["id"]}).execute()
    file_id: str = intent["id"]
    return file_id


def run_jobs(day: Day, client: Client, files: list[str], reports: list[str], say: Say) -> list[str]:
    """Runs the runner as cron does, again and again until all is done; returns what is not."""
    deadline = time.monotonic() + RUNNER_SECONDS
    environment = {"PATH": os.environ.get("PATH", ""), **day.config.environment()}
    while True:
        runner = subprocess.run(
            [sys.executable, "-m", "edge_jobs", "run"], cwd=ROOT, env=environment, check=False
        )
        if runner.returncode != 0:
            say(f"The runner ended with {runner.returncode}: it is started again, as cron would.")
        waiting = unfinished(client, files, reports) + queued(day)
        if not waiting or time.monotonic() > deadline:
            return waiting
        time.sleep(2)


def unfinished(client: Client, files: list[str], reports: list[str]) -> list[str]:
    """The names of the files and reports whose jobs have not come to an end."""
    waiting = [
        file["name"]
        for file in rows(client.table("files").select("name,status").in_("id", files))
        if file["status"] in ("pending", "processing")
    ]
    waiting += [
        f"{report['format']} report"
        for report in rows(client.table("reports").select("format,status").in_("id", reports))
        if report["status"] not in ("ready", "failed")
    ]
    return waiting


def queued(day: Day) -> list[str]:
    """The jobs of the firm that are due or that a runner holds, perhaps one that is gone."""
    operator = create_client(day.config.api_url, day.config.keys.secret)
    jobs = rows(operator.rpc("jobs_list", {"firm_id": day.firm["id"]}))
    return [f"job {job['id']}" for job in jobs if job["state"] in ("ready", "running")]


def collect(day: Day, ada: Person, folder: Path, reports: list[str]) -> None:
    """Fetches what the jobs made, as Ada sees it, and saves reports and thumbnails."""
    folder.mkdir(parents=True, exist_ok=True)
    client = ada.client
    day.files = of_firm(day, client, "files", "created_at")
    day.contracts = of_firm(day, client, "contracts", "number")
    for report in rows(client.table("reports").select("*").in_("id", reports)):
        if report["status"] == "ready":
            path = folder / f"contract-portfolio.{report['format']}"
            path.write_bytes(client.storage.from_("reports").download(report["path"]))
            day.reports.append(path)
    for file in day.files:
        if file["thumbnail_path"]:
            path = folder / f"{Path(file['name']).stem}.webp"
            path.write_bytes(client.storage.from_(file["bucket"]).download(file["thumbnail_path"]))
            day.thumbnails.append(path)
    day.mails = [m for person in day.people for m in people.mails_to(day.config, person.email)]


def readable(config: Config, person: Person) -> int:
    """How many rows and files somebody can read who has nothing of their own but a profile."""
    api = httpx.get(
        f"{config.api_url}/rest/v1/", headers={"apikey": config.keys.secret}, timeout=10
    )
    found = 0
    for table in api.json()["definitions"]:
        try:
            found += len(rows(person.client.table(table).select("*")))
        except APIError:
            continue  # not for clients at all
    found -= len(rows(person.client.table("profiles").select("id").eq("id", person.id)))
    for bucket in ("firm-files", "reports"):
        found += len(person.client.storage.from_(bucket).list())
    return found


def of_firm(day: Day, client: Client, table: str, order: str) -> list[dict[str, Any]]:
    return rows(client.table(table).select("*").eq("firm_id", day.firm["id"]).order(order))
