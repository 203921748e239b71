"""What real producers send, through a broker and a registry: every frame, odd names, references,
several types in a topic, Protobuf, CSV, batches; and files by `freshet replay`. One source each."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from conftest import BIN

FILES = Path(__file__).resolve().parents[1] / "files/replay"
TIME_MS = 1_795_424_400_000
VIEW = bytes.fromhex("047531046931f0fb90fac068")  # user u1, item i1, ts
FIELDS = [{"name": "user", "type": "string"}, {"name": "item", "type": "string"},
          {"name": "ts", "type": "long"}]
COMMON = {"map.id": "", "map.weight": "", "map.sequence": "", "map.action": "=v",
          "action.v": "VIEW:1", "map.user": "user", "map.item": "item", "map.time": "ts"}
GUID = bytes(15) + b"\5"
CONTAINER = bytes.fromhex(
    "4f626a0104146176726f2e636f646563086e756c6c166176726f2e736368656d61ac027b2274797065223a20227265"
    "636f7264222c20226e616d65223a202256696577222c20226669656c6473223a205b7b226e616d65223a2022757365"
    "72222c202274797065223a2022737472696e67227d2c207b226e616d65223a20226974656d222c202274797065223a"
    "2022737472696e67227d2c207b226e616d65223a20227473222c202274797065223a20226c6f6e67227d5d7d005f4b"
    "e212d27a9cb6a6180b09ed476d370430047531046931f0fb90fac068047531046931f0fb90fac0685f4be212d27a9c"
    "b6a6180b09ed476d37")
VIEW_PROTO = (
    'syntax = "proto3"; package shop; import "user.proto"; message Other {} '
    'import "google/protobuf/timestamp.proto"; message View { shop.User user = 1; '
    'string item = 2; google.protobuf.Timestamp at = 3; }')


def record(name="View", fields=None, **more):
    return json.dumps({"type": "record", "name": name, "fields": fields or FIELDS, **more})


# id -> schema, type, references.
SCHEMAS = {
    1: (record(), "AVRO", None),
    2: (record(namespace="my-shop.public.views"), "AVRO", None),
    3: (record(namespace="com.shop.Events$"), "AVRO", None),
    4: (record(fields=[{"name": "user", "type": "shop.User"}, *FIELDS[1:]]), "AVRO",
        [{"name": "shop.User", "subject": "user-value", "version": 1}]),
    5: (record("PageViewed", namespace="shop"), "AVRO", None),
    6: (record("OrderPlaced", namespace="shop"), "AVRO", None),
    7: (record("Heartbeat", [{"name": "at", "type": "long"}], namespace="shop"), "AVRO", None),
    8: ('{"type":"object"}', "JSON", None),
    10: (record(fields=[{"name": "user", "type": {"type": "bytes", "logicalType": "decimal",
                                                  "precision": 38, "scale": 0}}, *FIELDS[1:]]),
         "AVRO", None),
    11: (record("Key", [{"name": "id", "type": "string"}]), "AVRO", None),
    12: (record("P", [{"name": "id", "type": "string"}, {"name": "name", "type": "string"}]),
         "AVRO", None),
    9: (VIEW_PROTO, "PROTOBUF", [{"name": "user.proto", "subject": "user-proto", "version": 2}]),
}
SUBJECTS = {
    "/subjects/user-value/versions/1":
        {"schema": record("User", [{"name": "id", "type": "string"}], namespace="shop")},
    "/subjects/user-proto/versions/2":
        {"schema": 'syntax = "proto3"; package shop; message User { string id = 1; }',
         "schemaType": "PROTOBUF"},
}


class Answers(BaseHTTPRequestHandler):
    """A schema registry of these schemas."""

    def do_GET(self):
        answer = SUBJECTS.get(self.path)
        number = self.path.rsplit("/", 1)[1]
        if self.path.startswith("/schemas/ids/") and int(number) in SCHEMAS:
            schema, kind, references = SCHEMAS[int(number)]
            answer = {"schema": schema, "schemaType": kind, "references": references or []}
        body = json.dumps(answer or {"error_code": 40403, "message": "not found"}).encode()
        self.send_response(200 if answer else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(name="registry")
def start_registry():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def by_id(number, body=VIEW):
    return b"\0" + number.to_bytes(4, "big") + body


def plain(user="u1", item="i1"):
    return json.dumps({"user": user, "item": item, "ts": TIME_MS - 5000}).encode()


AVRO = {"format": "avro"}
NAMED = {"format": "avro", "schema": "1"}
TYPES = {"format": "avro", "map.kind": "$schema", "kind.shop.PageViewed": "take",
         "kind.shop.OrderPlaced": "take", "kind.default": "ignore", "map.action": "$schema",
         "action.shop.PageViewed": "VIEW:1", "action.shop.OrderPlaced": "PURCHASE:5"}
PROTOBUF = {"format": "protobuf", "map.user": "user.id", "map.time": "at", "time.format": "iso8601"}
PROTO_BODY = bytes.fromhex("0a040a02753112026931" "1a06" "088d8190d806")
# source -> settings, records (value, headers), actions of the events.
CASES = {
    "hyphen": (AVRO, [(by_id(2),)], ["VIEW"]),
    "dollar": (AVRO, [(by_id(3),)], ["VIEW"]),
    "references": ({**AVRO, "map.user": "user.id"}, [(by_id(4),)], ["VIEW"]),
    "types": (TYPES, [(by_id(5),), (by_id(6),), (by_id(7, b"\2"),)], ["VIEW", "PURCHASE"]),
    "jsonframe": ({}, [(by_id(8, plain()),)], ["VIEW"]),
    "wide": (AVRO, [(b"\0" + bytes(7) + b"\1" + VIEW,)], ["VIEW"]),
    "wide-said": ({**AVRO, "frame": "apicurio"}, [(b"\0" + bytes(7) + b"\1" + VIEW,)], ["VIEW"]),
    "glue": ({**NAMED, "frame": "glue"}, [(b"\3\0" + GUID + VIEW,)], ["VIEW"]),
    "bare": ({**NAMED, "frame": "none"}, [(VIEW,)], ["VIEW"]),
    "container": (AVRO, [(CONTAINER,)], ["VIEW", "VIEW"]),
    "header": ({**NAMED, "frame": "header"}, [(VIEW, [("__value_schema_id", b"\1" + GUID)]),
                                              (VIEW, [("__value_schema_id", b"\0\0\0\0\1")])],
               ["VIEW", "VIEW"]),
    "anything": (NAMED, [(b"\0" + bytes(7) + b"\1" + VIEW,), (b"\3\0" + GUID + VIEW,), (VIEW,),
                         (CONTAINER,), (VIEW, [("__value_schema_id", b"\1" + GUID)])],
                 ["VIEW"] * 6),
    "proto": (PROTOBUF, [(by_id(9, b"\2\2" + PROTO_BODY),)], ["VIEW"]),
    "rows": ({"format": "csv", "columns": "user,item,ts"},
             [(b'u1,"i1",1795424395000\nu1,i1,1795424395001\n',)], ["VIEW", "VIEW"]),
    "batch": ({}, [(b"[" + plain() + b"," + plain() + b"]",)], ["VIEW", "VIEW"]),
    "decimals": (AVRO, [(by_id(10, bytes.fromhex(f"04{number}046931f0fb90fac068")),)
                        for number in ("45ba", "03e9", "012c")] +
                 [(by_id(10, bytes.fromhex("0241046931f0fb90fac068")),)], ["VIEW"] * 4),
    "catalogue": ({**AVRO, "becomes": "Item", "map.item": "id|$key.id", "map.title": "name"}, [],
                  []),
    "files": ({}, [], ["VIEW"] * 5),
}
USERS = {"u1", "u2", "17850", "1001", "300", "65"}
REFUSED = {"bad_protobuf": ("proto", by_id(9, b"\2\2\xff")), "bad_csv": ("rows", b"1,2,3,4"),
           "schema_mismatch": ("hyphen", by_id(9)), "unknown_schema_id": ("dollar", by_id(8))}


def settings(registry):
    chosen = {**COMMON, "sources": ",".join(CASES), "schema.registry.url": registry,
              "schema.registry.unknown.timeout.ms": "1s", "schema.framing": "single"}
    for name, (own, _, _) in CASES.items():
        chosen.update({f"source.{name}.{key}": value for key, value in own.items()})
    return chosen


def replay(kafka, *words):
    return subprocess.run([BIN / "freshet", "replay", *words, "--bootstrap", kafka.bootstrap,
                           "--prefix", kafka.prefix], text=True, capture_output=True, timeout=60,
                          check=False)


def replay_files(kafka, tmp_path):
    topic = kafka.prefix + "files"
    (tmp_path / "rows.csv").write_text('ts,who,what\n1795424395,u1,"i1"\n')
    for words in ([FILES / "crlf.jsonl"], [FILES / "bom.jsonl"],
                  [FILES / "crlf.jsonl.gz", "--limit", "1"],
                  [tmp_path / "rows.csv", "--columns", "user=who,item=what,ts=ts:s"]):
        done = replay(kafka, *words, "--topic", topic)
        assert done.returncode == 0, done.stderr
    for name, contract, says in (("items3", "Item", "line 1: title: wanted a text"),
                                 ("items4", "Item", "line 1: tags: wanted only texts"),
                                 ("prof", "UserProfile", "line 1: birth_year: wanted a whole")):
        kept = {"Item": "items", "UserProfile": "users"}[contract]
        done = replay(kafka, FILES / f"{name}.jsonl", "--topic", kept, "--contract", contract)
        assert done.returncode == 1 and says in done.stderr, done.stderr


def replay_until_a_wrong_line(kafka, tmp_path):
    """What comes before it is sent, and counted: --skip goes on from there."""
    kafka.topic("half")
    lines = [json.dumps({"item_id": f"i{number}"}) for number in range(5)]
    (tmp_path / "half.jsonl").write_text("\n".join([*lines[:3], "{}", *lines[3:]]) + "\n")
    done = replay(kafka, tmp_path / "half.jsonl", "--topic", "half", "--contract", "Item")
    assert done.returncode == 1 and "line 4: item_id is missing" in done.stderr, done.stderr
    assert "half: 3 records in" in done.stderr, done.stderr
    assert [record.key for record in kafka.topics.read("half")] == [b"i0", b"i1", b"i2"]


def maps_what_peek_prints(kafka, registry, tmp_path):
    """`freshet peek --hex` into `freshet map`, whatever the frame: as ingest maps the records."""
    chosen = {**settings(registry), "topic.prefix": kafka.prefix}
    (tmp_path / "conf").write_text("".join(f"{key}={value}\n" for key, value in chosen.items()))
    for name in sorted(set(CASES) - {"catalogue"}):
        lines = subprocess.run([BIN / "freshet", "peek", name, "--hex", "-b", kafka.bootstrap,
                                "--prefix", kafka.prefix], capture_output=True, timeout=60,
                               check=True).stdout
        done = subprocess.run([BIN / "freshet", "map", "--config", tmp_path / "conf", "--envelope",
                               "--try", "-", "--at", str(TIME_MS)], input=lines,
                              capture_output=True, timeout=60, check=False)
        mapped = [json.loads(line) for line in done.stdout.splitlines()]
        events = [line["value"] for line in mapped if line.get("value")]
        told = (name, done.stdout, done.stderr)
        assert [event["action"] for event in events] == CASES[name][2], told
        assert {event["user_id"] for event in events} <= USERS, told


def test_events_of_every_producer(kafka, worker, registry, tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for name in ("events", "items", "users", "dead-letters"):
        kafka.topic(name)
    for name, (_, records, _) in CASES.items():
        topic = kafka.topic(name)
        wrong = [(value,) for source, value in REFUSED.values() if source == name]
        kafka.produce(topic, [(b"k", value, TIME_MS, *headers)
                              for value, *headers in records + wrong])
    key = by_id(11, bytes.fromhex("047031"))
    super(type(kafka), kafka).produce("catalogue", [
        (key, by_id(12, bytes.fromhex("04703106437570")), TIME_MS), (key, None, TIME_MS)])
    replay_files(kafka, tmp_path)
    replay_until_a_wrong_line(kafka, tmp_path)
    wanted = {name: actions for name, (_, _, actions) in CASES.items()}
    with worker("ingest", settings(registry)) as ingest:
        kafka.wait(lambda: len(kafka.events()) >= sum(map(len, wanted.values())) and
                   len(list(kafka.topics.read("dead-letters"))) >= len(REFUSED), "all events")
        assert ingest.running()
    found = {name: [] for name in CASES}
    for event in kafka.events():
        assert event["user_id"] in USERS and event["item_id"] == "i1"
        found[event["event_id"].removeprefix(kafka.prefix).rsplit("-0-", 1)[0]].append(
            event["action"])
    assert found == wanted
    assert {event["user_id"] for event in kafka.events()} == USERS
    items = [(item.key, item.value is None) for item in kafka.topics.read("items")]
    assert items == [(b"p1", False), (b"p1", True)]
    reasons = {dict(letter.headers)["reason"].decode()
               for letter in kafka.topics.read("dead-letters")}
    assert reasons == set(REFUSED)
    maps_what_peek_prints(kafka, registry, tmp_path)
