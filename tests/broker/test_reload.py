"""Limits that SIGHUP turns while workers run, and what the log says of them."""

import re
import signal
import subprocess

import pytest

from conftest import BIN

TURNED = [
    ("scorer", ("lists.remake.share", "20", "5"), ("list.length", "20", "10")),
    ("sequence", ("train.cpu.share", "1", "0.25"), ("train.batch", "0", "16")),
    ("serve", ("http.connections.max", "256", "8"), ("http.timeout.ms", "30s", "1m")),
    ("trainer", ("checkpoint.rest.ms", "10s", "1m"), ("serving.change", "0.05", "0.5")),
]


def changes(log, msg):
    return re.findall(rf'msg="{msg}" .*option=(\S+) from=(\S+) to=(\S+)', log)


@pytest.mark.parametrize("worker, live, fixed", TURNED)
def test_limits_are_turned_while_a_worker_runs(make_world, worker, live, fixed):
    world = make_world()
    file, log_file = world.dir / f"{worker}.properties", world.dir / f"{worker}.log"
    own = "http.port=0\n" if worker == "serve" else ""
    file.write_text(own)

    def hang_up(text, times):
        file.write_text(own + text)
        process.send_signal(signal.SIGHUP)
        world.wait(lambda: log_file.read_text().count("configuration reloaded") == times,
                   "the line in the log")

    with open(log_file, "wb") as log:
        process = subprocess.Popen(
            [BIN / f"freshet-{worker}", "--config", file, "--set", f"topic.prefix={world.prefix}",
             "--set", f"group.prefix={world.prefix}", "--set", f"state.dir={world.state}",
             "--set", f"bootstrap.servers={world.bootstrap}"], stdout=log, stderr=log)
    try:
        world.wait(lambda: 'msg="started"' in log_file.read_text(), f"{worker} to start")
        hang_up("", 1)
        told = log_file.read_text()
        assert ("freshet rules apply" in told) == (worker in ("scorer", "serve")), told
        hang_up(f"{live[0]}={live[2]}\n{fixed[0]}={fixed[2]}\n", 2)
        told = log_file.read_text()
        assert changes(told, "an option has changed") == [live], told
        assert changes(told, "an option has changed that needs a restart") == [fixed], told
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(60) == 0
