"""A request to forget a user stays in the log, so the command waits for brokers that pause."""

import json
import os
import signal
import subprocess
import time

from conftest import BIN, World
from stream_data import SETTINGS, clicks, records
from test_serve import own_broker  # noqa: F401 (a fixture)

EVENTS = 200


def test_brokers_that_pause(own_broker, tmp_path):  # noqa: F811
    """Nobody answers for longer than a request may take, while the command waits for features."""
    start, where = own_broker
    world = World(start(), tmp_path, partitions=1).make_topics()
    sent = clicks(EVENTS)
    broker = int((where / "pid").read_text().split()[0])
    try:
        world.produce("clicks", records(sent))
        _, features, *_ = world.start("ingest", "features", "trainer", "scorer", ingest=SETTINGS)
        world.drain("ingest", "features", "trainer", "scorer")
        features.process.send_signal(signal.SIGSTOP)  # no receipt comes
        command = subprocess.Popen(
            [BIN / "freshet", "forget", str(sent[0]["user"]), "--bootstrap", world.bootstrap,
             "--prefix", world.prefix, "--set", f"group.prefix={world.prefix}", "--until", "0"],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while "is in all" not in (line := command.stderr.readline()):
            assert line, "the request was not written"
        os.kill(broker, signal.SIGSTOP)
        until = time.monotonic() + 120
        while "asking again" not in (line := command.stderr.readline()):
            assert line and time.monotonic() < until, "the command did not wait"
        os.kill(broker, signal.SIGCONT)
        features.process.send_signal(signal.SIGCONT)
        out, err = command.communicate(timeout=300)
        assert command.returncode == 0, err
        assert json.loads(out)["actions"] > 0
    finally:
        os.kill(broker, signal.SIGCONT)
        features.process.send_signal(signal.SIGCONT)
        world.stop()
