"""The short form of `make chaos`: about three minutes, at least 20 faults, nothing lost or doubled.

The seed is fixed (or SEED): a failure here is one of the code, not of the draw.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("FRESHET_BIN", ROOT / os.environ.get("BUILD", "build") / "bin"))
RUN = ROOT / "tests" / "chaos" / "run"
LEAST = 20
for room in ("deploy", "tests/broker", "tests/chaos"):
    sys.path.insert(0, str(ROOT / room))


def test_short_run(tmp_path):
    out = tmp_path / "chaos.json"
    done = subprocess.run([RUN, "--minutes", "1.5", "--faults", str(LEAST), "--out", out, "--bin",
                           BIN, "--seed", os.environ.get("SEED", "1"), "--patience", "600",
                           "--many", "0"],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    told = json.loads(out.read_text())
    assert told["faults"] >= LEAST and len(told["kinds"]) >= 10
    assert told["differences"] == told["unaccounted"] == 0
    assert told["compared"]["events"] > 1000 and told["compared"]["stored_records"] > 1000
    assert told["happened"]["rebalances"] > 8 and told["happened"]["restores"] > 0


def test_interrupted_it_leaves_nothing(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    run = subprocess.Popen([RUN, "--minutes", "9", "--seed", "2", "--bin", BIN, "--out",
                            tmp_path / "chaos.json"], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, env=environment)
    said = []
    for line in run.stdout:
        said.append(line)
        if "here it comes" in line:
            break
    assert run.poll() is None, "".join(said)
    run.send_signal(signal.SIGTERM)
    run.communicate()
    assert run.returncode == 128 + signal.SIGTERM
    assert left_over(tmp_path) == []


def left_over(directory):
    """Processes that have the directory in their command line and have not ended."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            words = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(directory) in words and state not in "ZX" and int(process.name) != os.getpid():
            found.append(words)
    return found


def test_same_seed_same_faults():
    from schedule import LANES, lane
    for name in LANES:
        first, again, other = lane(name, 7), lane(name, 7), lane(name, 8)
        faults = [next(first) for _ in range(200)]
        assert faults == [next(again) for _ in range(200)]
        assert faults != [next(other) for _ in range(200)]


def test_every_kind_has_a_fault_and_comes_early():
    from faults import FAULTS
    from schedule import KINDS, lane
    assert FAULTS.keys() == {kind for kinds in KINDS.values() for kind in kinds}
    for name, kinds in KINDS.items():
        for seed in range(20):
            drawn = lane(name, seed)
            assert {next(drawn).kind for _ in range(len(kinds))} == set(kinds)


def echo_server():
    """Answers whatever comes with the same bytes, once a connection."""
    import threading
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection = server.accept()[0]
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection):
        try:
            while piece := connection.recv(100):
                connection.sendall(piece)
        except OSError:
            pass
    threading.Thread(target=serve, daemon=True).start()
    return server


def said(connection, seconds):
    """What comes within the time: bytes, b"" when it was closed, None for nothing."""
    connection.settimeout(seconds)
    try:
        return connection.recv(100)
    except TimeoutError:
        return None
    except OSError:
        return b""


def test_the_proxy_does_what_it_is_told():
    from cluster import free_ports
    from proxy import Proxy
    server = echo_server()
    port, = free_ports(1)
    proxy = Proxy([[port, server.getsockname()[1]]])
    try:
        line = socket.create_connection(("127.0.0.1", port))
        line.sendall(b"one")
        assert said(line, 30) == b"one"
        for mode in ("hole", "deaf"):
            proxy.set(0, mode)
            line.sendall(b"two")
            assert said(line, 0.3) is None
            proxy.set(0, "pass")
            assert said(line, 30) == b"two"
        proxy.set(0, "slow", 0.2)
        began = time.monotonic()
        line.sendall(b"three")
        assert said(line, 30) == b"three" and time.monotonic() - began >= 0.4  # there and back
        proxy.set(0, "cut")
        assert said(line, 30) == b""
        line = socket.create_connection(("127.0.0.1", port))
        line.sendall(b"four")
        assert said(line, 30) == b"four"
        proxy.set(0, "refuse")
        assert said(line, 30) == b""
        assert said(socket.create_connection(("127.0.0.1", port)), 30) == b""
    finally:
        proxy.stop()
        server.close()
