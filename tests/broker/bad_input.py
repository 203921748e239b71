"""Records for ingest, a third of them broken, each with what must become of it.

    records(seed, count)                     for a worker with source.format=json
    records(seed, count, source="avro")      for source.format=avro (needs fastavro)

give a list of Record(kind, value, expected): the bytes (None: a record without a value), and
"accepted" or the name of the rule, as in ingest/mapping/rules.c, that must stand in the dead
letter. The same seed gives the same list. All Kafka timestamps are to be TIME_MS; the topic must
take records of RECORD_BYTES_MAX.
"""

import json
import random
import struct
from pathlib import Path
from typing import NamedTuple, Optional

TIME_MS = 1_795_424_400_000  # 2026-11-23T09:00:00Z
RECORD_BYTES_MAX = 8 << 20
BROKEN_SHARE = 1 / 3
LARGE_KIND_MOST = 3  # records of each kind that weighs a megabyte

DAY_MS = 86_400_000
ACTIONS = ["OTHER", "VIEW", "CLICK", "LIKE", "CART", "PURCHASE", "RATING", "DISLIKE"]


class Record(NamedTuple):
    kind: str
    value: Optional[bytes]
    expected: str


# ---- What both sources share ----


def event(rng, n):
    """A whole event as a dict, unlike its neighbours."""
    return {
        "event_id": f"e-{n}",
        "user_id": f"u{rng.randrange(500)}",
        "item_id": f"i{rng.randrange(2000)}",
        "action": rng.choice(ACTIONS),
        "weight": rng.choice([0.0, 0.5, 1.0, 5.0, 1000.0]),
        "event_time_ms": TIME_MS - rng.randrange(1000 * DAY_MS),
        "sequence": n,
    }


def without(ev, *names):
    return {key: value for key, value in ev.items() if key not in names}


# ---- JSON ----


def text(ev, **changes):
    """The event as compact JSON; a change of type bytes is put in as it is."""
    fields = []
    for key, value in {**ev, **changes}.items():
        written = value if isinstance(value, bytes) else json.dumps(value).encode()
        fields.append(json.dumps(key).encode() + b":" + written)
    return b"{" + b",".join(fields) + b"}"


def json_good(rng, n):
    ev = event(rng, n)
    shape = rng.randrange(10)
    if shape == 0:
        return text(without(ev, "event_id", "sequence", "weight"))
    if shape == 1:
        return text(ev, user_id=rng.randrange(1 << 62), item_id=-rng.randrange(1 << 62))
    if shape == 2:
        return rng.choice([b" \n\t", b"\xef\xbb\xbf"]) + json.dumps(ev, indent=2).encode() + b"\r\n"
    if shape == 3:
        return text(ev, user_id=b'"\\u00fc\\ud83d\\ude00"', item_id='"\xe4\xdf\u20ac"'.encode())
    if shape == 4:
        return text(ev, more={"deep": [[{"x": None}], True, "\u0000"]}, weight=None)
    if shape == 5:
        return text(ev, event_time_ms=TIME_MS + DAY_MS, action=ev["action"].lower())
    if shape == 6:
        return text(ev, user_id="u" * 256, item_id="\u00e9" * 128)
    if shape == 7:
        return text(ev, event_time_ms=b"1.7954243995E12", weight=b"1e-3")
    if shape == 8:
        return text(ev, user_id=(1 << 63) + rng.randrange(1 << 62), item_id=2.0, event_id=b"1e3",
                    more=rng.choice([b"NaN", b"1e999", b'"\\ud800\\ud800"', b"9" * 5000,
                                     b'{"a":1,"a":2}']))
    return text(ev)


JSON_BROKEN = {}
LARGE = set()


def broken(table, kind, expected, large=False):
    def keep(make):
        assert kind not in table
        table[kind] = (expected, make)
        if large:
            LARGE.add(kind)
        return make

    return keep


def broken_json(kind, expected, large=False):
    return broken(JSON_BROKEN, kind, expected, large)


def json_changes(kind, expected, *variants):
    """A kind that is one of some changes to a whole event."""
    JSON_BROKEN[kind] = (expected, lambda rng, n: text(event(rng, n), **rng.choice(variants)))


def json_lacks(kind, expected, name):
    """A kind without a field, or with null in its place."""

    def make(rng, n):
        ev = event(rng, n)
        return text(rng.choice([without(ev, name), {**ev, name: None}]))

    JSON_BROKEN[kind] = (expected, make)


broken_json("null value", "empty")(lambda rng, n: None)
broken_json("no bytes", "empty")(lambda rng, n: b"")
broken_json("5 MB", "too_large", large=True)(lambda rng, n: text(event(rng, n), x="y" * (5 << 20)))
broken_json("one byte too many", "too_large", large=True)(
    lambda rng, n: padded(rng, n, (1 << 20) + 1)
)
broken_json("5 MB of zeros", "too_large", large=True)(lambda rng, n: bytes(5 << 20))
broken_json("huge and flat", "too_many_values", large=True)(
    lambda rng, n: text(event(rng, n), x=b"[" + b"{}," * 300_000 + b"1]")
)
broken_json("a million brackets", "too_deep", large=True)(lambda rng, n: b"[" * 1_000_000)
broken_json("deep JSON", "too_deep")(
    lambda rng, n: text(event(rng, n), x=b"[" * 70 + b"]" * 70)
)
broken_json("deep objects", "too_deep")(
    lambda rng, n: b'{"a":' * rng.randrange(65, 2000) + b"1"
)


def padded(rng, n, size):
    whole = text(event(rng, n), x="")
    return whole[:-2] + b"p" * (size - len(whole)) + whole[-2:]


@broken_json("cut anywhere", "bad_json")
def _(rng, n):
    whole = text(event(rng, n))
    return whole[: rng.randrange(1, len(whole))]


@broken_json("not UTF-8", "not_utf8")
def _(rng, n):
    bad = [b"\xff", b"\xc3", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80"]
    return text(event(rng, n), user_id=b'"u' + rng.choice(bad) + b'"')


@broken_json("Latin-1", "not_utf8")
def _(rng, n):
    return text(event(rng, n), item_id='"caf\xe9"'.encode("latin-1"))


@broken_json("UTF-16", "not_utf8")
def _(rng, n):
    return text(event(rng, n)).decode().encode("utf-16")


@broken_json("Avro in the JSON topic", "not_utf8")
def _(rng, n):
    return b"\xc3\x01" + rng.randbytes(8) + b"\x06e-1\x04u1\x04i1\x00" + rng.randbytes(12)


@broken_json("NUL bytes", "bad_json")
def _(rng, n):
    whole = text(event(rng, n))
    return rng.choice([bytes(rng.randrange(1, 100)), whole + b"\0", b"\0" + whole])


@broken_json("a raw NUL in a string", "bad_json")
def _(rng, n):
    return text(event(rng, n), user_id=b'"u\x001"')


@broken_json("a raw newline in a string", "bad_json")
def _(rng, n):
    return text(event(rng, n), user_id=b'"u\n1"')


@broken_json("no JSON at all", "bad_json")
def _(rng, n):
    return rng.choice([b"hello", b"u1,i1,VIEW,1795424400", b"<event/>", b" ", b"{", b"}",
                       b"nul", b"'{}'"])


@broken_json("JavaScript", "bad_json")
def _(rng, n):
    whole = text(event(rng, n))
    unquoted = whole.replace(b'"user_id"', b"user_id")
    return rng.choice([whole[:-1] + b",}", b"/* */" + whole, unquoted])


@broken_json("no object", "not_an_object")
def _(rng, n):
    listed = b"[[" + text(event(rng, n)) + b"]]"
    return rng.choice([listed, b"[[]]", b"17", b'"u1"', b"null", b"true", b"1e3"])


@broken_json("duplicate keys", "flawed_value")
def _(rng, n):
    whole = text(event(rng, n))
    twice = rng.choice([b',"user_id":"other"}', b',"user_i\\u0064":"other"}', b',"item_id":{}}'])
    return whole[:-1] + twice


json_changes("surrogate halves", "flawed_value",
             {"user_id": b'"\\ud800"'}, {"item_id": b'"\\udc00x"'},
             {"event_id": b'"\\ud800\\ud800"'})
json_changes("NaN", "weight_not_finite", {"weight": b"NaN"}, {"weight": b"-Infinity"})
json_changes("a time that is not finite", "missing_time", {"event_time_ms": b"-Infinity"})
json_changes("odd numbers", "bad_json",
             {"weight": b"01"}, {"weight": b"+1"}, {"weight": b".5"}, {"weight": b"1."},
             {"weight": b"0x1"})
json_changes("1e999", "flawed_value",
             {"weight": b"1e999"}, {"event_time_ms": b"-1e999"},
             {"user_id": b"1e99999999999999999999"})
json_changes("integers beyond 64 bits", "wrong_type",
             {"weight": 1 << 63}, {"sequence": -(1 << 64)}, {"event_time_ms": b"9" * 500})
json_lacks("missing user", "missing_user", "user_id")
json_lacks("missing item", "missing_item", "item_id")
json_lacks("missing action", "missing_action", "action")
json_lacks("missing time", "missing_time", "event_time_ms")
json_changes("numbers as strings", "wrong_type",
             {"weight": "1.0"}, {"event_time_ms": str(TIME_MS)}, {"sequence": "7"}, {"weight": ""})
json_changes("fractions as ids", "wrong_type",
             {"user_id": 1.5}, {"item_id": -2.25}, {"event_id": 1e-3})
json_changes("containers as ids", "wrong_type",
             {"user_id": ["u1"]}, {"item_id": {"id": "i1"}}, {"event_id": []}, {"action": [[]]})
json_changes("booleans", "wrong_type",
             {"user_id": True}, {"weight": False}, {"event_time_ms": True}, {"sequence": False})
json_changes("unknown action", "unknown_action",
             {"action": "heartbeat"}, {"action": ""}, {"action": "View"}, {"action": 3},
             {"action": "VIEW\0"}, {"action": "x" * 100_000})
json_changes("times beyond the calendar", "bad_time",
             {"event_time_ms": (1 << 63) - 1}, {"event_time_ms": -(1 << 63)},
             {"event_time_ms": 253402300800000}, {"event_time_ms": b"1e300"})
json_changes("absurd times", "time_out_of_range",
             {"event_time_ms": 0}, {"event_time_ms": -1}, {"event_time_ms": TIME_MS // 1000},
             {"event_time_ms": TIME_MS * 100}, {"event_time_ms": 631151999999},
             {"event_time_ms": TIME_MS + DAY_MS + 1})
json_changes("empty ids", "empty_id", {"user_id": ""}, {"item_id": ""}, {"event_id": ""})
json_changes("over-long ids", "id_too_long",
             {"user_id": "u" * 257}, {"item_id": "\u20ac" * 86}, {"event_id": "e" * 500_000})
json_changes("NUL in ids", "id_control_characters",
             {"user_id": "u\0"}, {"item_id": "\0"}, {"event_id": "e\u0000e"})
json_changes("control characters in ids", "id_control_characters",
             {"user_id": "u\nx"}, {"item_id": "\x7f"}, {"event_id": "\x9f"},
             {"user_id": "\x1b[31m"})
json_changes("texts for no number", "weight_not_finite",
             {"weight": "NaN"}, {"weight": "Infinity"}, {"weight": "-Infinity"})
json_changes("negative weight", "negative_weight",
             {"weight": -1}, {"weight": -1e-300}, {"weight": -1e300})
json_changes("too much weight", "weight_too_large",
             {"weight": 1000.5}, {"weight": 1e300}, {"weight": 1 << 62})


# ---- Avro: UserEvent as single objects, written by hand so that it can be written wrong ----

SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "user_event.avsc"


def avro_frame():
    from fastavro.schema import fingerprint, to_parsing_canonical_form

    canonical = to_parsing_canonical_form(json.loads(SCHEMA.read_text()))
    return b"\xc3\x01" + bytes.fromhex(fingerprint(canonical, "CRC-64-AVRO"))


def varint(number):
    """Avro's long: zig-zag, seven bits a byte."""
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def avro_string(value):
    value = value if isinstance(value, bytes) else value.encode()
    return varint(len(value)) + value


def avro_body(ev, **changes):
    """The fields in the order of the schema; a change `raw_NAME` is put in as it is."""
    ev = {**ev, "received_ms": 0, "list_id": "", "place": 0, "rule": "", "value": 0.0, "items": 0,
          "places": 0, "takes_back": 0, "taken_back_id": "", "known_id": "", "receipt": 0,
          "query": "", "device": "", "channel": "", "country": "", "region": "", "geohash": "",
          "hour": -1, "weekday": 0, **changes}
    written = {
        "event_id": lambda v: avro_string(v),
        "user_id": lambda v: avro_string(v),
        "item_id": lambda v: avro_string(v),
        "action": lambda v: varint(ACTIONS.index(v)),
        "weight": lambda v: struct.pack("<d", v),
        "event_time_ms": varint,
        "sequence": varint,
        "received_ms": varint,
        "list_id": lambda v: avro_string(v),
        "place": varint,
        "rule": lambda v: avro_string(v),
        "value": lambda v: struct.pack("<d", v),
        "items": varint,  # an empty array
        "places": varint,
        "takes_back": varint,  # a boolean
        "taken_back_id": lambda v: avro_string(v),
        "known_id": lambda v: avro_string(v),
        "receipt": varint,  # a boolean
        **dict.fromkeys(("query", "device", "channel", "country", "region", "geohash"),
                        lambda v: avro_string(v)),
        "hour": varint,
        "weekday": varint,
    }
    return b"".join(ev.get("raw_" + key) or write(ev[key]) for key, write in written.items())


def change_fields(changes):
    """The kinds of broken fields in an Avro message that is whole."""
    changes("negative lengths", "bad_length",
            {"raw_user_id": varint(-1)}, {"raw_item_id": varint(-(1 << 62))},
            {"raw_event_id": varint(-(1 << 63))})
    changes("lengths beyond the end", "truncated",
            {"raw_item_id": varint(1 << 40)}, {"raw_event_id": varint((1 << 63) - 1)})
    changes("numbers of more than 64 bits", "bad_length",
            {"raw_sequence": b"\xff" * 10 + b"\x01"}, {"raw_event_id": b"\x80" * 20 + b"\x00"})
    changes("unknown symbols", "bad_enum",
            {"raw_action": varint(60)}, {"raw_action": varint(-1)}, {"raw_action": varint(1 << 40)})
    changes("not UTF-8", "bad_utf8",
            {"user_id": b"u\xff"}, {"item_id": b"\xed\xa0\x80"}, {"event_id": b"\xc3"})
    changes("weights that are no numbers", "weight_not_finite",
            {"weight": float("nan")}, {"weight": float("inf")}, {"weight": float("-inf")})
    changes("negative weight", "negative_weight", {"weight": -0.5}, {"weight": -5e-324})
    changes("too much weight", "weight_too_large", {"weight": 1e4}, {"weight": 1.7e308})
    changes("times beyond the calendar", "bad_time",
            {"event_time_ms": (1 << 63) - 1}, {"event_time_ms": -(1 << 63)})
    changes("absurd times", "time_out_of_range",
            {"event_time_ms": 0}, {"event_time_ms": TIME_MS + 2 * DAY_MS})
    changes("empty ids", "empty_id",
            {"user_id": ""}, {"item_id": ""}, {"event_id": ""}, {"item_id": "\n"},
            {"event_id": "\x85"})
    changes("over-long ids", "id_too_long", {"user_id": "u" * 257}, {"item_id": "i" * 70_000})
    changes("control characters in ids", "id_control_characters",
            {"user_id": "u\0"}, {"item_id": "i\nx"}, {"event_id": "e\x85x"})


def avro_table(frame):
    """The kinds of broken Avro messages, for the frame of the schema."""
    table = {}

    def changes(kind, expected, *variants):
        table[kind] = (expected,
                       lambda rng, n: frame + avro_body(event(rng, n), **rng.choice(variants)))

    def kind(name, expected, large=False):
        return broken(table, name, expected, large)

    @kind("truncated Avro", "truncated")
    def _(rng, n):
        whole = frame + avro_body(event(rng, n))
        return whole[: rng.randrange(2, len(whole))]

    @kind("wrong fingerprint", "unknown_fingerprint")
    def _(rng, n):
        return b"\xc3\x01" + rng.randbytes(8) + avro_body(event(rng, n))

    @kind("one bit of the fingerprint", "unknown_fingerprint")
    def _(rng, n):
        flipped = bytearray(frame)
        flipped[rng.randrange(2, 10)] ^= 1 << rng.randrange(8)
        return bytes(flipped) + avro_body(event(rng, n))

    @kind("wrong magic", "bad_magic")
    def _(rng, n):
        return rng.choice([b"\xc3\x02", b"\x01\x00", b"Ob"]) + frame[2:] + avro_body(event(rng, n))

    @kind("Confluent's frame", "unknown_schema_id")
    def _(rng, n):
        return b"\x00" + struct.pack(">I", rng.randrange(100)) + avro_body(event(rng, n))

    kind("no frame", "bad_magic")(lambda rng, n: avro_body(event(rng, n)))
    kind("JSON in the Avro topic", "bad_magic")(lambda rng, n: text(event(rng, n)))
    kind("null value", "empty")(lambda rng, n: None)
    kind("no bytes", "empty")(lambda rng, n: b"")
    kind("trailing bytes", "trailing_bytes")(
        lambda rng, n: frame + avro_body(event(rng, n)) + rng.randbytes(rng.randrange(1, 30)))
    kind("two messages", "trailing_bytes")(
        lambda rng, n: (frame + avro_body(event(rng, n))) * 2)
    kind("5 MB", "too_large", large=True)(
        lambda rng, n: frame + avro_body(event(rng, n), user_id="u" * (5 << 20)))
    change_fields(changes)
    return table


# ---- The mixture ----


def records(seed=1, count=10_000, source="json"):
    rng = random.Random(f"{source}-{seed}")
    if source == "json":
        table, good = JSON_BROKEN, json_good
    else:
        frame = avro_frame()
        table = avro_table(frame)

        def good(good_rng, n):
            return frame + avro_body(event(good_rng, n))

    kinds = list(table)
    wanted = []
    for n in range(int(count * BROKEN_SHARE)):
        kind = kinds[n % len(kinds)]
        if kind in LARGE and n // len(kinds) >= LARGE_KIND_MOST:
            kind = rng.choice([other for other in kinds if other not in LARGE])
        wanted.append(kind)
    wanted += [None] * (count - len(wanted))
    rng.shuffle(wanted)
    out = []
    for n, kind in enumerate(wanted):
        if kind is None:
            out.append(Record("good", good(rng, n), "accepted"))
        else:
            expected, make = table[kind]
            out.append(Record(kind, make(rng, n), expected))
    return out


def kinds(source="json"):
    """How many ways of being broken there are."""
    return len(JSON_BROKEN if source == "json" else avro_table(b"\xc3\x01" + bytes(8)))
