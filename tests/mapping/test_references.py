"""Schemas of a registry that refer to others: each record goes through `freshet map`, which asks a
registry of this file. What is missing there is refused, and named."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from test_cases import BIN

TIME_MS = 1795424398123


def number(value):
    """A zig-zag varint."""
    raw, out = (value << 1) ^ (value >> 63), b""
    while raw > 0x7f:
        out += bytes([raw & 0x7f | 0x80])
        raw >>= 7
    return out + bytes([raw])


def text(value):
    return number(len(value.encode())) + value.encode()


def framed(schema_id, *parts):
    return (b"\0" + schema_id.to_bytes(4, "big") + b"".join(parts)).hex()


def record(name, *fields, **more):
    return json.dumps({"type": "record", "name": name, **more,
                       "fields": [{"name": field, "type": kind} for field, kind in fields]})


def refers(*names, version=1):
    return [{"name": name, "subject": f"{name}-value", "version": version} for name in names]


END = [("item", "string"), ("ts", "long")]
# id -> schema, references.
SCHEMAS = {
    1: (record("View", ("user", "shop.User"), *END), refers("shop.User")),
    2: (record("View", ("user", "shop.Buyer"), *END), refers("shop.Buyer")),
    3: (record("View", ("user", ["null", "shop.User"]), *END), refers("shop.User", "shop.Buyer")),
    4: (record("View", ("user", "User"), *END, namespace="shop"), refers("shop.User")),
    5: (record("View", ("user", "my-shop.public.users.Value"), *END),
        refers("my-shop.public.users.Value")),
    6: (json.dumps(["shop.A", "shop.B"]), refers("shop.A", "shop.B")),
    7: (record("View", ("user", "shop.User"), *END), refers("shop.User", version=2)),
    8: (record("View", ("user", "shop.Gone"), *END), refers("shop.Gone")),
    9: (record("View", ("user", "shop.Round"), *END), refers("shop.Round")),
    10: (record("View", ("user", "shop.User"), *END), []),
    11: (record("Key", ("user", "shop.User")), refers("shop.User")),
    12: (record("Plain", *END), []),
}
USER = record("User", ("id", "string"), namespace="shop")
SUBJECTS = {
    ("shop.User", 1): (USER, []),
    ("shop.User", 2): (record("User", ("age", "int"), ("id", "string"), namespace="shop"), []),
    ("shop.Buyer", 1): (record("Buyer", ("id", "string"), ("inner", "shop.User"),
                               namespace="shop"), refers("shop.User")),
    ("my-shop.public.users.Value", 1):
        (record("Value", ("id", "string"), namespace="my-shop.public.users"), []),
    ("shop.A", 1): (record("A", ("user", "shop.User"), *END, namespace="shop"),
                    refers("shop.User")),
    ("shop.B", 1): (record("B", ("user", "shop.User"), *END, namespace="shop"),
                    refers("shop.User")),
    ("shop.Round", 1): (record("Round", ("id", "string"), ("more", ["null", "shop.Circle"]),
                               namespace="shop"), refers("shop.Circle")),
    ("shop.Circle", 1): (record("Circle", ("back", ["null", "shop.Round"]), namespace="shop"),
                         refers("shop.Round")),
}
REST = text("i") + number(TIME_MS)
PLAIN = framed(12, REST)
# A record, and its user or the reason of its refusal.
RECORDS = [
    ({"payload_hex": framed(1, text("u1"), REST)}, "u1"),
    ({"payload_hex": framed(2, text("u2"), text("inner"), REST)}, "u2"),
    ({"payload_hex": framed(3, number(1), text("u3"), REST)}, "u3"),
    ({"payload_hex": framed(3, number(0), REST)}, "missing_user"),
    ({"payload_hex": framed(4, text("u4"), REST)}, "u4"),
    ({"payload_hex": framed(5, text("u5"), REST)}, "u5"),
    ({"payload_hex": framed(6, number(0), text("u6"), REST)}, "u6"),
    ({"payload_hex": framed(6, number(1), text("u7"), REST)}, "u7"),
    ({"payload_hex": framed(7, number(40), text("u8"), REST)}, "u8"),
    ({"payload_hex": framed(1, text("u9"), REST)}, "u9"),
    ({"payload_hex": framed(8, text("u"), REST)}, "unknown_schema_id"),
    ({"payload_hex": framed(9, text("u11"), number(0), REST)}, "u11"),
    ({"payload_hex": framed(10, text("u"), REST)}, "unknown_schema_id"),
    ({"payload_hex": PLAIN, "key_hex": framed(11, text("u10"))}, "u10"),
]


class Answers(BaseHTTPRequestHandler):
    def answer(self):
        words = self.path.split("?")[0].strip("/").split("/")
        if words[:2] == ["schemas", "ids"] and int(words[2]) in SCHEMAS:
            return SCHEMAS[int(words[2])]
        if words[0] == "subjects":
            return SUBJECTS.get((words[1].removesuffix("-value"), int(words[3])))
        return None

    def do_GET(self):
        found = self.answer()
        body = json.dumps({"schema": found[0], "references": found[1]} if found else
                          {"error_code": 40403, "message": "not found"}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(name="registry")
def start_registry(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_references_are_followed(registry, tmp_path):
    config = tmp_path / "config"
    config.write_text("topic.clicks=x\nsource.format=avro\nmap.user=user.id|$key.user.id\n"
                      "map.item=item\nmap.action==v\naction.v=VIEW:1\nmap.time=ts\nmap.id=\n"
                      f"map.weight=\nmap.sequence=\nschema.registry.url={registry}\n")
    done = subprocess.run([BIN / "freshet", "map", "--config", config, "--envelope", "--try", "-",
                           "--at", str(TIME_MS)], text=True, capture_output=True, timeout=60,
                          input="".join(json.dumps(rec) + "\n" for rec, _ in RECORDS), check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    told = [line["value"]["user_id"] if "value" in line else line["refused"] for line in lines]
    assert told == [user for _, user in RECORDS], done.stdout + done.stderr
    assert "shop.Gone-value/versions/1: 404" in done.stderr, done.stderr
    assert "schema id 10: schema 10: unknown type shop.User" in done.stderr, done.stderr
