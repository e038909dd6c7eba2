"""`firmbase firms`: the tenants, as the operator sees them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.output import Json, print_json, print_table, say
from edge_jobs.api import Api
from edge_jobs.errors import Refused
from edge_jobs.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)

Slug = Annotated[str, typer.Argument(help="The firm's short name, as `firms list` shows it.")]
COLUMNS = "id,slug,name,status,seat_limit,storage_quota_bytes,timezone,created_at,archived_at"
# What an answer of the API holds at most.
PAGE = 1000
COUNTED = ("companies", "consultants", "contracts", "files", "reports")


@app.command("list")
def list_firms(
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1, max=1000)] = 50,
    as_json: Json = False,
) -> None:
    """List the firms, newest first."""
    query = Api(Settings.load()).table("firms").select(COLUMNS)
    firms = query.order("created_at", desc=True).order("id").limit(limit).execute().data
    if as_json:
        print_json(firms)
        return
    if not firms:
        say("There are no firms yet: people found them in the product, or `firmbase demo` does.")
        return
    rows = [[f["slug"], f["name"], state(f), f["created_at"][:10]] for f in firms]
    print_table("Firms", ["slug", "name", "state", "since"], rows)


@app.command()
def show(slug: Slug, as_json: Json = False) -> None:
    """Show one firm: its members and how much it holds."""
    api = Api(Settings.load())
    firm = find(api, slug)
    members = (
        api.table("firm_members")
        .select("role,status,profiles!firm_members_user_id_fkey(full_name,email)")
        .eq("firm_id", firm["id"])
        .order("created_at")
        .execute()
        .data
    )
    counts = {table: count(api, table, firm["id"]) for table in COUNTED}
    if as_json:
        print_json({**firm, "members": members, "counts": counts})
        return
    facts = [[name, "–" if value is None else value] for name, value in {**firm, **counts}.items()]
    print_table(firm["name"], ["what", "value"], facts)
    print_table(
        "Members",
        ["name", "e-mail", "role", "status"],
        [
            [m["profiles"]["full_name"] or "–", m["profiles"]["email"], m["role"], m["status"]]
            for m in members
        ],
    )


@app.command("access-review")
def access_review(
    slug: Slug,
    file: Annotated[
        Path | None,
        typer.Option("--csv", help="Write every column to this file, for a spreadsheet."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show who can get at what in a firm: members, portals, open invitations, links to sign."""
    api = Api(Settings.load())
    firm = find(api, slug)
    ways = access(api, firm["id"])
    if file:
        from edge_jobs.cells import to_csv

        file.write_bytes(to_csv(list(ways[0]), ways))
    if as_json:
        print_json(ways)
    elif file:
        say(f"Wrote {len(ways)} rows to {file}.")
    else:
        print_table(
            f"Access to {firm['name']}",
            ["who", "as", "last signed in", "2FA", "until", "sees"],
            [
                [
                    "\n".join(filter(None, (way["person"], way["email"]))),
                    f"{way['via']}, {way['role']}, {way['status']}",
                    (way["last_sign_in_at"] or "–")[:10],
                    {True: "yes", False: "no", None: "–"}[way["second_factor"]],
                    (way["expires_at"] or "–")[:10],
                    way["sees"],
                ]
                for way in ways
            ],
        )


@app.command()
def suspend(slug: Slug, as_json: Json = False) -> None:
    """Close a firm to its members; nothing is deleted, and `resume` opens it again."""
    set_status(slug, "suspended", as_json)


@app.command()
def resume(slug: Slug, as_json: Json = False) -> None:
    """Open a suspended firm again."""
    set_status(slug, "active", as_json)


@app.command()
def export(
    slug: Slug,
    to: Annotated[Path, typer.Option(help="The folder for its ZIP files.", file_okay=False)],
    as_json: Json = False,
) -> None:
    """Write everything a firm has into ZIP files: its tables and its documents.

    Also of a firm that is closed, as long as it is there. Owners do the same in the product.
    """
    from cli.export import fetch, make

    api = Api(Settings.load())
    firm = find(api, slug)
    to.mkdir(parents=True, exist_ok=True)
    made = make(api, firm["id"], quiet=as_json)
    paths = [str(fetch(api, part, to, slug)) for part in made["parts"]]
    if as_json:
        print_json({"export": made["id"], "files": paths})
    else:
        say(f"{firm['name']} is in {', '.join(paths)}.")


def set_status(slug: str, status: str, as_json: bool) -> None:
    api = Api(Settings.load())
    firm = find(api, slug)
    changed = api.table("firms").update({"status": status}).eq("id", firm["id"]).execute().data[0]
    if as_json:
        print_json(changed)
    else:
        say(f"{firm['name']} is {status}.")


def find(api: Api, slug: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = api.table("firms").select(COLUMNS).eq("slug", slug).execute().data
    if not found:
        raise Refused(
            code="firm_not_found",
            message=f"There is no firm {slug}.",
            hint="`firmbase firms list` shows which there are.",
        )
    return found[0]


def access(api: Api, firm_id: str) -> list[dict[str, Any]]:
    """Every way into a firm, page by page; never none, as a firm keeps an owner."""
    ways: list[dict[str, Any]] = []
    while True:
        query = api.client.rpc("list_access", {"firm_id": firm_id})
        page: Any = query.range(len(ways), len(ways) + PAGE - 1).execute().data
        ways += page
        if len(page) < PAGE:
            return ways


def count(api: Api, table: str, firm_id: str) -> int:
    query = api.table(table).select("id", count="exact", head=True).eq("firm_id", firm_id)
    return int(query.execute().count or 0)


def state(firm: dict[str, Any]) -> str:
    return "closed" if firm["archived_at"] else str(firm["status"])
