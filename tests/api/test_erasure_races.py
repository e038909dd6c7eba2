"""An erasure and what happens at the same time: nothing is left, and nobody waits for ever."""

import httpx
import psycopg
import pytest

from tests.api.erasures import NOTE, Db, Who, erase, refused, signed, uploaded
from tests.api.files import LOCK_FILE
from tests.api.races import LOCK_CONTRACT, race
from tests.conftest import RunningStack
from tests.people import Firm, created

LOCK_CONSULTANT = "select from public.consultants where id = %s for update"


def test_a_person_whose_row_somebody_holds_keeps_no_other_one(
    stack: RunningStack, firm: Firm, db: Db
) -> None:
    people = [Who(), Who()]
    rows = [person.consultant(firm) for person in people]
    for person, consultant in zip(people, rows, strict=True):
        signed(firm, db, person, consultant, "2024-06-30")
        erasure = erase(firm, consultant)
        db.execute(
            "update erasures set look_again_on = current_date where id = %s", [erasure["id"]]
        )
    db.execute("set session_replication_role = replica")
    db.execute("update contracts set ends_on = '2012-06-30' where firm_id = %s", [firm.id])
    db.execute("set session_replication_role = origin")
    with psycopg.connect(stack.superuser_url) as holder:
        holder.execute(LOCK_CONSULTANT.encode(), [rows[0]["id"]])
        db.execute("set lock_timeout = '5s'")
        db.execute("select private.release_erasures(10)")
        db.execute("reset lock_timeout")
    assert [bool(person.found(db)) for person in people] == [True, False]
    db.execute("select private.release_erasures(10)")
    assert people[0].found(db) == {}


@pytest.mark.parametrize(
    ("table", "person"), [("notes", "consultant"), ("files", "consultant"), ("files", "contact")]
)
def test_attack_40_something_new_races_an_erasure(
    stack: RunningStack, firm: Firm, who: Who, db: Db, table: str, person: str
) -> None:
    """Whoever comes first: nothing about the person is left in the end."""
    id, owner, admin = getattr(firm, person)(name=who.name)["id"], firm.owner, firm.admin
    document = {"firm_id": firm.id, "name": "a.txt", "size_bytes": 9, "mime": "text/plain"}
    about = {f"{person}_id": id}

    def add() -> httpx.Response:
        if table == "notes":
            note = {"firm_id": firm.id, "body": f"About {who.name}"}
            return owner.insert("notes", note | about)
        return owner.rpc("begin_upload", **document, **about)

    added, erased = race(
        stack.superuser_url,
        f"select from public.{person}s where id = %s for update",
        id,
        add,
        lambda: admin.rpc(f"erase_{person}", id=id, note=NOTE),
    )
    erasure = created(erased)
    assert erasure["removed"][table] == (1 if added.is_success else 0)
    if added.is_error:
        refused(added, 409, "erased")
    assert created(owner.get(table, **{f"{person}_id": f"eq.{id}"})) == []
    assert set(who.found(db)) == set()


def test_a_renewal_and_an_erasure_do_not_stop_each_other(
    stack: RunningStack, firm: Firm, who: Who, db: Db
) -> None:
    consultant, owner, admin = who.consultant(firm), firm.owner, firm.admin
    contract = signed(firm, db, who, consultant, "2024-06-30")
    renewed, erased = race(
        stack.superuser_url,
        LOCK_CONTRACT,
        contract["id"],
        lambda: owner.rpc("renew_contract", id=contract["id"]),
        lambda: admin.rpc("erase_consultant", id=consultant["id"], note=NOTE),
    )
    assert created(erased)["removed"]["consultants"] == 1
    if renewed.is_error:
        refused(renewed, 409, "erased")


@pytest.mark.parametrize("person", ["consultant", "contact"])
def test_an_erasure_and_a_new_version_do_not_stop_each_other(
    stack: RunningStack, firm: Firm, who: Who, db: Db, person: str
) -> None:
    """The worker locks the current version, then the one it settles."""
    id, admin = getattr(firm, person)(name=who.name)["id"], firm.admin
    first = uploaded(firm, who, **{f"{person}_id": id})
    db.execute("update files set status = 'ready' where id = %s", [first["id"]])
    second = uploaded(firm, who, replaces=first["id"])
    (erased,) = race(
        stack.superuser_url,
        LOCK_FILE,
        first["id"],
        lambda: admin.rpc(f"erase_{person}", id=id, note=NOTE),
        meanwhile=f"update public.files set status = 'ready' where id = '{second['id']}'",
    )
    assert created(erased)["removed"]["files"] == 2


def test_a_note_that_waits_for_an_erasure_is_refused(
    stack: RunningStack, firm: Firm, who: Who, db: Db
) -> None:
    consultant, owner = who.consultant(firm), firm.owner
    note = {"firm_id": firm.id, "consultant_id": consultant["id"], "body": f"About {who.name}"}
    (answer,) = race(
        stack.superuser_url,
        LOCK_CONSULTANT,
        consultant["id"],
        lambda: owner.insert("notes", note),
        meanwhile="update public.consultants set erased_at = now(), archived_at = now(),"
        f" name = 'Erased person', email = null, phone = null where id = '{consultant['id']}'",
    )
    refused(answer, 409, "erased")
    assert created(owner.get("notes")) == []
