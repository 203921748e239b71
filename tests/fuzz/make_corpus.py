"""Makes the first inputs of the fuzz targets in tests/fuzz/corpus/ from the golden messages and the
contracts' schemas. Inputs that are named `found_*` are faults of the past: kept as they are.

    python3 tests/fuzz/make_corpus.py
"""
import gzip
import os
import re
import struct
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
FRAME_BYTES = 10

SCHEMAS = {
    "reordered": '{"type":"record","name":"UserEvent","namespace":"freshet","fields":['
                 '{"name":"item_id","type":"string"},{"name":"event_time_ms","type":"int"},'
                 '{"name":"user_id","type":["null","string"],"default":null},'
                 '{"name":"event_id","type":"bytes"},{"name":"weight","type":"float"},'
                 '{"name":"action","type":{"type":"enum","name":"Action","symbols":["VIEW","X"],'
                 '"default":"X"}}]}',
    "tree": '{"type":"record","name":"T","fields":[{"name":"down","type":{"type":"array","items":'
            '"T"}},{"name":"by","type":{"type":"map","values":["null","T","double"]}}]}',
    "fixed": '{"type":"fixed","name":"a.F","size":9,"aliases":["G"]}',
    "enum": '{"type":"enum","name":"E","symbols":["A","B"],"default":"B"}',
    "nulls": '{"type":"array","items":{"type":"record","name":"N","fields":[]}}',
    "logical": '{"type":{"type":"long","logicalType":"timestamp-millis"}}',
    "not": '{"type":"record","name":"1bad","fields":{}}',
}

TEXTS = {
    "time": (0, struct.pack("<q", 1795424400000) + b"2026-11-23T09:00:00.123+01:00"),
    "time_real": (0, struct.pack("<d", 1.7954244e9) + b"1970-01-01 00:00:60Z"),
    "path": (1, (b"a.b[2][\"c.d\"]", b'{"a":{"b":[0,1,{"c.d":7}]}}')),
    "constant": (1, (b'="007"', b"{}")),
    "actions": (2, (b"OTHER:0.5", b"buy", b"PURCHASE:5", b"view", b"refuse")),
    "value_long": (3, b"\x00-5"),
    "value_size": (3, b"\x0364k"),
    "value_duration": (3, b"\x0410m"),
    "value_choice": (3, b"\x05zz"),
    "names": (4, (b"0:17,3:99", b"g2-b")),
    "near": (4, (b"commit.interval", b"comit.intreval.ms")),
    "quoted": (5, b"\x20plain \"quoted\" \xc3\xa9 \xff\x1b[31m\n=x"),
}

DATASETS = {
    "sequences": (b"u1 a b c\nu2 b c\n", b'{"a":["x",1],"b":[]}'),
    "ratings": (b"1::2::4.5::978300760\n1::3::2::978300761\n", b"2\tyear\tTwo Words Here\n"),
    "tabs": (b"1\t2\t5\t881250949\n2\t2\t1\t881250950\n", b""),
    "named": (b"ts,user,item,rating\n9,u,i,3\n8,u,j,nan\n", b"i\t\tone one one\n"),
    "crlf": (b"u,i\r\nu,j\r\n\r\n", b"{"),
}

RULES = {
    "shop": b"home.length=5\nhome.filter.a=price < 9 and not (brand in ('a', 'b') or age > 2d)\n"
            b"home.boost.b=1.5 if tags has 'a' from 2026-12-01 until 2026-12-27T08:30\n"
            b"home.exclude.c=view, click 3 times in 30d for 7d\nhome.cap.d=2 per tag\n"
            b"home.share.e=20% if user.bucket < 50\nhome.pin.f=2 if id = 'i3'\n"
            b"home.diversity=0.3\nhome.repeats=yes\nhome.fallback=new, uncapped\n",
    "faults": b"home.length=0\nhome.filter.x=price <\nx=\nhome.boost.b=+0.5 until 2026-02-30\n",
}

REQUESTS = {
    "whole": b"/v1/users/u1/recommendations\nlimit=3\noffset=1\nexclude=a,b%2Cc,,%C3%A4",
    "bad": b"/v1/users/%00%ff%4/recommendations\nlimit=-1\nsort\n0123456789abcdef",
}

SENTENCES = {
    "text": b"\0The ab abc. [SEP] \xe9\x9b\xbb \xd0\x99 \xff e\xcc\x81",
    "vocabulary": b"\1[UNK]\n[CLS]\r\n[SEP]\na\n##b\n\na",
    "tensors": b"\2" + struct.pack("<Q", 58) + b'{"x":{"dtype":"F16","shape":[4,4],'
               b'"data_offsets":[0,32]}} ' + bytes(32),
}

LINES = {
    "item_line": b'{"item_id":"i","title":"t","tags":["a",1],"vector":[1,2e300],"available":false}',
    "profile_line": b'{"user_id":"u","tags":[],"birth_year":19850000000,"country":"DE"}',
    "no_line": b'{"item_id":7}',
}

# Answers of a schema registry: which status (see fuzz_registry.c), and the body.
ANSWERS = {
    "id": (0, b'{"id":5}'),
    "id_large": (0, b'{"id":99999999999}'),
    "id_negative": (0, b'{"id":-1}'),
    "id_text": (0, b'{"id":"5"}'),
    "compatible": (0, b'{"is_compatible":true}'),
    "incompatible": (0, b'{"is_compatible":false,"messages":["READER_FIELD_MISSING",5,null]}'),
    "schema": (0, b'{"schema":"{\\"type\\":\\"string\\"}"}'),
    "schema_json": (0, b'{"schema":"{}","schemaType":"JSON"}'),
    "schema_refers": (0, b'{"schema":"A","references":[{"name":"A","subject":"a","version":1}]}'),
    "schema_nul": (0, b'{"schema":"a\\u0000b"}'),
    "not_found": (1, b'{"error_code":40403,"message":"Schema not found"}'),
    "no_page": (1, b"<html>404</html>"),
    "not_json": (0, b"OK"),
    "conflict": (7, b'{"error_code":409,"message":"%s%n"}'),
    "nothing": (0, b""),
}


def put(target, name, data):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)


def piece(data):
    return struct.pack("<H", len(data)) + data


def golden(name):
    with open(os.path.join(ROOT, "tests", "golden", name + ".hex"), encoding="ascii") as file:
        return bytes.fromhex(file.read())


def body(name):
    return golden(name)[FRAME_BYTES:]


def varint(number):
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def text(value):
    return varint(len(value)) + value.encode()


def columns(*lists):
    return b"".join(varint(len(one)) + b"".join(one) + b"\0" if one else b"\0" for one in lists)


def user_event(number, user, item, time_ms=1795424400000, action=2):
    return (text(f"e{number}") + text(user) + text(item) + varint(action) + struct.pack("<d", 1.0)
            + varint(time_ms) + varint(number) + varint(time_ms))


def codec(names):
    number = 0
    for name in names:
        put("codec", name, bytes([number]) + golden(name))
        if name in ("user_event", "user_state"):  # behind an id of a registry
            put("codec", "id_" + name, bytes([0x80 | number]) + body(name))
        number += 1
    # other writers of UserEvent and UserProfile, see `writers` in fuzz_codec.c; without frame
    event = (b"\x00\x02\x02k\x02\x00\x00\x00" + b"\x02\x02e" + b"\x02u" + b"\x02i" + b"\x04\x02"
             + b"\x80\x01" + b"\x06\x00" + b"\x04" + b"12345")
    profile = b"\x02u" + b"\x04\x00\x02a\x04\x02b\x00" + b"\x02\x01"
    for name, one in (("other_user_event", event), ("other_user_profile", profile)):
        put("codec", name, bytes([number]) + one)
        number += 1


def schema(names):
    for number, name in enumerate(names):
        with open(os.path.join(ROOT, "schemas", name + ".avsc"), "rb") as file:
            put("schema", name, bytes([number]) + piece(file.read()) + body(name))
    for name, one in SCHEMAS.items():
        event = names.index("user_event")
        put("schema", name, bytes([event]) + piece(one.encode()) + body("user_event"))
    for name in ("user_event", "item_neighbours", "user_state"):
        with open(os.path.join(ROOT, "schemas", "versions", name + ".1.avsc"), "rb") as file:
            old = os.path.join("versions", name + ".1")
            put("schema", "old_" + name,
                bytes([names.index(name)]) + piece(file.read()) + body(old))


def stored():
    segment = piece(body("user_archive"))
    numbers = struct.pack("<QQQB", 1795424400000, 1, 7, 8)
    put("stored", "user", b"\0" + piece(body("user_state")) + b"\x02" + segment * 2 + numbers * 3)
    old = golden(os.path.join("versions", "user_state.1"))
    put("stored", "old_user", b"\0" + piece(old) + b"\0")
    put("stored", "row", b"\x01i" + body("item_neighbours"))
    put("stored", "request", b"\x02" + struct.pack("<qB", 1795424400000, 9)
        + body("forget_request"))
    put("stored", "request_at_the_end_of_time", b"\x02" + struct.pack("<qB", (1 << 63) - 1, 255)
        + body("forget_request"))


def erasure(first, after, skipped=0, contributions=5):
    numbers = (0, 77, 1795424400000, 1795424400000, 300, 192, contributions, 0, first, after,
               skipped)
    return text("u") + text("r") + text("0123456789abcdef") + b"".join(map(varint, numbers))


def erasures():
    segment = piece(body("user_archive"))
    for name, one in (("short", erasure(0, 2)), ("skips", erasure(0, 2, 30)),
                      ("endless", erasure(0, (1 << 31) - 1)),
                      ("full", erasure(0, 2, 1 << 62, (1 << 63) - 1))):
        put("stored", "erasure_" + name, b"\x03" + piece(one) + b"\x02" + segment * 2)


def learner():
    """Edits of a checkpoint: where, how many bytes less one, the bytes."""
    def edit(at, value):
        return struct.pack("<IB", at, len(value) - 1) + value
    put("learner", "head", edit(8, b"\xff" * 8) + edit(120, struct.pack("<d", float("nan"))))
    put("learner", "weights", edit(5000, struct.pack("<f", float("inf"))))
    put("learner", "cut", b"\x09")


def neighbours(item, others, epoch=0, mass=3.0, co=1.0):
    """A row whose pairs all have the same counts."""
    reals = columns([struct.pack("<f", co) for _ in others])
    return (text(item) + varint(7) + varint(epoch) * 2 + struct.pack("<3d", mass, 3.0, 1.0)
            + varint(0) * 2 + columns([text(one) for one in others]) + reals * 3)


def history(items):
    """Of a user who did these, the newest last."""
    count = len(items)
    return (text("u") + columns([text(one) for one in items]) + columns([varint(2)] * count)
            + columns([struct.pack("<f", 1.0)] * count) + columns([varint(7)] * count)
            + columns([varint(n) for n in range(count)]) + b"\0" + varint(count) + varint(0)
            + varint(9) + varint(7) * 2)


def trial(kind, cells=0):
    """A trial of g2, or what its lists came to in partition 0: two lists and a hit a bucket."""
    numbers = [columns([varint(n)] * cells) for n in (2, 1)]
    return (varint(kind) + varint(1) + text("g2") + text("") + varint(0) + varint(5000)
            + varint(1) + b"\1" + struct.pack("<d", 0) + varint(0) * 2
            + varint(0 if cells else -1) + varint(9) + b"".join(numbers)
            + columns([struct.pack("<d", 0.5)] * cells) + varint(0) + struct.pack("<3d", 0, 0, 0))


def scorer():
    golden_history = b"\x02" + piece(body("user_history"))
    row, item = body("serving_row"), body("item")
    put("scorer", "all", b"\0\x00" + piece(row) + b"\x01" + piece(item) + golden_history
        + b"\x03" + piece(body("generation_step")) + golden_history)
    put("scorer", "trial", b"\0" + b"".join(b"\x06" + piece(one) for one in (
        body("trial_record"), trial(1), trial(3, cells=128), trial(2))))
    put("scorer", "gone", b"\1\x00" + piece(row) + b"\x04" + piece(b"i1") + b"\x05"
        + piece(b"i1") + golden_history)
    for number, measure in enumerate(("cosine", "jaccard", "llr")):
        rows = [neighbours("a", "bcd"), neighbours("b", "ac"), neighbours("c", "ab")]
        put("scorer", measure, bytes([number]) + b"".join(b"\0" + piece(one) for one in rows)
            + b"\x02" + piece(history("ad")))
        rows = [neighbours("a", "bc"), neighbours("b", "a"), neighbours("c", "a", epoch=600)]
        put("scorer", f"{measure}_decayed", bytes([number])
            + b"".join(b"\0" + piece(one) for one in rows) + b"\x02" + piece(history("ac")))
        rows = [neighbours("a", "bc", mass=1e-300, co=1e12), neighbours("b", "a", mass=1e-300)]
        put("scorer", f"{measure}_lopsided", bytes([number])
            + b"".join(b"\0" + piece(one) for one in rows) + b"\x02" + piece(history("a")))


def vector(item, row, generation="g1", slot=0, scale=0.02, d=16):
    numbers = bytes((row * 37 + n * 11) % 256 for n in range(d))
    return b"\0" + piece(text(item) + text(generation) + varint(slot) + varint(row)
                         + struct.pack("<f", scale) + varint(d) + numbers)


def weights(generation="g1", slot=0, items=3, numbers=(0.1, -0.2, 0.3), model="sequence", part=0,
            parts=1, d=16, hidden=16, blocks=1, heads=2, length=4, kind=2):
    """Of kind 2: its numbers are repeated by the target until they are enough."""
    whole = (part, parts, items, d, hidden, blocks, heads, length, 9)
    return bytes([kind]) + piece(
        text(model) + text(generation) + varint(slot) + b"".join(map(varint, whole))
        + struct.pack("<2d", 0.2, 0.1) + columns([struct.pack("<f", one) for one in numbers]))


def described(item, tags):
    return b"\x03" + piece(text(item) + text("Some Title") + columns([text(tag) for tag in tags])
                           + text("") + b"\0" + b"\1" + varint(1795424400000))


def vectors():
    """Inputs that begin with who leads: 0 the mixture, 1 the sequence model; 0x40: content too."""
    asked = b"\x04" + piece(history("ab"))
    rows = b"".join(vector(item, n) for n, item in enumerate("abc"))
    next_rows = b"".join(vector(item, 2 - n, "g2", 1) for n, item in enumerate("abc"))
    put("vectors", "serves", b"\1" + rows + weights() + asked)
    put("vectors", "announced_first", b"\0" + weights() + rows + asked)
    put("vectors", "switch", b"\1" + rows + weights() + asked + next_rows + asked
        + weights("g2", 1) + asked + rows.replace(text("g1"), text("g3")) + weights("g3") + asked)
    put("vectors", "switch_width", b"\1" + rows + weights() + asked
        + b"".join(vector(item, n, "g2", 1, d=32) for n, item in enumerate("abcd"))
        + weights("g2", 1, d=32, heads=4, items=4, blocks=2) + asked
        + vector("a", 0, "g3", 0) + weights("g3", items=1, length=1) + asked)
    put("vectors", "late", b"\1" + rows + weights() + vector("d", 3) + vector("e", 4)
        + vector("a", 5) + asked + b"\x04" + piece(history("de")))
    put("vectors", "parts", b"\1" + vector("a", 0, d=64) + b"".join(
        weights(items=1, part=part, parts=4, d=64, hidden=64, blocks=8, length=64)
        for part in (1, 0, 3, 2)) + asked)
    put("vectors", "blend", b"\2" + rows + weights()
        + weights("", model="blend", numbers=(1.0, 0.5, 0.25, 2.0)) + asked * 3)
    put("vectors", "content", b"\x41" + described("a", ("x", "y")) + described("d", ("x",))
        + rows + weights() + asked + described("e", ("y", "x")) + asked)
    put("vectors", "counted", b"\0" + b"\5" + piece(neighbours("a", "bcd")) + b"\5"
        + piece(neighbours("b", "ac")) + rows + weights() + asked)
    put("vectors", "as_it_stands", b"\1" + weights(kind=1)
        + b"\0" + piece(body("item_vector")) + b"\1" + piece(body("model_weights")))


def workers():
    click = b'{"event_id":"e","user_id":"u","item_id":"i","action":"a","event_time_ms":%d}'
    clicks = b"".join(b"\0\0" + piece(click % (1795424400000 - n * 1000)) for n in range(3))
    put("workers", "clicks", clicks + b"\0\0" + piece(b"{") + b"\0\x20" + piece(b""))
    events = [(1, f"u{n % 3}", f"i{n % 5}", 1795424400000 - n * 60000) for n in range(12)]
    put("workers", "events", b"".join(
        b"\x01\0" + piece(user_event(n, user, item, time_ms))
        for n, (_, user, item, time_ms) in enumerate(events)))
    put("workers", "forget", b"\x01\0" + piece(user_event(1, "u", "i")) + b"\x02\0"
        + piece(text("r1") + text("u") + varint(0) + varint(1795424400000)))
    put("workers", "tables", b"\x03\0" + piece(body("item")) + b"\x04\0"
        + piece(body("pair_deltas")) + b"\x05\0" + piece(body("user_history")))
    put("workers", "strange_times", b"".join(
        b"\x01" + bytes([n]) + piece(user_event(n, "u", "i", 253402300799999)) for n in range(8)))


def checkpoint():
    """A block as model/transformer/transformer_checkpoint.c lays it out, all weights zero."""
    def block(items=3, d=16, hidden=16, blocks=1, heads=2, length=4, attributes=0, reserved=0,
              flags=0, lanes=1, tail=b""):
        head = struct.pack("<8sII9I3f4I4Q", b"freshTF\0", 1, flags, items, d, hidden, blocks,
                           heads, length, attributes, reserved, 0, 0.1, 0.01, 0.0, 0, 8, lanes, 0,
                           7, 0, 0, 2 if flags & 2 else 0)
        each = 8 * d + 4 * d * d + 2 * d * hidden + hidden + d
        count = (length + 1 + attributes + items + 2) * d + blocks * each
        runs = 3 if flags & 1 else 1
        return b"\x01" + head + bytes(4 * count * runs) + tail + bytes(8)

    put("checkpoint", "plain", block())
    put("checkpoint", "state", block(flags=1))
    put("checkpoint", "attributes", block(flags=2, attributes=2,
                                          tail=struct.pack("<4Q2i", 0, 1, 1, 2, 0, 1)))
    put("checkpoint", "long", block(length=100, heads=16, lanes=64))
    put("checkpoint", "cut", block()[:-100])
    put("checkpoint", "reserved", block(reserved=2))


def texts():
    for name, (number, parts) in TEXTS.items():
        whole = parts if isinstance(parts, bytes) else b"".join(piece(one) for one in parts)
        put("texts", name, bytes([number]) + whole)


def rules():
    for name, text in RULES.items():
        put("rules", name, text)


def registry():
    for name, (status, body_of) in ANSWERS.items():
        put("registry", name, bytes([status]) + body_of)


def dataset():
    for name, (actions, attributes) in DATASETS.items():
        put("dataset", name, b"\0\0\0" + piece(actions) + piece(attributes))
    put("dataset", "columns", b"\0\0\1" + piece(b"user=who,item=what,time=at:ms") +
        piece(b'at,who,what\n1396867929000,u1,"i,1"\n') + piece(b""))
    for name, line in LINES.items():
        put("dataset", name, b"\x01" + bytes([name != "profile_line"]) + line)


def payload():
    """First bytes: what to read; then format, frame, whether a header names the schema."""
    def record(name, way, wire):
        put("payload", name, bytes(way) + wire)

    view = text("u1") + varint(1) + varint(7) + b"\0\0"
    proto = b"\x0a\x02u1\x10\x07\x1a\x03\x0a\x01x\x2a\x06\x08\x80\x80\x80\xd8\x06"
    record("json", (0, 0, 0, 0), b'\xef\xbb\xbf{"a":1}\n[{"b":"{}"}]')
    record("json_frame", (0, 0, 0, 0), b'\0\0\0\0\7{"a":1}')
    record("json_gzip", (0, 0, 0, 0), gzip.compress(b'{"a":[1,2]}\n' * 3, mtime=0))
    record("avro_id", (0, 1, 0, 0), b"\0\0\0\0\7" + view)
    record("avro_wide", (0, 1, 2, 0), b"\0\0\0\0\0\0\0\0\7" + view)
    record("avro_glue", (0, 1, 3, 0), b"\3\5" + bytes(16) + zlib.compress(view))
    record("avro_header", (0, 1, 4, 1), piece(b"\0\0\0\0\7") + view)
    record("avro_bare", (0, 1, 5, 0), view)
    meta = varint(2) + text("avro.schema") + text('"string"') + text("avro.codec")
    packed = zlib.compress(text("a") + text("b"))[2:-4]
    record("avro_file", (0, 1, 0, 0), b"Obj\1" + meta + text("deflate") + b"\0" + b"m" * 16 +
           varint(2) + varint(len(packed)) + packed + b"m" * 16)
    record("protobuf_id", (0, 2, 0, 0), b"\0\0\0\0\x08\0" + proto)
    record("protobuf_inner", (0, 2, 0, 0), b"\0\0\0\0\x08\4\0\0\x08\1")
    record("protobuf_bare", (0, 2, 5, 0), proto)
    record("csv", (0, 3, 0, 0), b'1,"2,""x""\n",3\r\n4,,6')
    record("tsv", (0, 4, 0, 0), b'1\t"2\t{}\n')
    record("csv_header", (0, 5, 0, 0), b"a,b\n1,2\n")
    record("proto_text", (6,), piece(b'syntax = "proto3"; message A { string a = 1; A b = 2; '
                                     b"map<int32, A> c = 3; }") + b"\x0a\1x\x12\0")
    record("proto_set", (6,), piece(b"\x0a\x1c\x0a\x07v.proto\x22\x11\x0a\x01V\x12\x0c"
                                    b"\x0a\x04user\x18\x01\x20\x01\x28\x09") + b"\x0a\1u")
    record("references", (7,), piece(b'["a.A","B"]') +
           piece(b'{"type":"record","name":"a.A","fields":[{"name":"x","type":"B"}]}') +
           piece(b'{"type":"fixed","name":"B","size":1}'))


def main():
    with open(os.path.join(ROOT, "schemas", "contracts.c"), encoding="ascii") as file:
        names = re.findall(r"&(\w+)_contract\b", file.read())
    codec(names)
    schema(names)
    stored()
    erasures()
    learner()
    scorer()
    vectors()
    workers()
    checkpoint()
    texts()
    registry()
    rules()
    dataset()
    payload()
    for name, data in REQUESTS.items():
        put("serve", name, data)
    for name, data in SENTENCES.items():
        put("sentences", name, data)


if __name__ == "__main__":
    main()
