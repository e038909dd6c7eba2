"""`firmbase files`, on files that people uploaded and a runner looked at."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from cli.files.look import PARENTS
from edge_jobs.files.kinds import Kind
from tests.capabilities.conftest import SAMPLES, row, stored, upload
from tests.conftest import RunningStack
from tests.jobs.commands import Firmbase, Terminal
from tests.jobs.runners import wait_for
from tests.people import Api, Firm, Person, created

Drain = Callable[..., str]
Database = psycopg.Connection[Any]

AGREEMENT = (SAMPLES / "pdflatex-4-pages.pdf").read_bytes()
LOCKED = (SAMPLES / "password.pdf").read_bytes()
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def files(stack: RunningStack, db: Database) -> Firmbase:
    """Nothing is left on its way by another test."""
    db.execute("delete from public.files where status = 'processing'")
    return Firmbase(stack.env, "files")


@pytest.fixture
def paused(db: Database) -> Iterator[None]:
    """No runner takes a file."""
    db.execute("insert into private.job_pauses (target) values ('file.process')")
    yield
    db.execute("delete from private.job_pauses")


def agreement(firm: Firm, name: str = "Agreement.pdf", by: Person | None = None) -> str:
    return upload(by or firm.member, firm, name, AGREEMENT, Kind.PDF)


def locked(firm: Firm) -> str:
    return upload(firm.member, firm, "Locked.pdf", LOCKED, Kind.PDF)


def new_version(firm: Firm, of: str) -> str:
    return upload(firm.member, firm, "Agreement 2.pdf", AGREEMENT, Kind.PDF, replaces=of)


def begun(firm: Firm, **parent: str) -> str:
    intent = {"name": "later.pdf", "size_bytes": 100, "mime": Kind.PDF} | parent
    return str(created(firm.member.rpc("begin_upload", firm_id=firm.id, **intent))["id"])


def lose(api: Api, file: dict[str, Any]) -> None:
    created(api.as_service("DELETE", f"/storage/v1/object/firm-files/{file['path']}"))


def status(firm: Firm, id: str) -> tuple[str, str | None]:
    file = row(firm.owner, "files", id)
    return file["status"], file["reason"]


def listed(files: Firmbase, *arguments: str) -> set[str]:
    return {file["id"] for file in files.json("list", *arguments)}


# Looking


def test_files_are_listed(files: Firmbase, firm: Firm, drain: Drain) -> None:
    first, bad = agreement(firm), locked(firm)
    note = upload(firm.member, firm, "note.txt", b"Call Ada", Kind.TEXT)
    drain()
    second = new_version(firm, first)
    drain()
    waiting = begun(firm)
    of_firm = ("--firm", firm.slug)
    assert listed(files, *of_firm) == {second, bad, note, waiting}
    assert listed(files, *of_firm, "--all-versions") == {first, second, bad, note, waiting}
    assert listed(files, "--firm", firm.id, "--status", "ready") == {second, note}
    assert listed(files, *of_firm, "--reason", "encrypted") == {bad}
    assert listed(files, *of_firm, "--kind", "txt") == {note}
    assert listed(files, *of_firm, "--kind", "application/pdf") == {second, bad, waiting}
    newest = files.json("list", *of_firm, "--limit", "1")
    assert [(file["id"], file["firm"]) for file in newest] == [(waiting, firm.slug)]

    shown = files("list", *of_firm, "--all-versions")
    for words in ("ready, v1, not current", "ready, v2", "quarantined: encrypted", "note.txt"):
        assert words in shown.stdout
    few = files("list", *of_firm, "--limit", "2", columns=80)
    assert max(map(len, few.stdout.splitlines())) <= 80
    assert few.stderr.startswith("There may be more than these 2:")
    nothing = files("list", *of_firm, "--status", "failed")
    assert (nothing.stdout, nothing.stderr) == ("", "There are no such files.\n")


def test_the_files_of_one_of_them_are_listed(files: Firmbase, firm: Firm, db: Database) -> None:
    keys = db.execute(
        "select a.attname from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid"
        " and a.attnum = k.conkey[cardinality(k.conkey)] where k.contype = 'f'"
        " and k.conrelid = 'public.files'::regclass and a.attname not in ('firm_id', 'series_id')"
    )
    assert {key for (key,) in keys} == set(PARENTS), "nothing that holds files is forgotten"
    of = {key: getattr(firm, key.removesuffix("_id"))()["id"] for key in PARENTS}
    ids = {key: begun(firm, **{key: of[key]}) for key in PARENTS}
    begun(firm)
    assert listed(files, "--of", of["contact_id"]) == {ids["contact_id"]}
    assert listed(files, "--of", of["contract_id"], "--status", "pending") == {ids["contract_id"]}
    assert of["contact_id"] in files("show", ids["contact_id"]).stdout


def test_archived_files_say_so(files: Firmbase, firm: Firm, drain: Drain) -> None:
    id = agreement(firm)
    drain()
    created(firm.member.update("files", {"archived_at": "now"}, id=f"eq.{id}"))
    assert "ready, archived" in files("list", "--firm", firm.slug).stdout


def test_everything_about_one_file(files: Firmbase, firm: Firm, drain: Drain, db: Database) -> None:
    first = agreement(firm)
    drain()
    stored(firm.manager, "firm-files", row(firm.manager, "files", first)["path"])
    second = new_version(firm, first)
    hint = {"kind": "date", "value": "2026-01-31", "text": "31 January 2026", "page": 2}
    db.execute(
        "update public.files set hints = jsonb_build_array(%s::jsonb) where id = %s",
        [json.dumps(hint), first],
    )
    file = files.json("show", first)
    assert (file["firm"], file["status"], file["page_count"]) == (firm.slug, "ready", 4)
    assert "text" not in file
    assert [version["id"] for version in file["versions"]] == [first, second]
    assert [each["email"] for each in file["accesses"]] == [firm.manager.email]
    assert (file["access_count"], file["hints"], file["jobs"]) == (1, [hint], [])
    (job,) = files.json("show", second)["jobs"]
    assert (job["kind"], job["state"]) == ("file.process", "ready")

    shown = files("show", first).stdout
    for words in ("Versions", "Opened", firm.manager.email, "Found in the text", "31 January 2026"):
        assert words in shown
    assert job["id"] in files("show", second).stdout


def test_a_job_that_died_is_shown_with_its_file(
    files: Firmbase, firm: Firm, drain: Drain, api: Api
) -> None:
    id = agreement(firm)
    lose(api, row(firm.member, "files", id))
    drain()
    (job,) = files.json("show", id)["jobs"]
    assert job["state"] == "dead"
    assert "object_missing" in files("show", id).stdout


def test_there_is_no_such_file(files: Firmbase) -> None:
    assert "There is no file" in files.refused("show", NOBODY)
    assert "There is no file" in files.refused("process", NOBODY)
    assert "should be a valid UUID" in files.refused("show", "nonsense", code=2)
    assert "is no kind of file: write pdf," in files.refused("list", "--kind", "exe", code=2)
    assert "There is no firm nobody." in files.refused("usage", "--firm", "nobody")


# Processing


def test_files_are_processed_here_and_now(files: Firmbase, firm: Firm) -> None:
    good, bad = agreement(firm), locked(firm)
    outcome = files.json("process", good, bad)
    assert {name: outcome[name] for name in ("ready", "quarantined", "processing")} == {
        "ready": 1,
        "quarantined": 1,
        "processing": 0,
    }
    assert [(file["id"], file["reason"]) for file in outcome["not_ready"]] == [(bad, "encrypted")]
    assert status(firm, good) == ("ready", None)


def test_all_that_wait_are_processed(files: Firmbase, firm: Firm) -> None:
    ids = [agreement(firm), agreement(firm, "Copy.pdf"), locked(firm)]
    done = files("process")
    assert done.stderr.endswith("3 files: 1 quarantined, 2 ready.\n")
    assert "“Locked.pdf” is locked with a password" in done.stdout
    assert {status(firm, id)[0] for id in ids} == {"ready", "quarantined"}
    assert files("process").stderr == "No file waits to be processed.\n"
    assert files.json("process")["ready"] == 0


def test_an_upload_that_is_not_finished_cannot_be_processed(files: Firmbase, firm: Firm) -> None:
    assert "is not finished." in files.refused("process", begun(firm))


@pytest.mark.usefixtures("paused")
def test_what_cannot_go_on_is_left_and_told(files: Firmbase, firm: Firm) -> None:
    id = agreement(firm)
    done = files("process", id, code=1)
    assert id in done.stdout
    assert "waits for another attempt, or its kind is paused" in done.stderr
    assert status(firm, id) == ("processing", None)


def test_files_are_looked_at_once_more(files: Firmbase, firm: Firm, drain: Drain) -> None:
    first, bad = agreement(firm), locked(firm)
    drain()
    second = new_version(firm, first)
    drain()
    queued = files.json("reprocess", second, "--no-wait")["queued"]
    assert queued == [second]
    assert status(firm, second)[0] == "processing"
    again = files("reprocess", second, bad, "--no-wait", code=10)
    assert again.stderr.endswith("Queued 1 file.\n")
    assert f"{second}: This file is being processed or uploaded." in again.stderr
    drain()
    for arguments, chosen in (
        (("--firm", firm.slug), {first, second, bad}),
        (("--firm", firm.slug, "--status", "quarantined"), {bad}),
        (("--firm", firm.slug, "--reason", "encrypted"), {bad}),
        (("--firm", firm.slug, "--kind", "pdf", "--status", "ready"), {first, second}),
    ):
        outcome = files.json("reprocess", *arguments, "--yes", "--no-wait")
        assert set(outcome["queued"]) == chosen, arguments
        drain()
    assert status(firm, first) == ("ready", None)


def test_what_has_no_bytes_or_is_archived_is_not_chosen(
    files: Firmbase, firm: Firm, drain: Drain, api: Api
) -> None:
    kept, lost, archived = agreement(firm), agreement(firm, "Lost.pdf"), agreement(firm, "Old.pdf")
    lose(api, row(firm.member, "files", lost))
    drain()
    created(firm.member.update("files", {"archived_at": "now"}, id=f"eq.{archived}"))
    outcome = files.json("reprocess", "--firm", firm.slug, "--yes", "--no-wait")
    assert outcome["queued"] == [kept]
    refused = files("reprocess", lost, code=10).stderr
    assert f"{lost}: The bytes of this file are gone. Upload it anew." in refused


def test_it_is_followed_until_it_is_settled(
    files: Firmbase, firm: Firm, drain: Drain, stack: RunningStack
) -> None:
    good, bad = agreement(firm), locked(firm)
    drain()
    runner = subprocess.Popen(
        [sys.executable, "-m", "edge_jobs", "run", "--watch"],
        env={"PATH": os.environ["PATH"], **stack.env},
        stderr=subprocess.DEVNULL,
    )
    try:
        done = files("reprocess", good, bad)
    finally:
        runner.terminate()
        runner.wait()
    assert done.stderr.endswith("2 files: 1 quarantined, 1 ready.\n")


def test_without_a_runner_it_says_who_could_do_it(
    files: Firmbase, firm: Firm, drain: Drain
) -> None:
    id = agreement(firm)
    drain()
    terminal = Terminal(files.env, "reprocess", id, noun="files")
    terminal.wait_for("`firmbase files process` runs them here.")
    files("process", id)
    terminal.wait_for("1 file: 1 ready.")
    assert terminal.finish() == 0


def test_ctrl_c_ends_the_wait_and_not_the_work(files: Firmbase, firm: Firm, drain: Drain) -> None:
    id = agreement(firm)
    drain()
    waiting = files.start("reprocess", id)
    wait_for(lambda: status(firm, id)[0] == "processing", "the file to be queued")
    waiting.send_signal(signal.SIGINT)
    waiting.communicate()
    assert waiting.returncode == 130
    drain()
    assert status(firm, id) == ("ready", None)


def test_one_says_which_and_many_are_confirmed(files: Firmbase, firm: Firm, drain: Drain) -> None:
    id = agreement(firm)
    drain()
    assert "say which: ids, or any of --firm" in files.refused("reprocess", code=2)
    assert "say which" in files.refused("reprocess", id, "--all", code=2)
    of_firm = ("--firm", firm.slug)
    pending = files.refused("reprocess", *of_firm, "--status", "pending", code=2)
    assert "what is pending has not been looked at yet" in pending
    unasked = files.refused("reprocess", *of_firm, code=2)
    assert "say --yes where nobody can be asked; nothing was queued." in unasked
    for answer, code, after in (("n", 1, "ready"), ("y", 0, "processing")):
        terminal = Terminal(files.env, "reprocess", *of_firm, "--no-wait", noun="files")
        terminal.wait_for("Go on?")
        terminal.type(f"{answer}\n")
        assert terminal.finish() == code
        assert status(firm, id)[0] == after


# Quarantine


def test_quarantine_is_listed(files: Firmbase, firm: Firm, drain: Drain) -> None:
    bad, _ = locked(firm), agreement(firm)
    drain()
    of_firm = ("--firm", firm.slug)
    assert [file["id"] for file in files.json("quarantine", "list", *of_firm)] == [bad]
    assert "“Locked.pdf” is locked" in files("quarantine", "list", *of_firm).stdout
    nothing = files("quarantine", "list", *of_firm, "--reason", "macro")
    assert (nothing.stdout, nothing.stderr) == ("", "Nothing is in quarantine.\n")


def test_a_release_needs_a_note(files: Firmbase, firm: Firm, drain: Drain, db: Database) -> None:
    one, two, infected, ready = locked(firm), locked(firm), locked(firm), agreement(firm)
    drain()
    db.execute("update public.files set reason = 'infected' where id = %s", [infected])
    release = ("quarantine", "release")
    assert "say why they are released." in files.refused(*release, one, code=2)
    assert "Say why this file is released." in files.refused(*release, one, "--note", " ")
    assert status(firm, one) == ("quarantined", "encrypted")
    done = files(*release, infected, one, ready, "--note", "Its sender was asked", code=10)
    assert "A file with a virus is not released." in done.stderr
    assert "This file is not in quarantine." in done.stderr
    assert f"{one} is released, in spite of encrypted." in done.stderr
    assert status(firm, one) == ("ready", "encrypted")
    shown = files("show", one).stdout
    assert "the operator" in shown
    assert "Its sender was asked" in shown

    terminal = Terminal(files.env, *release, two, noun="files")
    terminal.wait_for("Why are they released?")
    terminal.type("It is ours\n")
    assert terminal.finish() == 0
    assert files.json("show", two)["releases"][0]["note"] == "It is ours"


def test_a_purge_is_for_good(files: Firmbase, firm: Firm, drain: Drain, api: Api) -> None:
    bad, good = locked(firm), agreement(firm)
    drain()
    path = row(firm.member, "files", bad)["path"]
    unasked = files.refused("quarantine", "purge", bad, code=2)
    assert "nothing was removed." in unasked
    assert "Archive it instead." in files.refused("quarantine", "purge", good, "--yes")
    assert files.json("quarantine", "purge", bad, "--yes") == [
        {"id": bad, "status": "failed", "reason": "purged"}
    ]
    drain()
    assert api.as_service("GET", f"/storage/v1/object/firm-files/{path}").is_error
    assert status(firm, bad) == ("failed", "purged")


# Upkeep


def test_what_lost_each_other_is_found_and_put_in_order(
    files: Firmbase, firm: Firm, drain: Drain, api: Api, db: Database
) -> None:
    of_firm = ("--firm", firm.slug)
    whole = "Every file has its bytes, and all bytes have a file.\n"
    assert files("check", *of_firm).stderr == whole
    assert files.json("check", *of_firm, "--sweep") == {"found": [], "swept": 0}

    id = agreement(firm)
    drain()
    lose(api, row(firm.member, "files", id))
    stray = f"{firm.id}/{NOBODY}/stray.pdf"
    created(
        api.as_service(
            "POST",
            f"/storage/v1/object/firm-files/{stray}",
            content=AGREEMENT,
            headers={"Content-Type": Kind.PDF},
        )
    )
    db.execute(
        "update storage.objects set created_at = now() - interval '2 days' where name = %s",
        [stray],
    )
    found = files("check", *of_firm, code=1)
    assert "a file without its bytes" in found.stdout
    assert "bytes without a file" in found.stdout
    assert found.stderr == "`firmbase files check --sweep` puts this in order.\n"
    assert status(firm, id) == ("ready", None)

    swept = files.json("check", *of_firm, "--sweep")
    kinds = sorted((each["kind"], each["firm_id"] == firm.id) for each in swept["found"])
    assert kinds == [("missing_object", True), ("stray_object", False)]
    assert swept["swept"] == 2
    assert status(firm, id) == ("failed", "object_missing")
    drain()
    assert api.as_service("GET", f"/storage/v1/object/firm-files/{stray}").is_error
    assert files("check", *of_firm).stderr == whole


def test_usage_is_shown_against_the_quota(files: Firmbase, firm: Firm, drain: Drain) -> None:
    first, _ = agreement(firm), locked(firm)
    drain()
    new_version(firm, first)
    drain()
    (usage,) = files.json("usage", "--firm", firm.slug)
    counts = (usage["documents"], usage["versions"], usage["quarantined"])
    assert counts == (2, 3, 1)
    assert usage["bytes"] == 2 * len(AGREEMENT) + len(LOCKED)
    shown = files("usage", "--firm", firm.slug).stdout
    assert "5.4 GB" in shown
    assert "0 %" in shown
    assert len(files.json("usage", "--limit", "1")) == 1
