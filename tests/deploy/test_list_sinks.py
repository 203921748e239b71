"""The recipes that keep lists elsewhere: the consumer of examples/lists_to_redis.py against a Redis
(redis-server where it is installed, and one of this file's own) and the Kafka Connect sink."""

import configparser
import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30
LISTS = [(b"u1", b'{"user":"u1","items":[]}'), (b"u2", '{"user":"ü\r\n"}'.encode()), (b"u1", None),
         (b"u3", b"{}")]


class OwnRedis(threading.Thread):
    """SET, DEL and GET."""

    def __init__(self):
        super().__init__(daemon=True)
        self.rows = {}
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listening.getsockname()[1]
        self.start()

    def run(self):
        while True:
            try:
                one = self.listening.accept()[0]
            except OSError:  # stop()
                return
            threading.Thread(target=self.serve, args=(one,), daemon=True).start()

    def serve(self, one):
        with one, one.makefile("rb") as words:
            while line := words.readline():
                command = []
                for _ in range(int(line[1:])):
                    size = int(words.readline()[1:])
                    command.append(words.read(size + 2)[:-2])
                one.sendall(self.answer(*command))

    def answer(self, verb, key, value=None):
        if verb == b"SET":
            self.rows[key] = value
            return b"+OK\r\n"
        if verb == b"DEL":
            return b":%d\r\n" % (self.rows.pop(key, None) is not None)
        value = self.rows.get(key)
        return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)

    def stop(self):
        self.listening.close()


class RealRedis:
    def __init__(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        self.process = subprocess.Popen(["redis-server", "--port", str(port), "--save", "",
                                         "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("redis-server does not listen")

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


def read(address, key):
    with socket.create_connection(address.split(":"), timeout=PATIENCE) as one:
        one.sendall(b"*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n" % (len(key), key))
        with one.makefile("rb") as answer:
            size = int(answer.readline()[1:])
            return None if size < 0 else answer.read(size)


class Record:
    def __init__(self, key, value):
        self.key, self.value, self.error = lambda: key, lambda: value, lambda: None


class Ended(Exception):
    pass


class FakeConsumer:
    """Gives the lists once; then ends the program."""

    def __init__(self, settings):
        self.committed = 0
        FakeConsumer.last, self.settings = self, settings
        self.parts = [[Record(*one) for one in LISTS[:2]], [], [Record(*one) for one in LISTS[2:]]]

    def subscribe(self, topics):
        self.topics = topics

    def consume(self, _count, timeout):
        if not self.parts:
            raise Ended
        return self.parts.pop(0)

    def commit(self, asynchronous):
        assert not asynchronous
        self.committed += 1


@pytest.mark.parametrize("redis", [OwnRedis, RealRedis])
def test_lists_in_redis(redis, monkeypatch):
    if redis is RealRedis and not shutil.which("redis-server"):
        pytest.skip("no redis-server: apt-get install redis-server")
    library = types.SimpleNamespace(Consumer=FakeConsumer)
    monkeypatch.setitem(sys.modules, "confluent_kafka", library)
    form = importlib.util.spec_from_file_location("sink", ROOT / "examples/lists_to_redis.py")
    sink = importlib.util.module_from_spec(form)
    form.loader.exec_module(sink)
    server = redis()
    try:
        with pytest.raises(Ended):
            sink.main("localhost:9092", "recommendations-json", server.address)
        assert read(server.address, b"freshet:u1") is None
        assert read(server.address, b"freshet:u2") == LISTS[1][1]
        assert read(server.address, b"freshet:u3") == b"{}"
    finally:
        server.stop()
    assert FakeConsumer.last.committed == 2 and FakeConsumer.last.topics == ["recommendations-json"]
    assert FakeConsumer.last.settings["enable.auto.commit"] is False


def test_connect_sink():
    sink = json.loads((ROOT / "examples/connect-redis-sink.json").read_text())
    assert set(sink) == {"name", "config"}
    config = sink["config"]
    assert all(isinstance(value, str) for value in config.values())
    known = {"connector.class", "tasks.max", "topics", "key.converter", "value.converter",
             "redis.hosts", "redis.database", "errors.tolerance"}
    assert set(config) == known
    topics = configparser.ConfigParser()
    topics.read(ROOT / "deploy/topics.ini")
    assert set(config["topics"].split(",")) <= set(topics.sections())
    assert config["key.converter"] == config["value.converter"] == \
        "org.apache.kafka.connect.storage.StringConverter"
