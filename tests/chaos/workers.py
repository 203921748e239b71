"""The workers on pretended machines, and who starts them again when they end.

A machine is a directory with its own local state. Copies with even slots live on the first, those
with odd slots on the second: what moves between 0 and 2 meets the other's lock, what moves to 1
meets another disk.
"""

import contextlib
import json
import os
import re
import signal
import threading
import time
import urllib.request
from argparse import Namespace
from collections import Counter

import checkout
import daemon

MACHINES = 2
TWIN = 100
RESTART_SECONDS = 1.0
SCRAPE_SECONDS = 2.0
# By a signal of ours, or by a documented exit code; not 78: nothing is wrong with the settings, and
# who ends so is not started again by a supervisor.
REFUSED = 78
ENDED_WELL = {0, 70, 74, 75, -signal.SIGKILL, -signal.SIGTERM, -signal.SIGXFSZ}
AT_REST = r"^freshet_at_rest(?:\{[^}]*\})? 1$"
SETTINGS = [
    "all.kafka.consumer.session.timeout.ms=6000", "all.kafka.consumer.heartbeat.interval.ms=500",
    "all.commit.interval.ms=200ms", "all.commit.timeout.ms=60s", "trainer.commit.interval.ms=500ms",
    "trainer.neighbours.max=0", "trainer.checkpoint.replay.ms=300ms",
    "trainer.checkpoint.rest.ms=500ms",
    "scorer.content.used=false",  # lists are compared with counting's alone
]


pipeline = checkout.script("pipeline")
WORKERS = pipeline.WORKERS


class Workers:
    """Which copies are wanted, and which run."""

    def __init__(self, directory, bootstrap, prefix, programs):
        self.directory, self.prefix = directory, prefix
        self.args = Namespace(bin=programs, bootstrap=bootstrap, prefix=prefix, conf={},
                              set=SETTINGS)
        self.copies = {}          # (worker, slot) -> Copy
        self.wanted = set()
        self.pids = {}            # (worker, slot) -> pid that was started last
        self.due = {}             # (worker, slot) -> when it may be started again
        self.ends = Counter()     # (worker, exit code) -> how many
        self.crashes = []         # ends that no fault explains
        self.sums = Counter()     # metric -> sum over processes that are gone
        self.last = {}            # pid -> metrics as last seen
        self.refusing = 0         # faults after which a copy may rightly end with 78
        self.lock = threading.RLock()
        self.decisions = {worker: threading.RLock() for worker in WORKERS}
        self.quit = threading.Event()
        self.thread = threading.Thread(target=self._look_after, daemon=True)

    def machine(self, slot):
        name = "twin" if slot >= TWIN else slot % MACHINES
        return self.directory / f"machine-{name}"

    def state(self, worker, slot):
        return self.machine(slot) / "state" / worker

    def copy(self, worker, slot):
        """The copy in a slot; TWIN + N is the stand-in of slot N, on a machine of its own."""
        if (worker, slot) not in self.copies:
            self.copies[worker, slot] = pipeline.Copy(self.machine(slot), worker, slot % TWIN)
        return self.copies[worker, slot]

    def deciding(self, worker):
        """A fault that ends copies of a worker and wants them again is alone with these decisions:
        another one would start a copy on state that is being harmed."""
        return self.decisions[worker]

    @contextlib.contextmanager
    def may_refuse(self):
        """Meanwhile a configuration is wrong."""
        self.refusing += 1
        try:
            yield
        finally:
            self.refusing -= 1

    def begin(self):
        for worker in WORKERS:
            for slot in range(2):
                self.want(worker, slot)
        self.thread.start()

    def wanted_slots(self, worker):
        return sorted(slot for name, slot in self.wanted if name == worker)

    def want(self, worker, slot):
        with self.lock:
            self.wanted.add((worker, slot))
            if self.copy(worker, slot).pid() is None:
                self._start(worker, slot)

    def unwant(self, worker, slot, number=None):
        """Nobody starts it again; with a signal it ends by it."""
        with self.lock:
            self.wanted.discard((worker, slot))
        if number is not None:
            self.signal(worker, slot, number)

    def start(self, worker, slot):
        """Starts a copy that nobody starts again when it ends."""
        with self.lock:
            self._start(worker, slot)

    def _start(self, worker, slot):
        if self.quit.is_set():
            return
        copy = self.copy(worker, slot)
        self._note_end(worker, slot)
        copy.start(self.args)
        self.pids[worker, slot] = copy.pid()

    def _note_end(self, worker, slot):
        """Counts how the process that ran before ended."""
        pid = self.pids.pop((worker, slot), None)
        if pid is None:
            return
        code = daemon.exit_code(pid)
        deadline = time.monotonic() + 5
        while code is None and time.monotonic() < deadline:  # another thread is asking just now
            time.sleep(0.01)
            code = daemon.exit_code(pid)
        self.sums.update(self.last.pop(pid, {}))
        self.ends[worker, code] += 1
        if code not in ENDED_WELL and not (code == REFUSED and self.refusing):
            self.crashes.append(f"{worker}-{slot} ended with {code}:\n"
                                + self.copy(worker, slot).last_words())

    def pid(self, worker, slot):
        return self.copy(worker, slot).pid()

    def signal(self, worker, slot, number):
        pid = self.pid(worker, slot)
        if pid is not None:
            if number != signal.SIGCONT:
                self._scrape(worker, slot)
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def wait_gone(self, worker, slot, seconds=40):
        """Waits for the end of a copy that is not wanted; kills one that does not end."""
        deadline = time.monotonic() + seconds
        while self.pid(worker, slot) is not None:
            if time.monotonic() > deadline:
                self.signal(worker, slot, signal.SIGKILL)
                deadline += seconds
            time.sleep(0.05)
        with self.lock:
            self._note_end(worker, slot)

    # ---- Looking after ----

    def _look_after(self):
        scraped = 0.0
        while not self.quit.wait(0.2):
            with self.lock:
                for worker, slot in sorted(self.wanted):
                    self._restart(worker, slot)
            if time.monotonic() - scraped > SCRAPE_SECONDS:
                scraped = time.monotonic()
                for worker, slot in list(self.copies):
                    self._scrape(worker, slot)

    def _restart(self, worker, slot):
        """A supervisor's part: a copy that ended is started again, after a pause."""
        if self.copy(worker, slot).pid() is not None:
            return
        if (worker, slot) in self.pids:
            self._note_end(worker, slot)
            self.due[worker, slot] = time.monotonic() + RESTART_SECONDS
        elif time.monotonic() >= self.due.get((worker, slot), 0):
            self._start(worker, slot)

    def _scrape(self, worker, slot):
        copy = self.copy(worker, slot)
        pid, port = copy.pid(), copy.metrics_port()
        if pid is None or not port:
            return
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=1) as answer:
                text = answer.read().decode()
        except OSError:
            return  # stopped by a signal, or on its way out
        found = Counter()
        for name, value in re.findall(r"^(freshet_\w+_total)(?:\{[^}]*\})? (\S+)$", text, re.M):
            found[f"{worker}.{name}"] += float(value)
        self.last[pid] = found

    def healthy(self):
        return all(self.copy(*one).healthy() for one in self.wanted)

    def at_rest(self, worker):
        """Whether no copy of the worker has anything left to do, lists to be made again neither."""
        return all(self._says_at_rest(*one) for one in sorted(self.wanted) if one[0] == worker)

    def _says_at_rest(self, worker, slot):
        port = self.copy(worker, slot).metrics_port()
        if not port:
            return False
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                return re.search(AT_REST, answer.read().decode(), re.M) is not None
        except OSError:
            return False  # just ended; it is started again

    def status(self, worker, slot):
        port = self.copy(worker, slot).metrics_port()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=10) as answer:
            return json.load(answer)

    def counters(self):
        sums = Counter(self.sums)
        for found in self.last.values():
            sums.update(found)
        return {name: int(value) for name, value in sorted(sums.items())}

    def logs(self):
        """Every line that the workers wrote."""
        for log in sorted(self.directory.glob("machine-*/log/*.log")):
            yield from log.read_text(errors="replace").splitlines()

    def stop(self):
        """Ends the looking after, then asks all copies to end; returns those that had to be
        killed."""
        with self.lock:  # a lane may be in the middle of a restart
            self.quit.set()
        if self.thread.is_alive():
            self.thread.join()
        for worker, slot in list(self.copies):
            self.signal(worker, slot, signal.SIGCONT)
            self._scrape(worker, slot)
        killed = daemon.stop([copy.pid_file for copy in self.copies.values()], 40)
        for worker, slot in list(self.copies):
            self._note_end(worker, slot)
        return [one.name for one in killed]
