"""One real Kafka for all tests here, and for each test its own world: prefix, groups, state."""

import json
import os
import random
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy"))
sys.path.insert(0, str(ROOT / "tests" / "broker"))

from contracts import Contract, Topics  # noqa: E402 (the path is set above)

BUILD = ROOT / os.environ.get("BUILD", "build")
BIN = Path(os.environ.get("FRESHET_BIN", BUILD / "bin"))
SANITIZED = BUILD / "san-address-undefined" / "bin"  # tests/run builds it
INPUTS = {"ingest": "clicks", "features": "events", "trainer": "pair-deltas", "scorer": "histories",
          "sequence": "models", "embed": "items"}
WAIT_SECONDS = int(os.environ.get("WAIT_SECONDS", "300"))
STOP_SECONDS = 120
# What tests need of single workers: both commit often, and soon after their input has ended.
OFTEN = {"features": {"commit.interval.ms": "60ms"},
         "trainer": {"checkpoint.replay.ms": "100ms", "checkpoint.rest.ms": "200ms"}}


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    where = tmp_path_factory.mktemp("kafka")
    script = ROOT / "deploy" / "local-kafka"
    done = subprocess.run([script, "start", "--quiet", "--dir", where], check=True, text=True,
                          stdout=subprocess.PIPE)
    yield done.stdout.strip()
    subprocess.run([script, "stop", "--dir", where], check=True, stdout=subprocess.DEVNULL)


class Copy:
    """A worker's process."""

    def __init__(self, world, worker, slot, options, programs=BIN):
        self.world, self.worker = world, worker
        self.generation = options.get("generation", "")
        own = "." + options["generation"] if "generation" in options else ""
        state = Path(options.get("state.dir", world.state))
        self.slot_file = state / f"{worker}{own}" / f"slot-{slot}.json"
        self.slot_file.unlink(missing_ok=True)  # what a killed copy left
        self.log_file = world.dir / f"{worker}-{slot}.log"
        settings = {"bootstrap.servers": world.bootstrap, "topic.prefix": world.prefix,
                    "group.prefix": world.prefix, "state.dir": world.state, "slot": slot,
                    "commit.interval.ms": "200ms", **OFTEN.get(worker, {}), **options}
        words = [f"--set={key}={value}" for key, value in settings.items()]
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([programs / f"freshet-{worker}", *words], stdout=log,
                                            stderr=log)
        self.exit_code = None

    def _get(self, path):
        port = json.loads(self.slot_file.read_text())["metrics_port"]
        return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30).read().decode()

    def healthy(self):
        assert self.running(), f"{self.worker} ended:\n{self.log()}"
        try:
            return bool(self._get("/health"))
        except OSError:
            return False

    def running(self):
        return self.process.poll() is None

    def log(self):
        return self.log_file.read_text(errors="replace")

    def metrics(self):
        """Sums by name, labels cut."""
        sums = {}
        for line in self._get("/metrics").splitlines():
            if line and not line.startswith("#"):
                name, value = line.split("{")[0].split(" ")[0], float(line.rsplit(" ", 1)[1])
                sums[name] = sums.get(name, 0) + value
        return sums

    def at_rest(self):
        try:
            return self.metrics()["freshet_at_rest"] == 1
        except OSError:
            return False

    def wait_for_lag(self, most):
        self.world.wait(lambda: self.running() and
                        self.world.lag(self.worker) <= most, f"{self.worker} to catch up")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.exit_code is None:
            self.process.terminate()
            try:
                self.exit_code = self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                self.exit_code = "had to be killed"
        return self.exit_code

    def __enter__(self):
        self.world.wait(self.healthy, f"{self.worker} to be healthy")
        return self

    def __exit__(self, *_):
        self.stop()


class World:
    """Topics below a prefix, workers, and what they wrote."""

    def __init__(self, bootstrap, where, partitions=4):
        self.bootstrap, self.dir, self.state = bootstrap, where, where / "state"
        self.prefix = f"t{random.randrange(10**9)}-"
        self.topics = Topics(bootstrap, self.prefix)
        self.copies = []
        self.admin_client = None
        self.partitions = partitions

    def make_topics(self):
        subprocess.run([ROOT / "deploy/topics", "apply", "--bootstrap", self.bootstrap, "--prefix",
                        self.prefix, "--partitions", str(self.partitions), "--with", "clicks"],
                       check=True, stdout=subprocess.DEVNULL)
        return self

    def create(self, *new):
        """Creates topics (NewTopic), and waits: the broker applies what its controller has
        acknowledged a moment later, and a worker that starts before misses them."""
        for future in self.admin().create_topics(list(new)).values():
            future.result()
        self.wait(lambda: self.has_leaders({one.topic: one.num_partitions for one in new}),
                  f"{len(new)} new topics")

    def admin(self):
        if self.admin_client is None:
            self.admin_client = AdminClient({"bootstrap.servers": self.bootstrap})
        return self.admin_client

    def has_leaders(self, counts):
        """Says whether each topic has so many partitions, all with a leader."""
        there = self.admin().list_topics(timeout=30).topics
        return all(name in there and sum(part.leader >= 0 for part in
                                         there[name].partitions.values()) == count
                   for name, count in counts.items())

    def wait(self, done, what):
        until = time.monotonic() + WAIT_SECONDS
        while not done():
            if time.monotonic() > until:
                logs = "\n".join(copy.log()[-2000:] for copy in self.copies)
                pytest.fail(f"waited {WAIT_SECONDS} s for {what}\n{logs}")
            time.sleep(0.1)

    def lag(self, worker, generation=""):
        own = "." + generation if generation else ""
        topic = INPUTS[worker] if worker == "features" else INPUTS[worker] + own
        return self.topics.lag(self.prefix + worker + own, topic)

    def start(self, *workers, copies=1, programs=BIN, **options):
        """Starts copies of workers; options: name=dict of settings."""
        started = []
        for worker in workers:
            for _ in range(copies):
                slot = sum(copy.worker == worker and copy.running() for copy in self.copies)
                copy = Copy(self, worker, slot, options.get(worker, {}), programs)
                self.copies.append(copy)
                started.append(copy)
        for copy in started:
            self.wait(copy.healthy, f"{copy.worker} to be healthy")
        return started

    def at_rest(self, worker, generation=""):
        """True when nothing follows any more from what the worker's input holds."""
        copies = [copy for copy in self.copies if copy.running() and copy.worker == worker
                  and copy.generation == generation]
        return self.lag(worker, generation) == 0 and all(copy.at_rest() for copy in copies)

    def drain(self, *workers, generation=""):
        """The one wait for workers, in the order of the events' way: each is at rest."""
        for worker in workers:
            self.wait(lambda one=worker: self.at_rest(one, generation), f"{worker} to be at rest")

    def stop(self):
        for copy in self.copies:
            if copy.running():
                copy.process.terminate()
        codes = {copy.worker: copy.stop() for copy in self.copies if copy.exit_code is None}
        self.copies.clear()
        return codes

    def produce(self, name, records, partition=None):
        """Writes (key, value, time_ms[, headers]); returns (partition, offset) of each."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 20, "log_level": 2,
                             "message.max.bytes": 20_000_000, "partitioner": "murmur2_random"})
        places = [None] * len(records)

        def placed(index):
            def report(error, message):
                assert error is None, error
                places[index] = (message.partition(), message.offset())
            return report

        more = {} if partition is None else {"partition": partition}
        for index, (key, value, time_ms, *headers) in enumerate(records):
            while True:
                try:
                    producer.produce(self.prefix + name, key=key, value=value, timestamp=time_ms,
                                     headers=headers[0] if headers else None,
                                     on_delivery=placed(index), **more)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        assert producer.flush(60) == 0
        return places

    def decoded(self, name, contract):
        """The newest value of every key, decoded."""
        form = Contract(contract)
        return {key: form.decode(record.value) for key, record in self.topics.newest(name).items()
                if form.wrote(record.value)}

    def rows(self, generation=""):
        name = f"neighbours.{generation}" if generation else "neighbours"
        return {row["item_id"]: row for row in self.decoded(name, "item_neighbours").values()}

    def events(self):
        form = Contract("user_event")
        return [form.decode(record.value) for record in self.topics.read("events")
                if form.wrote(record.value)]


@pytest.fixture
def make_world(broker, tmp_path):
    worlds = []

    def make(partitions=4):
        where = tmp_path / f"world-{len(worlds)}"
        where.mkdir()
        worlds.append(World(broker, where, partitions).make_topics())
        return worlds[-1]

    yield make
    for world in worlds:
        world.stop()


# ---- The plainer fixtures: topics one by one, one worker ----

class Bare(World):
    def topic(self, name, partitions=1, config=None):
        self.create(NewTopic(self.prefix + name, partitions, 1, config=config or {}))
        self.full = getattr(self, "full", {})
        self.full[self.prefix + name] = name
        return self.prefix + name

    def produce(self, topic, records):
        return super().produce(self.full.get(topic, topic), records)

    def read_all(self, topic):
        return [Message(record) for record in self.topics.read(self.full[topic])]


class Message:
    """A record with confluent-kafka's verbs."""

    def __init__(self, record):
        self.record = record

    def value(self):
        return self.record.value

    def headers(self):
        return self.record.headers


@pytest.fixture
def kafka(broker, tmp_path):
    return Bare(broker, tmp_path)


@pytest.fixture
def worker(kafka):
    def start(name, options):
        programs = SANITIZED if SANITIZED.exists() else BIN
        copy = Copy(kafka, name, 0, options, programs)
        kafka.copies.append(copy)
        return copy

    yield start
    kafka.stop()
