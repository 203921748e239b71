"""Requests for stored lists: freshet-serve with the lists of 1,000,000 users, asked by wrk from
Debian over 32 connections, each for a random user. wrk runs on the same machine."""

import re
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import checkout
from bed import Failure, Workers, cpu_seconds, peak_rss_mb
from ratings import single_object_header

PREFIX = "sv."
PORT = 18080
SECONDS = 10
CONNECTIONS = 32
READY_SECONDS = 600
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
    import io
    import json

    import fastavro
    text = json.loads((checkout.ROOT / "schemas/recommendation_list.avsc").read_text())
    schema = fastavro.parse_schema(text)
    columns = {"items": [f"item-{i}" for i in range(10)], "scores": [1 - i / 20 for i in range(10)],
               "reasons": ["BECAUSE"] * 10, "because": [f"item-{i + 50}" for i in range(10)],
               "evidence": [30.0 - i for i in range(10)], "model": "item-item", "generation": "",
               "event_time_ms": 1, "input_partition": 0, "input_offset": 1}
    head = single_object_header(text)
    for number in range(users):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, {"user_id": f"u{number}", **columns})
        yield f"u{number}".encode(), head + out.getvalue()


def wait_ready():
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/ready", timeout=2):
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


def serve(bed, options):
    """Stored lists a second, and the memory that 1,000,000 users take."""
    if not shutil.which("wrk"):
        bed.say("wrk is missing: apt-get install wrk; nothing is measured")
        return {}
    with bed.topics(PREFIX):
        bed.say("writing lists")
        bed.fill(f"{PREFIX}recommendations", lists(options.users))
        with Workers(bed, PREFIX, ["serve"], [f"serve.http.port={PORT}"]) as workers:
            workers.healthy()
            wait_ready()
            load(bed.directory, options.users)  # to warm up
            pid = workers.pid("serve")
            before = cpu_seconds(pid)
            rate, slow_ms = load(bed.directory, options.users)
            return {"serve_stored_per_s": rate,
                    "serve_stored_closed_p99_ms": slow_ms,
                    "serve_stored_cores": (cpu_seconds(pid) - before) / SECONDS,
                    "serve_rss_mb_1m_users": peak_rss_mb(pid)}
