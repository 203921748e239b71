"""freshet-serve under load, while a copy is killed and comes back, and while the broker is away:
wrk checks every answer (serve_load.lua). LOAD_SECONDS=600: make serve-load."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from conftest import World
from test_serve import ROOT, ask, encode, free_port, list_of, own_broker  # noqa: F401

SECONDS = int(os.environ.get("LOAD_SECONDS", "60"))
AWAY = max(SECONDS // 10, 6)
USERS, CONNECTIONS = 2000, 8
ERRORS = ("connect", "read", "write", "timeout", "status")


def lists(made):
    return [(f"u{user}".encode(), encode("recommendation_list", {
        "user_id": f"u{user}", "items": [f"{made}{user}-{at}" for at in (1, 2, 3)],
        "scores": [3.0, 2.0, 1.0], "reasons": ["POPULAR"] * 3, "because": [""] * 3,
        "evidence": [3.0] * 3, "model": "item-item", "event_time_ms": 1, "input_partition": 0,
        "input_offset": ord(made)}), 0) for user in range(USERS)]


class Load:
    """wrk against one copy, until it is told to end."""

    def __init__(self, port, seed):
        self.process = subprocess.Popen(
            ["wrk", "-t1", f"-c{CONNECTIONS}", "-d24h", "--timeout", "60s", "--latency", "-s",
             ROOT / "tests/broker/serve_load.lua", f"http://127.0.0.1:{port}", "--", str(USERS),
             str(seed)], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(self):
        self.process.send_signal(signal.SIGINT)

    def told(self):
        out, err = self.process.communicate(timeout=300)
        assert self.process.returncode == 0, out + err
        told = json.loads(next(line for line in out.splitlines() if line.startswith("TOLD "))[5:])
        assert told["wrong"] == 0, err
        return told


def all_served(world, port, made):
    world.wait(lambda: all(list_of(port, f"u{user}")[1]["items"][0]["item"] == f"{made}{user}-1"
                           for user in range(0, USERS, 97)), f"lists {made}")


@pytest.mark.skipif(not shutil.which("wrk"), reason="no wrk: apt-get install wrk")
def test_load_with_kills(own_broker, tmp_path):  # noqa: F811
    start, where = own_broker
    bootstrap = start()
    world = World(bootstrap, tmp_path, partitions=2).make_topics()
    ports, loads = [free_port(), free_port()], []
    try:
        world.produce("recommendations", lists("a"))
        copies = [world.start("serve", serve={"http.port": port})[0] for port in ports]
        for port in ports:
            world.wait(lambda one=port: ask(one, "/ready")[0] == 200, "the lists")
            all_served(world, port, "a")
        began = time.monotonic()
        loads = [Load(ports[0], 1), Load(ports[1], 2)]

        time.sleep(SECONDS * 0.15)
        copies[1].process.kill()
        copies[1].process.wait()
        loads[1].end()  # it does not ask again where nobody listens
        time.sleep(SECONDS * 0.1)
        world.start("serve", serve={"http.port": ports[1]})
        world.wait(lambda: ask(ports[1], "/ready")[0] == 200, "the lists from disk")
        loads.append(Load(ports[1], 3))

        time.sleep(max(SECONDS * 0.05, 1))
        pid = int((where / "pid").read_text().split()[0])
        subprocess.run(["kill", f"-{signal.SIGKILL.value}", str(pid)], check=True)
        time.sleep(AWAY)
        start("--port", bootstrap.rpartition(":")[2])
        world.produce("recommendations", lists("b"))
        for port in ports:
            all_served(world, port, "b")
        time.sleep(max(began + SECONDS - time.monotonic(), 2))
        lasted = round(time.monotonic() - began)
        loads[0].end()
        loads[2].end()
        told = dict(zip(("steady", "killed", "again"), (load.told() for load in loads)))
        print(json.dumps({"seconds": lasted, "away_s": AWAY, **told}))
        for name in ("steady", "again"):
            assert not any(told[name][error] for error in ERRORS), (name, told[name])
            assert told[name]["first"] > 0 and told[name]["second"] > 0, told[name]
        assert told["killed"]["answers"] > 0 and told["killed"]["status"] == 0
        assert [copy.stop() for copy in world.copies if copy.running()] == [0, 0]
    finally:
        for load in loads:
            load.process.kill()
        world.stop()
