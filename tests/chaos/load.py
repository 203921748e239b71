"""Raw events at a steady rate: MovieLens as JSON, with repeats, shuffles, lacking ids and garbage.

What was written is not remembered here: the verdict reads the topic, which is the truth.
"""

import json
import random
import subprocess
import threading
import time

import checkout
from bad_input import JSON_BROKEN, LARGE
from confluent_kafka import Producer

DATA = checkout.BUILD / "data/ml-100k/events.jsonl"
SHUFFLED = 40       # events of a stretch that come in any order
BAD_SHARE = 0.02
REPEAT_SHARE = 0.03
NO_ID_SHARE = 0.01


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


class Load:
    """Writes from a thread of its own until it is stopped."""

    def __init__(self, bootstrap, topic, rate, seed):
        self.topic, self.rate, self.seed = topic, rate, seed
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
        for key, value, time_ms in records(self.seed):
            while count >= (time.monotonic() - began) * self.rate:
                self.producer.poll(0.02)
                if self.quit.is_set():
                    return
            try:
                self.producer.produce(self.topic, key=key, value=value, timestamp=time_ms,
                                      on_delivery=self._reported)
                count += 1
            except BufferError:
                self.producer.poll(0.2)

    def stop(self):
        self.quit.set()
        if self.thread.is_alive():
            self.thread.join()
        return self.producer.flush(120)
