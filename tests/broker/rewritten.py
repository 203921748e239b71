"""A world whose topics are those of another one, each message written again by a later version of
its contract, in either framing: what is there after an upgrade of whoever wrote them."""

import copy
import io
import json
import sys
from functools import cache
from pathlib import Path

import fastavro
from confluent_kafka import Consumer, TopicPartition

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "evolution"))

import changes  # noqa: E402 (the path is set above)
import resolvers  # noqa: E402
from values import Values  # noqa: E402

NAMES = sorted(path.stem for path in (ROOT / "schemas").glob("*.avsc"))
TOPICS = ("events", "histories", "pair-deltas", "features-changelog", "neighbours",
          "serving-rows", "receipts", "items", "users", "recommendations", "quality", "outcomes",
          "moves")
GROUPS = {"features": "events", "trainer": "pair-deltas", "scorer": "histories"}
FIRST_ID = 70_000


def schema_of(name):
    return json.loads((ROOT / "schemas" / f"{name}.avsc").read_text(encoding="utf-8"))


def successor(ours):
    """A later version that the present one can read: more fields, also of types that no contract
    has, symbols before the known ones, fields made nullable, another order."""
    later = copy.deepcopy(ours)
    for at, place in enumerate(list(changes.enum_places(later))):
        kind = later["fields"][place[0]]["type"]
        enum = kind["items"] if place[1] else kind
        later = changes.with_enum(later, place, symbols=[f"LATER{at}", *enum["symbols"]])
    for field in later["fields"][::2]:
        kind = field["type"]
        field["type"] = [kind, "null"] if "default" in field else ["null", kind]
    for number, kind in enumerate((changes.FOREIGN[3], changes.FOREIGN[4], "string")):
        later = changes.with_field(later, 2 * number, {"name": f"later{number}", "type": kind})
    later["fields"].reverse()
    return later


class Forms:
    """Reads every message of ours, of this version or the later one, in either framing."""

    def __init__(self):
        now = [schema_of(name) for name in NAMES]
        self.schemas = now + [successor(schema) for schema in now]
        self.fast = resolvers.FastAvro(self.schemas)
        self.by_crc = {self.fast.crc(at): at for at in range(len(self.schemas))}

    def frame(self, number, framing):
        if framing == "confluent":
            return b"\0" + (FIRST_ID + number).to_bytes(4, "big")
        return b"\xc3\x01" + self.fast.crc(number)

    def parts(self, message):
        """(number of the writer's schema, body); None for what is no message of ours."""
        if message is None or message[:1] not in (b"\0", b"\xc3"):
            return None
        if message[:1] == b"\0":
            return int.from_bytes(message[1:5], "big") - FIRST_ID, message[5:]
        return self.by_crc[message[2:10]], message[10:]

    def decode(self, message):
        """(name of the contract, the record as the present version reads it)."""
        number, body = self.parts(message)
        contract = number % len(NAMES)
        return NAMES[contract], self.fast.read(number, contract, body)

    def later(self, message, framing):
        """The same, written by the later version."""
        parts = self.parts(message)
        if parts is None:
            return message
        number, body = parts
        assert number < len(NAMES)
        record = self.fast.read(number, number, body)
        to = number + len(NAMES)
        extra = self.extras(to, len(body) % 2 * 3)  # columns of none or one
        return self.frame(to, framing) + self.fast.write(to, {**extra, **record})

    @cache
    def extras(self, number, salt):
        return Values(self.schemas[number]).record(salt)

    def now(self, name, record, framing="single-object"):
        number = NAMES.index(name)
        return self.frame(number, framing) + self.fast.write(number, record)

    def write_schemas(self, where, framing):
        """A directory for schemas.path."""
        where.mkdir()
        for number, schema in enumerate(self.schemas):
            name = FIRST_ID + number if framing == "confluent" else f"{schema['name']}-{number}"
            (where / f"{name}.avsc").write_text(changes.text(schema), encoding="utf-8")
        return where


def committed(world, worker, topic):
    """Offsets of a worker's group, by partition, only where there are any."""
    consumer = Consumer({"bootstrap.servers": world.bootstrap, "group.id": world.prefix + worker})
    try:
        asked = [TopicPartition(world.prefix + topic, one) for one in range(world.partitions)]
        return {one.partition: one.offset for one in consumer.committed(asked, timeout=60)
                if one.offset >= 0}
    finally:
        consumer.close()


def commit(world, worker, topic, offsets):
    consumer = Consumer({"bootstrap.servers": world.bootstrap, "group.id": world.prefix + worker})
    try:
        consumer.commit(offsets=[TopicPartition(world.prefix + topic, *one)
                                 for one in offsets.items()], asynchronous=False)
    finally:
        consumer.close()


def rewrite(forms, source, target, framing):
    """Fills the target's topics with the later versions of the source's messages, and puts its
    groups where the source's stand. Transaction markers are not copied: offsets are counted again.
    """
    for topic in TOPICS:
        kept = {}
        for record in source.topics.read(topic):
            kept.setdefault(record.partition, []).append(record)
        for partition, records in kept.items():
            target.produce(topic, [(one.key, forms.later(one.value, framing), one.timestamp)
                                   for one in records], partition)
        for worker, theirs in GROUPS.items():
            if theirs == topic:
                at = committed(source, worker, topic)
                commit(target, worker, topic,
                       {partition: sum(one.offset < offset for one in kept.get(partition, []))
                        for partition, offset in at.items()})


# What differs from run to run: times of arrival, when and why a list was made, of which offsets.
PASSING = ("received_ms", "as_of_ms", "cause", "row_offsets", "item_offsets", "vector_offsets",
           "model_offsets", "content_offsets", "candidate_offsets", "profile_offsets",
           "segment_offsets", "list_id", "placement_list_ids", "blend")


def decoded(forms, world, topic):
    """The newest record of each key as the present version reads it, without what is passing."""
    found = {}
    for key, record in world.topics.newest(topic).items():
        _, value = forms.decode(record.value)
        found[key] = {name: one for name, one in value.items() if name not in PASSING}
    return found
