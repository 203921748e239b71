"""Reads Freshet's topics like any other client: confluent-kafka, fastavro and the schemas' text."""

import io
import json
import time
from collections import namedtuple

import fastavro
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, KafkaException, \
    TopicPartition
from fastavro.schema import fingerprint, to_parsing_canonical_form

import checkout

OFFSET_BEGINNING = 0
DECIDED_SECONDS = 15  # a transaction of a dead process is aborted after 10
PATIENCE_SECONDS = 20
# A topic just made may have no leader for a moment; a broker under load drops connections.
PASSING = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE,
           KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._UNKNOWN_PARTITION,
           KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS)
HEADER_BYTES = 10  # Avro single object: C3 01, eight bytes of fingerprint

# A record of a topic; the value undecoded; the time stamp in ms, 0 when there is none.
Record = namedtuple("Record", "partition offset timestamp key value headers")


class Contract:
    """One message of ours, by the name of its schema: Contract("user_history")."""

    def __init__(self, name):
        text = (checkout.ROOT / f"schemas/{name}.avsc").read_text()
        plain = json.loads(text)
        for field in plain["fields"]:  # times stay numbers
            if isinstance(field["type"], dict):
                field["type"].pop("logicalType", None)
        self.schema = fastavro.parse_schema(plain)
        self.frame = b"\xc3\x01" + bytes.fromhex(
            fingerprint(to_parsing_canonical_form(plain), "CRC-64-AVRO"))

    def wrote(self, value):
        """Whether a message is of this contract, as it is now."""
        return value.startswith(self.frame)

    def decode(self, value):
        if value[:2] != b"\xc3\x01":
            raise ValueError("not an Avro single object")
        return fastavro.schemaless_reader(io.BytesIO(value[HEADER_BYTES:]), self.schema, None)


def patiently(ask):
    """The answer to a request, which is repeated for a while."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except KafkaException as error:
            if error.args[0].code() not in PASSING or time.monotonic() > until:
                raise
        time.sleep(0.05)


def end_of(consumer, partition):
    """The log end of a partition."""
    return patiently(lambda: consumer.get_watermark_offsets(partition, timeout=60)[1])


class Topics:
    """The topics of one broker, below one prefix."""

    def __init__(self, bootstrap, prefix=""):
        self.bootstrap = bootstrap
        self.prefix = prefix

    def _consumer(self, **more):
        return Consumer({"bootstrap.servers": self.bootstrap, "group.id": "freshet-reader",
                         "enable.auto.commit": False, "enable.partition.eof": True,
                         "isolation.level": "read_committed", "log_level": 2, **more})

    def ends(self, name, isolation="read_uncommitted"):
        """The log end of each partition, by partition; read_committed: what readers are given."""
        consumer = self._consumer(**{"isolation.level": isolation})
        try:
            topic = self.prefix + name
            partitions = patiently(lambda: consumer.list_topics(topic, timeout=60)
                                   .topics[topic].partitions)
            return {one: end_of(consumer, TopicPartition(topic, one)) for one in partitions}
        finally:
            consumer.close()

    def wait_decided(self, name, ends):
        """Waits until no transaction hides anything before these ends: a group's offsets are seen
        as committed before the last marker is written. Not for ever: one may be left open."""
        until = time.monotonic() + DECIDED_SECONDS
        while time.monotonic() < until:
            stable = self.ends(name, "read_committed")
            if all(stable[one] >= end for one, end in ends.items()):
                return
            time.sleep(0.05)

    def read(self, name, start=None):
        """Yields every committed record up to the end that the topic has now.

        start: first offset by partition; a partition that it does not name is left out."""
        ends = self.ends(name)
        if start is None:
            start = dict.fromkeys(ends, OFFSET_BEGINNING)
        self.wait_decided(name, {one: ends[one] for one in start})
        consumer = self._consumer()
        try:
            consumer.assign([TopicPartition(self.prefix + name, *at) for at in start.items()])
            open_partitions = set(start)
            while open_partitions:
                for message in consumer.consume(10000, timeout=0.2):
                    if not message.error():
                        yield _record(message)
                    elif message.error().code() == KafkaError._PARTITION_EOF:
                        open_partitions.discard(message.partition())
                    elif not message.error().retriable():
                        raise KafkaException(message.error())
        finally:
            consumer.close()

    def newest(self, name):
        """The last record of every key; a key whose last record is a tombstone is gone."""
        found = {}
        for record in self.read(name):
            found[record.key] = record
        return {key: record for key, record in found.items() if record.value is not None}

    def _committed(self, group, asked):
        """The group's offset of each partition; one whose coordinator has moved is asked again."""
        consumer = self._consumer(**{"group.id": group})
        deadline = time.monotonic() + 60
        try:
            while True:
                try:
                    return {one.partition: max(one.offset, OFFSET_BEGINNING)
                            for one in consumer.committed(asked, timeout=60)}
                except KafkaException as trouble:
                    if trouble.args[0].code() not in PASSING or time.monotonic() > deadline:
                        raise
                    time.sleep(0.2)
        finally:
            consumer.close()

    def lag(self, group, name):
        """Records that the group has still to commit. Transaction markers are none: they take
        offsets, but nobody is ever given them, so the distance to the log end may stay above 0.
        What an open transaction hides counts: it may be that of a process that was killed."""
        topic = self.prefix + name
        stable, ends = self.ends(name, "read_committed"), self.ends(name)
        hidden = sum(ends[one] - stable[one] for one in ends)
        if hidden:
            return hidden
        committed = self._committed(group, [TopicPartition(topic, one) for one in ends])
        behind = {one: at for one, at in committed.items() if at < ends[one]}
        far = {one: at for one, at in behind.items() if ends[one] - at > 100}
        if far:
            return sum(ends[one] - at for one, at in far.items())
        return sum(1 for _ in self.read(name, behind)) if behind else 0


def _record(message):
    kind, timestamp = message.timestamp()
    return Record(message.partition(), message.offset(),
                  0 if kind == TIMESTAMP_NOT_AVAILABLE else timestamp,
                  message.key(), message.value(), message.headers())
