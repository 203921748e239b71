"""The shop's traffic: clicks at a steady rate, and requests to freshet-serve."""

import json
import random
import threading
import time
import urllib.error
import urllib.request

from confluent_kafka import KafkaException, Producer

USERS, ITEMS = 200, 400
NAME = "gameday-traffic"


class Traffic:
    def __init__(self, machine):
        self.rate, self.made_up, self.renamed = 150, False, False
        self.requests = f"http://127.0.0.1:{machine.ports['requests']}"
        self.producer = Producer({"bootstrap.servers": machine.bootstrap(), "client.id": NAME,
                                  "linger.ms": 20, "log_level": 2, "message.timeout.ms": 600_000,
                                  "partitioner": "murmur2_random"})
        self.rng, self.number = random.Random(7), 0
        self.quit = threading.Event()
        self.threads = [threading.Thread(target=one, daemon=True) for one in (self._click,
                                                                              self._ask)]

    def start(self):
        for one in self.threads:
            one.start()

    def _event(self):
        self.number += 1
        user = self.rng.randrange(USERS)
        item = f"made-up-{self.number}" if self.made_up and self.number % 2 else \
            f"i{(user + self.rng.randrange(40)) % ITEMS}"
        name = "customer" if self.renamed and self.number % 4 == 0 else "user"
        return f"u{user}", {"id": f"e{self.number}", name: f"u{user}", "item": item,
                            "type": "rating", "value": 4, "ts": int(time.time())}

    def _click(self):
        due = time.monotonic()
        while not self.quit.is_set():
            user, event = self._event()
            try:
                self.producer.produce("clicks", key=user, value=json.dumps(event))
            except (BufferError, KafkaException):
                self.producer.poll(0.2)
                continue
            due = max(due + 1 / self.rate, time.monotonic() - 1)
            self.producer.poll(max(0.0, due - time.monotonic()))

    def _ask(self):
        while not self.quit.wait(0.1):
            user = f"u{random.randrange(USERS)}"
            try:
                urllib.request.urlopen(f"{self.requests}/v1/users/{user}/recommendations",
                                       timeout=10).read()
            except OSError:
                continue  # refused, or an answer of 4xx and 5xx: serve counts them

    def end(self):
        self.quit.set()
        for one in self.threads:
            one.join(30)
        self.producer.purge()
