"""freshet-serve ends in order when its brokers have fallen silent, whatever it asks them, and goes
on when they answer again after its requests have expired."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

from conftest import ROOT, World

SILENT_SECONDS = 3  # of brokers, before the stop: requests are on their way
EXPIRED_SECONDS = 12  # requests of the watch have expired, some before they found a coordinator


SCRIPT = ROOT / "deploy/local-kafka"


def flow(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/console/flow?format=json",
                                    timeout=60) as answer:
            return json.load(answer)
    except OSError:
        return {"known": False, "workers": []}


def copies_seen(port):
    """Of serve itself, by its own watch."""
    return sum(one["copies"] or 0 for one in flow(port)["workers"] if one["worker"] == "serve")


class Node:
    """A broker of this test's own, which may fall silent or be killed."""

    def __init__(self, where):
        self.where = where
        self.bootstrap = self.start()

    def start(self, *words):
        done = subprocess.run([SCRIPT, "start", "--quiet", "--dir", self.where, *words], check=True,
                              text=True, stdout=subprocess.PIPE)
        self.pid = int((self.where / "pid").read_text().split()[0])
        return done.stdout.strip()

    def signal(self, number):
        os.kill(self.pid, number)

    def stop(self):
        self.signal(signal.SIGCONT)
        subprocess.run([SCRIPT, "stop", "--dir", self.where], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def node(tmp_path):
    node = Node(tmp_path / "kafka")
    yield node
    node.stop()


@pytest.fixture
def served(node, tmp_path):
    """A world on it, a serve that has heard of the brokers, and its port."""
    (tmp_path / "world").mkdir()
    world = World(node.bootstrap, tmp_path / "world", 2).make_topics()
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    serve, = world.start("serve", serve={"http.port": port})
    world.wait(lambda: flow(port)["known"], "the watch to hear of the brokers")
    return world, serve, port


def test_serve_ends_without_brokers(node, served):
    _, serve, _ = served
    node.signal(signal.SIGSTOP)
    time.sleep(SILENT_SECONDS)
    assert serve.stop() == 0, serve.log()[-2000:]


def test_serve_goes_on_when_brokers_answer_late(node, served):
    world, serve, port = served
    for silent in (EXPIRED_SECONDS, SILENT_SECONDS):
        node.signal(signal.SIGSTOP)
        time.sleep(silent)
        if silent == EXPIRED_SECONDS:
            node.signal(signal.SIGCONT)
        else:
            node.signal(signal.SIGKILL)
            node.start("--port", node.bootstrap.rpartition(":")[2])
        world.wait(lambda: copies_seen(port) == 1, "the watch to see serve again")
        assert serve.running(), serve.log()[-2000:]
    assert serve.stop() == 0, serve.log()[-2000:]
