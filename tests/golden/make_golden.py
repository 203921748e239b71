"""Makes the golden messages with fastavro, an independent Avro: needs `pip install fastavro`.

    python3 tests/golden/make_golden.py          writes tests/golden/ anew
    python3 tests/golden/make_golden.py check    compares tests/golden/ with what it would write
    python3 tests/golden/make_golden.py read DIR reads messages of ours with fastavro: those that
                                                 GOLDEN_OUT=DIR test_contracts wrote
    python3 tests/golden/make_golden.py keep     after a schema was changed: keeps it as a version,
                                                 and writes tests/golden/ anew

Per contract: NAME.hex is one message in single-object encoding, NAME.json is what it says.
old_NAME.avsc is a foreign writer's schema; versions/NAME.N.hex was written by schemas/versions/
NAME.N.avsc, each that NAME has had, the newest as it is now; the .json is what our reader makes of
them. A version that is kept never changes.
fingerprints.txt: full name, CRC-64-AVRO as a number in hex.
"""
import glob
import io
import json
import os
import shutil
import struct
import sys

import fastavro
from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

# value_of() turns its wheel from here for other writers' messages.
OTHERS_SALT = 1

HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMAS = os.path.normpath(os.path.join(HERE, "..", "..", "schemas"))
VERSIONS = os.path.join(SCHEMAS, "versions")

TEXTS = ["B004756YJA", "Ærø", "", "湧き水", "a\"b\\c\n", "🌊"]
LONGS = [0, -1, 63, 64, 8192, -1234567, 1700000000000, 2**63 - 1, -(2**63)]
INTS = [0, 1, -2, 64, 2**31 - 1, -(2**31)]
REALS = [0.5, -2.25, 1024.125, 0.0078125, 3.75]
BYTES = ["vått".encode(), bytes(range(0, 256, 5))]


NAMED = {}


def value_of(schema, salt):
    """A value that shows the edges of its type; salt turns the wheel."""
    schema = NAMED.get(schema, schema) if isinstance(schema, str) else schema
    if isinstance(schema, dict) and "name" in schema:
        NAMED[schema["name"]] = schema
    if isinstance(schema, list):
        return value_of(schema[salt % len(schema)], salt)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if isinstance(kind, (dict, list)):
        return value_of(kind, salt)
    if kind == "record":
        return {f["name"]: value_of(f["type"], salt + i) for i, f in enumerate(schema["fields"])}
    if kind == "array":
        return [value_of(schema["items"], salt + i) for i in range(5)]
    if kind == "map":
        return {TEXTS[i]: value_of(schema["values"], salt + i) for i in range(3)}
    if kind == "enum":
        return schema["symbols"][salt % len(schema["symbols"])]
    if kind == "fixed":
        return bytes((salt + i) % 256 for i in range(schema["size"]))
    wheel = {"string": TEXTS, "long": LONGS, "int": INTS, "float": REALS, "double": REALS,
             "boolean": [True, False], "bytes": BYTES, "null": [None]}[kind]
    return wheel[salt % len(wheel)]


def crc(schema):
    # fastavro prints the fingerprint's bytes as they stand in a message, least significant first
    return bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def message_of(schema, value):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, parse_schema(schema), value)
    return b"\xc3\x01" + crc(schema) + out.getvalue()


def plain(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def without_logical(schema):
    if isinstance(schema, dict):
        return {k: without_logical(v) for k, v in schema.items() if k != "logicalType"}
    return [without_logical(s) for s in schema] if isinstance(schema, list) else schema


def files():
    """All golden files: name -> text."""
    made = {}
    prints = []
    for path in sorted(glob.glob(os.path.join(SCHEMAS, "*.avsc"))):
        name = os.path.basename(path)[:-5]
        schema = without_logical(load(path))
        value = value_of(schema, len(name))
        made[name + ".hex"] = message_of(schema, value).hex() + "\n"
        made[name + ".json"] = json.dumps(plain(value), ensure_ascii=False) + "\n"
        number = struct.unpack("<Q", crc(schema))[0]
        prints.append("%s.%s %016x\n" % (schema["namespace"], schema["name"], number))
    made["fingerprints.txt"] = "".join(prints)
    for path in sorted(glob.glob(os.path.join(HERE, "old_*.avsc")) + kept("*")):
        folder = "" if path.startswith(HERE) else "versions/"
        name = os.path.basename(path)[:-5]
        reader = name.removeprefix("old_").split(".")[0]
        name = folder + name
        made[name + ".hex"], made[name + ".json"] = read_by_us(path, reader)
    return made


def read_by_us(path, reader):
    """A message of that writer's schema, and what our reader makes of it."""
    writer = without_logical(load(path))
    ours = without_logical(load(os.path.join(SCHEMAS, reader + ".avsc")))
    message = message_of(writer, value_of(writer, OTHERS_SALT))
    read = fastavro.schemaless_reader(io.BytesIO(message[10:]), parse_schema(writer),
                                      parse_schema(ours))
    return message.hex() + "\n", json.dumps(plain(read), ensure_ascii=False) + "\n"


def kept(name):
    """The kept versions of a contract, oldest first."""
    paths = glob.glob(os.path.join(VERSIONS, name + ".*.avsc"))
    parts = {path: os.path.basename(path).split(".") for path in paths}
    return sorted(paths, key=lambda path: (parts[path][0], int(parts[path][1])))


def without_doc(schema):
    """What matters to a reader or writer."""
    if isinstance(schema, dict):
        return {key: without_doc(one) for key, one in schema.items() if key != "doc"}
    return [without_doc(one) for one in schema] if isinstance(schema, list) else schema


def not_kept():
    """Names of the contracts that are otherwise than their newest kept version."""
    names = sorted(os.path.basename(path)[:-5] for path in glob.glob(SCHEMAS + "/*.avsc"))
    return [name for name in names if not kept(name) or
            without_doc(load(kept(name)[-1])) !=
            without_doc(load(os.path.join(SCHEMAS, name + ".avsc")))]


def keep():
    for name in not_kept():
        to = os.path.join(VERSIONS, "%s.%d.avsc" % (name, len(kept(name)) + 1))
        shutil.copyfile(os.path.join(SCHEMAS, name + ".avsc"), to)
        print("kept", os.path.relpath(to))


def check():
    for name, text in files().items():
        with open(os.path.join(HERE, name), encoding="utf-8") as file:
            if file.read() != text:
                sys.exit("tests/golden/%s is not what fastavro makes" % name)


def read(directory):
    count = 0
    for path in sorted(glob.glob(os.path.join(SCHEMAS, "*.avsc"))):
        schema = without_logical(load(path))
        ours = os.path.join(directory, schema["name"])
        with open(ours + ".hex", encoding="ascii") as hexes, \
                open(ours + ".jsonl", encoding="utf-8") as lines:
            for hex_line, line in zip(hexes, lines, strict=True):
                message = bytes.fromhex(hex_line)
                assert message[:10] == b"\xc3\x01" + crc(schema), ours
                body = io.BytesIO(message[10:])
                value = fastavro.schemaless_reader(body, parse_schema(schema))
                assert body.read() == b"", ours
                assert same(plain(value), json.loads(line)), (ours, plain(value), line)
                count += 1
    print("fastavro read %d messages of ours" % count)


def same(one, other):
    """Equal, but for floats, whose shortest text reads back to a near double."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        if one == other:
            return True
        return struct.pack("<f", one) == struct.pack("<f", other)
    return one == other


def main():
    if sys.argv[1:2] == ["check"]:
        check()
    elif sys.argv[1:2] == ["read"]:
        read(sys.argv[2])
    else:
        if sys.argv[1:2] == ["keep"]:
            keep()
        for name, text in files().items():
            with open(os.path.join(HERE, name), "w", encoding="utf-8") as file:
                file.write(text)


if __name__ == "__main__":
    main()
