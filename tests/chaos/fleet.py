"""Runners that are started again whenever they end, each with its own network and clock."""

import signal
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.chaos.clock import CLOCK_FILE, write_offset
from tests.jobs.proxy import Proxy
from tests.jobs.runners import PATIENCE_S, Runner

SLOTS = 4
# Less than the monkey's smallest change of a clock, more than a battle takes.
OFF = timedelta(minutes=50)


class Berth:
    """The place of one runner after the other."""

    def __init__(self, clock: Path, env: dict[str, str], lease_s: int) -> None:
        self.proxy = Proxy(env["SUPABASE_URL"])
        self.clock = clock
        write_offset(clock, 0)
        self._env = {**env, "SUPABASE_URL": self.proxy.url, CLOCK_FILE: str(clock)}
        self._arguments = ["-m", "tests.chaos.workload", f"slots={SLOTS}", f"lease_s={lease_s}"]
        self._stopping = False
        # No runner is started behind the back of a stop.
        self._lock = threading.Lock()
        self.runners = [self._start()]
        self.thread = threading.Thread(target=self._keep_running)
        self.thread.start()

    def signal(self, number: int) -> None:
        self.runners[-1].process.send_signal(number)

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
        self.signal(signal.SIGTERM)

    def exits(self) -> Counter[str]:
        return Counter(_describe(runner.process.returncode) for runner in self.runners)

    def misdated(self) -> int:
        """How many lines in the runners' logs have a time that is hours off."""
        now = datetime.now(UTC)
        lines = (line for runner in self.runners for line in runner.log)
        return sum(abs(datetime.fromisoformat(line["at"]) - now) > OFF for line in lines)

    def faults(self) -> list[str]:
        """The last words of the runners that ended with an unexpected fault."""
        return [r.lines[-1].strip() for r in self.runners if r.process.returncode == 1]

    def _start(self) -> Runner:
        return Runner(self._arguments, self._env)

    def _keep_running(self) -> None:
        while True:
            self.runners[-1].process.wait()
            with self._lock:
                if self._stopping:
                    return
                self.runners.append(self._start())


class Fleet:
    def __init__(self, count: int, folder: Path, env: dict[str, str], lease_s: int) -> None:
        self.berths = [Berth(folder / f"clock-{n}", env, lease_s) for n in range(count)]

    def stop(self) -> list[str]:
        """Every runner lets its jobs finish and ends; returns those that do not."""
        for berth in self.berths:
            berth.stop()
        for berth in self.berths:
            berth.thread.join(PATIENCE_S)
        return [f"process {b.runners[-1].process.pid}" for b in self.berths if b.thread.is_alive()]

    def kill(self) -> None:
        """For when all is over, or broke off in the middle: nothing is left behind."""
        for berth in self.berths:
            berth.stop()
            berth.signal(signal.SIGKILL)
        for berth in self.berths:
            berth.thread.join()
            berth.runners[-1].finish()
            berth.proxy.stop()

    def exits(self) -> Counter[str]:
        return sum((berth.exits() for berth in self.berths), Counter())

    def faults(self) -> list[str]:
        return [fault for berth in self.berths for fault in berth.faults()]

    def misdated(self) -> int:
        return sum(berth.misdated() for berth in self.berths)

    def write_logs(self, folder: Path) -> None:
        for number, berth in enumerate(self.berths):
            lines = (line for runner in berth.runners for line in runner.lines)
            (folder / f"runner-{number}.log").write_text("".join(lines))


def _describe(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
