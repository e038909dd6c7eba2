"""Documents with several versions: what replaces what, and who sees which."""

from typing import Any

import psycopg
import pytest

from tests.api.files import (
    CONTENT,
    LOCK_FILE,
    SHA256,
    File,
    begin,
    download,
    put_picture,
    read,
    refused,
    row,
    service,
    settle,
    settled,
    upload,
)
from tests.api.races import LOCK_FIRM, race
from tests.conftest import RunningStack
from tests.people import Firm, Person, created

Db = psycopg.Connection[Any]


def replaced(person: Person, firm: Firm, file: File, **values: Any) -> File:
    """A new version, which the worker is done with."""
    return settled(person, firm, replaces=file["id"], **values)


def currents(person: Person, firm: Firm) -> list[str]:
    rows = created(person.get("files", firm_id=f"eq.{firm.id}", is_current="is.true"))
    return [found["id"] for found in rows]


def test_a_new_version_takes_over_when_it_is_ready(firm: Firm) -> None:
    contract = firm.contract()["id"]
    first = settled(firm.member, firm, contract_id=contract)
    assert (first["version"], first["series_id"], first["is_current"]) == (1, first["id"], True)
    second = created(begin(firm.member, firm, replaces=first["id"], name="better.txt"))
    assert (second["version"], second["series_id"]) == (2, first["id"])
    assert (second["is_current"], second["contract_id"]) == (False, contract)
    created(firm.member.upload(second["path"], CONTENT, "text/plain"))
    created(firm.member.rpc("finish_upload", file_id=second["id"]))
    assert currents(firm.viewer, firm) == [first["id"]], "not while it is looked at"
    settle(firm, second, "ready", sha256=SHA256)
    assert currents(firm.viewer, firm) == [second["id"]]
    for version in (first, second):
        assert download(firm.viewer, version["path"]).content == CONTENT
    found = created(firm.viewer.rpc("search", firm_id=firm.id, query="minutes", kinds=["file"]))
    assert found == [], "only the current one is found"
    happened = created(firm.viewer.rpc("timeline", entity="contract", id=contract))
    assert [each["subject_id"] for each in happened if each["subject"] == "file"] == [second["id"]]


@pytest.mark.parametrize(("status", "reason"), [("quarantined", "macro"), ("failed", "timeout")])
def test_a_refused_version_leaves_the_old_one(firm: Firm, status: str, reason: str) -> None:
    first = settled(firm.member, firm)
    bad = replaced(firm.member, firm, first, status=status, reason=reason)
    assert currents(firm.viewer, firm) == [first["id"]]
    third = replaced(firm.member, firm, bad)
    assert third["version"] == 3, "named by any of its versions"
    assert currents(firm.viewer, firm) == [third["id"]]


def test_a_version_whose_upload_is_given_up_hides_nothing(firm: Firm) -> None:
    first = settled(firm.member, firm)
    second = created(begin(firm.member, firm, replaces=first["id"]))
    created(firm.member.rpc("cancel_upload", file_id=second["id"]))
    assert row(firm.viewer, first)["archived_at"] is None
    assert currents(firm.viewer, firm) == [first["id"]]


def test_what_is_being_processed_is_not_replaced(firm: Firm) -> None:
    first = upload(firm.member, firm)
    refused(begin(firm.member, firm, replaces=first["id"]), 409, "still_processing")
    created(firm.member.rpc("finish_upload", file_id=first["id"]))
    refused(begin(firm.member, firm, replaces=first["id"]), 409, "still_processing")


def test_the_later_version_stays_if_an_earlier_one_is_late(firm: Firm) -> None:
    first = settled(firm.member, firm)
    slow = upload(firm.member, firm, replaces=first["id"])
    fast = replaced(firm.member, firm, first)
    created(firm.member.rpc("finish_upload", file_id=slow["id"]))
    settle(firm, slow, "ready")
    assert (slow["version"], fast["version"]) == (2, 3)
    assert currents(firm.viewer, firm) == [fast["id"]]


def test_an_old_version_is_restored_and_stays(firm: Firm) -> None:
    first = settled(firm.member, firm)
    second = replaced(firm.member, firm, first)
    for _ in range(2):
        assert created(firm.member.rpc("restore_version", file_id=first["id"]))["is_current"]
        assert currents(firm.viewer, firm) == [first["id"]]
    log = created(firm.owner.get("audit_log", row_id=f"eq.{first['id']}", action="eq.update"))
    assert [(each["actor"], each["columns"]) for each in log] == [(firm.member.id, ["is_current"])]
    # However often the other one is looked at again.
    created(firm.manager.rpc("reprocess_file", file_id=second["id"]))
    settle(firm, second, "ready", sha256=SHA256)
    assert currents(firm.viewer, firm) == [first["id"]]
    third = replaced(firm.member, firm, second)
    assert currents(firm.viewer, firm) == [third["id"]]


def test_only_what_is_ready_is_restored(firm: Firm) -> None:
    first = settled(firm.member, firm)
    bad = replaced(firm.member, firm, first, status="quarantined", reason="macro")
    refused(firm.member.rpc("restore_version", file_id=bad["id"]), 409, "not_ready")
    created(firm.owner.update("files", {"archived_at": "now"}, id=f"eq.{first['id']}"))
    refused(firm.member.rpc("restore_version", file_id=first["id"]), 409, "archived")
    refused(begin(firm.member, firm, replaces=first["id"]), 409, "archived")


def test_attack_29_old_versions_hide_what_the_current_one_hides(firm: Firm) -> None:
    first = settled(firm.manager, firm)
    put_picture(firm, first, ".thumbnail.webp")
    second = replaced(firm.manager, firm, first)
    waiting = upload(firm.manager, firm, replaces=first["id"])
    created(firm.manager.update("files", {"visibility": "managers"}, id=f"eq.{second['id']}"))
    for file in (first, second, waiting):
        assert created(firm.member.get("files", id=f"eq.{file['id']}")) == []
        assert row(firm.manager, file)["visibility"] == "managers"
        refused(firm.member.rpc("open_file", file_id=file["id"]), 404, "file_not_found")
        refused(firm.member.rpc("restore_version", file_id=file["id"]), 404, "file_not_found")
        refused(begin(firm.member, firm, replaces=file["id"]), 404, "file_not_found")
        assert not read(firm.member, file["path"]).is_success
    created(firm.manager.update("files", {"archived_at": "now"}, id=f"eq.{second['id']}"))
    assert all(row(firm.manager, file)["archived_at"] for file in (first, second, waiting))
    created(firm.manager.update("files", {"archived_at": None}, id=f"eq.{second['id']}"))
    assert not any(row(firm.manager, file)["archived_at"] for file in (first, second, waiting))


def test_attack_29_a_member_changes_no_old_version_of_theirs(firm: Firm) -> None:
    """It would hide or archive what a manager has made of it."""
    first = settled(firm.member, firm)
    replaced(firm.manager, firm, first)
    for change in ({"archived_at": "now"}, {"name": "x.txt"}):
        assert created(firm.member.update("files", change, id=f"eq.{first['id']}")) == []
    refused(firm.member.rpc("restore_version", file_id=first["id"]), 403, "not_allowed")
    refused(begin(firm.member, firm, replaces=first["id"]), 403, "not_allowed")


def test_attack_26_a_consultant_sees_no_old_version(firm: Firm) -> None:
    shared = {"consultant_id": firm.portal_consultant["id"], "visibility": "portal"}
    first = settled(firm.manager, firm, **shared)
    assert download(firm.portal, first["path"]).content == CONTENT
    second = replaced(firm.manager, firm, first)
    assert [each["id"] for each in created(firm.portal.get("files"))] == [second["id"]]
    refused(firm.portal.rpc("open_file", file_id=first["id"]), 404, "file_not_found")
    # Opened a moment ago, when it was the current one.
    assert not read(firm.portal, first["path"]).is_success
    assert download(firm.portal, second["path"]).content == CONTENT


def test_attack_26_a_consultant_replaces_and_restores_nothing(firm: Firm) -> None:
    shared = {"consultant_id": firm.portal_consultant["id"], "visibility": "portal"}
    own = settled(firm.portal, firm, **shared)
    replace = begin(firm.portal, firm, replaces=own["id"], **shared)
    refused(replace, 404, "firm_not_found")
    refused(firm.portal.rpc("restore_version", file_id=own["id"]), 404, "firm_not_found")


def test_attack_19_replacing_another_firms_file(firm: Firm, other_firm: Firm) -> None:
    theirs = settled(other_firm.owner, other_firm)
    refused(begin(firm.owner, firm, replaces=theirs["id"]), 404, "file_not_found")
    refused(begin(firm.owner, other_firm, replaces=theirs["id"]), 404, "firm_not_found")
    refused(firm.owner.rpc("restore_version", file_id=theirs["id"]), 404, "file_not_found")
    # Rights in both are no bridge between them.
    both = other_firm.join("admin", firm.manager)
    refused(begin(both, firm, replaces=theirs["id"]), 404, "file_not_found")
    created(begin(both, other_firm, replaces=theirs["id"]))


@pytest.mark.parametrize("who", ["member", "viewer"])
def test_replacing_takes_the_right_to_change(shared_firm: Firm, who: str) -> None:
    file = settled(shared_firm.owner, shared_firm)
    person: Person = getattr(shared_firm, who)
    refused(begin(person, shared_firm, replaces=file["id"]), 403, "not_allowed")
    refused(person.rpc("restore_version", file_id=file["id"]), 403, "not_allowed")


def test_two_replacements_at_once_are_two_versions(stack: RunningStack, firm: Firm) -> None:
    first = settled(firm.member, firm)
    answers = race(
        stack.superuser_url,
        LOCK_FIRM,
        firm.id,
        lambda: begin(firm.member, firm, replaces=first["id"]),
        lambda: begin(firm.manager, firm, replaces=first["id"]),
    )
    assert sorted(created(answer)["version"] for answer in answers) == [2, 3]


def test_two_versions_ready_at_once_leave_one_current(stack: RunningStack, firm: Firm) -> None:
    first = settled(firm.member, firm)
    versions = [upload(firm.member, firm, replaces=first["id"]) for _ in range(2)]
    for version in versions:
        created(firm.member.rpc("finish_upload", file_id=version["id"]))
    answers = race(
        stack.superuser_url,
        LOCK_FILE,
        first["id"],
        *(
            lambda id=version["id"]: service(firm, "finish_file", file_id=id, status="ready")
            for version in versions
        ),
    )
    assert all(answer.is_success for answer in answers), [answer.text for answer in answers]
    assert currents(firm.viewer, firm) == [versions[1]["id"]]


def test_a_version_ready_while_the_current_one_is_hidden_is_hidden(
    stack: RunningStack, firm: Firm
) -> None:
    first = settled(firm.manager, firm)
    second = upload(firm.manager, firm, replaces=first["id"])
    created(firm.manager.rpc("finish_upload", file_id=second["id"]))
    answers = race(
        stack.superuser_url,
        LOCK_FILE,
        first["id"],
        lambda: firm.manager.update("files", {"visibility": "managers"}, id=f"eq.{first['id']}"),
        lambda: service(firm, "finish_file", file_id=second["id"], status="ready"),
        in_turn=True,
    )
    assert all(answer.is_success for answer in answers), [answer.text for answer in answers]
    assert {row(firm.owner, file)["visibility"] for file in (first, second)} == {"managers"}
    assert currents(firm.owner, firm) == [second["id"]]


def test_versions_move_with_a_merge_and_back(firm: Firm) -> None:
    kept, merged = firm.company()["id"], firm.company()["id"]
    first = settled(firm.owner, firm, company_id=merged)
    second = replaced(firm.owner, firm, first)
    pair = {"kept_id": kept, "merged_id": merged}
    merge = created(firm.owner.rpc("merge_companies", **pair))
    assert {row(firm.owner, file)["company_id"] for file in (first, second)} == {kept}
    third = replaced(firm.owner, firm, second)
    created(firm.owner.rpc("undo_merge", id=merge["id"]))
    assert {row(firm.owner, file)["company_id"] for file in (first, second, third)} == {merged}


@pytest.mark.parametrize("which", [0, 1])
def test_a_series_goes_as_a_whole(firm: Firm, db: Db, which: int) -> None:
    first = settled(firm.owner, firm)
    versions = [first, replaced(firm.owner, firm, first)]
    kept = settled(firm.owner, firm)
    db.execute("delete from files where id = %s", [versions[which]["id"]])
    assert [each["id"] for each in created(firm.owner.get("files"))] == [kept["id"]]


def apply_retention(db: Db) -> None:
    db.execute("delete from private.retention_clock")
    db.execute("select private.apply_retention()")


def archive(firm: Firm, file: File, db: Db, days: int) -> None:
    created(firm.owner.update("files", {"archived_at": "now"}, id=f"eq.{file['id']}"))
    db.execute("set session_replication_role = replica")
    db.execute(
        "update files set archived_at = now() - %s * interval '1 day' where series_id = %s",
        [days, file["series_id"]],
    )
    db.execute("set session_replication_role = origin")


def test_an_archived_document_goes_with_all_its_versions(firm: Firm, db: Db) -> None:
    contract = firm.contract()["id"]
    first = settled(firm.owner, firm, contract_id=contract, status="failed", reason="timeout")
    second = replaced(firm.owner, firm, first)
    archive(firm, second, db, 40)
    db.execute(
        "update contracts set status = 'active', signed_at = now() where id = %s", [contract]
    )
    apply_retention(db)
    assert len(created(firm.owner.get("files"))) == 2, "law keeps it"
    db.execute("update contracts set status = 'draft', signed_at = null where id = %s", [contract])
    apply_retention(db)
    assert created(firm.owner.get("files")) == []


def test_what_somebody_restores_just_now_stays_whole(
    stack: RunningStack, firm: Firm, db: Db
) -> None:
    first = settled(firm.owner, firm)
    second = replaced(firm.owner, firm, first)
    archive(firm, second, db, 40)
    with psycopg.connect(stack.superuser_url) as holder:
        holder.execute("update files set archived_at = null where id = %s", [second["id"]])
        db.execute("set lock_timeout = '1s'")
        apply_retention(db)
        db.execute("reset lock_timeout")
        holder.commit()
    apply_retention(db)
    assert [row(firm.owner, file)["archived_at"] for file in (first, second)] == [None, None]


def test_failed_versions_go_and_leave_the_first_and_the_current(firm: Firm, db: Db) -> None:
    first = settled(firm.owner, firm, status="failed", reason="timeout")
    second = replaced(firm.owner, firm, first)
    failed = replaced(firm.owner, firm, second, status="failed", reason="timeout")
    alone = settled(firm.owner, firm, status="failed", reason="timeout")
    db.execute("set session_replication_role = replica")
    db.execute(
        "update files set updated_at = now() - interval '40 days' where firm_id = %s", [firm.id]
    )
    db.execute("set session_replication_role = origin")
    apply_retention(db)
    left = {each["id"] for each in created(firm.owner.get("files"))}
    assert left == {first["id"], second["id"]}, (failed["id"], alone["id"])


def test_an_erasure_takes_every_version(firm: Firm) -> None:
    consultant = firm.consultant()["id"]
    first = settled(firm.owner, firm, consultant_id=consultant)
    replaced(firm.owner, firm, first)
    erased = created(firm.admin.rpc("erase_consultant", id=consultant, note="By letter"))
    assert erased["removed"]["files"] == 2
    assert created(firm.owner.get("files")) == []


def test_restoring_and_a_new_version_at_once_leave_one_current(
    stack: RunningStack, firm: Firm
) -> None:
    first = settled(firm.member, firm)
    second = replaced(firm.member, firm, first)
    third = upload(firm.member, firm, replaces=first["id"])
    created(firm.member.rpc("finish_upload", file_id=third["id"]))
    answers = race(
        stack.superuser_url,
        LOCK_FILE,
        second["id"],
        lambda: firm.member.rpc("restore_version", file_id=first["id"]),
        lambda: service(firm, "finish_file", file_id=third["id"], status="ready"),
    )
    assert all(answer.is_success for answer in answers), [answer.text for answer in answers]
    assert currents(firm.viewer, firm) in ([first["id"]], [third["id"]])


def test_two_who_change_the_document_at_once_wait_for_each_other(
    stack: RunningStack, firm: Firm
) -> None:
    first = settled(firm.manager, firm)
    second = replaced(firm.manager, firm, first)
    answers = race(
        stack.superuser_url,
        LOCK_FILE,
        second["id"],
        lambda: firm.manager.update("files", {"visibility": "managers"}, id=f"eq.{second['id']}"),
        lambda: firm.owner.update("files", {"archived_at": "now"}, id=f"eq.{second['id']}"),
        lambda: firm.manager.rpc("restore_version", file_id=first["id"]),
    )
    assert all(answer.status_code in (200, 409) for answer in answers)
    rows = [row(firm.owner, file) for file in (first, second)]
    assert rows[0]["visibility"] == rows[1]["visibility"]
    assert rows[0]["archived_at"] == rows[1]["archived_at"]
    assert sum(each["is_current"] for each in rows) == 1
