"""The events that are measured with, in the three shapes in which they travel.

A row is (user, item, weight or None, seconds). MovieLens-100k comes from deploy/movielens; the
MovieLens-1M stream from a file "ts,user,item,rating_or_0,flag", whose rating 0 means unknown: such
an event says "seen", with the weight that the mapping gives to a view.
"""

import gzip
import io
import json
import os
import subprocess
from functools import cache
from pathlib import Path

import checkout

ML_1M = "ml-1m/ml-1m_stream_partly_interpolated.csv.gz"


def ml_100k(ratings=None):
    directory = checkout.BUILD / "data" / "ml-100k"
    given = ["--ratings", str(ratings)] if ratings else []
    subprocess.run([checkout.ROOT / "deploy/movielens", "--dir", directory, *given], check=True,
                   env=checkout.with_build())
    with open(directory / "events.jsonl", encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    return [(e["user"], e["item"], e["value"], e["ts"]) for e in events]


def find_ml_1m(given):
    """The stream's path, or None: it cannot be passed on with the project."""
    candidates = [given] if given else [
        *([Path(os.environ["FRESHET_DATA"]) / ML_1M] if "FRESHET_DATA" in os.environ else []),
        checkout.ROOT.parent / "shared" / "data" / ML_1M]
    return next((path for path in candidates if path.exists()), None)


def ml_1m(path):
    rows = []
    with gzip.open(path, "rt", encoding="ascii") as file:
        next(file)
        for line in file:
            seconds, user, item, rating, _ = line.split(",")
            rows.append((user, item, float(rating) or None, int(seconds)))
    return rows


def as_json(rows, first=1):
    """What a platform's tracker would send: (key, value) pairs."""
    for number, (user, item, weight, seconds) in enumerate(rows, first):
        kind = {"type": "view"} if weight is None else {"type": "rating", "value": weight}
        event = {"id": f"ml-{number:07}", "user": user, "item": item, **kind, "ts": seconds}
        yield user.encode(), json.dumps(event, separators=(",", ":")).encode()


def as_user_events(rows, first=1):
    """The contract UserEvent in Avro single-object encoding: (key, value) pairs."""
    encode = encoder("user_event.avsc")
    for number, (user, item, weight, seconds) in enumerate(rows, first):
        yield user.encode(), encode({
            "event_id": f"ml-{number:07}", "user_id": user, "item_id": item,
            "action": "VIEW" if weight is None else "RATING",
            "weight": 1.0 if weight is None else weight,
            "event_time_ms": seconds * 1000, "sequence": number, "received_ms": 0})


def as_peer_events(rows, first=1):
    """What the peer reads: "id,item,weight,time_ms" keyed by user."""
    for number, (user, item, weight, seconds) in enumerate(rows, first):
        value = f"ml-{number:07},{item},{1.0 if weight is None else weight},{seconds * 1000}"
        yield user.encode(), value.encode()


@cache
def encoder(contract):
    """Makes a function that encodes a contract's messages: single-object encoding."""
    import fastavro
    schema = fastavro.parse_schema(json.loads((checkout.ROOT / "schemas" / contract).read_text()))
    header = single_object_header(schema)

    def encode(value):
        out = io.BytesIO()
        out.write(header)
        fastavro.schemaless_writer(out, schema, value)
        return out.getvalue()
    return encode


def single_object_header(schema):
    """C3 01 and the schema's CRC-64-AVRO fingerprint, little endian."""
    from fastavro.schema import fingerprint, to_parsing_canonical_form
    text = fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
    return b"\xc3\x01" + bytes.fromhex(text)
