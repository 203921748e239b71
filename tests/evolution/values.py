"""Records that a schema can have, from a number: the edges of each type, all symbols, all branches
of each union."""

import random
import struct

TEXTS = ["", "B004756YJA", "Ærø", "湧き水", 'a"b\\c\n', "🌊", "x" * 70]
LONGS = [0, -1, 63, 64, -65, 8192, 1700000000000, 2**31, 2**53 + 1, 2**63 - 1, -(2**63)]
INTS = [0, 1, -2, 64, -8193, 2**24 + 1, 2**31 - 1, -(2**31)]
REALS = [0.0, -0.0, 0.5, -2.25, 3.4028234663852886e38, 1.401298464324817e-45, 0.1, 1e300, 5e-324]
DEPTH_MAX = 3


def near(value):
    """As a float holds it."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


class Values:
    def __init__(self, schema):
        self.named = {}
        self.schema = schema
        self.draw = random.Random(0)

    def record(self, number):
        """The record of this number; neighbouring numbers go through symbols and branches."""
        self.draw.seed(number)
        return self.value(self.schema, number, 0)

    def value(self, kind, number, depth):
        if isinstance(kind, str) and kind in self.named:
            kind = self.named[kind]
        if isinstance(kind, list):
            ends = depth >= DEPTH_MAX and "null" in kind
            return self.value("null" if ends else kind[number % len(kind)], number, depth)
        if isinstance(kind, dict) and "name" in kind:
            self.named[kind["name"]] = kind
        word = kind["type"] if isinstance(kind, dict) else kind
        if isinstance(word, (dict, list)):
            return self.value(word, number, depth)
        if word in ("record", "array", "map"):
            return self.nested(word, kind, number, depth)
        if word == "enum":
            return kind["symbols"][number % len(kind["symbols"])]
        return self.plain(word, kind)

    def nested(self, word, kind, number, depth):
        if word == "record":
            return {field["name"]: self.value(field["type"], number, depth + 1)
                    for field in kind["fields"]}
        count = 0 if depth >= DEPTH_MAX else (number * 3) % 8
        items = kind["items" if word == "array" else "values"]
        made = [self.value(items, number + i, depth + 1) for i in range(count)]
        return made if word == "array" else {f"key{i}": one for i, one in enumerate(made)}

    def plain(self, word, kind):
        draw = self.draw
        if word == "null":
            return None
        if word == "boolean":
            return draw.random() < 0.5
        if word == "string":
            return draw.choice(TEXTS)
        if word == "bytes":  # also a text, so that it may become one
            return draw.choice(TEXTS).encode()
        if word == "fixed":
            return draw.randbytes(kind["size"])
        if word == "int":
            return draw.choice([draw.choice(INTS), draw.randrange(-(2**31), 2**31)])
        if word == "long":
            return draw.choice([draw.choice(LONGS), draw.randrange(-(2**63), 2**63)])
        if word == "float":
            return near(draw.choice([draw.choice(REALS[:7]), draw.uniform(-1e6, 1e6)]))
        if word == "double":
            return draw.choice([draw.choice(REALS), draw.uniform(-1e6, 1e6)])
        raise ValueError(word)
