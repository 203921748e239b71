"""Slips of a first configuration that only a broker shows (those that need none:
tests/deploy/test_mistakes.py)."""

import json
import re
import signal
import subprocess

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from conftest import BIN, ROOT

ORDERS = {"map.action": "=PURCHASE", "time.format": "s"}
TIME_MS = 1_700_000_000_000
QUICK = {"kafka.consumer.session.timeout.ms": 10000, "kafka.consumer.heartbeat.interval.ms": 300}


def order(number):
    return json.dumps({"user_id": number, "item_id": 1, "event_time_ms": 1700000000}).encode()


def test_a_source_is_renamed_within_a_session(kafka, worker):
    """The group gives a static member its former partitions back: the worker aborted, or never read
    the new topic."""
    for name in ["events", "dead-letters", "orders", "shop"]:
        kafka.topic(name)
    first = worker("ingest", {**ORDERS, **QUICK, "sources": "orders"})
    kafka.wait(lambda: "msg=\"running\"" in first.log(), "the first one")
    first.kill()
    second = worker("ingest", {**ORDERS, **QUICK, "sources": "orders,shop"})
    kafka.produce(kafka.prefix + "shop", [(b"1", order(1), TIME_MS)])
    kafka.wait(lambda: len(kafka.read_all(kafka.prefix + "events")) == 1, "the added source")
    assert second.stop() == 0
    third = worker("ingest", {**ORDERS, **QUICK, "sources": "renamed",
                              "topic.renamed": kafka.prefix + "orders"})
    kafka.produce(kafka.prefix + "orders", [(b"2", order(2), TIME_MS)])
    kafka.wait(lambda: len(kafka.read_all(kafka.prefix + "events")) == 2, "the renamed source")
    assert third.running() and "level=error" not in third.log()


def ends(copy):
    """The exit code and the last line of a worker that ends by itself."""
    code = copy.process.wait(30)
    return code, copy.log().splitlines()[-1]


def test_a_topic_that_is_not_there_is_told_with_those_like_it(kafka, worker):
    for name in ["events", "dead-letters", "parcels"]:
        kafka.topic(name)
    there = kafka.prefix + "parcels"
    code, line = ends(worker("ingest", {**ORDERS, "sources": "parcels",
                                 "topic.parcels": there[:-1]}))
    assert code == 78 and f"topic {there[:-1]} (of topic.parcels) does not exist" in line
    assert f"did you mean {there}?" in line
    code, line = ends(worker("ingest", {**ORDERS, "sources": "parcels", "topic.prefix": "foo."}))
    # The one that the broker spoke of first; other tests have events of their own prefixes.
    told = re.search(r"topic foo\.(parcels|events) \(of topic\.prefix\) does not exist", line)
    assert code == 78 and told, line
    prefixes = kafka.prefix if told[1] == "parcels" else ""
    assert f"{told[1]} exists with topic.prefix={prefixes}" in line


def freshet(world, *words, code=0):
    done = subprocess.run([BIN / "freshet", *words, "--bootstrap", world.bootstrap, "--set",
                           f"state.dir={world.state}"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_why_records_are_refused_and_what_runs(kafka, worker):
    for name in ["events", "dead-letters", "clicks", "recommendations", "items"]:
        kafka.topic(name)
    prefix = ["--prefix", kafka.prefix]
    ingest = worker("ingest", {**ORDERS, "map.item": "lines.sku"})
    lines = json.dumps({"user_id": 1, "lines": [{"sku": "a"}], "event_time_ms": 1700000000})
    kafka.produce(kafka.prefix + "clicks", [(b"k", lines.encode(), TIME_MS)])
    kafka.wait(lambda: "records refused" in ingest.log(), "the line in the log")
    assert "did you mean lines[*].sku?" in ingest.log()
    kafka.wait(lambda: freshet(kafka, "refusals", *prefix), "the dead letter")
    refusal = json.loads(freshet(kafka, "refusals", "--reason", "missing_item", *prefix))
    assert refusal["reason"] == "missing_item" and refusal["worker"] == "ingest"
    assert "lines[*].sku" in refusal["message"] and refusal["value"]["user_id"] == 1
    assert refusal["topic"] == kafka.prefix + "clicks" and refusal["offset"] == 0
    told = freshet(kafka, "refusals", "--reason", "bad_json", *prefix)
    assert told == ("freshet: none of 1 dead letters is as the flags say; their reasons: "
                    "missing_item\n")
    peeked = json.loads(freshet(kafka, "peek", "dead-letters", *prefix))
    assert peeked["headers"][:2] == ["reason", "missing_item"]

    status = freshet(kafka, "status", *prefix, "--set", f"group.prefix={kafka.prefix}")
    assert f"ingest: 1 copy in group {kafka.prefix}ingest" in status
    assert f"features: NO COPY RUNS in group {kafka.prefix}features" in status
    assert "sequence: does not run (it is optional)" in status
    looked = json.loads(freshet(kafka, "status", "--json", *prefix, "--group-prefix", kafka.prefix))
    assert looked["workers"][0]["members"] == 1 and looked["dead_letters"]["kept"] == 1
    table = freshet(kafka, "top", "--count", "1", *prefix, "--group-prefix", kafka.prefix)
    assert re.search(r"^ingest +1 +1 ", table, re.M) and "dead letters: 1 kept" in table, table
    shown = freshet(kafka, "peek", "dead-letters", "--last", "1", "--format", "%h %v", *prefix)
    assert "reason=missing_item" in shown
    wrong = freshet(kafka, "status", *prefix)
    row = next(line for line in wrong.splitlines() if "clicks" in line)
    assert row.split()[3:6] == ["-", "1", "-"], row
    assert "NO COPY RUNS in group freshet-ingest, which has committed nothing of this" in wrong
    assert "group.prefix=t" in wrong  # of the three shortest; other tests have groups, too

    assert "has the partitions 0 to 0" in freshet(kafka, "peek", "clicks", "-p", "9", *prefix,
                                                  code=64)
    assert f"did you mean {kafka.prefix}clicks?" in freshet(kafka, "peek", "click", *prefix, code=1)
    ingest_options = [f"--set={key}={value}" for key, value in ORDERS.items()]
    for words in (["similar", "1"], ["redrive", "--dry-run"], ["forget", "1"],
                  ["replay", __file__, "--topic", f"{kafka.prefix}click"]):
        told = freshet(kafka, *words, "--prefix", kafka.prefix[:-1] + "x.", code=1)
        assert "does not exist; hint: " in told, told
    assert f"did you mean {kafka.prefix}clicks?" in told, told
    told = freshet(kafka, "check", *ingest_options, "--set=map.item=lines.sku", *prefix, code=1)
    assert f"ok       topic {kafka.prefix}events: 1 partitions" in told
    assert f"MISSING  topic {kafka.prefix}histories does not exist" in told
    for name in ["redrives", "lists", "rules", "requests", "responses", "content-vectors"]:
        assert f"ok       topic {kafka.prefix}{name} does not exist; it is needed only" in told
    assert "missing_item" in told and "lines[*].sku" in told
    told = freshet(kafka, "check", *ingest_options, "--set=map.item=lines[*].sku", *prefix, code=1)
    assert "ok       mapping: every record of the sample is taken" in told
    nowhere = freshet(kafka, "list", "1", "-g", "nosuchgen", *prefix, code=1)
    assert f"topic {kafka.prefix}lists.nosuchgen does not exist" in nowhere
    assert "freshet backfill --generation nosuchgen makes the topics" in nowhere
    assert "deploy/topics" not in nowhere


def test_records_without_a_key_are_told(kafka, tmp_path):
    """--key-field with a slip: the topic would not be keyed by user, and order would be lost."""
    kafka.topic("clicks")
    file = tmp_path / "events.jsonl"
    file.write_text('{"user": "a"}\n{"user": "b"}\n{"usr": 7}\n')
    words = ["replay", file, "--topic", kafka.prefix + "clicks", "--key-field"]
    assert "without a key" not in freshet(kafka, *words, "user", "--limit", "2")
    told = freshet(kafka, *words, "usr")
    assert "line 1 has no usr that is a text" in told and told.count(" has no usr") == 1, told
    assert "2 of 3 records were sent without a key" in told
    keys = [one.record.key for one in kafka.read_all(kafka.prefix + "clicks")]
    assert keys == [b"a", b"b", None, None, b"7"]


def test_a_reset_that_would_lose_counts_is_told(kafka):
    """Followed alone, a hint to reset loses what retention has deleted from `events`."""
    for name in ["events", "recommendations", "generations", "trials"]:
        kafka.topic(name)
    kafka.produce(kafka.prefix + "events", [(b"k", b"v", TIME_MS)] * 3)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for done in admin.delete_records([TopicPartition(kafka.prefix + "events", 0, 2)]).values():
        done.result()
    said = freshet(kafka, "reset", "base", "--yes", "--prefix", kafka.prefix, code=1)
    assert "has lost its first 2 records" in said and "--lossy" in said


def make(world, *words, code=0):
    done = subprocess.run([ROOT / "deploy/topics", "make", *words, "--bootstrap", world.bootstrap,
                           "--prefix", world.prefix], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    assert done.returncode == code, done.stdout
    return done.stdout


def test_a_topic_of_ones_own_is_made(kafka):
    said = make(kafka, "orders", "views", "--partitions", "3", "--retention", "7d")
    assert f"made   {kafka.prefix}orders: 3 partitions, retention.ms=604800000" in said
    assert f"exists {kafka.prefix}orders: 3 partitions" in make(kafka, "orders")
    assert "one of Freshet's own" in make(kafka, "events", code=1)
    assert "want a time such as 7d" in make(kafka, "more", "--retention", "week", code=1)


def test_rows_that_are_sent_as_lines_are_told(kafka, tmp_path):
    kafka.topic("clicks")
    (tmp_path / "orders.csv").write_text("user,item\n1,2\n")
    for more, told in (([], True), (["--columns", "user_id=user"], False)):
        done = subprocess.run([BIN / "freshet", "replay", tmp_path / "orders.csv", "--topic",
                               f"{kafka.prefix}clicks", "--bootstrap", kafka.bootstrap, *more],
                              text=True, capture_output=True, timeout=120)
        assert done.returncode == 0 and ("makes objects of rows" in done.stderr) == told, done


def test_a_configuration_is_read_again_while_it_runs(kafka, tmp_path):
    """SIGHUP: another mapping, level and format of the log at once; all else is told."""
    for name in ["events", "dead-letters", "clicks", "items"]:
        kafka.topic(name)
    file = tmp_path / "ingest.properties"

    def write(**options):
        file.write_text("".join(f"{key.replace('_', '.')}={value}\n"
                                for key, value in {**ORDERS, **options}.items()))

    write(map_item="id")
    log_file = tmp_path / "ingest.log"
    with open(log_file, "wb") as log:
        ingest = subprocess.Popen(
            [BIN / "freshet-ingest", "--config", file, "--set", f"topic.prefix={kafka.prefix}",
             "--set", f"group.prefix={kafka.prefix}", "--set", f"state.dir={tmp_path / 'state'}",
             "--set", f"bootstrap.servers={kafka.bootstrap}"], stdout=log, stderr=log)
    try:
        kafka.wait(lambda: "started" in log_file.read_text(), "ingest to start")
        write(map_item="sku", log_format="json", commit_interval_ms="300ms", standby_copies="1")
        ingest.send_signal(signal.SIGHUP)
        kafka.wait(lambda: "configuration reloaded" in log_file.read_text(), "the line in the log")
        lines = [line for line in log_file.read_text().splitlines() if line.startswith("{")]
        reloaded, = (json.loads(line) for line in lines if "configuration reloaded" in line)
        assert reloaded["options"] == "map.item,commit.interval.ms,log.format", lines
        assert any("need a restart" in line and "standby.copies" in line for line in lines)
        changed = {told["option"]: (told["msg"], told["from"], told["to"])
                   for told in map(json.loads, lines) if "from" in told}
        assert changed["map.item"] == ("an option has changed", "id", "sku"), changed
        assert changed["commit.interval.ms"] == ("an option has changed", "500ms", "300ms")
        assert changed["standby.copies"] == ("an option has changed that needs a restart", 0, 1)
        value = json.dumps({"user_id": 1, "sku": "a", "event_time_ms": 1700000000}).encode()
        kafka.produce(kafka.prefix + "clicks", [(b"k", value, TIME_MS)])
        kafka.wait(lambda: freshet(kafka, "peek", "events", "--prefix", kafka.prefix), "the event")
        write(map_item="$.sku", log_format="json")
        ingest.send_signal(signal.SIGHUP)
        kafka.wait(lambda: "not reloaded" in log_file.read_text(), "the refusal in the log")
        write(map_itm="sku", log_format="json")
        ingest.send_signal(signal.SIGHUP)
        kafka.wait(lambda: "map.itm" in log_file.read_text(), "the fault in the log")
        fault, = (one for one in log_file.read_text().splitlines() if "map.itm" in one)
        fault = json.loads(fault)
        assert fault["msg"] == "bad option" and fault["key"] == "map.itm", fault
        assert "did you mean map.item?" in fault["hint"] and fault["worker"] == "ingest", fault
        assert ingest.poll() is None
    finally:
        ingest.terminate()
        ingest.wait(60)
