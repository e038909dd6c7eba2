"""People who asked to be forgotten: what goes, and that nothing comes back."""

import pytest

from tests.api.erasures import NOTE, Db, Who, erase, refused, removed_by_the_worker, uploaded
from tests.api.world import asked, signers
from tests.people import Caller, Firm, Person, created


def test_nothing_of_a_consultant_is_left(firm: Firm, who: Who, db: Db) -> None:
    consultant = who.consultant(
        firm, headline=f"{who.name}, strategist", skills=[f"{who.name}'s method"]
    )
    id = consultant["id"]
    created(
        firm.owner.rpc("link_consultant", consultant_id=id, user_id=Person(firm.api, "portal").id)
    )
    created(
        firm.owner.update(
            "consultant_private", {"bank_ref": f"DE02 {who.name}"}, consultant_id=f"eq.{id}"
        )
    )
    file = uploaded(firm, who, consultant_id=id, visibility="portal")
    firm.add("notes", None, {"consultant_id": id, "body": f"Call {who.name} at {who.phone}"})
    tag = firm.add("tags", None, {"name": "Keynote"})
    firm.add("taggings", None, {"consultant_id": id, "tag_id": tag["id"]})
    (signer,) = asked(firm, db, who.email, kind="consultant", consultant_id=id, company_id=None)
    db.execute("update contract_signers set name = %s where id = %s", [who.name, signer["id"]])
    visitor = Caller(firm.api)
    created(visitor.rpc("decline_contract", token=signer["token"], reason="Too little"))
    asked(firm, db, who.email)
    created(firm.owner.rpc("invite_member", firm_id=firm.id, email=who.email, role="viewer"))
    assert {"consultants.name", "files.name", "objects.name", "emails.to_address"} <= set(
        who.found(db)
    )

    erasure = erase(firm, consultant)
    assert (erasure["kept"], erasure["mentions"], erasure["released_on"]) == ([], {}, None)
    counts = erasure["removed"]
    assert (counts["consultants"], counts["files"], counts["notes"], counts["taggings"]) == (1,) * 4
    assert counts["contract_signers"] == 2
    assert counts["contract_events"] == 1, "somebody declined"
    assert counts["emails"] >= 2
    assert counts["invitations"] == 1
    left = who.found(db)
    assert set(left) <= {"doomed_objects.path", "objects.name", "objects.path_tokens"}, left
    removed_by_the_worker(firm, db)
    assert who.found(db) == {}

    (row,) = created(firm.owner.get("consultants", id=f"eq.{id}"))
    assert (row["name"], row["user_id"], row["skills"]) == ("Erased person", None, [])
    assert None not in (row["archived_at"], row["erased_at"])
    assert created(firm.owner.get("files", id=f"eq.{file['id']}")) == []
    statuses = {c["status"] for c in created(firm.owner.get("contracts"))}
    assert statuses == {"draft"}, "what waited for the signature goes back"
    assert created(firm.admin.rpc("erase_consultant", id=id, note="Again")) == erasure


def test_no_mail_names_a_file_that_is_gone(firm: Firm, who: Who, db: Db) -> None:
    """Its name stands in the subject long after the mail was sent, and in what a digest told."""
    consultant = who.consultant(firm)
    for kind in ("file_quarantined", "file_rejected"):
        file = uploaded(firm, who, consultant_id=consultant["id"])
        tell = "select private.tell_of_file(f, %s, 'macro', 'No', null) from files f where id = %s"
        db.execute(tell, [kind, file["id"]])
    db.execute("select private.send_digests(now() + interval '1 day')")
    subjects = "select event from emails where firm_id = %s order by event"
    assert [event for (event,) in db.execute(subjects, [firm.id])] == ["digest", "file_quarantined"]
    db.execute(
        "update emails set params = '{}' where event like 'file_%%' and firm_id = %s", [firm.id]
    )
    erase(firm, consultant)
    removed_by_the_worker(firm, db)
    assert who.found(db) == {}


@pytest.mark.parametrize(
    ("note", "code"),
    [
        ("", "note_required"),
        ("  ", "note_required"),
        ("x" * 2001, "note_required"),
        ("{name} wrote on 3 May", "note_names_person"),
        ("Mail from {email}", "note_names_person"),
        ("A call from {phone}.", "note_names_person"),
    ],
)
def test_the_note_says_who_asked_and_not_the_name(
    firm: Firm, who: Who, note: str, code: str
) -> None:
    consultant = who.consultant(firm)
    note = note.format(name=who.name.upper(), email=who.email, phone=who.phone)
    refused(firm.admin.rpc("erase_consultant", id=consultant["id"], note=note), 422, code)


def test_what_others_wrote_is_counted_not_changed(firm: Firm, who: Who, db: Db) -> None:
    consultant = who.consultant(firm)
    company = firm.company()["id"]
    body = f"{who.name} knows the buyer. {who.name}ner does not."
    firm.add("notes", None, {"company_id": company, "body": body})
    firm.contract(title=f"Project of {who.name}", company_id=company)
    files = [uploaded(firm, who, company_id=company), uploaded(firm, Who(), company_id=company)]
    text = f"As agreed with {who.name}, we"
    db.execute("update files set text = %s where id = %s", [text, files[1]["id"]])
    firm.contact(name="T. Brandt", email=who.email, company_id=company)
    firm.consultant(name=who.name)
    firm.company(name=f"{who.name} Consulting")
    signer = {"name": who.name, "email": "other@brandt.example", "role": "company"}
    firm.add("contract_signers", None, signer | {"contract_id": firm.contract()["id"]})
    assert erase(firm, consultant)["mentions"] == {
        "notes.body": 1,
        "contacts": 1,
        "consultants": 1,
        "contract_signers": 1,
        "companies": 1,
        "contracts.title": 1,
        "files": 2,
    }
    assert len(created(firm.owner.get("files"))) == 2
    assert created(firm.owner.get("notes"))[0]["body"] == body


def test_a_name_is_found_as_it_is_said_and_however_often(firm: Firm, who: Who, db: Db) -> None:
    """Spaces around it, or a log that is full of it, keep nothing of it."""
    consultant = firm.consultant(name=f"  {who.token}  ")
    terms = {"kind": "consultant", "consultant_id": consultant["id"], "company_id": None}
    contract = firm.contract(**terms)
    note = (f"{who.token} " * 200)[:1999]
    to = {"id": contract["id"], "to_status": "in_review", "note": note}
    created(firm.owner.rpc("transition_contract", **to))
    erase(firm, consultant)
    assert who.found(db) == {}


def test_a_contract_with_somebody_erased_is_not_sent(firm: Firm, who: Who) -> None:
    """Nothing new comes to be about them: a contract least of all."""
    consultant = who.consultant(firm)
    terms = {"kind": "consultant", "consultant_id": consultant["id"], "company_id": None}
    to = {"id": firm.contract(**terms)["id"]}
    created(firm.owner.rpc("transition_contract", to_status="in_review", **to))
    erase(firm, consultant)
    refused(firm.owner.rpc("transition_contract", to_status="sent", **to), 409, "erased")
    created(firm.owner.rpc("transition_contract", to_status="cancelled", **to))


def test_a_name_with_a_nickname_in_quotes_is_found_in_mails(firm: Firm, who: Who, db: Db) -> None:
    """What is told about somebody is kept as JSON, where quotes are written otherwise."""
    contact = firm.contact(name=f'{who.token} "Al" Brandt', email="al@client.example")
    (signer,) = asked(firm, db, "al@client.example", company_id=contact["company_id"])
    change = {"name": contact["name"]}
    to = {"id": signer["contract_id"]}
    created(firm.owner.rpc("transition_contract", to_status="draft", **to))
    created(firm.owner.update("contract_signers", change, id=f"eq.{signer['id']}"))
    for status in ("in_review", "sent"):
        created(firm.owner.rpc("transition_contract", to_status=status, **to))
    token = signers(firm, db, to["id"])[0]["token"]
    created(Caller(firm.api).rpc("decline_contract", token=token, reason="No"))
    assert "emails.params" in who.found(db)
    created(firm.admin.rpc("erase_contact", id=contact["id"], note=NOTE))
    assert who.found(db) == {}


def test_a_contact_goes_and_the_signature_stays(firm: Firm, who: Who, db: Db) -> None:
    contact = firm.contact(
        name=who.name, email=who.email, phone=who.phone, position="Buyer", is_primary=True
    )
    firm.add("notes", None, {"contact_id": contact["id"], "body": f"{who.name} is nice"})
    files = [uploaded(firm, who, contact_id=contact["id"], visibility="managers")]
    db.execute(
        "update files set status = 'ready', text = %s where id = %s",
        [f"Curriculum vitae of {who.name}", files[0]["id"]],
    )
    files.append(uploaded(firm, who, replaces=files[0]["id"]))
    (signer,) = asked(firm, db, who.email, company_id=contact["company_id"])
    created(Caller(firm.api).rpc("sign_contract", token=signer["token"], name=who.name))
    asked(firm, db, who.email, company_id=contact["company_id"])
    erasure = created(firm.admin.rpc("erase_contact", id=contact["id"], note=NOTE))
    (kept,) = erasure["kept"]
    assert (kept["id"], kept["until"]) == (signer["id"], None), "the contract has not ended"
    assert erasure["look_again_on"]
    assert (erasure["removed"]["notes"], erasure["removed"]["files"]) == (1, 2)
    assert created(firm.owner.get("files")) == []
    refused(firm.owner.rpc("open_file", file_id=files[0]["id"]), 404, "file_not_found")
    removed_by_the_worker(firm, db)
    assert set(who.found(db)) == {"contract_signers.signed_name"}
    (row,) = created(firm.owner.get("contacts", id=f"eq.{contact['id']}"))
    assert (row["name"], row["email"], row["is_primary"]) == ("Erased person", None, False)
    assert created(firm.admin.rpc("erase_contact", id=contact["id"], note="Again")) == erasure


def test_an_erased_person_stays_erased(firm: Firm, who: Who) -> None:
    consultant, contact = who.consultant(firm), firm.contact(name=who.name)
    erase(firm, consultant)
    created(firm.admin.rpc("erase_contact", id=contact["id"], note=NOTE))
    for table, row in (("consultants", consultant), ("contacts", contact)):
        where = {"id": f"eq.{row['id']}"}
        refused(firm.owner.update(table, {"archived_at": None}, **where), 409, "erased")
        assert firm.owner.update(table, {"name": who.name}, **where).status_code == 409
    about = {"consultant_id": consultant["id"]}
    note = {"firm_id": firm.id, "body": "Back again"}
    refused(firm.owner.insert("notes", note | about), 409, "erased")
    refused(firm.owner.insert("notes", note | {"contact_id": contact["id"]}), 409, "erased")
    draft = {"firm_id": firm.id, "title": "New", "kind": "consultant"}
    refused(firm.owner.insert("contracts", draft | about), 409, "erased")
    plan = {"contract_id": firm.contract()["id"], "period": "[2026-01-01,2026-03-31]"}
    refused(
        firm.owner.insert("contract_consultants", plan | about | {"firm_id": firm.id}),
        409,
        "erased",
    )
    document = {"firm_id": firm.id, "name": "a.txt", "size_bytes": 9, "mime": "text/plain"}
    for person in (about, {"contact_id": contact["id"]}):
        refused(firm.owner.rpc("begin_upload", **document, **person), 409, "erased")
    link = {"consultant_id": consultant["id"], "user_id": firm.owner.id}
    assert firm.owner.rpc("link_consultant", **link).status_code == 409


@pytest.mark.parametrize("table", ["consultants", "contacts"])
def test_no_table_that_refers_to_people_is_forgotten(db: Db, table: str) -> None:
    """A table added later has to be emptied by an erasure, and closed to what is new."""
    referring = {
        name
        for (name,) in db.execute(
            "select k.conrelid::regclass::text from pg_constraint k where k.contype = 'f'"
            " and k.confrelid = %s::regclass and not exists (select from pg_trigger t"
            " where t.tgrelid = k.conrelid and t.tgfoid = 'private.refuse_erased'::regproc"
            # The last column of the key: those before it are the firm.
            " and k.conkey[cardinality(k.conkey)] = any (t.tgattr))",
            [table],
        )
    }
    # What comes with the person, and the records of what became of them.
    assert referring <= {"consultant_private", "erasures", "merge_log"}


def test_an_undone_merge_does_not_bring_anybody_back(firm: Firm, who: Who, db: Db) -> None:
    kept, twin, third = (
        who.consultant(firm),
        who.consultant(firm, headline=f"Also {who.name}"),
        who.consultant(firm),
    )
    merges = []
    for merged in (twin, third):
        pair = {"kept_id": kept["id"], "merged_id": merged["id"]}
        merges.append(created(firm.owner.rpc("merge_consultants", **pair)))
    # Whichever of them is asked for: they are one person.
    erasure = erase(firm, twin)
    assert set(erasure["merged_ids"]) == {kept["id"], third["id"]}
    assert erasure["removed"]["consultants"] == 3
    assert who.found(db) == {}
    for merge in merges:
        refused(firm.owner.rpc("undo_merge", id=merge["id"]), 409, "erased")
    pair = {"kept_id": firm.consultant()["id"], "merged_id": kept["id"]}
    assert firm.owner.rpc("merge_consultants", **pair).status_code == 409
    assert erase(firm, kept) == erasure
    assert who.found(db) == {}


def test_attack_06_nobody_of_another_firm_is_erased(firm: Firm, who: Who, other_firm: Firm) -> None:
    theirs = other_firm.consultant()
    contact = other_firm.contact()
    refused(
        firm.owner.rpc("erase_consultant", id=theirs["id"], note=NOTE), 404, "consultant_not_found"
    )
    refused(firm.owner.rpc("erase_contact", id=contact["id"], note=NOTE), 404, "contact_not_found")
    namesake = other_firm.consultant(name=who.name, email=who.email)
    erase(firm, who.consultant(firm))
    (row,) = created(other_firm.owner.get("consultants", id=f"eq.{namesake['id']}"))
    assert (row["name"], row["email"]) == (who.name, who.email)


def test_only_admins_erase_and_read_what_was_erased(firm: Firm, who: Who) -> None:
    consultant = who.consultant(firm)
    for role in (firm.manager, firm.member, firm.viewer):
        refused(role.rpc("erase_consultant", id=consultant["id"], note=NOTE), 403, "not_allowed")
    erase(firm, consultant)
    assert len(created(firm.admin.get("erasures"))) == 1
    assert created(firm.manager.get("erasures")) == []


def test_only_what_they_had_to_sign_goes_back(firm: Firm, who: Who, db: Db) -> None:
    consultant = who.consultant(firm)
    (signer,) = asked(firm, db)
    plan = {"contract_id": signer["contract_id"], "consultant_id": consultant["id"]}
    row = firm.add("contract_consultants", None, plan | {"period": "[2026-01-01,2026-03-31]"})
    erase(firm, consultant)
    (contract,) = created(firm.owner.get("contracts", id=f"eq.{signer['contract_id']}"))
    assert contract["status"] == "sent", "somebody else signs it"
    (planned,) = created(firm.owner.get("contract_consultants", id=f"eq.{row['id']}"))
    assert planned["archived_at"], "but nobody counts on them"
