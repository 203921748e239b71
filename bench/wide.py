"""What the counting costs where a catalogue is wide, and where few events come.

wide_20k   20,000 items, 1,500,000 events: all workers until they are at rest; then a trainer alone
           reads the same pair deltas, and another one that is killed and started again.
wide_200k  200,000 items: features alone makes the pair deltas of 26,000,000 pair updates, then a
           trainer alone reads them.
trickle    MovieLens-1M is counted; then 300 events a second for three minutes, and three bare hops
           with a minute of them; then what 3,600 events write that come one at a time, as in an
           hour with one event a second.
"""

import subprocess
import time
from collections import Counter
from contextlib import ExitStack, contextmanager

import checkout
import openloop
import ratings
import synthetic
from bed import Failure, Workers, cpu_seconds

DELTAS = [("features", "events"), ("trainer", "pair-deltas")]
WHOLE = [("ingest", "clicks"), *DELTAS, ("scorer", "histories")]
SECONDS_MAX = 7200
NEARLY_SECONDS = 4.5  # checkpoint.replay.ms is 5 s

# Items, users, events; those of the short form, which only shows that the measure works.
WIDE_20K, SHORT_20K = (20_000, 100_000, 1_500_000), (500, 600, 6_000)
WIDE_200K, SHORT_200K = (200_000, 70_000, 1_050_000), (2_000, 600, 6_000)

# The workers as they are by default; elsewhere the bench waits for rest with a shorter one.
DEFAULT_REST = ["trainer.checkpoint.rest.ms=10s"]
# Compacted topics whose bytes are counted.
KEPT = ("histories", "features-changelog", "neighbours", "serving-rows", "recommendations")
TRICKLE_RATE = 300
TRICKLE_SECONDS = 180  # a checkpoint would come after more than that, and one comes at the end
HOPS_SECONDS = 60
HOUR_EVENTS = 3600
HOUR_RATE = 60  # 60 times as fast as one event a second
# Commits 60 times as often, too: ingest and scorer one for each event, features one for 5 s.
HOUR_SETTINGS = ["features.commit.interval.ms=8ms", "scorer.commit.interval.ms=10ms",
                 "ingest.commit.interval.ms=10ms"]


def wide_20k(bed, options):
    rows = synthetic.rows(*(SHORT_20K if options.short else WIDE_20K))[:options.wide_events]
    with bed.topics("w1."), bed.topics("w2."):
        count = bed.fill("w1.clicks", ratings.as_json(rows))
        with Workers(bed, "w1.", [name for name, _ in WHOLE]) as workers:
            begun = workers.wait_begun("ingest")
            done = workers.wait_consumed(WHOLE, timeout=SECONDS_MAX)
            figures = workers.cost(count)
        lists = sum(bed.ends("w1.recommendations"))
        alone = trainer_alone(bed, "w1.", "w2.")
        with bed.topics("w5."):
            alone.update(trainer_restart(bed, "w1.", "w5."))
    return {"wide_20k_events": count, "wide_20k_events_per_s": count / (done - begun),
            "wide_20k_lists": lists,
            **{f"wide_20k_{name}": value for name, value in figures.items()},
            **{f"wide_20k_trainer_{name}": value for name, value in alone.items()}}


def wide_200k(bed, options):
    rows = synthetic.rows(*(SHORT_200K if options.short else WIDE_200K))[:options.wide_events]
    with bed.topics("w3."), bed.topics("w4."):
        bed.fill("w3.events", ratings.as_user_events(rows))
        with Workers(bed, "w3.", ["features"]) as workers:
            workers.wait_begun("features")
            workers.wait_consumed(DELTAS[:1], timeout=SECONDS_MAX)
        alone = trainer_alone(bed, "w3.", "w4.")
    return {f"wide_200k_trainer_{name}": value for name, value in alone.items()}


def trainer_alone(bed, source, prefix):
    """A trainer under `prefix` reads the pair deltas of another one until it is at rest."""
    topic = f"{source}pair-deltas"
    kafka = cpu_seconds(bed.kafka_pid())
    with Workers(bed, prefix, ["trainer"], [f"trainer.topic.pair-deltas={topic}"]) as workers:
        begun = workers.wait_begun("trainer")
        done = workers.wait_consumed([("trainer", topic)], timeout=SECONDS_MAX, full_names=True)
        updates = workers.metric("trainer", "freshet_pair_updates_total")
        cost = workers.cost(updates)
    return {"updates": updates, "updates_per_s": updates / (done - begun),
            "us_per_update": cost["cpu_us_per_event_trainer"], "rss_mb": cost["rss_mb_trainer"],
            "kafka_us_per_update": (cpu_seconds(bed.kafka_pid()) - kafka) * 1e6 / updates,
            "rows_written": sum(bed.ends(f"{prefix}neighbours"))}


def trainer_restart(bed, source, prefix):
    """A trainer alone is killed in the middle of its input, shortly before it would commit: seconds
    from the start of the next process until it is where the killed one was, and of those the ones
    since it has begun to read."""
    topic = f"{source}pair-deltas"
    with Workers(bed, prefix, ["trainer"], [f"trainer.topic.pair-deltas={topic}"]) as workers:
        workers.wait_begun("trainer")
        wait_commit(bed, workers)
        time.sleep(NEARLY_SECONDS)
        reached = workers.records("trainer")
        workers.kill("trainer")
        ends = bed.committed(workers.group("trainer"), topic)
        again = reached - sum(one.offset() < ends[one.partition()]
                              for one in bed.read_stable(topic))
        began, reading = time.monotonic(), None
        workers.start()
        while (done := workers.records("trainer")) < again:
            if done and not reading:
                reading = time.monotonic()
            workers.check()
            time.sleep(0.01)
        now = time.monotonic()
        return {"restart_s": now - began, "restart_reading_s": now - (reading or now)}


def wait_commit(bed, workers):
    deadline = time.monotonic() + 120
    while not workers.metric("trainer", "freshet_commits_total"):
        if time.monotonic() > deadline:
            raise Failure("the trainer did not commit within 120 s")
        bed.say("waiting for a checkpoint")
        time.sleep(0.01)


# ---- A trickle ----

def trickle(bed, options):
    path = ratings.find_ml_1m(options.ml_1m)
    if not path:
        bed.say("trickle: no MovieLens-1M stream here (see bench/run --help); left out", last=True)
        return {}
    seconds, hour = (5, 120) if options.short else (TRICKLE_SECONDS, HOUR_EVENTS)
    burst = TRICKLE_RATE * seconds
    events = 5_000 + burst + hour if options.short else options.ml_1m_events
    messages = list(ratings.as_json(ratings.ml_1m(path)[:events]))
    mature, fast, slow = cut(messages, burst, hour)
    with bed.topics("tr.", KEPT):
        bed.fill("tr.clicks", mature)
        with Workers(bed, "tr.", [name for name, _ in WHOLE], DEFAULT_REST) as workers:
            workers.wait_begun("ingest")
            workers.wait_consumed(WHOLE, timeout=SECONDS_MAX)
            workers.healthy()
            cost = offered(bed, workers, fast, TRICKLE_RATE)
        with Workers(bed, "tr.", [name for name, _ in WHOLE],
                     [*HOUR_SETTINGS, *DEFAULT_REST]) as workers:
            workers.healthy()
            starts = all_ends(bed, "tr.")
            openloop.offer(bed.producer(linger_ms=0), "tr.clicks", slow, HOUR_RATE)
            workers.wait_consumed(WHOLE, timeout=SECONDS_MAX)
        ends = all_ends(bed, "tr.")
        hour_bytes = {name: bytes_between(bed, name, starts[name]) for name in starts
                      if ends[name] != starts[name]}
    hops = bare_hops(bed, fast[:TRICKLE_RATE * HOPS_SECONDS], TRICKLE_RATE)
    return {"trickle_events": len(fast),
            "trickle_cpu_us_per_event": cost["cpu_us"], "trickle_hops_cpu_us_per_event": hops,
            "trickle_cpu_over_bare_hops": cost["cpu_us"] / hops,
            "trickle_kafka_bytes_per_event": sum(cost["log_bytes"].values()),
            "trickle_hour_bytes_per_event": sum(hour_bytes.values()) / len(slow),
            **{f"trickle_cpu_us_per_event_{name}": value for name, value in cost["parts"].items()},
            **{f"trickle_kafka_bytes_per_event_{name.replace('-', '_')}": value
               for name, value in cost["log_bytes"].items() if value},
            **{f"trickle_hour_bytes_per_event_{name[3:].replace('-', '_')}": value / len(slow)
               for name, value in hour_bytes.items()}}


def cut(messages, burst, hour):
    """The last events come slowly, those before them fast, all others at once."""
    slow, fast = len(messages) - hour, len(messages) - hour - burst
    if fast <= 0:
        raise Failure(f"trickle: {len(messages)} events are too few")
    return messages[:fast], messages[fast:slow], messages[slow:]


def offered(bed, workers, messages, rate):
    """CPU and bytes in Kafka's logs for each event, from the first one until all is consumed."""
    before, logs = cpu_of(bed, workers), log_bytes(bed, workers.prefix)
    openloop.offer(bed.producer(linger_ms=0), f"{workers.prefix}clicks", messages, rate)
    after = cpu_of(bed, workers)
    workers.wait_consumed(WHOLE, timeout=SECONDS_MAX)
    parts = {name: (after[name] - before[name]) * 1e6 / len(messages) for name in after}
    written = {topic: (size - logs.get(topic, 0)) / len(messages)
               for topic, size in log_bytes(bed, workers.prefix).items()}
    return {"cpu_us": sum(parts.values()), "parts": parts, "log_bytes": written}


def cpu_of(bed, workers):
    return {**{name: cpu_seconds(workers.pid(name)) for name in workers.names},
            "kafka": cpu_seconds(bed.kafka_pid())}


def log_bytes(bed, prefix):
    """What the records of each of these topics take on the broker's disk, but for the raw input."""
    sizes = Counter()
    for file in bed.directory.rglob(f"{prefix}*/*.log"):
        topic = file.parent.name.rpartition("-")[0].removeprefix(prefix)
        if topic != "clicks":
            sizes[topic] += file.stat().st_size
    return sizes


def all_ends(bed, prefix):
    names = [name for name in bed.admin.list_topics(timeout=15).topics if name.startswith(prefix)]
    return {name: bed.ends(name) for name in names if name != f"{prefix}clicks"}


def bytes_between(bed, topic, starts):
    """Keys and values that were appended since, before compression."""
    return sum(len(message.key() or b"") + len(message.value() or b"")
               for message in bed.read_stable(topic, starts))


@contextmanager
def hopping(bed, warm, rate, hops=3):
    """Three programs that only pass records on, warmed up: the processes, the first topic and the
    last one, whose records have the broker's time."""
    topics = [f"hop{number}" for number in range(hops + 1)]
    with ExitStack() as stack:
        for topic in topics:
            bed.make_topic(topic, 4, **({"message.timestamp.type": "LogAppendTime"}
                                        if topic == topics[-1] else {}))
        stack.callback(bed.drop_topics, "hop")
        programs = [stack.enter_context(hop(bed, number)) for number in range(hops)]
        openloop.offer(bed.producer(linger_ms=0), topics[0], warm, rate)
        wait_for(bed, topics[-1], len(warm))
        yield programs, topics[0], topics[-1]


def bare_hops(bed, messages, rate):
    """CPU of three bare hops, and of the broker, for each event."""
    warm = messages[:10 * rate]
    with hopping(bed, warm, rate) as (programs, first, last):
        pids = [*(program.pid for program in programs), bed.kafka_pid()]
        before = sum(map(cpu_seconds, pids))
        openloop.offer(bed.producer(linger_ms=0), first, messages, rate)
        used = sum(map(cpu_seconds, pids)) - before
        wait_for(bed, last, len(warm) + len(messages))
    return used * 1e6 / len(messages)


def hop_ages(bed, warm, messages, rate):
    """The age in ms of each record when it is appended behind three bare hops."""
    with hopping(bed, warm, rate) as (_, first, last):
        from_first, from_last = bed.ends(first), bed.ends(last)
        openloop.offer(bed.producer(linger_ms=0), first, messages, rate)
        wait_for(bed, last, len(warm) + len(messages))
        return ages_between(bed, first, from_first, last, from_last)


def ages_between(bed, first, from_first, last, from_last):
    """The age in ms of each record of `last`, which has the broker's time, since it was due in
    `first`."""
    sent = {one.value(): one.timestamp()[1]
            for one in bed.read(first, from_first, bed.ends(first))}
    return [one.timestamp()[1] - sent[one.value()]
            for one in bed.read(last, from_last, bed.ends(last))]


@contextmanager
def hop(bed, number):
    command = [checkout.BUILD / "bench" / "bare_hop", bed.bootstrap, f"hop{number}",
               f"hop{number}", f"hop{number + 1}"]
    program = subprocess.Popen([str(word) for word in command])
    try:
        yield program
    finally:
        program.terminate()
        program.wait(30)


def wait_for(bed, topic, count, timeout=120):
    deadline = time.monotonic() + timeout
    while sum(bed.ends(topic)) < count:
        if time.monotonic() > deadline:
            raise Failure(f"{topic} did not get {count} records within {timeout} s")
        time.sleep(0.1)
