"""`firmbase jobs`: running jobs, looking at them, and what is done to single ones."""

import json
import signal
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from psycopg.types.json import Jsonb

from tests.jobs.commands import Firmbase
from tests.jobs.conftest import Jobs
from tests.jobs.runners import Runners
from tests.people import Firm


def die(jobs: Jobs, kind: str = "test.fragile", **options: Any) -> str:
    """A job that died of `broken`; returns its id."""
    number = jobs.enqueue(kind, {"a": 1}, **options)
    (claim,) = jobs.claim()
    jobs.fail(claim, "dead", code="broken", error="It broke.")
    return f"default:{number}"


def test_a_dead_job_is_found_read_and_sent_back(jobs: Jobs, firmbase: Firmbase) -> None:
    name = die(jobs)
    jobs.enqueue(delay="1 hour")

    (dead,) = firmbase.json("list", "--state", "dead")
    assert (dead["id"], dead["error"]) == (name, "It broke.")
    assert [kind["dead"] for kind in firmbase.json("stats")] == [1, 0]
    assert firmbase.json("show", name)["history"][0]["code"] == "broken"
    for words in (["list"], ["stats"], ["show", name]):
        assert "test.fragile" in firmbase(*words).stdout

    assert firmbase("retry", name).stderr.startswith(f"{name} is queued again as default:")
    (ready,) = firmbase.json("list", "--state", "ready", "--kind", "test.fragile")
    assert ready["id"] != name


def test_run_says_what_it_did_and_passes_its_exit_code_on(jobs: Jobs, firmbase: Firmbase) -> None:
    jobs.enqueue("test.unheard_of")
    lines = [json.loads(line) for line in firmbase("run", "--json").stdout.splitlines()]
    assert [line["event"] for line in lines] == ["dead", "drained"]
    firmbase.env = {**firmbase.env, "SUPABASE_SECRET_KEY": "sb_secret_wrong"}
    assert firmbase("run", code=5).stderr.count("\n") == 1
    assert firmbase("stats", code=5).stderr.count("\n") == 1


@pytest.mark.parametrize("slots", [[], ["--slots", "3"]])
def test_run_ends_when_its_time_is_up(jobs: Jobs, firmbase: Firmbase, slots: list[str]) -> None:
    """As one that stays, too; what is due by then is done."""
    jobs.enqueue("test.unheard_of")
    done = firmbase("run", "--watch", "--for", "1", *slots, "--json")
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert events == ["dead", "time is up", "stopped"]
    assert jobs.only()["state"] == "dead"


def test_the_runner_for_cron_ends_when_its_time_is_up(jobs: Jobs, runners: Runners) -> None:
    runner = runners.start_real("run", "--for", "1", "--watch")
    assert runner.finish() == 0
    assert runner.events() == ["time is up", "stopped"]


def test_empty_queues_and_unknown_jobs(jobs: Jobs, firmbase: Firmbase) -> None:
    assert firmbase.json("list") == firmbase.json("stats") == []
    assert firmbase("stats").stderr == "The queues are empty.\n"
    assert "There are no such jobs." in firmbase("list", "--state", "done").stderr
    assert "There is no job default:0." in firmbase.refused("show", "default:0")


def test_the_work_of_the_clock_is_done_when_asked_for(jobs: Jobs, firmbase: Firmbase) -> None:
    jobs.value("select private.jobs_tick(true)")
    assert jobs.value("select private.jobs_tick()") is None, "it was done just now"
    before = jobs.value("select ticked_at from private.job_clock")
    assert firmbase.json("tick") == {"ticked": True}
    assert firmbase("tick").stderr == "Done.\n"
    assert jobs.value("select ticked_at from private.job_clock") > before


def test_the_list_takes_filters(jobs: Jobs, firmbase: Firmbase, firm: Firm) -> None:
    jobs.enqueue("test.noop")
    jobs.enqueue("test.noop", firm_id=firm.id)
    parent = jobs.enqueue("test.parent")
    jobs.value(
        "select private.enqueue_many('test.child', array['{}']::jsonb[], parent => %s)",
        f"default:{parent}",
    )

    def kinds(*filters: str) -> list[str]:
        return sorted(job["kind"] for job in firmbase.json("list", *filters))

    assert kinds() == ["test.child", "test.noop", "test.noop", "test.parent"]
    assert kinds("--kind", "test.noop") == ["test.noop", "test.noop"]
    assert kinds("--firm", firm.slug) == kinds("--firm", firm.id) == ["test.noop"]
    assert kinds("--parent", f"default:{parent}") == ["test.child"]
    assert kinds("--state", "waiting") == []
    assert len(kinds("--limit", "2")) == 2
    assert kinds("--firm", "11111111-1111-4111-8111-111111111111") == []
    assert "There is no firm nobody. `firmbase firms list`" in firmbase.refused(
        "list", "--firm", "nobody"
    )
    assert "'ill' is not one of" in firmbase.refused("list", "--state", "ill", code=2)


def test_progress_is_shown_where_there_is_any(jobs: Jobs, firmbase: Firmbase) -> None:
    jobs.enqueue("test.long")
    (claim,) = jobs.claim()
    told = {"fraction": 0.42, "note": "page 42"}
    jobs.step(extend={"jobs_default": [[claim["id"], claim["read"], told]]})
    table = firmbase("list", columns=80).stdout
    assert "42 % page 42" in table
    assert max(map(len, table.splitlines())) <= 80
    assert "42 % page 42 (" in firmbase("show", f"default:{claim['id']}").stdout
    assert firmbase.json("list")[0]["progress"]["note"] == "page 42"


def test_show_masks_what_is_secret(jobs: Jobs, firmbase: Firmbase) -> None:
    secrets = {
        "password": "one",
        "apiKey": "two",
        "API_KEY": "three",
        "authorization": ["four"],
        "nested": [{"refresh_token": 5, "client-secret": {"deep": "six"}}],
        "text": "with sb_secret_seven and https://me:eight@example.com",
    }
    plain = {"monkey": "banana", "keyboard": "qwertz", "token": None, "n": 9}
    number = jobs.enqueue("test.noop", {**secrets, **plain})
    for shown in (firmbase("show", f"default:{number}").stdout, firmbase("list").stdout):
        for secret in ("one", "two", "three", "four", "six", "seven", "eight"):
            assert f'"{secret}"' not in shown
            assert f"_{secret}" not in shown
    payload = firmbase.json("show", f"default:{number}")["payload"]
    assert payload == {
        "password": "***",
        "apiKey": "***",
        "API_KEY": "***",
        "authorization": "***",
        "nested": [{"refresh_token": "***", "client-secret": "***"}],
        "text": "with sb_secret_*** and https://me:***@example.com",
        **plain,
    }


def test_show_a_job_its_children_and_its_result(jobs: Jobs, firmbase: Firmbase) -> None:
    number = jobs.enqueue("test.book")
    (claim,) = jobs.claim()
    pages = [{"kind": "test.page", "payload": {"n": n}} for n in range(25)]
    jobs.fail(claim, "wait", children=pages, state=None)
    first, second, *_ = jobs.claim(25)
    item = [first["id"], first["read"], 1.5, {"words": 10}]
    jobs.step(done={"jobs_default": [item]})
    jobs.fail(second, "dead", code="blank", error="There is nothing on it.")

    shown = firmbase("show", f"default:{number}")
    assert "after its children" in shown.stdout
    assert "Children: 23 running, 1 dead, 1 done" in shown.stdout
    assert f"firmbase jobs list --parent default:{number}" in shown.stderr
    children = firmbase.json("show", f"default:{number}")["children"]
    assert len(children) == 25
    page = firmbase.json("show", f"default:{first['id']}")
    assert (page["state"], page["result"]) == ("done", {"words": 10})
    assert page["parent"] == f"default:{number}"
    assert '{"words": 10}' in firmbase("show", f"default:{first['id']}").stdout
    (done,) = firmbase.json("list", "--state", "done")
    assert done["id"] == f"default:{first['id']}"


def test_what_is_new_or_has_changed_is_told_as_it_comes(jobs: Jobs, firmbase: Firmbase) -> None:
    number = jobs.enqueue("test.noop")
    following = firmbase.start("list", "--follow", "--json")
    assert following.stdout is not None

    def next_line() -> tuple[str, str]:
        assert following.stdout is not None
        job = json.loads(following.stdout.readline())
        return job["id"], job["state"]

    assert next_line() == (f"default:{number}", "ready")
    (claim,) = jobs.claim()
    assert next_line() == (f"default:{number}", "running")
    another = jobs.enqueue("test.other", delay="1 hour")
    assert next_line() == (f"default:{another}", "waiting")
    jobs.ack(claim)
    assert next_line() == (f"default:{number}", "done")
    following.send_signal(signal.SIGINT)
    assert following.communicate()[0] == ""
    assert following.returncode == 130


def test_followed_by_a_person(jobs: Jobs, firmbase: Firmbase) -> None:
    number = jobs.enqueue("test.noop")
    following = firmbase.start("list", "--follow", "--kind", "test.noop")
    assert following.stdout is not None
    line = following.stdout.readline()
    following.send_signal(signal.SIGINT)
    following.communicate()
    assert line.split()[1:] == [f"default:{number}", "test.noop", "ready", "0"]


def test_statistics(jobs: Jobs, firmbase: Firmbase) -> None:
    for priority in ("default", "high"):
        jobs.enqueue("test.noop", priority=priority)
    for _ in range(2):
        jobs.enqueue("test.done")
    done, retried = (claim for claim in jobs.claim() if claim["kind"] == "test.done")
    jobs.step(done={"jobs_default": [[done["id"], done["read"], 250]]})
    jobs.fail(retried, after_s=600)
    jobs.make_due()
    jobs.value("select public.jobs_pause('test.noop')")

    shown = firmbase("stats", columns=80)
    assert shown.stderr.startswith("test.noop was paused ")
    rows = [line.split() for line in shown.stdout.splitlines()[4:]]
    # kind, ready, running, waiting, dead, done, failed, average, lag
    assert rows[0][:8] == ["test.done", "1", "0", "0", "0", "1", "1", "250"]
    assert rows[1][:6] == ["test.noop", "paused", "1", "0", "0", "0"]
    assert rows[2][:7] == ["test.noop", "high", "paused", "1", "0", "0", "0"]
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert [kind["paused"] for kind in firmbase.json("stats")] == [False, True, True]


def test_statistics_for_prometheus(jobs: Jobs, firmbase: Firmbase) -> None:
    jobs.enqueue("test.noop")
    jobs.enqueue("test.noop", priority="high")
    jobs.enqueue("test.gone")
    (claim,) = (claim for claim in jobs.claim() if claim["kind"] == "test.gone")
    jobs.step(done={"jobs_default": [[claim["id"], claim["read"], 250]]})
    jobs.make_due()
    jobs.db.execute(
        "select pgmq.send('jobs_low', %s)", [Jsonb({"kind": 'odd "kind"\n\\', "payload": {}})]
    )
    text = firmbase("stats", "--prometheus").stdout
    families = list(text_string_to_metric_families(text))
    assert {family.type for family in families} == {"gauge"}
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }
    assert len(samples) == sum(not line.startswith("#") for line in text.splitlines())
    assert samples["firmbase_jobs", "test.noop", "high", "ready"] == 1
    assert samples["firmbase_jobs", "test.noop", "default", "dead"] == 0
    assert samples["firmbase_jobs_lag_seconds", "test.noop", "default"] > 0
    assert samples["firmbase_jobs_paused", "test.noop", "default"] == 0
    assert samples["firmbase_jobs_ended_last_hour", "test.gone", "done"] == 1
    assert samples["firmbase_jobs_seconds_last_hour", "test.gone"] == 0.25
    assert samples["firmbase_jobs", 'odd "kind"\n\\', "low", "ready"] == 1
    assert "choose one" in firmbase.refused("stats", "--prometheus", "--json", code=2)


def test_many_are_sent_back_though_one_is_not_there(jobs: Jobs, firmbase: Firmbase) -> None:
    names = [die(jobs), die(jobs)]
    done = firmbase("retry", names[0], "default:0", names[1], "--json", code=10)
    assert [each["id"] for each in json.loads(done.stdout)] == names
    assert json.loads(done.stderr)["error"]["code"] == "job_not_dead"
    assert [job["state"] for job in jobs.list()] == ["ready", "ready"]
    assert "List them with: firmbase jobs dead list" in firmbase.refused("retry", names[0])


def test_cancel(jobs: Jobs, firmbase: Firmbase) -> None:
    number = jobs.enqueue()
    jobs.claim()
    waiting = jobs.enqueue(delay="1 hour")
    assert firmbase("cancel", f"default:{number}").stderr == f"default:{number} is cancelled.\n"
    expected = [{"id": f"default:{waiting}", "state": "dead"}]
    assert firmbase.json("cancel", f"default:{waiting}") == expected
    assert {job["history"][-1]["code"] for job in jobs.list()} == {"cancelled"}
    assert "that has not ended" in firmbase.refused("cancel", f"default:{number}", "x")


def test_enqueue(jobs: Jobs, firmbase: Firmbase, firm: Firm) -> None:
    told = firmbase("enqueue", "test.noop").stderr
    assert told == f"Queued as {jobs.only()['id']}.\n"
    options = ["--payload", '{"n": 1}', "--firm", firm.slug, "--priority", "high"]
    name = firmbase.json("enqueue", "test.other", *options, "--delay", "90 s")["id"]
    (job,) = jobs.list(id=name)
    assert (job["payload"], job["firm_id"], job["priority"]) == ({"n": 1}, firm.id, "high")
    assert job["state"] == "waiting"
    assert firmbase.json("enqueue", "test.noop", "--unique-key", "k")["id"]
    again = firmbase("enqueue", "test.noop", "--unique-key", "k")
    assert "of the key k is queued already" in again.stderr
    assert firmbase.json("enqueue", "report.render", "--any-kind")["id"]
    assert len(jobs.list()) == 4


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["report.render"], 2, "--any-kind if its row is there"),
        (["test.noop", "--payload", "[1]"], 2, "A payload is a JSON object"),
        (["test.noop", "--payload", "{"], 2, "This is not JSON"),
        (["test.noop", "--delay", "soon"], 2, "write 90s, 5min, 2h or 1day"),
        (["test.noop", "--priority", "urgent"], 2, "'urgent' is not one of"),
        (["test.no-op"], 10, "A kind is two lower-case words and a dot"),
        (["test.noop", "--firm", "nobody"], 10, "There is no firm nobody."),
        (["test.noop", "--firm", "11111111-1111-4111-8111-111111111111"], 10, "There is no firm"),
        (["test.noop", "--unique-key", "k" * 201], 2, "has 1 to 200 characters"),
    ],
)
def test_what_cannot_be_queued(
    jobs: Jobs, firmbase: Firmbase, arguments: list[str], code: int, words: str
) -> None:
    assert words in firmbase.refused("enqueue", *arguments, code=code)
    assert jobs.list() == []
