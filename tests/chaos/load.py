"""Raw events at a steady rate: MovieLens as JSON, with repeats, shuffles, lacking ids and garbage;
and meanwhile a catalogue that changes, so that lists are made again and items are taken off.

What was written is not remembered here: the verdict reads the topic, which is the truth.
"""

import io
import json
import random
import subprocess
import threading
import time

import checkout
import fastavro
from bad_input import JSON_BROKEN, LARGE
from confluent_kafka import KafkaException, Producer
from contracts import Contract

DATA = checkout.BUILD / "data/ml-100k/events.jsonl"
SHUFFLED = 40       # events of a stretch that come in any order
BAD_SHARE = 0.02
REPEAT_SHARE = 0.03
NO_ID_SHARE = 0.01
CATALOGUE_EVERY = 30  # raw events between two changes of the catalogue


def source():
    """Raw events for ever: after the last one it begins again, with other users."""
    if not DATA.exists():
        subprocess.run([checkout.ROOT / "deploy/movielens"], check=True, env=checkout.with_build(),
                       stdout=subprocess.DEVNULL)
    with open(DATA, encoding="utf-8") as file:
        plain = [json.loads(line) for line in file]
    turn = 0
    while True:
        for event in plain:
            yield {**event, "id": f"{event['id']}-{turn}", "user": f"{event['user']}-{turn}"}
        turn += 1


def records(seed):
    """(key, value, time in ms), for ever."""
    rng = random.Random(f"load-{seed}")
    kinds = [make for kind, (_, make) in sorted(JSON_BROKEN.items()) if kind not in LARGE]
    events, number, recent = source(), 0, []
    while True:
        stretch = [next(events) for _ in range(SHUFFLED)]
        rng.shuffle(stretch)
        for event in stretch:
            number += 1
            if rng.random() < NO_ID_SHARE:
                event = {key: value for key, value in event.items() if key != "id"}
            if rng.random() < REPEAT_SHARE and recent:
                again = rng.choice(recent)
                yield again["user"], json.dumps(again).encode(), again["ts"] * 1000
            if rng.random() < BAD_SHARE:
                yield None, rng.choice(kinds)(rng, number), event["ts"] * 1000
            yield event["user"], json.dumps(event).encode(), event["ts"] * 1000
            recent = [*recent[-500:], event] if "id" in event else recent


def catalogue_changes(seed):
    """(key, value) of entries that come, are barred, come back and go; by the items of the events,
    for ever."""
    rng, contract, events = random.Random(f"catalogue-{seed}"), Contract("item"), source()
    while True:
        item = next(events)["item"]
        if rng.random() < 0.1:
            yield item, None
            continue
        entry = {"item_id": item, "title": f"Film {item}", "tags": [f"t{rng.randrange(20)}"],
                 "available": rng.random() < 0.7}
        out = io.BytesIO()
        fastavro.schemaless_writer(out, contract.schema, entry)
        yield item, contract.frame + out.getvalue()


class Load:
    """Writes from a thread of its own until it is stopped."""

    def __init__(self, bootstrap, prefix, rate, seed):
        self.topic, self.items = prefix + "clicks", prefix + "items"
        self.rate, self.seed = rate, seed
        self.written = self.failed = 0
        self.quit = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "log_level": 2,
                                  "partitioner": "murmur2_random", "message.timeout.ms": 120_000})

    def begin(self):
        self.thread.start()

    def _reported(self, error, _):
        if error is None:
            self.written += 1
        else:
            self.failed += 1

    def _run(self):
        began, count = time.monotonic(), 0
        changes = catalogue_changes(self.seed)
        for key, value, time_ms in records(self.seed):
            while count >= (time.monotonic() - began) * self.rate:
                self.producer.poll(0.02)
                if self.quit.is_set():
                    return
            if self._produce(self.topic, key=key, value=value, timestamp=time_ms,
                             on_delivery=self._reported):
                count += 1
                if count % CATALOGUE_EVERY == 0:
                    # Always in one partition: a fault adds others, and an item's records must keep
                    # their order.
                    item, entry = next(changes)
                    self._produce(self.items, key=item, value=entry, partition=0)
            elif self.quit.is_set():
                return

    def _produce(self, topic, **record):
        """False: there is no room, or no broker has named the topic for a while."""
        try:
            self.producer.produce(topic, **record)
            return True
        except (BufferError, KafkaException):
            self.producer.poll(0.2)
            return False

    def stop(self):
        self.quit.set()
        if self.thread.is_alive():
            self.thread.join()
        return self.producer.flush(120)
