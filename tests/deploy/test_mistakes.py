"""Slips of a first configuration: each is told with its cause and what to write instead."""

import fcntl
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

import wrong_listener

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("FRESHET_BIN", ROOT / "build/bin"))
NOWHERE = "bootstrap.servers=127.0.0.1:9\nconnect.timeout.ms=1s\nmetrics.port=-1\n"
CONFIG = 78


def start(tmp_path, text, *more, worker="ingest"):
    """Starts a worker with this file; no broker is there. Returns exit code and output."""
    (tmp_path / "nowhere.properties").write_text(f"{NOWHERE}state.dir={tmp_path}/state\n")
    (tmp_path / "ingest.properties").write_bytes(text if isinstance(text, bytes)
                                                 else text.encode())
    done = subprocess.run(
        [BIN / f"freshet-{worker}", "--config", tmp_path / "nowhere.properties",
         "--config", tmp_path / "ingest.properties", *more],
        text=True, stderr=subprocess.PIPE, timeout=120)
    return done.returncode, done.stderr


# What the file says, and what the worker's line must have.
REFUSED = {
    "map.usr=customer": ["map.usr", "did you mean map.user?"],
    "bootstrap.server=localhost:9092": ["did you mean bootstrap.servers?"],
    "security.protocol=SSL": ["properties of the Kafka client begin with kafka."],
    "sasl.password=s3cret": ["properties of the Kafka client begin with kafka."],
    "query.cache=5000": ["key=query.cache", "an option of scorer and serve"],
    "train.cpu.share=0.5": ["an option of sequence, for that worker's file"],
    "list.length=10": ["an option of scorer and serve"],
    "topic.prefx=shop.": ["did you mean topic.prefix?"],
    "action.defalt=ignore": ["did you mean action.default?"],
    "kafak.ssl.ca.location=/x": ["did you mean kafka.*?"],
    "commit.interval.ms=fast": ["value=fast", "250ms", "from 1ms to 1h"],
    "commit.interval.ms=5 parsecs": ["expected a duration"],
    "batch.bytes.max=5g": ["from 64k to 4g"],
    "metrics.port=99999": ["from -1 to 65535"],
    "log.level=verbose": ["debug, info, warn or error"],
    "log.level=WARNING": ["did you mean warn?"],
    "static.member=yes": ["write true"],
    'map.user="customer"': ["no quotes"],
    "kafka.sasl.password=${file:/nope}": ["/nope", "No such file"],
    "topic: clicks": ["YAML", "key=value"],
    "topic:\n  clicks: shop.clicks": ["YAML", "key=value"],
    "- map.user: a": ["YAML"],
    '{"map.user": "a"}': ["JSON"],
    "<config><topic>a</topic></config>": ["XML"],
    "[ingest]\nmap.user=a": ["sections"],
    "MAP.USER=a": ["did you mean map.user?"],
    "timeFormat=s": ["did you mean time.format?"],
    "bootstrap_servers=a:1": ["did you mean bootstrap.servers?"],
    "map.user=customer # the buyer": ["no comment behind it"],
    "action.x=ignore # all of them": ["no comment behind it"],
    "topic.clicks=shop.clicks # the web": ["no comment behind it"],
    "batch.records.max=5 # five": ["no comment behind it"],
    "becomes=Event": ["did you mean UserEvent?"],
    "source.format=Avro": ["did you mean avro?"],
    "map.user=a\nmap.user=b": ["key=map.user", "line=1", "line 2", "keep one"],
    "topic=shop.orders": ["topic.NAME=TOPIC", "topic.clicks=shop.orders"],
    "include=other.properties": ["--config is given once for each file"],
    "// orders": ["a comment begins with #"],
    "; orders": ["a comment begins with #"],
    "-- orders": ["a comment begins with #"],
    "kafka.sasl.password=${KAFKA_PASSWORD}": ["a variable is written ${env:KAFKA_PASSWORD}"],
}


@pytest.mark.parametrize("text", REFUSED)
def test_it_is_refused_before_anything_runs(tmp_path, text):
    code, said = start(tmp_path, text)
    assert code == CONFIG, said
    for word in REFUSED[text]:
        assert word in said, said
    assert "starting" not in said and "cannot connect" not in said and "s3cret" not in said


@pytest.mark.parametrize("text", [
    "commit.interval.ms=5 s", "commit.interval.ms=5s\r\nmap.user=a\r\n",
    "\ufeffmap.user=a\n", "batch.bytes.max=32MB", "batch.bytes.max=32 MiB", "map.user: a",
    "map.user=a\nmap.user=a",
])
def test_what_is_harmless_is_read_as_meant(tmp_path, text):
    code, said = start(tmp_path, text, "--set", "state.dir=/proc/x")
    assert code == CONFIG and "msg=\"starting\"" in said and "/proc/x" in said, said


# The same, of what the tables of options do not show: after the line that says "starting".
REFUSED_LATER = {
    "kafka.security.protocl=SSL": ["did you mean kafka.security.protocol?"],
    "kafka.security.protocol=SASL_PLAINTEXT": ["kafka.sasl.mechanism is missing"],
    "kafka.security.protocol=sasl": ["one of plaintext, ssl, sasl_plaintext, sasl_ssl"],
    "kafka.sasl.passwrd=s3cret": ["did you mean kafka.sasl.password?"],
    "kafka.consumer.isolation.level=read_uncommitted": ["aborted transactions"],
    "kafka.producer.partitioner=random": ["same partition"],
    "kafka.group.id=mine": ["group.prefix"],
    "bootstrap.servers=http://127.0.0.1:9092": ["host:port"],
    "bootstrap.servers=127.0.0.1:kafka": ["a port is a number"],
    "bootstrap.servers=b1:9092,sasl_ssl://me:s3cret@b2:9092": [
        "b1:9092,****@b2:9092: an address has no user and no password", "kafka.sasl.username"],
    "bootstrap.servers=[::1:9092": ["[::1]:9092"],
    "bootstrap.servers=::1:9092": ["[::1]:9092"],
    "bootstrap.servers=SSL://127.0.0.1:9092": ["set kafka.security.protocol=ssl"],
    "bootstrap.servers=a:9092;b:9092": ["between addresses is a comma"],
    "bootstrap.servers=kafka://a:9092": ["an address is no URL"],
    "kafka.ssl.truststore.location=/x.jks": ["of the Java client", "kafka.ssl.ca.location"],
    "kafka.sasl.jaas.config=x password=s3cret;": ["of the Java client", "kafka.sasl.username"],
    "kafka.sasl.mechanism=PLAIN": ["nobody would log in", "SASL_SSL"],
}


# The same, of what only workers use.
REFUSED_OF_WORKERS = {
    "kafka.security.protocol=SSL\nkafka.ssl.ca.location=/nope": ["ssl.ca.location", "No such file"],
    "kafka.sasl.mechanism=SCRAM\nkafka.security.protocol=SASL_SSL":
        ["did you mean SCRAM-SHA-256 or SCRAM-SHA-512?"],
    "kafka.sasl.mechanism=SCRAM-SHA512\nkafka.security.protocol=SASL_SSL":
        ["did you mean SCRAM-SHA-512?"],
    "topic.clicks=shop orders": ["topic.clicks", "letters, digits"],
    "topic.prefix=shop/": ["topic.prefix", "letters, digits"],
    "schemas.path=/nope": ["/nope", "No such file"],
    "state.dir=": ["state.dir", "name a directory"],
    "state.dir=~/freshet": ["state.dir=~/freshet", "write the whole path"],
}

# What `freshet map` says of a mapping, and ingest before it connects.
MAPPINGS = {
    "time.format=iso": ["did you mean iso8601?"],
    "time.format=millis": ["did you mean ms?"],
    "time.format=%Y-%m-%d %H:%i": ["there is no %i"],
    "time.format=unix": ["did you mean s?"],
    "time.format=epoch_ms": ["did you mean ms?"],
    "time.zone=Berlin": ["Europe/Berlin"],
    "time.format=yyyy-MM-dd HH:mm:ss": ["did you mean %Y-%m-%d %H:%M:%S?"],
    "action.order=BUY:5": ["there is no kind BUY", "did you mean PURCHASE?"],
    "action.order=purchase:5": ["did you mean PURCHASE?"],
    "action.order=PURCHASE=5": ["behind a colon", "write PURCHASE:5"],
    "action.order=PURCHASE:viel": ["must be a number", "viel"],
    "action.order=IGNORE": ["did you mean ignore, in small letters?"],
    "action.order=LIKE:nan": ["must be a number", "nan"],
    "action.order=LIKE:0x10": ["must be a number", "0x10"],
    "becomes=Item\nmap.kind=k\nkind.d=Delete": ["did you mean delete?"],
    "kind.d=IGNORE\nmap.kind=k": ["did you mean ignore?"],
    "action.default=BUY": ["action.default=BUY", "did you mean PURCHASE?"],
    "map.item=$.lines[*].sku": ["map.item", "write lines[*].sku"],
    "map.item=/lines/0/sku": ["map.item", "write lines[*].sku"],
    "map.item=lines/0/sku": ["map.item", "write lines[*].sku"],
    "map.item=lines.*.sku": ["map.item", "write lines[*].sku"],
    "map.item=.lines[].sku": ["map.item", "write lines[*].sku"],
    "map.item=lines[].sku": ["map.item", "lines[*].sku"],
    "map.item=lines[*]sku": ["write lines[*].sku"],
    "map.item=lines[*].": ["write lines[*]"],
    "map.item=lines[0]sku|sku": ["write lines[0].sku|sku"],
    "map.user=a;map.item=b": ["one property a line"],
    "map.action=type=VIEW": ["type|=VIEW"],
    "sources=orders;items": ["between names is a comma"],
    "sources=orders, items": ["a topic items of its own", "set topic.shop-items"],
    "source.clicks.map.itm=a": ["did you mean map.item?"],
    "sources=orders\nsource.order.map.item=a": ["did you mean orders?"],
    'sources=orders\nsource.orders.map.item="a"': ["no quotes"],
    "becomes=Item\nmap.item=id\nmap.tags=brand=$.brand,$.color": ["write brand=brand,color"],
}


@pytest.mark.parametrize("text", [*REFUSED_LATER, *REFUSED_OF_WORKERS, *MAPPINGS])
def test_it_is_refused_before_it_connects(tmp_path, text):
    code, said = start(tmp_path, text)
    assert code == CONFIG and "cannot start" in said, said
    for word in {**REFUSED_LATER, **REFUSED_OF_WORKERS, **MAPPINGS}[text]:
        assert word in said, said
    assert "s3cret" not in said


# The same of the other workers.
REFUSED_OF_OTHERS = [
    ("embed", "", ["model.path is not set", "deploy/encoder"]),
    ("embed", "model.path=/nope", ["cannot read /nope/config.json: No such file", "model.path"]),
    ("features", "pairs.window=600", ["pairs.window=600 is more than half of history.actions.max"]),
    ("features", "history.length=700", ["history.length=700", "lower the one or raise the other"]),
    ("features", "event.latest=1790000000", ["event.latest=1790000000", "in milliseconds"]),
    ("sequence", "train.d=33", ["train.d: want a multiple of 16"]),
    ("sequence", "train.d=64\ntrain.heads=5", ["train.heads must divide train.d"]),
    ("scorer", "model.name=" + "m" * 129, ["model.name has at most 128 bytes"]),
    ("serve", "model.name=" + "m" * 129, ["model.name has at most 128 bytes"]),
    ("serve", "http.address=300.1.1.1", ["on 300.1.1.1:", "Cannot assign", "http.address"]),
    ("serve", "http.port=0\nhttp.tokens=/nope", ["http.tokens=/nope: No such file"]),
    ("serve", "http.port=0\nhttp.tokens=s3cret", ["http.tokens=****: No such file"]),
    ("serve", "http.port=0\npseudonym.keys=s3cret", ["pseudonym.keys=****: No such file"]),
    ("serve", "http.port=0\npseudonym.keys=/nope", ["/nope", "No such file"]),
    ("trainer", "metrics.port=0\nmetrics.address=300.1.1.1", ["metrics port 300.1.1.1:0: Cannot"]),
    ("scorer", "schema.registry.url=localhost:8081", ["want http://HOST:PORT"]),
]


@pytest.mark.parametrize("worker, text, words", REFUSED_OF_OTHERS)
def test_other_workers_refuse_it_before_they_connect(tmp_path, worker, text, words):
    code, said = start(tmp_path, text, worker=worker)
    assert code == CONFIG and "cannot start" in said, said
    for word in words:
        assert word in said, said


def test_a_port_that_another_program_has_is_told_before_anything_is_connected(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = start(tmp_path, f"http.port={port}", worker="serve")
        assert code == CONFIG and f"127.0.0.1:{port}: Address already in use" in said, said
        code, said = start(tmp_path, f"metrics.port={port}", worker="trainer")
        assert code == CONFIG and "metrics.port=0 takes a free one" in said, said


@pytest.mark.parametrize("metrics", ["127.0.0.1", "0.0.0.0"])
def test_one_port_for_requests_and_metrics_is_told_before_anything_is_connected(tmp_path, metrics):
    text = f"http.port=18089\nmetrics.port=18089\nmetrics.address={metrics}"
    code, said = start(tmp_path, text, worker="serve")
    assert code == CONFIG and "waiting for a broker" not in said, said
    assert "http.port=18089 and metrics.port=18089 are the same" in said, said


WORKERS = ("ingest", "features", "trainer", "sequence", "embed", "scorer", "serve")


def options_of(worker):
    """Names of the options that this worker alone, or some workers have."""
    page = subprocess.run([BIN / f"freshet-{worker}", "--options"], text=True, capture_output=True,
                          check=True).stdout
    return re.findall(r"^\| `([^`]+)`", page.split("## runtime")[0], re.M)


@pytest.mark.parametrize("worker", WORKERS)
def test_an_option_of_another_worker_is_told_with_the_workers_that_have_it(tmp_path, worker):
    """Whatever option a worker has, each of the others knows whose it is."""
    has = {one: options_of(one) for one in WORKERS}
    prefixes = tuple(name[:-1] for name in has[worker] if name.endswith("*"))
    foreign = {name for one in WORKERS for name in has[one]
               if name not in has[worker] and not name.startswith(prefixes)}
    wrong = [name.replace("*", "x") for name in sorted(foreign)]
    code, said = start(tmp_path, "".join(f"{name}=1\n" for name in wrong), worker=worker)
    assert code == CONFIG
    for name, shown in zip(sorted(foreign), wrong):
        owners = [one for one in WORKERS if name in has[one]]
        told = " and ".join(filter(None, [", ".join(owners[:-1]), owners[-1]]))
        assert re.search(rf"key={re.escape(shown)} .*an option of {told}, for", said), (name, said)


@pytest.mark.parametrize("text, note", [
    ("time.earliest=1700000000", "time.earliest=1700000000 is a time of the early seventies"),
    ("action.order=PURCHASE", "action.order=PURCHASE has no weight, so 1 is taken"),
    ("bootstrap.servers=127.0.0.1", "127.0.0.1 has no port, so 9092 is taken"),
    ("time.ahead.max=5", "time.ahead.max is 5 milliseconds; with a unit it is longer"),
    ('kafka.client.rack="a"', "kafka.client.rack: the quotes around its value belong to it"),
])
def test_what_is_taken_for_granted_is_told(tmp_path, text, note):
    _, said = start(tmp_path, text, "--set", "state.dir=/proc/x")
    assert note in said


@pytest.mark.parametrize("worker, slip, meant", [
    ("features", "evnts", "events"), ("scorer", "recomendations", "recommendations"),
    ("ingest", "event", "events"), ("features", "items", None), ("trainer", "events", None),
])
def test_a_topic_that_is_nearly_one_of_the_workers_is_told(tmp_path, worker, slip, meant):
    """Other names are of other workers, which may share the file."""
    _, said = start(tmp_path, f"topic.{slip}=shop.x", "--set", "state.dir=/proc/x", worker=worker)
    note = f"topic.{slip} is not topic.{meant}; did you mean that?"
    assert (note in said) == bool(meant) and ("did you mean" in said) == bool(meant), said


def test_what_is_wrong_is_not_taken_for_something(tmp_path):
    _, said = start(tmp_path, "bootstrap.servers=a;b")
    assert "between addresses is a comma" in said and "so 9092 is taken" not in said, said


@pytest.mark.parametrize("worker, text, least", [
    ("features", "commit.timeout.ms=5s", 10000), ("trainer", "commit.timeout.ms=29s", 30000),
    ("features", "kafka.transaction.timeout.ms=300000", 300000),
])
def test_a_commit_may_take_as_long_as_its_transaction(tmp_path, worker, text, least):
    code, said = start(tmp_path, text, worker=worker)
    assert code == CONFIG and "cannot start" in said, said
    assert "commit.timeout.ms=" in said and f"hint: at least {least}" in said, said


def test_a_broker_that_refuses_is_tried_for_the_whole_time(tmp_path):
    code, said = start(tmp_path, "connect.timeout.ms=1500ms")
    waits, last = [line for line in said.splitlines() if "Connection refused" in line]
    assert code == 70 and 'msg="waiting for a broker"' in waits and 'msg="cannot connect"' in last


def test_a_broker_that_says_nothing_is_told_of(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        code, said = start(tmp_path, f"bootstrap.servers={address}\nconnect.timeout.ms=3300ms")
    assert code == 70 and f'"waiting for a broker" why="no answer from {address}"' in said, said


def test_a_wrong_advertised_listener_is_named(tmp_path):
    """The broker answers, and sends clients to an address at which nobody is."""
    with wrong_listener.serve("127.0.0.1:9") as server:
        at = f"127.0.0.1:{server.server_address[1]}"
        code, said = start(tmp_path, f"bootstrap.servers={at}", worker="features")
        server.shutdown()
    last = said.splitlines()[-1]
    assert code == 70 and "cannot connect" in last and "last trouble: " in last, said
    assert "127.0.0.1:9: Connect to" in last and "Connection refused" in last, said


def test_state_dir_says_which_of_the_two_it_is(tmp_path):
    code, said = start(tmp_path, "state.dir=/proc/x")
    assert code == CONFIG and "state.dir=/proc/x: No such file or directory" in said
    assert "another copy" not in said
    code, said = start(tmp_path, "state.dir=/dev/null/x")
    assert code == CONFIG and "Not a directory" in said
    lock = tmp_path / "state/ingest/slot-0.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, said = start(tmp_path, "slot=0")
    assert code == CONFIG and "slot 0 in" in said and "another copy holds it" in said, said


def freshet(*words):
    done = subprocess.run([BIN / "freshet", *words], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    return done.returncode, done.stderr


@pytest.mark.parametrize("text", REFUSED_LATER)
def test_commands_refuse_it_as_workers_do(text):
    code, said = freshet("status", "--set", "bootstrap.servers=127.0.0.1:9", "--set", text)
    assert code == CONFIG, said
    for word in REFUSED_LATER[text]:
        assert word in said, said
    assert "s3cret" not in said


@pytest.mark.parametrize("text", MAPPINGS)
def test_map_refuses_a_wrong_mapping(tmp_path, text):
    (tmp_path / "ingest.properties").write_text(text)
    done = subprocess.run([BIN / "freshet", "map", "--config", tmp_path / "ingest.properties",
                           "--try", "/dev/null"], text=True, stderr=subprocess.PIPE)
    assert done.returncode != 0
    for word in MAPPINGS[text]:
        assert word in done.stderr, done.stderr


@pytest.mark.parametrize("worker", ["ingest", "features", "trainer", "sequence", "scorer", "serve",
                                    "embed"])
def test_limits_of_options_are_round(worker):
    page = subprocess.run([BIN / f"freshet-{worker}", "--options"], text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    rows = re.findall(r"^\| `([^`]+)` \| (size|duration) \|[^|]*\| ([^|]*) \|", page, re.M)
    assert len(rows) > 5
    for name, _, limits in rows:
        for amount in re.findall(r"\d+", limits):
            assert len(amount.rstrip("0")) <= 4, f"{name}: {limits}"


def test_a_text_in_another_encoding_is_refused(tmp_path):
    """é in Latin-1, which is no UTF-8."""
    settings = "becomes=Item\ntags.separator=é\n".encode("latin-1")
    code, said = start(tmp_path, settings)
    assert code == CONFIG and r'value="\xe9"' in said and "expected a text in UTF-8" in said, said
    (tmp_path / "map.properties").write_bytes(settings)
    (tmp_path / "sample").write_text('{"item_id": "a", "tags": "x|y"}\n')
    code, said = freshet("map", "--config", tmp_path / "map.properties", "--try",
                         tmp_path / "sample")
    assert code == CONFIG and "expected a text in UTF-8" in said, said


def test_guests_are_told(tmp_path):
    (tmp_path / "map.properties").write_text("map.action==VIEW\nmap.user=customer\n")
    (tmp_path / "sample").write_text("".join(
        '{"customer": %s, "item_id": 1, "event_time_ms": 1700000000000}\n' % one
        for one in ("7", "0", '"guest"')))
    words = ["map", "--config", tmp_path / "map.properties", "--try", tmp_path / "sample"]
    code, said = freshet(*words)
    assert code == 0 and said.count("may stand for no user") == 1, said
    assert "line 2: user id 0 may" in said and "absent.values" in said, said
    code, said = freshet(*words, "--set", "absent.values=0,guest")
    assert "may stand for no user" not in said and "2 would be dead letters" in said, said


def test_rows_that_are_taken_for_json_are_told(tmp_path):
    (tmp_path / "orders.csv").write_text("user_id,item_id\n1,2\n")
    words = ["map", "--try", tmp_path / "orders.csv", "--set", "map.action==VIEW"]
    code, said = freshet(*words)
    assert code == 1 and "rows want source.format=csv and source.columns" in said, said
    code, said = freshet(*words, "--set", "source.format=csv", "--set",
                         "source.columns=user_id,item_id", "--set", "map.time=$timestamp",
                         "--set", "numbers.as.text=true", "--set", "time.format=auto")
    assert "2 written" in said and "rows want" not in said, said


def test_a_file_without_its_flag_is_told(tmp_path):
    code, said = start(tmp_path, "", "ingest.properties")
    assert code == 64 and "--config FILE" in said


NAMED_FILES = [["evaluate", "FILE"], ["map", "--try", "FILE"], ["rules", "plan", "FILE"],
               ["rules", "apply", "FILE"], ["replay", "FILE", "--topic", "clicks"],
               ["evaluate", "GOOD", "--attributes", "FILE"],
               ["evaluate", "GOOD", "--vectors", "FILE"]]


@pytest.mark.parametrize("words", NAMED_FILES)
@pytest.mark.parametrize("file, why", [("none", "No such file"), ("a-directory", "a directory"),
                                       ("", "No such file"), ("a-file/x", "Not a directory")])
def test_a_file_that_cannot_be_read_has_one_exit_code(tmp_path, words, file, why):
    (tmp_path / "a-directory").mkdir()
    (tmp_path / "a-file").write_text("")
    path = str(tmp_path / file) if file else ""
    good = str(tmp_path / "a-file")
    code, said = freshet(*({"FILE": path, "GOOD": good}.get(word, word) for word in words))
    assert code == 66 and why in said and "broker" not in said, said
    assert "Usage" not in said


@pytest.mark.parametrize("words", NAMED_FILES)
@pytest.mark.parametrize("name, content, why", [
    ("f.csv", "user,item\n1,2\n".encode("utf-16"), "it is UTF-16; hint: iconv"),
    ("f.csv", b"\x1f\x8b\x08\x00rubbish rubbish rubbish", "it is packed, and damaged or cut off"),
    ("f.csv.gz", b"user,item\n1,2\n", "it is not gzip, as its name says")])
def test_a_file_that_is_of_no_use_has_the_same_exit_code(tmp_path, words, name, content, why):
    (tmp_path / name).write_bytes(content)
    (tmp_path / "good").write_text("user,item\n1,2\n")
    file, good = str(tmp_path / name), str(tmp_path / "good")
    code, said = freshet(*({"FILE": file, "GOOD": good}.get(word, word) for word in words))
    assert code == 66 and why in said and "broker" not in said, said


def test_a_pipe_is_not_read_twice(tmp_path):
    """evaluate reads a file to know its columns, and then again: it would miss a part of a pipe."""
    rows = "user,item\n" + "1,2\n" * 100_000
    (tmp_path / "good").write_text(rows)
    for words in (["-"], ["/dev/stdin"], [tmp_path / "good", "--attributes", "/dev/stdin"],
                  [tmp_path / "good", "--vectors", "-"]):
        done = subprocess.run([BIN / "freshet", "evaluate", *words], text=True, input=rows,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        assert done.returncode == 66 and "a pipe cannot be; hint: " in done.stderr, done.stderr


def test_a_file_without_an_end_is_not_read_for_ever(tmp_path):
    (tmp_path / "good").write_text("user,item\n1,2\n")
    for words in (["evaluate", "/dev/zero"], ["map", "--try", "/dev/zero"],
                  ["rules", "plan", "/dev/zero"],
                  ["evaluate", tmp_path / "good", "--vectors", "/dev/zero"],
                  ["evaluate", tmp_path / "good", "--attributes", "/dev/zero"],
                  ["status", "--config", "/dev/zero"]):
        code, said = freshet(*words)
        assert code in (1, 66, CONFIG) and "Usage" not in said, said


def test_a_directory_or_a_setting_that_names_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    for path, why in [(tmp_path / "none", "No such file"), (tmp_path / "file", "Not a directory")]:
        code, said = freshet("dump", path)
        assert code == 66 and why in said, said
        code, said = freshet("peek", "clicks", "--set", f"schemas.path={path}")
        assert code == CONFIG and f"schemas.path={path}: {why}" in said, said
        code, said = freshet("status", "--config", path)
        assert (code == CONFIG) == (path.name == "none"), said
    (tmp_path / "rules").write_text("rule without sense\n")
    code, said = freshet("rules", "plan", tmp_path / "rules")
    assert code == 1 and "no rule of" in said and "line 1" in said, said


def test_a_directory_that_is_no_state_stays_as_it_is(tmp_path):
    code, said = freshet("dump", tmp_path)
    assert code == 66 and "no local state" in said and not list(tmp_path.iterdir()), said


@pytest.mark.parametrize("words, part", [
    (["merge", "guest", "5"], "a word for no user"), (["merge", "5", "0"], "--real-users"),
    (["compare", "base", "base"], "twice"), (["topics", "make", ""], "letters, digits"),
    (["replay", "FILE", "--topic", "t", "--columns", "a,b=c"], "NAME=COLUMN"),
    (["replay", "FILE", "--topic", "t", "--columns", ""], "NAME=COLUMN"),
    (["backfill", "-g", "bad name"], "a-z, 0-9 and -"),
    (["compare", "base", "G2"], "a-z, 0-9 and -"),
    (["topics", "make", "t", "--retention", "5"], "from 1m to 36500d"),
    (["refusals", "--reason", ""], "want a word such as missing_item"),
    (["redrive", "--reason", ""], "want a word such as missing_item"),
    (["peek", "events", "--last", "0"], "a whole number, from 1 to"),
    (["rules", "--try", "1", "--set", "list.length=0"], "list.length=0: expected a whole number"),
    (["rules", "--try", "1", "--set", "content.usd=true"], "did you mean content.used?"),
])
def test_what_cannot_be_meant(tmp_path, words, part):
    (tmp_path / "file").write_text("")
    code, said = freshet(*(tmp_path / "file" if word == "FILE" else word for word in words))
    assert code in (64, CONFIG) and part in said and "broker" not in said, said


def test_a_file_of_rules_that_is_too_large(tmp_path):
    (tmp_path / "rules").write_text("# rule\n" * 20000)
    code, said = freshet("rules", "plan", tmp_path / "rules")
    assert code == 1 and "rules have at most 64 kB" in said, said


def test_a_setting_without_a_key_is_refused():
    for word in ("=x", "x", ""):
        code, said = freshet("status", "--set", word)
        assert code == 64 and "it takes KEY=VALUE" in said, said
    for conf, why in [("/nope/x", "no such file"), ("/tmp", "not a file")]:
        done = subprocess.run([ROOT / "deploy/pipeline", "up", "--conf", f"ingest={conf}"],
                              text=True, capture_output=True, timeout=120)
        assert done.returncode == 2 and why in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["similar", "X", "--count", "three"],
                                   ["peek", "clicks", "--limit", "one", "-p", "9"]])
def test_a_number_that_is_none_is_told(words):
    code, said = freshet(*words)
    assert code == 64 and "is wrong; it takes" in said


def test_what_a_command_uses_is_taken_by_set_as_by_config(tmp_path):
    """Each option that a scorer's file has, where the command makes lists as the scorer does."""
    nowhere = ["--bootstrap", "127.0.0.1:9"]
    shown = subprocess.run([BIN / "freshet-scorer", "--options"], text=True, check=True,
                           stdout=subprocess.PIPE).stdout
    options = {"content.used": "true", "list.length": "5", "items.max": "100"}
    assert all(f"`{key}`" in shown for key in options), shown
    (tmp_path / "scorer.properties").write_text(
        "".join(f"{key}={value}\n" for key, value in options.items()))
    for words in (["--config", tmp_path / "scorer.properties"],
                  [f"--set={key}={value}" for key, value in options.items()]):
        code, said = freshet("rules", "--try", "1", *words, *nowhere)
        assert code == 1 and "127.0.0.1:9" in said and "content" not in said, said


@pytest.mark.parametrize("key, value, part", [
    ("batch.records.max", "abc", "a whole number, from 1 to"),
    ("metrics.port", "99999", "from -1 to 65535"), ("weight.max", "nan", "a decimal number"),
    ("commit.interval.ms", "5 parsecs", "a duration such as"),
    ("log.level", "WARNING", "did you mean warn?"), ("becomes", "Event", "did you mean UserEvent?"),
])
def test_commands_check_what_only_workers_use(tmp_path, key, value, part):
    """In --set and in a worker's file that is given to a command."""
    file = tmp_path / "worker.properties"
    file.write_text(f"{key}={value}\n")
    for words in (["list", "1", "--set", f"{key}={value}"], ["similar", "1", "--config", file]):
        code, said = freshet(*words)
        assert code == CONFIG and f"{key}={value}: " in said and part in said, said
        assert "broker" not in said


def test_commands_refuse_misspelt_keys():
    for key, meant in [("topic.prefx", "topic.prefix"), ("soures", "sources"),
                       ("bootstrap.server", "bootstrap.servers")]:
        code, said = freshet("status", "--set", f"{key}=x")
        assert code == CONFIG and f"did you mean {meant}?" in said, said
    code, said = freshet("status", "--set", "sasl.passwrd=s3cret")
    assert code == CONFIG and "begin with kafka." in said and "s3cret" not in said, said
