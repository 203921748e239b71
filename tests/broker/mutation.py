"""Records that began as good ones and were bent, each from the seed and its number alone.

    for n in range(count): record = mutated(seed, n, source)

gives a Mutated(key, value, whole): a fifth are as they were (whole: a worker must accept them), the
others have bits turned, pieces cut out, doubled, swapped, put in from other records or from a list
of what parsers stumble over. Keys, too, may be anything.
"""

import hashlib
import random
from typing import NamedTuple, Optional

from bad_input import avro_body, avro_frame, event, json_good

WHOLE_SHARE = 0.2
EDITS_MOST = 4
KEY_LARGE_ONE_IN = 2000
KEY_LARGE_BYTES = 60_000

TOKENS = [
    b"\0", b"\xff", b"\x80" * 11, b"\xff" * 9 + b"\x01", b"\x7f", b"null", b"true", b"-0", b"1e999",
    b"99999999999999999999", b'"', b'\\"', b"\\u0000", b"\\ud800", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    b"{", b"}", b"[" * 70, b"]", b",", b":", b"//", b'"user_id":"u2",', b"NaN", b"\xc3\x01",
    b"\xc3\x01" + bytes(8), b"\n", b" " * 200, b"\x1b[31m", b"%s%n", b"../../etc/passwd",
]


class Mutated(NamedTuple):
    key: Optional[bytes]
    value: Optional[bytes]
    whole: bool


class Mutator:
    """Makes the records of one seed and source."""

    def __init__(self, seed, source):
        self.seed, self.source = seed, source
        self.frame = avro_frame() if source == "avro" else b""

    def good(self, rng, n):
        if self.source == "json":
            return json_good(rng, n)
        return self.frame + avro_body(event(rng, n))

    def record(self, n):
        rng = random.Random(f"{self.source}-{self.seed}-{n}")
        value = self.good(rng, n)
        key = mutated_key(rng)
        if rng.random() < WHOLE_SHARE:
            return Mutated(key, value, True)
        bent = bytearray(value)
        for _ in range(rng.randint(1, EDITS_MOST)):
            rng.choice(EDITS)(rng, bent, self, n)
        return Mutated(key, None if rng.random() < 0.005 else bytes(bent), False)


def mutated_key(rng):
    pick = rng.randrange(10)
    if pick < 4:
        return None
    if pick < 8:
        return f"u{rng.randrange(500)}".encode()
    if rng.randrange(KEY_LARGE_ONE_IN) == 0:
        return rng.randbytes(KEY_LARGE_BYTES)
    return rng.randbytes(rng.randrange(40))


# ---- Edits ----

def place(rng, bent):
    return rng.randrange(len(bent) + 1)


def span(rng, bent):
    begin = place(rng, bent)
    return begin, min(len(bent), begin + 1 + int(rng.expovariate(0.1)))


def turn_bit(rng, bent, mutator, n):
    if bent:
        bent[rng.randrange(len(bent))] ^= 1 << rng.randrange(8)


def set_byte(rng, bent, mutator, n):
    if bent:
        bent[rng.randrange(len(bent))] = rng.randrange(256)


def cut_out(rng, bent, mutator, n):
    begin, end = span(rng, bent)
    del bent[begin:end]


def cut_end(rng, bent, mutator, n):
    del bent[place(rng, bent):]


def double(rng, bent, mutator, n):
    begin, end = span(rng, bent)
    at = place(rng, bent)
    bent[at:at] = bent[begin:end]


def put_token(rng, bent, mutator, n):
    at = place(rng, bent)
    bent[at:at] = rng.choice(TOKENS)


def cross(rng, bent, mutator, n):
    other = mutator.good(rng, n + 1)
    bent[place(rng, bent):] = other[rng.randrange(len(other) + 1):]


EDITS = [turn_bit, turn_bit, set_byte, cut_out, cut_end, double, put_token, put_token, cross]


def digest(key, value):
    """Eight bytes that tell a record's key and value from any other's."""
    told = hashlib.blake2b(digest_size=8)
    for part in (key, value):
        told.update(b"-" if part is None else len(part).to_bytes(8, "little") + part)
    return int.from_bytes(told.digest(), "little")
