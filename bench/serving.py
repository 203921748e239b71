"""Requests to freshet-serve with the lists of 1,000,000 users, and the rows of 12,000 items.

Stored lists of random users over 32 connections: by wrk from Debian, which asks as fast as it can,
and at 10,000 a second by http_load, which does not wait for answers (open loop). Then lists for
sessions of ten items, open loop as well. All of it runs on the same machine as the server, which
has a core to itself where there are two.
"""

import json
import os
import random
import re
import shutil
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import checkout
from bed import Failure, Workers, cpu_seconds, peak_rss_mb
from ratings import encoder

PREFIX = "sv."
PORT = 18080
SECONDS = 10
CONNECTIONS = 32
READY_SECONDS = 600
STORED_RATE = 10_000
SESSION_RATE = 500
ITEMS = 12_000
NEIGHBOURS = 384
SESSION_ITEMS = 10
REQUESTS = 50_000
SCRIPT = """
local users = %d
request = function()
    return wrk.format("GET", "/v1/users/u" .. math.random(0, users - 1) .. "/recommendations")
end
done = function(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("wrong %%d\\n", errors.status + errors.connect + errors.read +
        errors.write + errors.timeout))
end
"""


def lists(users):
    """(key, value) of a list of ten items for each user."""
    encode = encoder("recommendation_list.avsc")
    columns = {"items": [f"item-{i}" for i in range(10)], "scores": [1 - i / 20 for i in range(10)],
               "reasons": ["BECAUSE"] * 10, "because": [f"item-{i + 50}" for i in range(10)],
               "evidence": [30.0 - i for i in range(10)], "model": "item-item", "generation": "",
               "event_time_ms": 1, "input_partition": 0, "input_offset": 1}
    for number in range(users):
        yield f"u{number}".encode(), encode({"user_id": f"u{number}", **columns})


def rows():
    """(key, value) of the row of each item: neighbours drawn by popularity."""
    encode, rng = encoder("serving_row.avsc"), random.Random(1)
    counts = [20 * i / (i + 1) for i in range(NEIGHBOURS, 0, -1)]
    for number in range(ITEMS):
        beside = {int(ITEMS * rng.random() ** 2) for _ in range(2 * NEIGHBOURS)} - {number}
        beside = [f"item-{one}" for one in list(beside)[:NEIGHBOURS]]
        actions = 1000.0 * ITEMS / (number + 10)
        yield f"item-{number}".encode(), encode({
            "item_id": f"item-{number}", "version": 1, "epoch": 0, "trend_epoch": 0,
            "mass": actions, "actions": actions, "trend": actions, "first_users": 10,
            "event_time_ms": 1, "items": beside, "co_ratings": counts[:len(beside)],
            "forwards": counts[:len(beside)], "backwards": counts[:len(beside)]})


def stored_requests(users):
    rng = random.Random(2)
    return [f"/v1/users/u{rng.randrange(users)}/recommendations" for _ in range(REQUESTS)]


def session_requests():
    rng = random.Random(3)

    def session():
        items = [f"item-{int(ITEMS * rng.random() ** 2)}" for _ in range(SESSION_ITEMS)]
        return json.dumps({"actions": [{"item": item} for item in items]}, separators=(",", ":"))
    return [f"/v1/recommendations\t{session()}" for _ in range(REQUESTS)]


def open_loop(directory, rate, requests, seconds=SECONDS, port=PORT):
    """What http_load says, by name."""
    file = Path(directory) / "requests"
    file.write_text("\n".join(requests) + "\n")
    done = subprocess.run([checkout.BUILD / "bench/http_load", str(port), str(rate), str(seconds),
                           str(CONNECTIONS), file], stdout=subprocess.PIPE, text=True,
                          timeout=20 * seconds)
    if done.returncode:
        raise Failure(f"http_load did not get an answer to each request:\n{done.stdout}")
    return {name: float(value) for name, value in map(str.split, done.stdout.splitlines())}


def ask(path, body=None, port=PORT, timeout=60):
    """What the server answers in JSON; POST where the request has a body."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}",
                                     None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.load(answer)


def wait_ready(port=PORT):
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise Failure(f"the lists were not read within {READY_SECONDS} s")


def load(directory, users):
    """What wrk says: answers a second and the latency that 99 of 100 did not exceed."""
    script = Path(directory) / "users.lua"
    script.write_text(SCRIPT % users)
    done = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s",
                           script, f"http://127.0.0.1:{PORT}"], stdout=subprocess.PIPE, text=True,
                          timeout=10 * SECONDS)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    wrong = re.search(r"^wrong (\d+)$", done.stdout, re.M)
    slow = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", done.stdout)
    if done.returncode or not rate or not wrong or not slow or int(wrong[1]):
        raise Failure(f"wrk did not get an answer to each request:\n{done.stdout}")
    return float(rate[1]), float(slow[1]) * {"us": 1e-3, "ms": 1, "s": 1e3}[slow[2]]


def run_on(pid, cores):
    """Keeps all threads of a process on these cores."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), cores)


@contextmanager
def core_of_its_own(pid, others):
    """Of the server: all others, and what this program starts, run on the other cores."""
    cores = os.sched_getaffinity(0)
    if len(cores) > 1:
        own = min(cores)
        run_on(pid, {own})
        for other in [os.getpid(), *others]:
            run_on(other, cores - {own})
    try:
        yield
    finally:
        for other in [os.getpid(), *others]:
            run_on(other, cores)


def serve(bed, options):
    """Stored lists a second, and the memory that 1,000,000 users take."""
    if not shutil.which("wrk"):
        bed.say("wrk is missing: apt-get install wrk; nothing is measured")
        return {}
    with bed.topics(PREFIX):
        bed.say("writing lists")
        bed.fill(f"{PREFIX}recommendations", lists(options.users))
        bed.fill(f"{PREFIX}serving-rows", rows())
        with Workers(bed, PREFIX, ["serve"], [f"serve.http.port={PORT}"]) as workers:
            workers.healthy()
            wait_ready()
            pid = workers.pid("serve")
            with core_of_its_own(pid, [bed.kafka_pid()]):
                load(bed.directory, options.users)  # to warm up
                before = cpu_seconds(pid)
                rate, slow_ms = load(bed.directory, options.users)
                cores = (cpu_seconds(pid) - before) / SECONDS
                steady = open_loop(bed.directory, STORED_RATE, stored_requests(options.users))
                sessions = open_loop(bed.directory, SESSION_RATE, session_requests())
            return {"serve_stored_per_s": rate,
                    "serve_stored_closed_p99_ms": slow_ms,
                    "serve_stored_cores": cores,
                    "serve_stored_p50_ms": steady["http_load_p50_ms"],
                    "serve_stored_p99_ms": steady["http_load_p99_ms"],
                    "serve_session_p50_ms": sessions["http_load_p50_ms"],
                    "serve_session_p99_ms": sessions["http_load_p99_ms"],
                    "serve_rss_mb_1m_users": peak_rss_mb(pid)}
