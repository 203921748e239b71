"""How long until a partition serves again: restore onto an empty disk, restart, takeover.

`features-changelog` is filled with the state of 1,000,000 users: those of MovieLens-100k as
`features` itself wrote them, over and over under new names. It is filled once for a bed and used by
all three measures.
"""

import json
import random
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from datetime import datetime

import checkout
import ratings
from bed import Failure, Workers, cpu_seconds, peak_rss_mb

PREFIX = "rc."
SESSION_MS = 3000  # a killed copy is missed after this time; the worker's default is 15 s
WAIT_SECONDS = 600


class Copy:
    """One process of features with a disk of its own."""

    def __init__(self, bed, slot, *settings):
        self.directory = bed.directory / f"recovery-{slot}"
        self.directory.mkdir(exist_ok=True)
        self.slot_file = self.directory / f"features/slot-{slot}.json"
        self.slot_file.unlink(missing_ok=True)
        self.log = self.directory / "log"
        words = [f"bootstrap.servers={bed.bootstrap}", f"topic.prefix={PREFIX}",
                 f"group.prefix=freshet-{PREFIX}", f"state.dir={self.directory}", f"slot={slot}",
                 f"kafka.consumer.session.timeout.ms={SESSION_MS}", *settings]
        command = [checkout.BUILD / "bin/freshet-features",
                   "--config", checkout.ROOT / "deploy/conf/features.properties"]
        for word in words:
            command += ["--set", word]
        self.began = time.monotonic()
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(word) for word in command], stdout=log,
                                            stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end(signal.SIGTERM)

    def end(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait()

    def ask(self, path):
        """The answer on the metrics port; None while there is none."""
        if self.process.poll() is not None:
            raise Failure(f"features ended: {self.log.read_text(errors='replace')[-2000:]}")
        try:
            port = json.loads(self.slot_file.read_text())["metrics_port"]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
                return answer.read().decode()
        except (OSError, ValueError):
            return None

    def running(self):
        """How many partitions run here."""
        told = json.loads(self.ask("/status") or '{"partitions":[]}')
        return sum(one["state"] == "running" for one in told["partitions"])

    def metric(self, name):
        lines = (self.ask("/metrics") or "").splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines
                   if line.partition("{")[0].partition(" ")[0] == name)

    def wait(self, what, done):
        """Waits; returns when it was so."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise Failure(f"no {what} within {WAIT_SECONDS} s")
            time.sleep(0.02)
        return time.monotonic()

    def wait_serving(self, bed):
        return self.wait("serving copy", lambda: self.running() == len(partitions(bed)))

    def heard(self, message):
        """The wall time of the log's last line with this message."""
        lines = [line for line in self.log.read_text(errors="replace").splitlines()
                 if re.search(rf'msg="?{message}"?( |$)', line)]
        if not lines:
            raise Failure(f"no line '{message}' in {self.log}")
        return datetime.fromisoformat(re.search(r"(?:ts|time)=(\S+)", lines[-1])[1]).timestamp()


def partitions(bed):
    return bed.partitions(f"{PREFIX}events")


def real_states(bed):
    """The states that features writes of MovieLens-100k's users."""
    rows = ratings.ml_100k()
    with bed.topics("rs."):
        bed.fill("rs.events", ratings.as_user_events(rows))
        with Workers(bed, "rs.", ["features"]) as workers:
            workers.wait_begun("features")
            workers.wait_consumed([("features", "events")])
        newest = {message.key(): message.value()
                  for message in bed.read_stable("rs.features-changelog")}
        return [value for key, value in newest.items() if value and key.isdigit()]  # no positions


def users(states, count):
    """Users in no order, each with a real one's state."""
    numbers = list(range(count))
    random.Random(1).shuffle(numbers)
    for number in numbers:
        yield f"user-{number:08}".encode(), states[number % len(states)]


def filled(bed, options):
    """The changelog and a group that has read to it; made once for a bed. Returns its bytes."""
    if not getattr(bed, "recovery_bytes", 0):
        states = real_states(bed)
        bed.make_topics(PREFIX, ())
        bed.say(f"writing the state of {options.users:,} users")
        bed.fill(f"{PREFIX}features-changelog", users(states, options.users))
        bed.commit(f"freshet-{PREFIX}features", [(one, 0) for one in partitions(bed)])
        bed.recovery_bytes = sum(len(states[n % len(states)]) for n in range(options.users))
    return bed.recovery_bytes


def empty_disk(bed, slot):
    shutil.rmtree(bed.directory / f"recovery-{slot}", ignore_errors=True)


def restore(bed, options):
    """From the start of a process with nothing on its disk until all partitions serve."""
    size = filled(bed, options)
    empty_disk(bed, 0)
    kafka = cpu_seconds(bed.kafka_pid())
    with Copy(bed, 0) as copy:
        served = copy.wait_serving(bed)
        return {"restore_users": options.users, "restore_mb": size / 1e6,
                "restore_s": served - copy.began,
                "restore_users_per_s": options.users / (served - copy.began),
                "restore_cpu_s": cpu_seconds(copy.process.pid),
                "restore_kafka_cpu_s": cpu_seconds(bed.kafka_pid()) - kafka,
                "rss_mb_restore": peak_rss_mb(copy.process.pid)}


def prepared(bed, options, slot):
    """A disk that holds everything."""
    filled(bed, options)
    if not (bed.directory / f"recovery-{slot}/features").exists():
        with Copy(bed, slot) as copy:
            copy.wait_serving(bed)


def restart(bed, options):
    """From the start of a process with its state on disk until all partitions serve: after an end
    in good order, and after a kill."""
    prepared(bed, options, 0)
    with Copy(bed, 0) as copy:
        figures = {"restart_s": copy.wait_serving(bed) - copy.began}
        copy.end(signal.SIGKILL)
    with Copy(bed, 0) as copy:
        return {**figures, "restart_after_kill_s": copy.wait_serving(bed) - copy.began}


def takeover(bed, options):
    """Two copies with a disk each, one is killed: until the other serves all partitions. Detection
    (until the group gives it the partitions) is the broker's session timeout, the rest is ours."""
    prepared(bed, options, 0)
    with Copy(bed, 0, "standby.copies=1") as survivor, \
            Copy(bed, 1, "standby.copies=1") as victim:
        survivor.wait("shared group", lambda: 0 < survivor.running() < len(partitions(bed)))
        survivor.wait("warm copies", lambda: survivor.metric("freshet_standby_ready") ==
                      len(partitions(bed)) - survivor.running())
        survivor.wait("second copy", lambda: survivor.running() + victim.running() ==
                      len(partitions(bed)))
        restored = survivor.metric("freshet_restored_records_total")
        killed, killed_wall = time.monotonic(), time.time()
        victim.end(signal.SIGKILL)
        total = survivor.wait_serving(bed) - killed
        given = survivor.heard("assigned") - killed_wall
        return {"takeover_s": total - given, "takeover_detection_s": given,
                "takeover_total_s": total, "takeover_session_ms": SESSION_MS,
                "takeover_records_read":
                    survivor.metric("freshet_restored_records_total") - restored}
