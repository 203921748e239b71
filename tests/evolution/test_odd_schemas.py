"""Schemas that others write: what Avro allows is read as Java's Avro reads it; what is none, or too
much of one, is refused in words, and nothing breaks (the codec runs with sanitizers here)."""

import json

import changes
import resolvers
import matrix

RECORD = {"type": "record", "name": "R"}


def record(*fields, **more):
    return {**RECORD, "fields": [{"name": f"f{at}", "type": kind}
                                 for at, kind in enumerate(fields)], **more}


ODD = [
    record(),
    record("R", namespace="a.b"),
    record(["null", "a.b.R"], {"type": "map", "values": {"type": "array", "items": "R"}},
           namespace="a.b"),
    record({"type": "fixed", "name": "x.F", "size": 0}, "x.F", namespace="a"),
    record({"type": "enum", "name": "E", "namespace": "", "symbols": ["A"]}, namespace="a"),
    record({"type": "record", "name": "y.S", "fields": [
        {"name": "t", "type": {"type": "fixed", "name": "T", "size": 3}}]}, "y.T", "y.S"),
    record({"type": "int", "logicalType": "decimal"}, {"type": "string", "logicalType": 7},
           {"type": "long", "logicalType": "no-such-type", "precision": -1}),
    record({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 9}),
    record({"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}),
    record({"type": "string", "connect.name": "x", "connect.version": 1, "connect.doc": None}),
    record(["string", "null", "bytes", "int", "long", "float", "double", "boolean", "R"]),
    record(*["long"] * 4096),
    record({"type": "enum", "name": "E", "symbols": [f"S{at}" for at in range(4096)]}),
    {"type": "record", "name": "R", "doc": "\u00e9\ud83c\udf0a", "fields": [
        {"name": "a", "type": "int", "order": "descending", "doc": "x" * 5000,
         "aliases": ["b", "c"], "default": 5}]},
]


def deep(levels):
    kind = "int"
    for _ in range(levels):
        kind = {"type": "array", "items": kind}
    return kind


def text_of(schema):
    return schema if isinstance(schema, str) else json.dumps(schema)


HOSTILE = [
    "", "{", "[]", "{}", "nothing", '"strange"', "[" * 100_000, '{"type":' * 50_000,
    record(deep(100)),
    record({"type": "fixed", "name": "F", "size": -1}),
    record({"type": "fixed", "name": "F", "size": 2**40}),
    record("a.b.Unknown"), record(["int", "int"]), record([["int"]]),
    record(*["int"] * 4097),
    record({"type": "enum", "name": "E", "symbols": ["A", "A"]}),
    record({"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}),
    record({"type": "array"}), record(None), record(7), record("R" * 600),
    {"type": "record", "name": "R" * 600, "fields": []},
    {"type": "record", "name": "R", "fields": {}}, {"type": "record", "fields": []},
    {"type": "record", "name": "R", "fields": [{"name": "a b", "type": "int"}]},
    {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"},
                                               {"name": "a", "type": "int"}]},
    record(*({"type": "fixed", "name": f"F{at}", "size": 1} for at in range(1100))),
    json.dumps(record("int", doc="x" * (1 << 20))),
    '{"type":"record","name":"R\\u0000S","fields":[]}',
]


def test_odd_ones_are_known():
    lines = [f"S {changes.text(schema)}" for schema in ODD]
    asked = lines + [f"F {at}" for at in range(len(ODD))]
    java, = matrix.answers_of_java([asked])
    ours = resolvers.ask(resolvers.ours_command(), asked)
    assert set(java[:len(ODD)]) == {"known"}
    assert ours == java


def test_hostile_ones_are_refused_in_words():
    lines = [f"S {text_of(schema)}" for schema in HOSTILE]
    for schema, said in zip(HOSTILE, resolvers.ask(resolvers.ours_command(), lines)):
        assert said.startswith("! bad_schema: ") and len(said) > 20, (text_of(schema)[:100], said)
        assert "\n" not in said


def test_little_that_stands_for_much():
    """Records of records, ten deep and ten wide, of nothing at all: 10^10 nulls in no bytes."""
    kind = "null"
    for level in range(10):
        kind = {"type": "record", "name": f"L{level}", "fields": [
            {"name": f"f{at}", "type": kind if at == 0 or level == 0 else f"L{level - 1}"}
            for at in range(10)]}
    writer = record(kind, "int")
    reader = {**RECORD, "fields": [{"name": "f1", "type": "int"}]}
    message = b"\0\0\0\0\0\x02"
    lines = [f"S {json.dumps(writer)}", f"S {json.dumps(reader)}", f"M 0 1 {message.hex()}"]
    said = resolvers.ask(resolvers.ours_command(), lines)[-1]
    assert said.startswith("! over_limit"), said
