"""A second generation beside the live one: built, compared, promoted, rolled back, thrown away."""

import io
import itertools
import os
import subprocess
import threading
import time

import fastavro
from confluent_kafka import Consumer, Producer, TopicPartition
from conftest import BIN, OFTEN, Contract
from stream_data import SETTINGS, clicks, records
from test_neighbours import UNBOUND, cells, run

EVENTS = int(os.environ.get("GENERATIONS_EVENTS", "100000"))
FEW = 4_000
G2 = {"generation": "g2"}
SESSION = {"kafka.consumer.session.timeout.ms": 6000,
           "kafka.consumer.heartbeat.interval.ms": 1000}  # where a test waits for its end
CHAIN = ("features", "trainer", "scorer")
SOON = [f"--set=trainer.{key}={value}" for key, value in OFTEN["trainer"].items()]


def command(world, *words):
    return subprocess.run([BIN / "freshet", *words, "--bootstrap", world.bootstrap, "--prefix",
                           world.prefix, "--set", f"group.prefix={world.prefix}",
                           "--set", f"state.dir={world.state}"], text=True, timeout=600,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)


def freshet(world, *words):
    done = command(world, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def backfill(world, *words):
    return freshet(world, "backfill", "--generation", "g2", "--set", "all.commit.interval.ms=200ms",
                   "--set", "trainer.neighbours.max=0", *SOON, *words)


def start_base(world, more=None):
    more = more or {}
    world.start("ingest", *CHAIN, ingest={**SETTINGS, **more}, features=more,
                trainer={**UNBOUND, **more}, scorer=more)


def start_g2(world):
    return world.start(*CHAIN, features=G2, trainer={**G2, **UNBOUND}, scorer=G2)


def model_part(part, parts=2):
    """As the sequence trainer announces one."""
    contract, out = Contract("model_weights"), io.BytesIO()
    told = {"model": "sequence", "generation": "m1", "part": part, "parts": parts}
    fastavro.schemaless_writer(out, contract.schema, told)
    return f"sequence/0/{part}".encode(), contract.frame + out.getvalue(), 0


def made_with_a_model(world):
    """A user's newest list, as if a model version had been there."""
    contract, out = Contract("recommendation_list"), io.BytesIO()
    user, newest = min(newest_lists(world, "recommendations").items())
    fastavro.schemaless_writer(out, contract.schema, {**newest, "vectors": "m1"})
    return user, contract.frame + out.getvalue(), 0


def refuses_to_promote(world, words):
    refused = command(world, "promote", "g2")
    return refused.returncode == 1 and words in refused.stderr


def newest_lists(world, name):
    return world.decoded(name, "recommendation_list")


def accepted_until_now(world):
    """A moment, to the second, before which all accepted events lie and after which none do."""
    world.drain("ingest")
    at = int(time.time()) + 1
    while time.time() < at + 0.1:
        time.sleep(0.05)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def test_backfill_equals_a_run_from_scratch(make_world):
    """While the live generation works on, and then both follow."""
    sent = clicks(EVENTS)
    part = len(sent) * 4 // 5
    expected = cells(run(make_world(), sent[:part]))
    world = make_world()
    start_base(world)
    world.produce("clicks", records(sent[:part]))
    until = accepted_until_now(world)
    feeder = threading.Thread(target=world.produce, args=("clicks", records(sent[part:])))
    feeder.start()
    assert "g2 is built" in backfill(world, "--to", until)
    feeder.join()
    assert cells(world.rows("g2")) == expected

    world.drain("ingest", *CHAIN)
    start_g2(world)
    world.drain(*CHAIN, generation="g2")
    assert world.decoded("features-changelog.g2", "user_state") == \
        world.decoded("features-changelog", "user_state")
    assert cells(world.rows("g2")) == cells(world.rows())
    mine, base = newest_lists(world, "lists.g2"), newest_lists(world, "recommendations")
    assert set(mine) == set(base)
    assert {one["generation"] for one in mine.values()} == {"g2"}
    assert {one["generation"] for one in base.values()} == {""}
    assert set(world.stop().values()) == {0}


def counted(world):
    """The events that g2 has counted."""
    states = world.decoded("features-changelog.g2", "user_state").values()
    return sum(one["events_total"] for one in states)


def test_backfill_that_follows(make_world):
    """Until it is told to end: what comes meanwhile is counted too, and the workers end with it."""
    world = make_world()
    world.start("ingest", ingest=SETTINGS)
    sent = clicks(FEW)
    world.produce("clicks", records(sent[:FEW // 2]))
    world.drain("ingest")
    process = subprocess.Popen(
        [BIN / "freshet", "backfill", "--follow", "--generation", "g2", "--bootstrap",
         world.bootstrap, "--prefix", world.prefix, "--set", f"group.prefix={world.prefix}",
         "--set", f"state.dir={world.state}", *SOON], text=True, stdout=subprocess.PIPE)
    try:
        assert "g2 follows events" in process.stdout.readline()
        world.produce("clicks", records(sent[FEW // 2:]))
        world.drain("ingest")
        world.drain(*CHAIN, generation="g2")
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
    assert counted(world) == FEW
    assert sum(one["judged"] for one in world.decoded("quality.g2", "list_quality").values()) > 0
    freshet(world, "reset", "g2", "--yes")  # nobody is left in the groups


def test_backfill_of_a_piece(make_world):
    """From an offset on, in two goes, with other settings; the live topics stay as they are."""
    world = make_world()
    start_base(world)
    world.produce("clicks", records(clicks(FEW)))
    world.drain("ingest", *CHAIN)
    before = {name: world.topics.ends(name) for name in ("events", "histories", "pair-deltas",
                                                         "recommendations", "neighbours")}
    words = ["--set", "features.history.length=7", "--copies", "2"]
    backfill(world, "--from", "10", "--to", "500", *words)
    assert counted(world) == sum(min(500, end) - 10 for end in before["events"].values())
    refused = command(world, "backfill", "--generation", "g2", "--from", "10")
    assert refused.returncode == 1 and "freshet reset g2" in refused.stderr
    backfill(world, *words)
    for name, ends in before.items():
        assert world.topics.ends(name) == ends
    assert counted(world) == FEW - 10 * world.partitions
    histories = world.decoded("histories.g2", "user_history").values()
    assert max(len(one["items"]) for one in histories) == 7
    refused = command(world, "backfill", "--generation", "g2", "--set", "history.length=7")
    assert refused.returncode == 78 and "history.length" in refused.stderr


def test_backfill_waits_for_what_a_transaction_hides(make_world):
    """Half of the events are in a transaction that is still open when all that can be read is."""
    source, world = make_world(), make_world()
    source.start("ingest", ingest=SETTINGS)
    source.produce("clicks", records(clicks(FEW)))
    source.drain("ingest")
    events = [(one.key, one.value, one.timestamp) for one in source.topics.read("events")]
    world.produce("events", events[:FEW // 2])
    producer = Producer({"bootstrap.servers": world.bootstrap, "log_level": 2,
                         "transactional.id": world.prefix, "partitioner": "murmur2_random"})
    producer.init_transactions()
    producer.begin_transaction()
    for key, value, _ in events[FEW // 2:]:
        producer.produce(world.prefix + "events", key=key, value=value)
    assert producer.flush(60) == 0
    building = threading.Thread(target=backfill, args=(world,))
    building.start()
    try:
        world.wait(lambda: counted(world) == FEW // 2, "what is visible to be counted")
        building.join(2)
        assert building.is_alive()
    finally:
        producer.commit_transaction()
        building.join()
    assert counted(world) == FEW


class Reader(threading.Thread):
    """A consumer of `recommendations`: every list that it was given, by partition."""

    def __init__(self, world):
        super().__init__()
        self.form = Contract("recommendation_list")
        self.topic, self.partitions = world.prefix + "recommendations", world.partitions
        self.consumer = Consumer({"bootstrap.servers": world.bootstrap, "group.id": "reader",
                                  "enable.auto.commit": False, "log_level": 2})
        self.lists = {partition: [] for partition in range(world.partitions)}
        self.ended = threading.Event()

    def run(self):
        self.consumer.assign([TopicPartition(self.topic, one, 0) for one in self.lists])
        while not self.ended.is_set():
            for message in self.consumer.consume(1000, timeout=0.1):
                assert not message.error(), message.error()
                value = message.value()  # None would be a user's loss
                self.lists[message.partition()].append(
                    (message.key(), value and self.form.decode(value)["generation"]))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
        self.consumer.close()

    def orders(self):
        """The generations of each partition in the order of its lists, each run of one once."""
        return [[name for name, _ in itertools.groupby(generation for _, generation in lists)]
                for lists in self.lists.values()]

    def wait_for_all(self, world):
        world.wait(lambda: sum(map(len, self.lists.values())) ==
                   sum(world.topics.ends("recommendations").values()), "the reader to catch up")


class Feeder(threading.Thread):
    """Clicks without end, some a moment."""

    def __init__(self, world, events):
        super().__init__()
        self.world, self.events, self.ended = world, iter(events), threading.Event()
        self.failure = None

    def run(self):
        try:
            while not self.ended.wait(0.05):
                self.world.produce("clicks", records(list(itertools.islice(self.events, 10))))
        except Exception as failure:  # told when the thread is joined
            self.failure = failure

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
        assert self.failure is None, self.failure


def grown(world, more):
    """Waits until so many more events were accepted."""
    until = sum(world.topics.ends("events").values()) + more
    world.wait(lambda: sum(world.topics.ends("events").values()) >= until, "more events")


def generations_by_user(world, users):
    """Of these users' newest lists; none may have lost its own."""
    lists = newest_lists(world, "recommendations")
    assert {key for key in lists} >= users
    return {one["generation"] for one in lists.values()}


def table(text):
    """What compare printed: figures by row."""
    rows = {}
    for line in text.splitlines()[1:]:
        name, *figures = [part for part in line.split("  ") if part]
        rows[name.strip()] = [float(one) for one in figures]
    return rows


def produce_before_and_last(world, events):
    """Each user's last event comes when all others are counted. In one burst, lists would be made
    while hardly a row is there; which rows are there would be the machine's choice."""
    last = {event["user"]: number for number, event in enumerate(events)}
    numbers = set(last.values())
    for part in ([event for number, event in enumerate(events) if number not in numbers],
                 [event for number, event in enumerate(events) if number in numbers]):
        world.produce("clicks", records(part))
        world.drain("ingest", *CHAIN)


def test_promote_and_rollback_under_a_reader(make_world):
    world = make_world()
    sent = clicks(EVENTS)
    start_base(world)
    produce_before_and_last(world, sent[:FEW])
    backfill(world, "--set", "scorer.judge=true")  # its former name; backfill decides
    refused = command(world, "promote", "g2")
    assert refused.returncode == 1 and "generation=g2" in refused.stderr
    assert "nothing to go back to" in command(world, "rollback").stderr
    start_g2(world)
    with Reader(world) as reader:
        with Feeder(world, sent[FEW:]):
            grown(world, 200)
            compared = table(freshet(world, "compare", "base", "g2"))
            listed = set(newest_lists(world, "recommendations"))
            assert "g2 is live in all 4 partitions" in freshet(world, "promote", "g2")
            assert generations_by_user(world, listed) == {"g2"}
            grown(world, 200)
            assert "g2 is live" in freshet(world, "promote", "g2")  # it is: nothing happens
            refused = command(world, "reset", "g2", "--yes")
            assert refused.returncode == 1
            assert "base is live in all 4 partitions" in freshet(world, "rollback")
            assert generations_by_user(world, listed) == {""}
            grown(world, 200)
        world.drain("ingest", *CHAIN)
        world.drain(*CHAIN, generation="g2")
        reader.wait_for_all(world)
    assert reader.orders() == [["", "g2", ""]] * world.partitions
    assert compared["events evaluated"][0] > 0
    assert compared["users with a list"][0] >= len(listed) - FEW
    assert all(compared["no list of the other"][side] == compared["users with a list"][side] -
               compared["users with both lists"][0] for side in range(2))
    assert 0.5 < compared["overlap@10"][0] <= 1
    assert newest_lists(world, "recommendations") == newest_lists(world, "lists")
    assert set(world.stop().values()) == {0}


def test_promote_while_the_former_one_is_down(make_world):
    """Nobody is there to release: the command does it. The base finds its lists again."""
    world = make_world()
    start_base(world)
    world.produce("clicks", records(clicks(FEW)))
    world.drain("ingest", *CHAIN)
    listed = set(newest_lists(world, "recommendations"))
    base = world.copies[-1]
    assert base.worker == "scorer" and base.stop() == 0
    backfill(world)
    world.start("scorer", scorer=G2)
    refused = command(world, "promote", "g2")
    assert refused.returncode == 1 and "nothing was switched" in refused.stderr
    assert "lacks features, which runs for base; trainer, which runs for base;" in refused.stderr
    world.start("features", "trainer", features=G2, trainer={**G2, **UNBOUND})
    world.produce("models", [model_part(0), model_part(1)])
    assert refuses_to_promote(world, "lacks a Transformer: base has published")
    world.produce("models.g2", [model_part(0)])  # half of one serves nobody
    assert refuses_to_promote(world, "lacks a Transformer: base has published")
    world.produce("models.g2", [model_part(1)])
    world.produce("recommendations", [made_with_a_model(world)])
    assert refuses_to_promote(world, "lacks lists made with its Transformer: base has such")
    world.produce("models.g2", [(b"sequence/0/1", None, 0)])
    assert refuses_to_promote(world, "lacks a Transformer: base has published")
    assert generations_by_user(world, listed) == {""}
    assert "whose scorer does not run" in freshet(world, "promote", "g2", "--incomplete")
    assert generations_by_user(world, listed) == {"g2"}
    world.start("scorer")
    freshet(world, "rollback")
    assert generations_by_user(world, listed) == {""}
    assert set(world.stop().values()) == {0}


def test_reset(make_world):
    """Refused while somebody works there; then all is gone, and can be built again."""
    world = make_world()
    start_base(world, SESSION)
    world.produce("clicks", records(clicks(FEW)))
    world.drain("ingest", *CHAIN)
    backfill(world)
    rows = cells(world.rows("g2"))
    worker, = world.start("features", features={**G2, **SESSION})
    refused = command(world, "reset", "g2", "--yes")
    assert refused.returncode == 1 and "1 workers in its groups" in refused.stderr
    assert cells(world.rows("g2")) == rows
    assert worker.stop() == 0
    world.wait(lambda: "nothing was changed" in command(world, "reset", "g2").stderr,
               "its session to end")  # nobody answers the question
    assert cells(world.rows("g2")) == rows
    freshet(world, "reset", "g2", "--yes")
    assert not list(world.state.glob("*.g2"))
    assert world.topics.ends("events")
    topics = Consumer({"bootstrap.servers": world.bootstrap, "group.id": "look"})
    names = topics.list_topics(timeout=60).topics
    topics.close()
    assert not [name for name in names if name.startswith(world.prefix) and name.endswith(".g2")]
    backfill(world)
    assert cells(world.rows("g2")) == rows

    assert command(world, "reset", "base", "--yes").returncode == 1
    assert set(world.stop().values()) == {0}
    before = cells(world.rows())
    world.wait(lambda: command(world, "reset", "base", "--yes").returncode == 0,
               "the base's sessions to end")
    assert sum(world.topics.ends("recommendations").values()) == 0
    assert not (world.state / "features").exists()
    start_base(world)
    world.drain(*CHAIN)
    assert cells(world.rows()) == before
