"""A firm with everybody around it, and what they try on its rows."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.people import Api, Caller, Firm, Person, created

Row = dict[str, Any]

# Tables whose row the owner makes as anybody would try to.
ADDED = (
    "contacts",
    "contract_consultants",
    "contract_signers",
    "notes",
    "tags",
    "taggings",
    "saved_views",
)
# Tables in which a consultant with an account has rows of their own.
ABOUT_CONSULTANTS = ("consultants", "consultant_private", "files")


@dataclass
class World:
    """A firm with one row of each table made by its owner, and everybody around it."""

    api: Api
    db: psycopg.Connection[Any]
    firm: Firm
    visitor: Caller
    outsider: Person
    rows: dict[str, Row] = field(default_factory=dict)

    def caller(self, name: str) -> Caller:
        person: Caller = getattr(self if name in ("visitor", "outsider") else self.firm, name)
        return person

    def row(self, table: str) -> Row:
        """The row of the firm that the callers are tried on."""
        if table not in self.rows:
            self.rows[table] = self.make(table)
        return self.rows[table]

    def make(self, table: str) -> Row:
        firm = self.firm
        if table == "profiles":
            return {"id": self.new_member()}
        if table == "firms":
            return {"id": firm.id}
        if table == "firm_members":
            return {"firm_id": firm.id, "user_id": firm.owner.id}
        if table == "invitations":
            return {"id": self.invitation()["id"]}
        if table == "companies":
            return firm.company()
        if table == "consultants":
            return firm.consultant()
        if table == "contracts":
            return firm.contract()
        if table == "contract_events":
            return self.found(table, contract_id=f"eq.{self.transition()['id']}")
        if table == "files":
            # Of a contact; those about consultants and the firm itself are tried elsewhere.
            return self.upload(firm.owner, contact_id=self.row("contacts")["id"])
        if table == "file_accesses":
            file = self.stored("ready")
            created(firm.owner.rpc("open_file", file_id=file["id"]))
            return self.found(table, file_id=f"eq.{file['id']}")
        if table == "file_releases":
            file = self.stored("quarantined")
            created(firm.owner.rpc("release_file", file_id=file["id"], note="Looked at it"))
            return self.found(table, file_id=f"eq.{file['id']}")
        if table == "merge_log":
            return self.merge()
        if table == "erasures":
            return self.erasure()
        if table == "consultant_private":
            return {"consultant_id": firm.consultant()["id"]}
        if table == "audit_log":
            return self.found(table, row_id=f"eq.{firm.company()['id']}")
        if table in ADDED:
            shared = {"shared": True} if table == "saved_views" else {}
            return firm.add(table, None, NEW_ROWS[table](self) | shared)
        return self.written(table, self.new_member())

    def found(self, table: str, **filters: str) -> Row:
        row: Row = created(self.firm.owner.get(table, **filters))[0]
        return row

    def written(self, table: str, user_id: str) -> Row:
        """A row that only the server writes, about a member of the firm."""
        statements = {
            "notifications": "insert into notifications"
            " (firm_id, user_id, dedupe_key, kind, title, link)"
            " values (%s, %s, gen_random_uuid(), 'test', 'x', '/x') returning id::text",
            "notification_preferences": "insert into notification_preferences"
            " (firm_id, user_id, kind, delivery) values (%s, %s, 'contract_signed', 'off')"
            " on conflict (firm_id, user_id, kind) do update set delivery = 'off'"
            " returning id::text",
            "emails": "insert into emails (firm_id, dedupe_key, event, to_address, subject)"
            " values (%s, %s::uuid, 'test', 'a@example.com', 'x') returning id::text",
            "reports": "insert into reports (firm_id, requested_by, kind, format)"
            " values (%s, %s, 'contract_portfolio', 'csv') returning id::text",
            "imports": "insert into imports"
            " (id, firm_id, requested_by, kind, name, path, size_bytes)"
            " select i.id, i.firm_id, i.user_id, 'companies', 'a.csv',"
            " i.firm_id || '/' || i.id || '/source.csv', 9 from (select gen_random_uuid() as id,"
            " %s::uuid as firm_id, %s::uuid as user_id) i returning id::text",
            "firm_exports": "insert into firm_exports (firm_id, requested_by, status)"
            " values (%s, %s, 'failed') returning id::text",
        }
        row = self.db.execute(statements[table], (self.firm.id, user_id)).fetchone()
        assert row
        return {"id": row[0]}

    def own(self, table: str, caller: Caller) -> Row | None:
        """A row the caller made or is; made by the owner where the caller has to be refused."""
        if not isinstance(caller, Person):
            return None
        if table == "profiles":
            return {"id": caller.id}
        if table == "firm_members":
            return {"firm_id": self.firm.id, "user_id": caller.id}
        strangers = (self.outsider, self.firm.removed, self.firm.portal)
        if table in ("notifications", "notification_preferences") and caller in strangers:
            return None
        if table == "consultant_private" and caller is not self.firm.portal:
            return self.make(table)
        if caller is self.firm.portal and table in ABOUT_CONSULTANTS:
            return self.about(table, self.firm.portal_consultant["id"])
        if table in ("notifications", "notification_preferences", "reports"):
            return self.written(table, caller.id)
        # A view of one's own is private at first.
        private = table == "saved_views"
        row = self.firm.add(table, None, NEW_ROWS[table](self)) if private else self.make(table)
        # The trigger keeps the author, whoever asks: the test steps around it.
        self.db.execute("set session_replication_role = replica")
        self.db.execute(f"update {table} set created_by = %s where id = %s", (caller.id, row["id"]))
        self.db.execute("set session_replication_role = origin")
        return row

    def about(self, table: str, consultant_id: str) -> Row:
        """The row about a consultant, who may read it."""
        if table == "consultant_private":
            return {"consultant_id": consultant_id}
        if table == "files":
            shared = self.document() | {"consultant_id": consultant_id, "visibility": "portal"}
            file: Row = created(self.firm.owner.rpc("begin_upload", **shared))
            self.db.execute("update files set status = 'ready' where id = %s", (file["id"],))
            return file
        return {"id": consultant_id}

    def invitation(self, email: str | None = None) -> Row:
        email = email or f"{uuid.uuid4().hex}@example.com"
        arguments = {"firm_id": self.firm.id, "email": email, "role": "viewer"}
        invitation: Row = created(self.firm.owner.rpc("invite_member", **arguments))
        return invitation

    def new_member(self) -> str:
        person = Person(self.api, "colleague")
        self.db.execute(
            "insert into firm_members (firm_id, user_id, role) values (%s, %s, 'viewer')",
            (self.firm.id, person.id),
        )
        return person.id

    def transition(self) -> Row:
        contract = self.firm.contract()
        created(
            self.firm.owner.rpc("transition_contract", id=contract["id"], to_status="in_review")
        )
        return contract

    def contract(self, status: str) -> Row:
        contract = self.firm.contract()
        self.db.execute(
            "update contracts set status = %s, signed_at = now() where id = %s",
            (status, contract["id"]),
        )
        return contract

    def signing(self) -> Row:
        """A signer who was asked, with the token of the mail."""
        return asked(self.firm, self.db)[0]

    def merge(self) -> Row:
        pair = {"kept_id": self.firm.company()["id"], "merged_id": self.firm.company()["id"]}
        merge: Row = created(self.firm.owner.rpc("merge_companies", **pair))
        return merge

    def erasure(self) -> Row:
        person = {"id": self.firm.consultant()["id"], "note": "By letter"}
        erasure: Row = created(self.firm.owner.rpc("erase_consultant", **person))
        return erasure

    def upload(self, by: Person, **values: str) -> Row:
        file: Row = created(by.rpc("begin_upload", **self.document(), **values))
        return file

    def stored(self, status: str) -> Row:
        """A file of the owner's with its bytes, however it came to this status."""
        file = self.upload(self.firm.owner)
        self.db.execute(
            "insert into storage.objects (bucket_id, name, metadata)"
            " values (%s, %s, jsonb_build_object('size', 9))",
            (file["bucket"], file["path"]),
        )
        self.db.execute(
            "update files set status = %s, reason = 'encrypted', ready_at = now() where id = %s",
            (status, file["id"]),
        )
        return file

    def older_version(self) -> Row:
        """The first version of a document of the owner's that has another one."""
        first = self.stored("ready")
        second = created(
            self.firm.owner.rpc("begin_upload", **self.document(), replaces=first["id"])
        )
        self.db.execute("update files set status = 'processing' where id = %s", (second["id"],))
        created(
            self.api.as_service(
                "POST",
                "/rest/v1/rpc/finish_file",
                json={"file_id": second["id"], "status": "ready"},
            )
        )
        return first

    def begun_import(self, by: Person) -> Row:
        """An import whose file has arrived."""
        file = {"kind": "companies", "name": "a.csv", "size_bytes": 9}
        row: Row = created(by.rpc("begin_import", firm_id=self.firm.id, **file))
        self.db.execute(
            "insert into storage.objects (bucket_id, name, metadata)"
            " values (%s, %s, jsonb_build_object('size', 9))",
            (row["bucket"], row["path"]),
        )
        return row

    def document(self) -> Row:
        mime = "application/pdf"
        return {"firm_id": self.firm.id, "name": "a.pdf", "size_bytes": 9, "mime": mime}


# What a caller tries to insert, and how a row is tried to be changed.


def asked(firm: Firm, db: psycopg.Connection[Any], *emails: str, **values: Any) -> list[Row]:
    """Sends a contract to signers, in this order; returns them, the tokens of those asked too."""
    contract = firm.contract(**values)
    for order, email in enumerate(emails or (f"{uuid.uuid4().hex}@client.example",)):
        signer = {"contract_id": contract["id"], "name": "Ada Marsh", "email": email}
        firm.add("contract_signers", None, signer | {"role": "company", "sign_order": order + 1})
    for status in ("in_review", "sent"):
        created(firm.owner.rpc("transition_contract", id=contract["id"], to_status=status))
    return signers(firm, db, contract["id"])


def signers(firm: Firm, db: psycopg.Connection[Any], contract_id: str) -> list[Row]:
    rows: list[Row] = created(
        firm.owner.get("contract_signers", contract_id=f"eq.{contract_id}", order="sign_order")
    )
    for row in rows:
        link = db.execute(
            "select params ->> 'link' from emails where dedupe_key like %s"
            " order by created_at desc limit 1",
            [f"signing_request:{row['id']}:%"],
        ).fetchone()
        row["token"] = link[0].partition("#token=")[2] if link and link[0] else None
    return rows


NEW_ROWS: dict[str, Callable[[World], Row]] = {
    "profiles": lambda w: {"id": str(uuid.uuid4()), "full_name": "Nobody"},
    "firms": lambda w: {"name": "Mine", "slug": f"mine-{uuid.uuid4().hex[:8]}"},
    "firm_members": lambda w: {"firm_id": w.firm.id, "user_id": w.outsider.id, "role": "owner"},
    "invitations": lambda w: {"firm_id": w.firm.id, "email": "a@example.com", "role": "owner"},
    "companies": lambda w: {"firm_id": w.firm.id, "name": "New"},
    "contacts": lambda w: {
        "firm_id": w.firm.id,
        "company_id": w.row("companies")["id"],
        "name": "New",
    },
    "consultants": lambda w: {"firm_id": w.firm.id, "name": "New"},
    "consultant_private": lambda w: {
        "firm_id": w.firm.id,
        "consultant_id": w.row("consultants")["id"],
    },
    "contracts": lambda w: {
        "firm_id": w.firm.id,
        "title": "New",
        "kind": "framework",
        "company_id": w.row("companies")["id"],
    },
    "contract_events": lambda w: {
        "firm_id": w.firm.id,
        "contract_id": w.row("contracts")["id"],
        "from_status": "draft",
        "to_status": "signed",
    },
    "contract_consultants": lambda w: {
        "firm_id": w.firm.id,
        "contract_id": w.row("contracts")["id"],
        "consultant_id": w.firm.consultant()["id"],
        "period": "[2026-01-01,2026-03-31]",
    },
    "contract_signers": lambda w: {
        "firm_id": w.firm.id,
        "contract_id": w.row("contracts")["id"],
        "name": "New",
        "email": f"{uuid.uuid4().hex}@example.com",
        "role": "company",
    },
    "files": lambda w: {
        "firm_id": w.firm.id,
        "name": "a.pdf",
        "path": f"{w.firm.id}/a.pdf",
        "mime": "application/pdf",
        "size_bytes": 9,
    },
    "file_accesses": lambda w: {
        "firm_id": w.firm.id,
        "file_id": w.row("files")["id"],
        "user_id": w.firm.owner.id,
    },
    "file_releases": lambda w: {
        "firm_id": w.firm.id,
        "file_id": w.row("files")["id"],
        "reason": "encrypted",
        "note": "New",
    },
    "notes": lambda w: {
        "firm_id": w.firm.id,
        "company_id": w.row("companies")["id"],
        "body": "New",
    },
    "tags": lambda w: {"firm_id": w.firm.id, "name": uuid.uuid4().hex},
    "taggings": lambda w: {
        "firm_id": w.firm.id,
        "tag_id": w.make("tags")["id"],
        "company_id": w.row("companies")["id"],
    },
    "saved_views": lambda w: {
        "firm_id": w.firm.id,
        "name": uuid.uuid4().hex,
        "entity": "contracts",
    },
    "notifications": lambda w: {
        "firm_id": w.firm.id,
        "user_id": w.firm.owner.id,
        "dedupe_key": "x",
        "kind": "test",
        "title": "Click here",
        "link": "/x",
    },
    "notification_preferences": lambda w: {
        "firm_id": w.firm.id,
        "kind": "report_ready",
        "delivery": "off",
    },
    "emails": lambda w: {
        "firm_id": w.firm.id,
        "dedupe_key": "x",
        "event": "test",
        "to_address": "a@example.com",
        "subject": "x",
    },
    "reports": lambda w: {"firm_id": w.firm.id, "kind": "contract_portfolio", "format": "csv"},
    "erasures": lambda w: {
        "firm_id": w.firm.id,
        "consultant_id": w.row("consultants")["id"],
        "note": "By letter",
        "removed": {},
        "kept": [],
        "mentions": {},
    },
    "firm_exports": lambda w: {"firm_id": w.firm.id},
    "imports": lambda w: {
        "firm_id": w.firm.id,
        "kind": "companies",
        "name": "a.csv",
        "path": f"{w.firm.id}/a.csv",
        "size_bytes": 9,
    },
    "merge_log": lambda w: {
        "firm_id": w.firm.id,
        "kept_company_id": w.row("companies")["id"],
        "merged_company_id": w.firm.company()["id"],
        "filled": [],
        "moved": {},
    },
    "audit_log": lambda w: {
        "firm_id": w.firm.id,
        "action": "delete",
        "table_name": "companies",
        "row_id": w.row("companies")["id"],
    },
}

CHANGES: dict[str, Row] = {
    "profiles": {"full_name": "Changed"},
    "firms": {"name": "Changed"},
    "firm_members": {"role": "owner"},
    "invitations": {"role": "owner"},
    "companies": {"name": "Changed"},
    "contacts": {"name": "Changed"},
    "consultants": {"headline": "Changed"},
    "consultant_private": {"tax_ref": "Changed"},
    "contracts": {"title": "Changed"},
    "contract_events": {"note": "Changed"},
    "contract_consultants": {"allocation_pct": 50},
    "contract_signers": {"name": "Changed"},
    "files": {"name": "changed.pdf"},
    "file_accesses": {"opened_at": "2026-01-01T00:00:00Z"},
    "file_releases": {"note": "Changed"},
    "notes": {"body": "Changed"},
    "tags": {"color": "#00ff00"},
    "taggings": {"tag_id": str(uuid.UUID(int=0))},
    "saved_views": {"definition": {"columns": ["title"]}},
    "notifications": {"read_at": "2026-01-01T00:00:00Z"},
    "notification_preferences": {"delivery": "digest"},
    "emails": {"to_address": "b@example.com"},
    "reports": {"status": "ready"},
    "erasures": {"note": "Changed"},
    "firm_exports": {"status": "ready"},
    "imports": {"status": "done"},
    "merge_log": {"undone_at": None},
    "audit_log": {"table_name": "changed"},
}
