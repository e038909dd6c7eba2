"""The chaos monkey: what it does and when comes from its seed."""

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

import psycopg

from cli.local.stack import Stack
from tests.chaos.clock import write_offset
from tests.chaos.fleet import Berth, Fleet
from tests.jobs.proxy import Fault
from tests.jobs.runners import wait_for

# One round: how often each disaster strikes in it.
ROUND = {
    "kill a runner": 6,
    "pause a runner past its leases": 2,
    "set a clock hours off": 2,
    "disturb answers": 3,
    "hold requests back past the leases": 2,
    "cut a network off": 1,
    "kill PostgREST": 1,
    "kill PostgreSQL": 1,
    "kill a backend of PostgreSQL": 1,
}


class Monkey:
    def __init__(self, seed: int, stack: Stack, fleet: Fleet, lease_s: int) -> None:
        self._rng = random.Random(seed)
        # What depends on how far things are has dice of its own: the schedule stays the seed's.
        self._weather = random.Random(seed)
        self._stack = stack
        self._fleet = fleet
        self._lease_s = lease_s
        self._cures: list[threading.Timer] = []
        self.strikes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._disasters: dict[str, Callable[[], None]] = {
            "kill a runner": lambda: self._berth().signal(signal.SIGKILL),
            "pause a runner past its leases": self._pause_runner,
            "set a clock hours off": self._set_clock,
            "disturb answers": self._disturb_answers,
            "hold requests back past the leases": self._hold_requests,
            "cut a network off": self._cut_network,
            "kill PostgREST": lambda: self._kill_part("postgrest"),
            "kill PostgreSQL": lambda: self._kill_part("postgres"),
            "kill a backend of PostgreSQL": self._kill_backend,
        }

    def rage(self, seconds: float, rounds: int) -> None:
        """Strikes with each disaster of `rounds` rounds, spread over about so many seconds."""
        for _ in range(rounds):
            deck = list(Counter(ROUND).elements())
            self._rng.shuffle(deck)
            for disaster in deck:
                time.sleep(self._rng.uniform(0.5, 1.5) * seconds / rounds / len(deck))
                self._disasters[disaster]()
                self.strikes[disaster] += 1

    def rest(self) -> None:
        """Waits until everything works again."""
        for cure in self._cures:
            cure.join()
        wait_for(lambda: self._stack.status()["healthy"], "the stack to be whole again")

    def _berth(self) -> Berth:
        return self._rng.choice(self._fleet.berths)

    def _later(self, seconds: float, cure: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, cure)
        timer.start()
        self._cures.append(timer)

    def _pause_runner(self) -> None:
        runner = self._berth().runners[-1]
        runner.process.send_signal(signal.SIGSTOP)
        self._later(
            self._lease_s + self._rng.uniform(0.5, 2),
            lambda: runner.process.send_signal(signal.SIGCONT),
        )

    def _set_clock(self) -> None:
        hours = self._rng.uniform(1, 48) * self._rng.choice([-1, 1])
        write_offset(self._berth().clock, hours * 3600)

    def _disturb_answers(self) -> None:
        proxy = self._berth().proxy
        proxy.disturb(answers=self._fault)
        self._later(self._rng.uniform(1, 3), proxy.mend)

    def _hold_requests(self) -> None:
        """What a runner reports comes when others have its jobs."""
        proxy = self._berth().proxy
        held = Fault(delay_s=self._lease_s + self._rng.uniform(0.2, 1))
        proxy.disturb(requests=lambda: held)
        self._later(self._rng.uniform(0.5, 1), proxy.mend)

    def _fault(self) -> Fault:
        faults = {
            "none": Fault(),
            "late": Fault(delay_s=self._weather.uniform(0.05, 1)),
            "later than the lease": Fault(delay_s=self._lease_s + 0.5),
            "dropped": Fault(keep_bytes=0),
            "cut in the middle": Fault(keep_bytes=self._weather.randrange(1, 600)),
        }
        (name,) = self._weather.choices(list(faults), [60, 20, 2, 9, 9])
        self.faults[name] += 1
        return faults[name]

    def _cut_network(self) -> None:
        proxy = self._berth().proxy
        proxy.disturb(requests=lambda: Fault(keep_bytes=0))
        proxy.close_connections()
        self._later(self._rng.uniform(0.5, 2), proxy.mend)

    def _kill_part(self, name: str) -> None:
        def strike() -> bool:
            part = self._stack.state()["services"][name]
            if part["state"] != "running":
                return False
            os.kill(part["pid"], signal.SIGKILL)
            return True

        wait_for(strike, f"{name} to be there again")

    def _kill_backend(self) -> None:
        """One that serves PostgREST: the server ends all others with it and recovers."""

        def strike() -> bool:
            with contextlib.suppress(psycopg.Error), self._stack.connect() as db:
                query = "select pid from pg_stat_activity where usename = 'authenticator'"
                pids = sorted(pid for (pid,) in db.execute(query))
                if pids:
                    os.kill(self._weather.choice(pids), signal.SIGKILL)
                    return True
            return False

        wait_for(strike, "PostgREST to be connected")
