"""What a catalogue of a million items costs while it is still being read.

A scorer was started anew, with an empty catalogue; then 1,000,000 items are written, 50,000 a
second, and read beside

catalogue_events   2,000 events a second, open loop: the age of each list after its user's action,
                   and of the oldest change of the item-item table that a list has not seen;
catalogue_backlog  a backlog of histories: lists a second. In the end, another scorer starts on the
                   whole catalogue: seconds until it serves.

Each is measured without the catalogue, too.

As a program, it writes the items: growing.py BOOTSTRAP TOPIC COUNT A_SECOND.
"""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

import checkout
import openloop
import ratings
from bed import Failure, Workers

WHOLE = [("ingest", "clicks"), ("features", "events"), ("trainer", "pair-deltas"),
         ("scorer", "histories")]
KEPT = ("recommendations", "histories", "serving-rows", "items")
RATE = 2000
# Items, of them a second; events before, without the catalogue, and with it at most.
FULL = (1_000_000, 50_000, 30_000, 20_000, 50_000)
SHORT = (20_000, 20_000, 3_000, 4_000, 4_000)
SECONDS_MAX = 300


def catalogue_events(bed, options):
    items, speed, *parts = SHORT if options.short else FULL
    rows = ratings.ml_100k(options.ratings)[:sum(parts)]
    with bed.topics("cm.", KEPT):
        return named(beside_events(bed, rows, parts, items, speed))


def catalogue_backlog(bed, options):
    items, speed, *parts = SHORT if options.short else FULL
    rows = ratings.ml_100k(options.ratings)[:sum(parts)]
    with bed.topics("cm.", KEPT):
        bed.fill("cm.clicks", ratings.as_json(rows))
        with Workers(bed, "cm.", [name for name, _ in WHOLE[:-1]]) as workers:
            workers.wait_begun("ingest")
            workers.wait_consumed(WHOLE[:-1])
        figures = beside_backlog(bed, items, speed)
        with bed.topics("cm3.", KEPT):
            with written(bed, "cm3.items", items, 10 * speed):
                pass
            begun = time.monotonic()
            with Workers(bed, "cm3.", ["scorer"], sources("cm3.items")) as workers:
                workers.wait_begun("scorer", timeout=SECONDS_MAX)
                figures["start_s"] = time.monotonic() - begun
    return named({"items": items, **figures})


def named(figures):
    return {f"catalogue_million_{name}": value for name, value in figures.items()}


# ---- Beside events ----

def beside_events(bed, rows, parts, items, speed):
    messages = list(ratings.as_json(rows))
    warm, without = parts[0], parts[0] + parts[1]
    bed.fill("cm.clicks", messages[:warm])
    with Workers(bed, "cm.", [name for name, _ in WHOLE]) as workers:
        workers.wait_begun("ingest")
        workers.wait_consumed(WHOLE)
        workers.healthy()
        first = offered(bed, workers, messages[warm:without])
        with written(bed, "cm.items", items, speed) as writer:
            second = offered(bed, workers, messages[without:])
            wait_read(bed, workers, items, writer)
    times = {one: [record.timestamp()[1] for record in records]
             for one, records in partitions(bed, "cm.serving-rows").items()}
    reading = beside_reading(second, items)
    figures = {"items_per_s": items_per_second(reading)}
    for suffix, lists in (("_without", first), ("", reading)):
        ages = openloop.list_freshness(lists)
        behind = rows_ages(lists, times)
        figures[f"lists{suffix}"] = len(lists)
        for name, q in (("p50", .5), ("p99", .99)):
            figures[f"freshness_{name}_ms{suffix}"] = openloop.quantile(ages, q)
            figures[f"rows_age_{name}_ms{suffix}"] = openloop.quantile(behind, q)
    figures["freshness_p99_ratio"] = \
        figures["freshness_p99_ms"] / figures["freshness_p99_ms_without"]
    return figures


def offered(bed, workers, messages):
    """The lists that users' actions made, with when they were appended."""
    start = bed.ends("cm.recommendations")
    openloop.offer(bed.producer(linger_ms=0), "cm.clicks", messages, RATE)
    workers.wait_consumed(WHOLE)
    decode = openloop.decoder("recommendation_list.avsc")
    lists = [(one.timestamp()[1], decode(one.value())) for one in
             bed.read("cm.recommendations", start, bed.ends("cm.recommendations"))]
    return [one for one in lists if one[1]["cause"] == "ACTION"]


def beside_reading(lists, items):
    """Those that were made when some items had been read, but not all."""
    found = [one for one in lists if 0 < sum(one[1]["item_offsets"]) < items]
    if not found:
        raise Failure("no list was made while the catalogue was read")
    return found


def items_per_second(lists):
    """How fast the items were read, by what the first list and the last one had of them."""
    (first_ms, first), (last_ms, last) = (pick(lists, key=lambda one: one[0])
                                          for pick in (min, max))
    read = sum(last["item_offsets"]) - sum(first["item_offsets"])
    return read * 1000 / max(last_ms - first_ms, 1)


def partitions(bed, topic):
    """The records of each partition, from the first one on."""
    found = {}
    for record in bed.read(topic, [0] * len(bed.ends(topic)), bed.ends(topic)):
        found.setdefault(record.partition(), []).append(record)
    return found


def rows_ages(lists, times):
    """For each list: for how long the oldest row that it has not seen had been in its topic."""
    ages = []
    for appended_ms, one in lists:
        unseen = [times[partition][offset]
                  for partition, offset in enumerate(one["row_offsets"])
                  if offset < len(times.get(partition, ()))]
        ages.append(max(0, appended_ms - min(unseen)) if unseen else 0)
    return ages


def wait_read(bed, workers, items, writer):
    """Waits until the scorer has read all items; returns when."""
    deadline = time.monotonic() + SECONDS_MAX
    while sum(bed.ends("cm.items")) < items or workers.metric("scorer", "freshet_table_lag") > 0:
        workers.check()
        if writer.poll():
            raise Failure("cm.items could not be filled")
        if time.monotonic() > deadline:
            raise Failure(f"the catalogue was not read within {SECONDS_MAX} s")
        bed.say("reading the catalogue")
        time.sleep(0.05)
    return time.monotonic()


# ---- Beside a backlog ----

def sources(items):
    """A scorer that reads the histories and rows there are, and this catalogue."""
    return [*(f"scorer.topic.{name}=cm.{name}" for name in ("histories", "serving-rows")),
            f"scorer.topic.items={items}"]


def beside_backlog(bed, items, speed):
    figures = {}
    for turn, suffix in enumerate(("_without", "", "", "_without")):
        prefix = f"cm{4 + turn}."
        with bed.topics(prefix, KEPT):
            known = f"{prefix}items"
            with Workers(bed, prefix, ["scorer"], sources(known)) as workers:
                begun = workers.wait_begun("scorer")
                with written(bed, known, 0 if suffix else items, speed):
                    done = workers.wait_consumed([("scorer", "cm.histories")], full_names=True)
                    made = workers.metric("scorer", "freshet_lists_published_total")
            figures.setdefault(f"lists_per_s{suffix}", []).append(made / (done - begun))
    means = {name: sum(values) / len(values) for name, values in figures.items()}
    means["lists_per_s_ratio"] = means["lists_per_s"] / means["lists_per_s_without"]
    return means


# ---- Items ----

@contextmanager
def written(bed, topic, count, speed):
    """Another process writes items meanwhile; waits for it in the end."""
    command = [sys.executable, __file__, bed.bootstrap, topic, str(count), str(speed)]
    where = {**os.environ, "PYTHONPATH": f"{checkout.ROOT}/deploy:{checkout.ROOT}/bench"}
    writer = subprocess.Popen(command, env=where) if count else None
    try:
        yield writer
        if writer and writer.wait(SECONDS_MAX) != 0:
            raise Failure(f"{topic} could not be filled")
    finally:
        if writer and writer.poll() is None:
            writer.kill()
            writer.wait()


def write(bootstrap, topic, count, speed):
    from confluent_kafka import Producer
    from remaking import entry
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "log_level": 2,
                         "partitioner": "murmur2_random", "compression.type": "lz4",
                         "queue.buffering.max.messages": 1_000_000})
    sample = "m0000000"
    _, value = entry(sample, True)
    begun, failed = time.monotonic(), []
    for number in range(count):
        name = b"m%07d" % number
        producer.produce(topic, key=name, value=value.replace(sample.encode(), name),
                         on_delivery=lambda error, _: failed.append(error) if error else None)
        if number % 1000 == 0:
            producer.poll(0)
            time.sleep(max(0, begun + number / speed - time.monotonic()))
    return producer.flush(SECONDS_MAX) + len(failed) > 0


if __name__ == "__main__":
    sys.exit(write(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
