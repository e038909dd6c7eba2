"""One file, with everything that is known of it but its text."""

import json
from datetime import datetime
from typing import Any

import typer

from cli.files.arguments import FileId
from cli.files.look import PARENTS, size
from cli.jobs.words import masked, when
from cli.output import Json, print_facts, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.errors import Refused
from edge_jobs.settings import Settings

app = typer.Typer()

FACTS = (
    *("firm", "status", "reason", "detail", "name", "mime", "size_bytes", "sha256"),
    *("visibility", *PARENTS, "page_count", "word_count"),
    *("language", "preview_count", "scanned_with", "metadata", "bucket", "path"),
    *("created_at", "created_by", "ready_at", "upload_expires_at", "archived_at"),
)
COLUMNS = (
    f"id,firm_id,series_id,version,is_current,{','.join(PARENTS)},visibility,"
    "bucket,path,name,mime,size_bytes,sha256,status,reason,detail,upload_expires_at,page_count,"
    "word_count,metadata,thumbnail_path,preview_count,language,hints,scanned_with,ready_at,"
    "created_at,created_by,updated_at,archived_at,firms(slug)"
)
VERSION_COLUMNS = "id,version,is_current,status,reason,name,size_bytes,created_at"
KINDS = ("file.process", "file.rescan")
MOST_ACCESSES = 20
# How many of the firm's jobs of each kind are looked into.
MOST_JOBS = 100


@app.command()
def show(file_id: FileId, as_json: Json = False) -> None:
    """Show one file: its facts, versions, hints, who opened and released it, and its jobs.

    The jobs are those that are queued, run or have died; one that has succeeded is gone.
    """
    api = Api(Settings.load())
    file = read(api, str(file_id))
    if as_json:
        print_json(file)
    else:
        print_file(file)


def read(api: Api, id: str) -> dict[str, Any]:
    """The row with what belongs to it. Raises Refused."""
    found = api.table("files").select(COLUMNS).eq("id", id).execute().data
    if not found:
        raise Refused(
            code="file_not_found",
            message=f"There is no file {id}.",
            hint="`firmbase files list` shows which there are.",
        )
    file = found[0]
    in_firm = {"firm_id": file["firm_id"]}
    versions = api.table("files").select(VERSION_COLUMNS).match(in_firm)
    opened = api.table("file_accesses").select("user_id,opened_at", count="exact").match(in_firm)
    opened = opened.eq("file_id", id).order("opened_at", desc=True).limit(MOST_ACCESSES).execute()
    released = api.table("file_releases").select("released_at,released_by,reason,note")
    released = released.match(in_firm).eq("file_id", id).order("released_at").execute().data
    return {
        **file,
        "firm": file.pop("firms")["slug"],
        "versions": versions.eq("series_id", file["series_id"]).order("version").execute().data,
        "accesses": named(api, opened.data, "user_id"),
        "access_count": opened.count,
        "releases": named(api, released, "released_by"),
        "jobs": jobs_of(api, file),
    }


def named(api: Api, rows: list[dict[str, Any]], column: str) -> list[dict[str, Any]]:
    """The rows with the address of who did it: None of an account that is gone, or of nobody."""
    ids = list({row[column] for row in rows if row[column]})
    people = api.table("profiles").select("id,email").in_("id", ids).execute().data if ids else []
    emails = {person["id"]: person["email"] for person in people}
    return [{**row, "email": emails.get(row[column])} for row in rows]


def jobs_of(api: Api, file: dict[str, Any]) -> list[dict[str, Any]]:
    """Latest due first."""
    since = datetime.fromisoformat(file["created_at"])
    found = []
    for kind in KINDS:
        listed = api.rpc("jobs_list", kind=kind, firm_id=file["firm_id"], max_rows=MOST_JOBS)
        for each in listed:
            if datetime.fromisoformat(each["enqueued_at"]) < since:
                continue
            # The list does not say which file a job is about.
            job = api.rpc("jobs_show", id=each["id"])
            if job and (job.get("payload") or {}).get("file_id") == file["id"]:
                found.append(masked(each))
    return found


def print_file(file: dict[str, Any]) -> None:
    facts = []
    for name in FACTS:
        value = file[name]
        if name.endswith("_at") and value is not None:
            value = f"{value} ({when(value)})"
        elif name == "size_bytes":
            value = f"{value:,} ({size(value)})"
        elif name == "metadata":
            value = json.dumps(value, ensure_ascii=False)
        facts.append((name.removesuffix("_at"), "–" if value is None else str(value)))
    print_facts(f"File {file['id']}", facts)
    print_versions(file["versions"])
    if hints := file["hints"]:
        columns = ["kind", "value", "page", "text"]
        rows = [[hint.get(column, "") for column in columns] for hint in hints]
        print_table("\nFound in the text", columns, rows, dense=True)
    if accesses := file["accesses"]:
        rows = [[when(each["opened_at"]), each["email"] or each["user_id"]] for each in accesses]
        print_table("\nOpened", ["when", "by"], rows, dense=True)
        if file["access_count"] > len(accesses):
            say(f"And {file['access_count'] - len(accesses):,} times before.")
    if releases := file["releases"]:
        rows = [
            [when(each["released_at"]), who(each), each["reason"], each["note"]]
            for each in releases
        ]
        columns = ["when", "by", "although", "note"]
        print_table("\nReleased from quarantine", columns, rows, dense=True)
    if jobs := file["jobs"]:
        columns = ["id", "kind", "state", "attempts", "due", "error"]
        rows = [
            [j["id"], j["kind"], j["state"], j["attempts"], when(j["due_at"]), j["error"] or ""]
            for j in jobs
        ]
        print_table("\nJobs", columns, rows, dense=True)


def print_versions(versions: list[dict[str, Any]]) -> None:
    rows = [
        [
            version["version"],
            version["id"],
            version["name"],
            size(version["size_bytes"]),
            ", ".join(filter(None, (version["status"], version["reason"], current(version)))),
            when(version["created_at"]),
        ]
        for version in versions
    ]
    columns = ["", "id", "name", "size", "state", "uploaded"]
    print_table("\nVersions", columns, rows, dense=True, whole="id")


def current(version: dict[str, Any]) -> str:
    return "current" if version["is_current"] else ""


def who(release: dict[str, Any]) -> str:
    return release["email"] or release["released_by"] or "the operator"
