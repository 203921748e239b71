"""From a platform's own Avro topic to lists that its own tools read: a schema registry behind TLS
and a password, a Kafka with SCRAM and ACLs, confluent-kafka's serializers on one side, its
deserializers and a Java consumer on the other."""

import io
import json
import os
import struct
import subprocess
import time
from pathlib import Path

import fastavro
import pytest
from apicurio import Gate, Registry
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from conftest import BIN, BUILD, INPUTS, ROOT, Copy, World
from secured import Secured, certify, newer_librdkafka
from stream_data import SETTINGS, clicks

EVENTS = 300
PASSWORD = "correct horse 7"
WORKERS = list(INPUTS)
FIELDS = [{"name": "id", "type": "string"}, {"name": "user", "type": "string"},
          {"name": "item", "type": "string"}, {"name": "type", "type": "string"},
          {"name": "value", "type": "float"},
          {"name": "ts", "type": {"type": "long", "logicalType": "timestamp-millis"}}]
# The platform's second version: reordered, with a field of its own and one in a union.
SECOND = [*FIELDS[::-1], {"name": "page", "type": ["null", "string"], "default": None}]
SUBJECTS = {"events-value": "user_event", "events-freshet.ForgetRequest": "forget_request",
            "histories-value": "user_history",
            "pair-deltas-value": "pair_deltas", "features-changelog-value": "user_state",
            "features-changelog-freshet.UserArchive": "user_archive",
            "features-changelog-freshet.UserErasure": "user_erasure",
            "features-changelog-freshet.PlacementOutcomes": "placement_outcomes",
            "receipts-value": "forget_receipt", "receipts-freshet.MergeReceipt": "merge_receipt",
            "moves-value": "user_move", "moves-freshet.UserEvent": "user_event",
            "moves-freshet.ForgetRequest": "forget_request",
            "outcomes-value": "placement_outcomes",
            "neighbours-value": "item_neighbours",
            "serving-rows-value": "serving_row",
            "recommendations-value": "recommendation_list", "lists-value": "recommendation_list",
            "quality-value": "list_quality", "generations-value": "generation_step",
            "trials-value": "trial_record", "served-value": "served_place",
            "models-value": "model_weights", "items-value": "item"}


def click_schema(fields):
    return json.dumps({"type": "record", "name": "Click", "namespace": "shop", "fields": fields})


class Shop:
    """The platform: its broker, its registry, and our workers in it."""

    def __init__(self, where):
        self.broker = Secured(ROOT / "deploy/local-kafka", where)
        certify(self.broker.keys, "gatekeeper")
        self.registry = Registry(where)
        self.gate = Gate(self.registry, self.broker.keys, PASSWORD)
        self.world = World(self.broker.open, where, 2).make_topics()
        self.broker.add_users([f"user-{worker}" for worker in WORKERS], PASSWORD)
        self.broker.add_users(["user-java"], PASSWORD)
        who = [f"--principal={worker}=User:user-{worker}" for worker in WORKERS]
        subprocess.run([ROOT / "deploy/acls", "apply", "--bootstrap", self.broker.open, "--prefix",
                        self.world.prefix, "--group-prefix", self.world.prefix, *who],
                       check=True, stdout=subprocess.DEVNULL)
        self.client = SchemaRegistryClient(
            {"url": self.gate.url, "ssl.ca.location": str(self.broker.keys / "ca.crt"),
             "ssl.certificate.location": str(self.broker.keys / "gatekeeper.crt"),
             "ssl.key.location": str(self.broker.keys / "gatekeeper.key"),
             "basic.auth.user.info": f"freshet:{PASSWORD}"})
        self.sent = []

    def registry_settings(self):
        keys = self.broker.keys
        return {"schema.registry.url": self.gate.url, "schema.registry.ssl.ca.location":
                keys / "ca.crt", "schema.registry.ssl.certificate.location":
                keys / "gatekeeper.crt", "schema.registry.ssl.key.location":
                keys / "gatekeeper.key",
                "schema.registry.basic.auth.user.info": "freshet:${env:WORD}",
                "schema.registry.unknown.timeout.ms": "2s"}

    def settings(self, worker):
        more = {**SETTINGS, "source.format": "avro", "time.format": "ms"}
        return {**self.broker.by_password(f"user-{worker}", "${env:WORD}"),
                **self.registry_settings(), **(more if worker == "ingest" else {})}

    def start(self, *workers):
        return self.world.start(*workers, **{worker: self.settings(worker) for worker in workers})

    def frame(self, events, fields):
        """The platform's producer: confluent-kafka's own serializer."""
        topic = self.world.prefix + "clicks"
        serializer = AvroSerializer(self.client, click_schema(fields))
        at = SerializationContext(topic, MessageField.VALUE)
        return [serializer({**event, "ts": event["ts"] * 1000}, at) for event in events]

    def send(self, events, values):
        self.world.produce("clicks", [(event["user"], value, event["ts"] * 1000)
                                      for event, value in zip(events, values)])
        self.sent += events

    def count(self, name):
        return sum(1 for _ in self.world.topics.read(name))

    def stop(self):
        self.world.stop()
        if self.gate.server:
            self.gate.close()
        self.registry.stop()
        self.broker.stop()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """All workers did their work on events in two schemas, through an outage of the registry."""
    there = Shop(tmp_path_factory.mktemp("shop"))
    newer = newer_librdkafka(tmp_path_factory.mktemp("newer"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORD", PASSWORD)
        patch.setenv("LD_LIBRARY_PATH", newer)
        patch.setenv("no_proxy", "127.0.0.1")
        try:
            there.start("ingest", "scorer", "features", "trainer")
            yield there
        finally:
            there.logs = "".join(copy.log() for copy in there.world.copies)
            there.stop()


def third(number):
    return slice(number * EVENTS // 3, (number + 1) * EVENTS // 3)


def test_events_flow_in_spite_of_an_outage(shop):
    events = clicks(EVENTS)
    known = shop.frame(events[third(0)], FIELDS), shop.frame(events[third(1)], FIELDS)
    unheard_of = shop.frame(events[third(2)], SECOND)
    shop.send(events[third(0)], known[0])
    shop.world.drain(*WORKERS)
    shop.gate.close()
    shop.send(events[third(1)], known[1])
    shop.world.drain(*WORKERS)  # known ids need no registry
    shop.send(events[third(2)], unheard_of)
    time.sleep(2)
    assert shop.count("events") == 2 * EVENTS // 3
    assert shop.world.lag("ingest") == EVENTS // 3
    shop.gate.open()
    shop.world.drain(*WORKERS)
    assert shop.count("events") == EVENTS
    assert shop.count("dead-letters") == 0


def test_subjects_hold_our_own_text(shop):
    there = [name for name in shop.registry.ask("/subjects")
             if name.startswith(shop.world.prefix) and "clicks" not in name]
    wanted = {shop.world.prefix + name: contract for name, contract in SUBJECTS.items()
              if contract != "item"}
    assert sorted(there) == sorted(wanted)
    for name, contract in wanted.items():
        told = shop.registry.ask(f"/subjects/{name}/versions/latest")["schema"]
        assert told == (ROOT / f"schemas/{contract}.avsc").read_text()


def by_fastavro(shop, value):
    """Decodes with nothing but the wire format's definition."""
    magic, schema_id = struct.unpack(">bI", value[:5])
    assert magic == 0
    schema = json.loads(shop.registry.ask(f"/schemas/ids/{schema_id}")["schema"])
    return fastavro.schemaless_reader(io.BytesIO(value[5:]), fastavro.parse_schema(schema), None)


def by_java(shop, name):
    """Items by user, as a consumer reads them that knows nothing of us."""
    built = BUILD / "reader"
    if not (built / "reader.jar").exists():
        subprocess.run(["mvn", "-q", "-B", "-f", ROOT / "tests/broker/reader/pom.xml", "package",
                        f"-DbuildTo={built}"], check=True)
    topic = shop.world.prefix + name
    subprocess.run([ROOT / "deploy/acls", "apply", "--bootstrap", shop.broker.open, "--prefix",
                    shop.world.prefix, "--group-prefix", shop.world.prefix, "--principal=scorer="
                    "User:user-java"], check=True, stdout=subprocess.DEVNULL)
    properties = shop.world.dir / "java.properties"
    properties.write_text("\n".join([
        f"bootstrap.servers={shop.broker.address['PASSWORD']}", "security.protocol=SASL_SSL",
        "ssl.truststore.type=PEM", f"ssl.truststore.location={shop.broker.keys / 'ca.crt'}",
        "sasl.mechanism=SCRAM-SHA-512",
        "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required "
        f"username=\"user-java\" password=\"{PASSWORD}\";",
        f"apicurio.registry.url={shop.registry.root}/apis/registry/v2",
        "apicurio.registry.use-id=contentId",
        "apicurio.registry.id-handler=io.apicurio.registry.serde.Legacy4ByteIdHandler",
        ""]))
    done = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-cp",
                           f"{built}/reader.jar:{built}/lib/*", "reader.Reader", properties, topic],
                          check=True, text=True, stdout=subprocess.PIPE)
    newest = dict(line.split("\t", 1) for line in done.stdout.splitlines())
    return {user: json.loads(value)["items"] for user, value in newest.items()}


def test_everybody_reads_the_lists(shop):
    topic = shop.world.prefix + "recommendations"
    newest = {key.decode(): record.value
              for key, record in shop.world.topics.newest("recommendations").items()}
    assert set(newest) == {event["user"] for event in shop.sent}
    deserializer = AvroDeserializer(shop.client)
    at = SerializationContext(topic, MessageField.VALUE)
    ours = {user: deserializer(value, at) for user, value in newest.items()}
    assert any(one["items"] for one in ours.values())
    assert ours == {user: by_fastavro(shop, value) for user, value in newest.items()}
    assert by_java(shop, "recommendations") == {user: one["items"] for user, one in ours.items()}


def test_events_are_what_was_sent(shop):
    ours = [by_fastavro(shop, record.value) for record in shop.world.topics.read("events")]
    told = {(one["event_id"], one["user_id"], one["item_id"], one["weight"],
             int(one["event_time_ms"].timestamp() * 1000)) for one in ours}
    assert told == {(event["id"], event["user"], event["item"], float(event["value"]),
                     event["ts"] * 1000) for event in shop.sent}


def test_an_id_that_nobody_knows(shop):
    event = clicks(EVENTS + 2)[-2:]
    bad = struct.pack(">bI", 0, 2_000_000) + b"\x02x"
    good = shop.frame(event[1:], FIELDS)
    shop.send(event[1:], good)
    shop.world.produce("clicks", [(event[0]["user"], bad, 0)] * 20)
    shop.world.drain("ingest")
    letters = list(shop.world.topics.read("dead-letters"))
    assert [letter.value for letter in letters] == [bad] * 20
    headers = dict(letters[0].headers)
    assert headers["reason"] == b"unknown_schema_id"
    assert b"schema id 2000000: " in headers["message"] and b"404" in headers["message"]
    assert shop.count("events") == EVENTS + 1


def test_a_breaking_schema_stops_the_start(shop, tmp_path):
    world = World(shop.broker.open, tmp_path, 1).make_topics()
    shop.registry.register(f"{world.prefix}neighbours-value", json.dumps(
        {"type": "record", "name": "ItemNeighbours", "namespace": "freshet", "fields": [
            {"name": "item_id", "type": "bytes"}]}))
    with Copy(world, "trainer", 0, shop.registry_settings()).process as process:
        assert process.wait(60) == 78
    log = (tmp_path / "trainer-0.log").read_text()
    assert "the schema may not follow the one there" in log and "neighbours-value" in log
    assert "IncompatibleSchema" in log or "ncompatible" in log
    assert sum(1 for _ in world.topics.read("neighbours")) == 0


def freshet(shop, *words):
    settings = [f"--set={key}={value}" for key, value in
                {**shop.registry_settings(), "group.prefix": shop.world.prefix}.items()]
    environment = {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}
    return subprocess.run([BIN / "freshet", *words, "-b", shop.broker.open, "--prefix",
                           shop.world.prefix, *settings], check=True, text=True, env=environment,
                          timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


def test_commands_read_and_write_ids(shop, tmp_path):
    event = shop.sent[0]
    told = [json.loads(line) for line in freshet(shop, "peek", "events", "--values").splitlines()]
    assert {one["event_id"] for one in told} == {one["id"] for one in shop.sent}
    click = json.loads(freshet(shop, "peek", "clicks", "--values", "-n", "1"))
    assert set(click) == {field["name"] for field in FIELDS}
    (tmp_path / "items").write_text(json.dumps({"item_id": event["item"], "title": "Title of it"}))
    freshet(shop, "replay", tmp_path / "items", "--topic", "items", "--contract", "Item")
    item, = shop.world.topics.read("items")
    assert by_fastavro(shop, item.value)["title"] == "Title of it"
    alike = [json.loads(line) for line in freshet(shop, "similar", event["item"]).splitlines()]
    assert alike and all(one["similarity"] > 0 for one in alike)
    user, record = next((key.decode(), record) for key, record in
                        shop.world.topics.newest("recommendations").items()
                        if by_fastavro(shop, record.value)["items"])
    listed = freshet(shop, "list", user)
    told = by_fastavro(shop, record.value)["items"]
    assert told and all(item in listed for item in told[:3])
    receipt = json.loads(freshet(shop, "forget", event["user"]))
    assert receipt["actions"] > 0
    assert f"{shop.world.prefix}events-freshet.ForgetRequest" in shop.registry.ask("/subjects")


def test_a_restart_in_an_outage(shop):
    before = shop.count("events")
    shop.gate.close()
    assert set(shop.world.stop().values()) == {0}
    shop.start("ingest", "scorer", "features", "trainer")
    event = clicks(EVENTS + 3)[-1:]
    schema_id = shop.registry.register(f"{shop.world.prefix}clicks-value", click_schema(FIELDS))
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(json.loads(click_schema(FIELDS))),
                               {**event[0], "ts": event[0]["ts"] * 1000})
    shop.send(event, [struct.pack(">bI", 0, schema_id) + body.getvalue()])
    shop.world.drain("ingest", "features", "trainer", "scorer")
    assert shop.count("events") == before + 1
    shop.gate.open()


def test_no_secret_is_told(shop):
    logs = "".join(copy.log() for copy in shop.world.copies)
    assert "schema registry is away" in logs
    assert "correct horse" not in logs and "freshet:" not in logs
    told = subprocess.run(
        [BIN / "freshet-scorer", "--options", "--set",
         "schema.registry.basic.auth.user.info=freshet:correct horse"], check=True, text=True,
        stdout=subprocess.PIPE).stdout
    assert "correct horse" not in told
    kept = [path for path in Path(shop.world.state).rglob("*") if path.is_file()]
    assert any(path.suffix == ".avsc" for path in kept)
    assert not any(b"correct horse" in path.read_bytes() for path in kept)
    assert os.environ["WORD"] == PASSWORD
