"""What may happen to a schema between two releases: each change, made to a contract of ours.

A case is a pair of schemas, old and new, and what Avro says of either direction:
    "reads"    every message is read
    "refused"  none is
    "some"     those that hold nothing the reader cannot have
    None       not asked: a contract of ours cannot have the type that the reader would need
"""

import copy
import json
import random
from collections import namedtuple

# onward: the new schema reads old messages; back: the old one reads new messages. `nulled`: the
# field that holds null in some new messages, where the old reader may not have one.
Case = namedtuple("Case", "change old new onward back nulled", defaults=(None,))

COLOURS = {"type": "enum", "name": "Colour", "symbols": ["NONE", "RED", "BLUE"], "default": "NONE"}
STRICT = {"type": "enum", "name": "Strict", "symbols": ["A", "B", "C"]}

# Types that a contract may have, with a default each.
OURS = [
    ("string", "vått"), ("bytes", "\u0001\u00ff"), ("int", -5), ("long", 5000000000),
    ("float", 0.5), ("double", -3.25), ("boolean", True), (COLOURS, "BLUE"), (STRICT, "C"),
    ({"type": "array", "items": "string"}, ["a", "湧き水"]),
    ({"type": "array", "items": "int"}, [1, -2]), ({"type": "array", "items": "long"}, []),
    ({"type": "array", "items": "float"}, [1.5]), ({"type": "array", "items": "double"}, [2.5]),
    ({"type": "array", "items": COLOURS}, ["RED", "NONE"]),
    (["null", "string"], None), (["string", "null"], "here"), (["null", "bytes"], None),
    ({"type": "long", "logicalType": "timestamp-micros"}, 0),
    ({"type": "string", "logicalType": "uuid"}, ""),
]

# Types that only others write: a reader of ours steps over them.
FOREIGN = [
    "null", {"type": "map", "values": ["null", "string", "double"]},
    {"type": "fixed", "name": "Digest", "size": 16},
    {"type": "record", "name": "Place", "fields": [
        {"name": "lat", "type": "double"}, {"name": "names", "type": {"type": "map", "values":
         {"type": "array", "items": "string"}}}]},
    {"type": "record", "name": "Tree", "fields": [
        {"name": "word", "type": "string"},
        {"name": "below", "type": {"type": "array", "items": "Tree"}},
        {"name": "next", "type": ["null", "Tree"]}]},
    {"type": "array", "items": {"type": "array", "items": "bytes"}},
    {"type": "array", "items": "boolean"}, {"type": "array", "items": ["null", "int", "string"]},
    {"type": "array", "items": {"type": "record", "name": "Empty", "fields": []}},
    ["null", "boolean", "int", "string", {"type": "fixed", "name": "Two", "size": 2}],
    {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2},
    {"type": "fixed", "name": "Span", "size": 12, "logicalType": "duration"},
    {"type": "int", "logicalType": "date"}, {"type": "long", "logicalType": "of-tomorrow"},
    {"type": "string", "avro.java.string": "String"},
]

PROMOTIONS = [("int", "long"), ("int", "float"), ("int", "double"), ("long", "float"),
              ("long", "double"), ("float", "double"), ("string", "bytes"), ("bytes", "string")]


def base(kind):
    """The type's own word: "long" of {"type": "long", "logicalType": ...}."""
    while isinstance(kind, dict):
        kind = kind["type"]
    return "union" if isinstance(kind, list) else kind


def is_enum(kind):
    return isinstance(kind, dict) and kind["type"] == "enum"


def with_field(schema, at, field):
    """The schema with this field more, at that place."""
    made = copy.deepcopy(schema)
    made["fields"].insert(at % (len(made["fields"]) + 1), copy.deepcopy(field))
    return made


def replaced(schema, at, **new):
    """The schema with a field of which something is otherwise."""
    made = copy.deepcopy(schema)
    made["fields"][at].update(copy.deepcopy(new))
    return made


def without(schema, at):
    made = copy.deepcopy(schema)
    del made["fields"][at]
    return made


def extended(schema, kind, **more):
    """The schema with a field `extra` of that kind at the end: where the contract has none such."""
    return with_field(schema, len(schema["fields"]), {"name": "extra", "type": kind, **more})


def added(ours):
    for number, (kind, default) in enumerate(OURS):
        plain = {"name": "extra", "type": kind}
        yield Case("field added, with a default", ours,
                   with_field(ours, number, {**plain, "default": default}), "reads", "reads")
        yield Case("field added, without a default", ours, with_field(ours, number, plain),
                   "refused", "reads")
    for number, kind in enumerate(FOREIGN):
        yield Case("field of a foreign type added", ours,
                   with_field(ours, number, {"name": "extra", "type": kind}), None, "reads")


def removed(ours):
    for kind, default in (("string", "x"), ("string", None)):
        more = {} if default is None else {"default": default}
        yield from removed_field(extended(ours, kind, **more), len(ours["fields"]))
    for at in range(len(ours["fields"])):
        yield from removed_field(ours, at)


def removed_field(old, at):
    has = "default" in old["fields"][at]
    change = "field removed that had a default" if has else "field removed that had no default"
    yield Case(change, old, without(old, at), "reads", "reads" if has else "refused")


def renamed(ours):
    both = extended(extended(ours, "long", default=7), "long")
    both["fields"][-1]["name"] = "bare"
    for at, field in enumerate(both["fields"]):
        new = replaced(both, at, name="renamed", aliases=["never", field["name"]])
        has = "default" in field
        change = "field renamed, with an alias, " + ("default" if has else "no default")
        yield Case(change, both, new, "reads", "reads" if has else "refused")
    new = {**copy.deepcopy(ours), "name": "Renamed", "aliases": [ours["name"]]}
    yield Case("record renamed, with an alias", ours, new, "reads", "refused")
    new = {**copy.deepcopy(ours), "namespace": "elsewhere",
           "aliases": [ours["namespace"] + "." + ours["name"]]}
    yield Case("record moved to another namespace", ours, new, "reads", "reads")


def fitting(field, narrow):
    """The field's default for a narrower type."""
    default = field.get("default")
    if narrow in ("int", "long") and isinstance(default, float):
        default = int(default)
    return 0 if narrow == "int" and not -(2**31) <= default < 2**31 else default


def retyped(field, kind):
    made = {**copy.deepcopy(field), "type": kind}
    if "default" in made:
        made["default"] = fitting(field, base(kind))
    return made


def promoted(ours):
    for narrow, wide in PROMOTIONS:
        back = "reads" if {narrow, wide} == {"string", "bytes"} else "refused"
        change = f"{narrow} becomes {wide}"
        for old, new in promoted_fields(ours, narrow, wide):
            yield Case(change, old, new, "reads", back)


def promoted_fields(ours, narrow, wide):
    """Wherever the contract has one of the two types, as field or as a column's element."""
    yield extended(ours, narrow), extended(ours, wide)
    if "bytes" not in (narrow, wide):  # there are no columns of bytes
        yield (extended(ours, {"type": "array", "items": narrow}),
               extended(ours, {"type": "array", "items": wide}))
    for at, field in enumerate(ours["fields"]):
        kind = field["type"]
        is_column = isinstance(kind, dict) and kind["type"] == "array"
        element = base(kind["items"]) if is_column else base(kind)
        if is_column and "bytes" in (narrow, wide):
            continue
        other = {narrow: wide, wide: narrow}.get(element)
        if not other or is_enum(kind):
            continue
        changed = copy.deepcopy(ours)
        changed["fields"][at] = retyped(
            field, {"type": "array", "items": other} if is_column else other)
        yield (ours, changed) if element == narrow else (changed, ours)


def reordered(ours):
    turned = copy.deepcopy(ours)
    turned["fields"].reverse()
    yield Case("fields reordered", ours, turned, "reads", "reads")
    for seed in range(3):
        mixed = copy.deepcopy(ours)
        random.Random(seed).shuffle(mixed["fields"])
        yield Case("fields reordered", ours, mixed, "reads", "reads")


def enum_places(schema):
    """Paths of the enums that stand in a schema: (field, in a column)."""
    for at, field in enumerate(schema["fields"]):
        kind = field["type"]
        if is_enum(kind):
            yield at, False
        elif isinstance(kind, dict) and kind["type"] == "array" and is_enum(kind["items"]):
            yield at, True


def with_enum(schema, place, **new):
    made = copy.deepcopy(schema)
    at, column = place
    kind = made["fields"][at]["type"]
    (kind["items"] if column else kind).update(new)
    return made


def enums(ours):
    for kind in (COLOURS, STRICT, {"type": "array", "items": STRICT}):
        both = extended(ours, kind)
        yield from enum_cases(both, list(enum_places(both))[-1])
    for place in enum_places(ours):
        yield from enum_cases(ours, place)


def enum_cases(old, place):
    at, column = place
    kind = old["fields"][at]["type"]
    enum = kind["items"] if column else kind
    symbols, has = enum["symbols"], "default" in enum
    says = "enum has a default" if has else "enum has no default"
    for to in (0, 1, len(symbols)):
        new = with_enum(old, place, symbols=symbols[:to] + ["ADDED"] + symbols[to:])
        yield Case(f"symbol added, {says}", old, new, "reads", "reads" if has else "some")
    own = [enum.get("default"), old["fields"][at].get("default")]  # a column's is a list
    gone = next(one for one in reversed(symbols) if one not in own)
    new = with_enum(old, place, symbols=[one for one in symbols if one != gone])
    yield Case(f"symbol removed, {says}", old, new, "reads" if has else "some", "reads")
    yield Case("symbols reordered", old, with_enum(old, place, symbols=symbols[::-1]), "reads",
               "reads")
    new = with_enum(old, place, name="Renamed", aliases=[enum["name"]])
    yield Case("enum renamed, with an alias", old, new, "reads", "refused")


def widened(ours):
    both = extended(ours, "string", default="told")
    for at, field in enumerate(both["fields"]):
        kind = field["type"]
        has = "default" in field
        change = "field made nullable, " + ("default" if has else "no default")
        first = replaced(both, at, type=["null", kind], default=None)
        yield Case(change, both, first, "reads", "some", field["name"])
        yield Case(change, both, replaced(both, at, type=[kind, "null"]), "reads", "some",
                   field["name"])
        yield from widened_more(both, at)
    column = extended(ours, {"type": "array", "items": "string"})
    yield from widened_more(column, len(ours["fields"]))
    text = extended(ours, ["null", "string"], default=None)
    more = extended(ours, ["null", "string", "long"], default=None)
    yield Case("union of null and a type widened", text, more, None, "some")


def widened_more(both, at):
    """By types that the reader may or may not take."""
    kind = both["fields"][at]["type"]
    word = base(kind)
    if word == "array":
        items = {"type": "array", "items": [kind["items"], "null"]}
        if base(kind["items"]) != "enum":
            yield Case("elements made nullable", both, replaced(both, at, type=items), None,
                       "some")
    elif word in ("string", "bytes", "long", "double"):
        others = {"string": ["string", "bytes", "boolean"], "bytes": ["bytes", "string", "int"],
                  "long": ["long", "boolean", "string"], "double": ["int", "double", "string"]}
        new = replaced(both, at, type=others[word])
        if word == "double" and "default" in new["fields"][at]:
            new["fields"][at]["default"] = 1
        yield Case("field became a union of several types", both, new, None, "some")


def attributes(ours):
    """What no reader needs to notice."""
    for at, field in enumerate(ours["fields"]):
        yield Case("doc, order, properties, unused aliases", ours,
                   replaced(ours, at, doc="new", order="ignore", mine=[1], aliases=["unheard"]),
                   "reads", "reads")
        if "default" in field and base(field["type"]) in ("int", "long", "double"):
            yield Case("default changed", ours, replaced(ours, at, default=3), "reads", "reads")
        if base(field["type"]) in ("int", "long", "string"):
            kind = {"type": base(field["type"]), "logicalType": "of-tomorrow"}
            yield Case("logical type changed", ours, replaced(ours, at, type=kind), "reads",
                       "reads")
    both, at = extended(ours, "long", default=7), len(ours["fields"])
    yield Case("default changed", both, replaced(both, at, default=3), "reads", "reads")
    kind = {"type": "long", "logicalType": "of-tomorrow"}
    yield Case("logical type changed", both, replaced(both, at, type=kind), "reads", "reads")
    yield Case("nothing", ours, copy.deepcopy(ours), "reads", "reads")


SAFE = (
    lambda schema, draw: with_field(
        schema, draw.randrange(99), {"name": f"f{draw.randrange(10**6)}",
                                     **dict(zip(("type", "default"), draw.choice(OURS[:7])))}),
    lambda schema, draw: drop_one(schema, draw),
    lambda schema, draw: {**schema, "fields": draw.sample(schema["fields"],
                                                          len(schema["fields"]))},
    lambda schema, draw: symbol_more(schema, draw),
    lambda schema, draw: rename_one(schema, draw),
)


def drop_one(schema, draw):
    loose = [at for at, field in enumerate(schema["fields"]) if "default" in field]
    return without(schema, draw.choice(loose)) if loose else schema


def rename_one(schema, draw):
    loose = [at for at, field in enumerate(schema["fields"]) if "default" in field]
    if not loose:
        return schema
    at = draw.choice(loose)
    field = schema["fields"][at]
    return replaced(schema, at, name=f"r{draw.randrange(10**6)}",
                    aliases=[field["name"], *field.get("aliases", [])])


def symbol_more(schema, draw):
    places = [place for place in enum_places(schema)]
    if not places:
        return schema
    at, column = place = draw.choice(places)
    kind = schema["fields"][at]["type"]
    symbols = list((kind["items"] if column else kind)["symbols"])
    symbols.insert(draw.randrange(len(symbols) + 1), f"S{draw.randrange(10**6)}")
    return with_enum(schema, place, symbols=symbols)


def histories(ours, count=2, versions=4, steps=3):
    """Versions of several safe changes each: every one reads every other."""
    for seed in range(count):
        draw = random.Random(f"{ours['name']}{seed}")
        line = [ours]
        for _ in range(versions - 1):
            schema = copy.deepcopy(line[-1])
            for _ in range(steps):
                schema = draw.choice(SAFE)(schema, draw)
            line.append(schema)
        for i, old in enumerate(line):
            for new in line[i + 1:]:
                yield Case("several safe changes in a row", old, new, "reads", "reads")


def cases(ours):
    for make in (attributes, added, removed, renamed, promoted, reordered, enums, widened,
                 histories):
        yield from make(ours)


def text(schema):
    return json.dumps(schema, ensure_ascii=True, separators=(",", ":"))
