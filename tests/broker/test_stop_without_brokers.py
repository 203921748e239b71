"""freshet-serve ends in order when its brokers have fallen silent, whatever it asks them."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request

from conftest import ROOT, World

SILENT_SECONDS = 3  # of brokers, before the stop: requests are on their way


def known(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/console/flow?format=json",
                                    timeout=60) as answer:
            return json.load(answer)["known"]
    except OSError:
        return False


def test_serve_ends_without_brokers(tmp_path):
    script, where = ROOT / "deploy/local-kafka", tmp_path / "kafka"
    done = subprocess.run([script, "start", "--quiet", "--dir", where], check=True, text=True,
                          stdout=subprocess.PIPE)
    node = int((where / "pid").read_text().split()[0])
    try:
        (tmp_path / "world").mkdir()
        world = World(done.stdout.strip(), tmp_path / "world", 2).make_topics()
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        serve, = world.start("serve", serve={"http.port": port})
        world.wait(lambda: known(port), "the watch to hear of the brokers")
        os.kill(node, signal.SIGSTOP)
        time.sleep(SILENT_SECONDS)
        assert serve.stop() == 0, serve.log()[-2000:]
    finally:
        os.kill(node, signal.SIGCONT)
        subprocess.run([script, "stop", "--dir", where], check=True, stdout=subprocess.DEVNULL)
