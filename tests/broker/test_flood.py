"""A flood of hostile records: each is accounted for, good ones get through, nothing swells.

HOSTILE_RECORDS=1000000 (make hostile) is the long form of the mutations and of the large batch.
"""

import array
import json
import os
import random
import subprocess
import time

import pytest
from bad_input import RECORD_BYTES_MAX, TIME_MS, event, text
from confluent_kafka import Producer
from conftest import BIN, Copy, World
from mutation import Mutator, digest

RECORDS = int(os.environ.get("HOSTILE_RECORDS", "20000"))
PARTITIONS = 4
FAULTS = ("AddressSanitizer", "LeakSanitizer", "runtime error", "assert")
LINES_MOST = 60  # of a log within a minute, in which each reason of refusal is told once
BIG = {"max.message.bytes": str(RECORD_BYTES_MAX)}


def header(record, name):
    return dict(record.headers or []).get(name, b"").decode()


def origin(record):
    return int(header(record, "origin.partition")), int(header(record, "origin.offset"))


def send(producer, topic, key, value, partition):
    while True:
        try:
            producer.produce(topic, key=key, value=value, partition=partition, timestamp=TIME_MS)
            return
        except BufferError:
            producer.poll(0.1)


def objects(value):
    """How many JSON objects, one behind the other, a record's value is; 1 for anything else."""
    try:
        rest, count = (value or b"").decode().strip(), 0
        while rest:
            _, end = json.JSONDecoder().raw_decode(rest)
            rest, count = rest[end:].strip(), count + 1
        return max(count, 1)
    except ValueError:
        return 1


class Flood:
    """What was sent: record n is in partition n % PARTITIONS, at offset n // PARTITIONS, since one
    producer wrote to empty partitions in order."""

    def __init__(self, bootstrap, topic, source, count):
        producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "log_level": 2,
                             "enable.idempotence": True})
        mutator = Mutator(seed=6, source=source)
        self.digests, self.whole, self.objects = array.array("Q"), bytearray(), bytearray()
        for n in range(count):
            record = mutator.record(n)
            self.digests.append(digest(record.key, record.value))
            self.whole.append(record.whole)
            self.objects.append(objects(record.value) if source == "json" else 1)
            send(producer, topic, record.key, record.value, n % PARTITIONS)
            producer.poll(0)
        assert producer.flush(120) == 0

    def number(self, place):
        return place[1] * PARTITIONS + place[0]


@pytest.mark.parametrize("source", ["json", "avro"])
def test_every_mutated_record_is_accounted_for(kafka, worker, source):
    count = RECORDS // 2
    clicks = kafka.topic("clicks", partitions=PARTITIONS, config=BIG)
    kafka.topic("events", partitions=PARTITIONS)
    kafka.topic("dead-letters", partitions=PARTITIONS, config=BIG)
    began = time.monotonic()
    flood = Flood(kafka.bootstrap, clicks, source, count)
    sent_seconds = time.monotonic() - began
    began = time.monotonic()
    with worker("ingest", {"source.format": source}) as ingest:
        ingest.wait_for_lag(0)
        metrics = ingest.metrics()
    seconds = time.monotonic() - began
    assert ingest.exit_code == 0
    assert not [word for word in FAULTS if word in ingest.log()]
    assert len(ingest.log().splitlines()) < LINES_MOST * (1 + seconds / 60)

    accepted = sum(1 for _ in kafka.topics.read("events"))
    refused = bytearray(count)
    reasons = {}
    for letter in kafka.topics.read("dead-letters"):
        n = flood.number(origin(letter))
        assert not refused[n], f"record {n} has two dead letters"
        refused[n] = 1
        assert digest(letter.key, letter.value) == flood.digests[n], f"record {n} has changed"
        assert not flood.whole[n], (header(letter, "reason"), letter.value)
        reason = header(letter, "reason")
        reasons[reason] = reasons.get(reason, 0) + 1
    assert accepted == sum(flood.objects[n] for n in range(count) if not refused[n])
    assert metrics["freshet_ingest_accepted_total"] == count - sum(refused)  # records
    assert metrics["freshet_dead_letters_total"] == sum(refused)
    print(f"\n{source}: {count} sent in {sent_seconds:.0f} s, worked through in {seconds:.0f} s: "
          f"{accepted} accepted, {sum(refused)} dead letters: "
          + ", ".join(f"{reason} {n}" for reason, n in sorted(reasons.items())))


# ---- Good ones among many bad ----

WAVES, GOOD_A_WAVE, BAD_FOR_A_GOOD, HUGE_A_WAVE = 4, 20, 100, 3
# What fetch.bytes.max, the producer's queue and the largest record allow, and room for the rest.
MEMORY_MOST = 400 << 20


def peak_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))


def test_good_events_keep_flowing(kafka):
    rng = random.Random(8)
    clicks = kafka.topic("clicks", partitions=1, config=BIG)
    kafka.topic("events", partitions=1)
    kafka.topic("dead-letters", config=BIG)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 20, "log_level": 2,
                         "message.max.bytes": RECORD_BYTES_MAX})
    kinds = [b"", b"{", b"[" * 1000, b"\xff" * 300, b'{"user_id":"u"}', b'"' + b"x" * 20_000]
    ingest = Copy(kafka, "ingest", 0, {})
    kafka.copies.append(ingest)
    good = bad = 0
    for wave in range(WAVES):
        for _ in range(GOOD_A_WAVE):
            for _ in range(BAD_FOR_A_GOOD):
                send(producer, clicks, None, rng.choice(kinds), 0)
            send(producer, clicks, None, text(event(rng, good)), 0)
            good += 1
        for _ in range(HUGE_A_WAVE):
            send(producer, clicks, None, rng.randbytes(5 << 20), 0)
        bad += GOOD_A_WAVE * BAD_FOR_A_GOOD + HUGE_A_WAVE
        assert producer.flush(60) == 0
        kafka.wait(lambda: ingest.running() and sum(kafka.topics.ends("events").values()) == good,
                   f"the good events of wave {wave}")
    ingest.wait_for_lag(0)
    assert ingest.metrics()["freshet_dead_letters_total"] == bad
    assert peak_bytes(ingest.process.pid) < MEMORY_MOST
    assert len(ingest.log().splitlines()) < LINES_MOST, ingest.log()
    assert ingest.stop() == 0
    assert sum(1 for _ in kafka.topics.read("dead-letters")) == bad


# ---- Records of many headers ----

def test_a_flood_of_headers_swells_nothing(kafka):
    """A record of 200 kB can have 100,000 headers, for each of which the client makes a block:
    those of a whole batch would be a gigabyte. A good event is accepted; a dead letter is
    sent without them."""
    clicks = kafka.topic("clicks", partitions=1, config=BIG)
    kafka.topic("events", partitions=1)
    kafka.topic("dead-letters", config=BIG)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 0, "log_level": 2,
                         "message.max.bytes": 5_000_000})
    rng = random.Random(11)
    many = [("", None)] * 100_000
    for n in range(150):
        producer.produce(clicks, value=text(event(rng, n)) if n % 10 else b"{", headers=many,
                         partition=0, timestamp=TIME_MS)
        assert producer.flush(60) == 0
    ingest = Copy(kafka, "ingest", 0, {})
    kafka.copies.append(ingest)
    ingest.wait_for_lag(0)
    peak = peak_bytes(ingest.process.pid)
    assert ingest.stop() == 0
    print(f"\npeak {peak >> 20} MB")
    assert peak < MEMORY_MOST
    assert sum(1 for _ in kafka.topics.read("events")) == 135
    letters = list(kafka.topics.read("dead-letters"))
    assert len(letters) == 15
    assert all(header(letter, "truncated") == "true" and len(letter.headers) == 8
               for letter in letters)


# ---- Batches that are small until they are unpacked ----

PACKED_MEMORY_MOST = 220 << 20
UNPACKED_A_PARTITION, RECORD_BYTES = 100_000_000, 10_000


def test_packed_batches_swell_nothing(kafka):
    """lz4 packs blanks 250 to 1: a megabyte of each of four partitions, which is what the client
    asks for by itself, is a gigabyte in memory."""
    clicks = kafka.topic("clicks", partitions=PARTITIONS, config=BIG)
    kafka.topic("events", partitions=PARTITIONS)
    kafka.topic("dead-letters", config=BIG)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "compression.type": "lz4",
                         "linger.ms": 50, "batch.size": 1_000_000, "log_level": 2,
                         "queue.buffering.max.kbytes": 200_000})
    value = text(event(random.Random(12), 1)).ljust(RECORD_BYTES)
    for _ in range(UNPACKED_A_PARTITION // RECORD_BYTES):
        for partition in range(PARTITIONS):
            send(producer, clicks, None, value, partition)
    assert producer.flush(60) == 0
    ingest = Copy(kafka, "ingest", 0, {})
    kafka.copies.append(ingest)
    ingest.wait_for_lag(0)
    peak = peak_bytes(ingest.process.pid)
    assert ingest.stop() == 0
    print(f"\npeak {peak >> 20} MB")
    assert peak < PACKED_MEMORY_MOST


# ---- A batch of very many records ----

IN_A_BATCH = RECORDS


def test_a_batch_of_very_many_records_is_read_once(kafka):
    """zstd packs a million records of one byte into one batch of a megabyte: a client that keeps
    few of them at a time must not fetch the batch again for each. Also from its middle."""
    clicks = kafka.topic("clicks", partitions=1, config=BIG)
    kafka.topic("events", partitions=1)
    kafka.topic("dead-letters", config=BIG)
    packer = Producer({"bootstrap.servers": kafka.bootstrap, "compression.type": "zstd",
                       "linger.ms": 60_000, "batch.size": 500_000_000, "log_level": 2,
                       "message.max.bytes": 500_000_000, "batch.num.messages": 1_000_000,
                       "queue.buffering.max.messages": 2_000_000})
    for _ in range(IN_A_BATCH):
        packer.produce(clicks, b"x", partition=0, timestamp=TIME_MS)
    assert packer.flush(120) == 0
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 2})
    send(producer, clicks, None, text(event(random.Random(13), 1)), 0)
    assert producer.flush(60) == 0
    ingest = Copy(kafka, "ingest", 0, {})
    kafka.copies.append(ingest)
    kafka.wait(lambda: sum(kafka.topics.ends("dead-letters").values()) > IN_A_BATCH // 10,
               "some of the batch")
    ingest.kill()
    again = Copy(kafka, "ingest", 0, {})
    kafka.copies.append(again)
    # The killed copy may have sent the event, too: ingest sends again what it had not committed.
    kafka.drain("ingest")
    assert again.stop() == 0
    assert any(True for _ in kafka.topics.read("events"))
    offsets = [origin(letter)[1] for letter in kafka.topics.read("dead-letters")]
    assert set(offsets) == set(range(IN_A_BATCH))
    assert len(offsets) <= 2 * IN_A_BATCH  # what the kill undid is sent again, once


# ---- A batch that the client cannot unpack ----

def test_a_batch_that_cannot_be_unpacked_is_stepped_over(kafka):
    """zstd packs 110 MB of zeros into a few kB; the client unpacks 100 MB at most, and by itself
    would ask for the same batch for ever."""
    clicks = kafka.topic("clicks", partitions=1, config=BIG)
    kafka.topic("events", partitions=1)
    kafka.topic("dead-letters", config=BIG)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "log_level": 2,
                         "compression.type": "zstd", "message.max.bytes": 200_000_000,
                         "queue.buffering.max.kbytes": 400_000, "linger.ms": 20})
    rng = random.Random(10)
    send(producer, clicks, None, text(event(rng, 1)), 0)
    assert producer.flush(60) == 0
    for _ in range(2):
        send(producer, clicks, b"k", bytes(110_000_000), 0)
        assert producer.flush(60) == 0
    send(producer, clicks, None, text(event(rng, 2)), 0)
    assert producer.flush(60) == 0
    many = Producer({"bootstrap.servers": kafka.bootstrap, "compression.type": "zstd",
                     "message.max.bytes": 200_000_000, "batch.size": 200_000_000, "log_level": 2,
                     "batch.num.messages": 200_000, "queue.buffering.max.kbytes": 400_000,
                     "queue.buffering.max.messages": 300_000, "linger.ms": 60_000})
    for _ in range(200_000):
        send(many, clicks, None, bytes(600), 0)
    assert many.flush(60) == 0
    send(producer, clicks, None, text(event(rng, 3)), 0)
    assert producer.flush(60) == 0
    ingest = Copy(kafka, "ingest", 0, {})
    kafka.copies.append(ingest)
    kafka.wait(lambda: ingest.running() and sum(kafka.topics.ends("events").values()) == 3,
               "the event behind the batches")
    assert ingest.stop() == 0
    letters = list(kafka.topics.read("dead-letters"))
    # One for each record, or for a large batch one, whose message says which records it was.
    assert sorted(origin(letter) for letter in letters) == [(0, 1), (0, 2), (0, 200_003)]
    assert any("offsets 4 to 200003;" in header(letter, "message") for letter in letters)
    for letter in letters:
        assert (letter.key, letter.value) == (None, None)
        assert header(letter, "reason") == "unreadable" and header(letter, "truncated") == "true"
        assert "compress" in header(letter, "message")
    assert sum(1 for _ in kafka.topics.read("events")) == 3


# ---- Dead letters that are larger than their topic allows ----

def test_a_letter_too_large_for_its_topic_goes_shorter(kafka):
    """The client does not know what a topic takes: the broker refuses, and nobody may try that for
    ever. First the value stays behind, then the key."""
    rng = random.Random(9)
    kafka.topic("clicks", partitions=1, config=BIG)
    kafka.topic("events", partitions=1)
    kafka.topic("dead-letters", config={"max.message.bytes": "1048588"})
    large = rng.randbytes(3 << 20)
    steering = b'{"a":"\x1b[31m\xc2\x9b2J\x7f\n'
    theirs = [("truncated", b"theirs"), ("h", large[:50_000])]
    sent = [(b"k", large), (large, b"{"), (large, large), (None, large), (b"k", steering),
            (None, text(event(rng, 1))), (b"k", large, theirs), (None, large, theirs[:1]),
            (large, None, theirs)]
    World.produce(kafka, "clicks", [(key, value, TIME_MS, *headers)
                                    for key, value, *headers in sent])
    ingest = Copy(kafka, "ingest", 0, {"record.bytes.max": "8m", "source.record.bytes.max": "8m"})
    kafka.copies.append(ingest)
    ingest.wait_for_lag(0)
    assert ingest.stop() == 0
    letters = {origin(letter)[1]: letter for letter in kafka.topics.read("dead-letters")}
    got = [(letters[n].key, letters[n].value, header(letters[n], "truncated")) for n in range(5)]
    assert got == [(b"k", None, "true"), (None, None, "true"), (None, None, "true"),
                   (None, None, "true"), (b"k", steering, "")]
    # The sender's headers go with the value, and what they are called changes nothing.
    got = [(letters[n].key, letters[n].value, [name for name, _ in letters[n].headers])
           for n in range(6, 9)]
    assert [(key, value, names[0], names[-1]) for key, value, names in got] == [
        (b"k", None, "reason", "truncated"), (None, None, "reason", "truncated"),
        (None, None, "reason", "truncated")]
    assert all(names.count("truncated") == 1 for _, _, names in got)
    assert {header(letter, "reason") for letter in letters.values()} == {"not_utf8", "bad_json",
                                                                         "empty"}
    assert sum(1 for _ in kafka.topics.read("events")) == 1
    # Who looks at them keeps the terminal: a line a record, and nothing in it steers.
    peeked = subprocess.run([BIN / "freshet", "peek", "dead-letters", "-b", kafka.bootstrap,
                             "--prefix", kafka.prefix], check=True, stdout=subprocess.PIPE).stdout
    lines = peeked.decode().splitlines()
    assert len(lines) == 8 and all(line.isprintable() for line in lines)
    assert steering.decode() in [json.loads(line)["value"] for line in lines]
