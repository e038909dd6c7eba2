"""`firmbase jobs top`: what it measures, and what it shows."""

import json
import signal
from typing import Any

from cli.jobs.sample import Rates
from tests.conftest import RunningStack
from tests.jobs.commands import Firmbase, Terminal
from tests.jobs.conftest import Jobs
from tests.jobs.proxy import Proxy


def at_work(jobs: Jobs) -> None:
    """A job that runs and says how far it is, one that is paused, one that waits, a dead one."""
    jobs.enqueue("test.long")
    jobs.enqueue("test.fragile")
    for claim in jobs.claim():
        if claim["kind"] == "test.long":
            told = {"fraction": 0.42, "note": "page [b]42"}
            jobs.step(extend={"jobs_default": [[claim["id"], claim["read"], told]]})
        else:
            jobs.fail(claim, "dead", code="broken", error="It broke.")
    jobs.enqueue("test.paused")
    jobs.enqueue("test.noop", delay="1 hour", priority="low")
    jobs.value("select public.jobs_pause('test.paused')")


def test_one_look(jobs: Jobs, firmbase: Firmbase) -> None:
    at_work(jobs)
    shown = firmbase("top", "--once", "--interval", "0.2", columns=80).stdout
    assert "1 ready   1 running   1 waiting   1 dead   0 done/s   lag " in shown
    assert "test.paused paused " in shown
    assert "42 % page [b]42" in shown
    assert max(map(len, shown.splitlines())) <= 80
    picture = firmbase.json("top", "--once", "--interval", "0.2")
    kinds = {kind["kind"]: kind for kind in picture["kinds"]}
    assert sorted(kinds) == ["test.fragile", "test.long", "test.noop", "test.paused"]
    assert (kinds["test.paused"]["paused"], kinds["test.paused"]["ready"]) == (True, 1)
    assert (kinds["test.fragile"]["dead"], kinds["test.fragile"]["failed_per_s"]) == (1, 0)
    assert [job["kind"] for job in picture["running"]] == ["test.long"]


def test_an_object_for_each_look(jobs: Jobs, firmbase: Firmbase) -> None:
    following = firmbase.start("top", "--json", "--interval", "0.2")
    assert following.stdout is not None
    assert json.loads(following.stdout.readline())["kinds"] == []
    jobs.enqueue("test.noop")
    while not (kinds := json.loads(following.stdout.readline())["kinds"]):
        pass
    assert (kinds[0]["kind"], kinds[0]["ready"]) == ("test.noop", 1)
    following.send_signal(signal.SIGINT)
    following.communicate()
    assert following.returncode == 130


def test_in_a_terminal_it_goes_on_when_the_network_is_back(
    jobs: Jobs, stack: RunningStack, proxy: Proxy
) -> None:
    at_work(jobs)
    env = {**stack.env, "SUPABASE_URL": proxy.url}
    terminal = Terminal(env, "top", "--interval", "0.2")
    terminal.wait_for("test.paused paused")
    terminal.wait_for("42 % page [b]42")
    proxy.refuse()
    terminal.wait_for("Nothing answers at")
    terminal.wait_for("42 % page [b]42")
    jobs.enqueue("test.later")
    proxy.mend()
    terminal.wait_for("test.later")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.finish() == 130


def test_nobody_there_at_the_start(jobs: Jobs, firmbase: Firmbase) -> None:
    firmbase.env = {**firmbase.env, "SUPABASE_URL": "http://127.0.0.1:9"}
    assert "Nothing answers at" in firmbase.refused("top", code=6)
    assert "than or equal to 0.2" in firmbase.refused("top", "--interval", "0.1", code=2)


def row(minute: int, **counts: int) -> dict[str, Any]:
    return {"minute": minute, "kind": "test.noop", "done": 0, "retried": 0, "dead": 0, **counts}


def test_rates_are_of_what_ended_between_the_looks() -> None:
    """Through the turn of a minute, and not of what had ended before."""
    rates = Rates()
    rates.look(100, [row(1, done=1000)])
    assert rates.of("test.noop", "done") is None
    rates.look(102, [row(1, done=1000)])
    assert rates.of("test.noop", "done") == 0
    rates.look(104, [row(1, done=1010, retried=1), row(2, done=30, dead=3)])
    assert rates.of("test.noop", "done") == 10
    assert rates.of("test.noop", "retried", "dead") == 1
    assert rates.of("test.other", "done") == 0
    rates.look(108, [row(2, done=90, dead=3), row(3)])
    assert rates.of("test.noop", "done") == 12.5
    rates.look(115, [row(3, done=8)])
    assert rates.of("test.noop", "done") == (60 + 8) / 11, "looks of ten seconds and a bit"
    rates.look(180, [])
    assert rates.of("test.noop", "done") == 0
