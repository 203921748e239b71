#!/usr/bin/env python3
"""Keeps the lists of `recommendations-json` in Redis, under freshet:USER.

    python3 examples/lists_to_redis.py localhost:9092 recommendations-json localhost:6379

Needs confluent-kafka. Offsets are committed when Redis has answered: after a crash the last lists
are set again, to the same. To fill an empty Redis, give it another group as a fourth word.
"""
import socket
import sys

from confluent_kafka import Consumer


def main(brokers, topic, redis, group="lists-to-redis"):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": group,
                         "auto.offset.reset": "earliest", "enable.auto.commit": False})
    consumer.subscribe([topic])
    at = socket.create_connection(redis.split(":"), timeout=30)
    answers = at.makefile("rb")
    while True:
        lists = [one for one in consumer.consume(500, timeout=1) if not one.error()]
        for one in lists:
            words = [b"SET" if one.value() else b"DEL", b"freshet:" + one.key()]
            words += [one.value()] if one.value() else []
            at.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word)
                                                          for word in words))
        for _ in lists:
            answer = answers.readline()
            if answer[:1] not in (b"+", b":"):
                sys.exit(f"Redis: {answer.decode() or 'the connection is closed'}")
        if lists:
            consumer.commit(asynchronous=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
