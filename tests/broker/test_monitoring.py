"""The alerts and the dashboard, in the real Prometheus, over workers at work."""

import json
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from conftest import ROOT
from stream_data import SETTINGS, clicks, records

MONITORING = ROOT / "deploy/monitoring"
EVENTS = 2_000
# No record is refused here: an empty answer is the right one.
MAY_BE_EMPTY = "freshet_dead_letters_total"


@pytest.fixture(scope="module")
def programs():
    done = subprocess.run([MONITORING / "fetch-prometheus"], check=True, text=True,
                          stdout=subprocess.PIPE)
    return Path(done.stdout.strip())


def promtool(programs, *words):
    done = subprocess.run([programs / "promtool", *words], cwd=MONITORING, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def test_the_rules_are_well_formed_and_fire_when_they_should(programs):
    promtool(programs, "check", "rules", "--lint=all", "--lint-fatal", "alerts.yml")
    promtool(programs, "check", "config", "prometheus.yml")
    promtool(programs, "test", "rules", "alerts.test.yml")


def test_every_alert_is_explained():
    told = (ROOT / "docs/monitoring.md").read_text()
    runbooks = re.findall(r"^## (\w+)$", (ROOT / "docs/runbooks.md").read_text(), re.M)
    rules = (MONITORING / "alerts.yml").read_text()
    alerts = re.findall(r"alert: (\w+)", rules)
    assert sorted(alerts) == sorted(runbooks)
    for alert in alerts:
        assert f"[`{alert}`](runbooks.md#{alert.lower()})" in told, alert
        assert f'runbook_url: "docs/runbooks.md#{alert.lower()}"' in rules, alert


class Prometheus:
    def __init__(self, programs, where, targets):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        text = (MONITORING / "prometheus.yml").read_text()
        head, _, _ = text.partition("      - targets:")
        head = head.replace("15s", "1s").replace("alerts.yml", str(MONITORING / "alerts.yml"))
        (where / "prometheus.yml").write_text(head + f"      - targets: {json.dumps(targets)}\n")
        with open(where / "prometheus.log", "ab") as log:
            self.process = subprocess.Popen(
                [programs / "prometheus", f"--config.file={where}/prometheus.yml",
                 f"--storage.tsdb.path={where}/tsdb",
                 f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)

    def ask(self, path, **words):
        query = urllib.parse.urlencode(words)
        address = f"http://127.0.0.1:{self.port}/api/v1/{path}?{query}"
        with urllib.request.urlopen(address, timeout=60) as answer:
            return json.load(answer)["data"]

    def up(self):
        try:
            return len(self.ask("query", query='up{job="freshet"} == 1')["result"])
        except OSError:
            return 0

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def dashboard_queries():
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    return [target["expr"].replace("$__rate_interval", "1m")
            for panel in panels for target in panel.get("targets", [])]


def test_the_dashboard_shows_what_the_workers_tell(programs, make_world, tmp_path):
    world = make_world()
    copies = world.start("ingest", "features", "trainer", "sequence", "scorer",
                         ingest=SETTINGS)
    ports = [json.loads(copy.slot_file.read_text())["metrics_port"] for copy in copies]
    prometheus = Prometheus(programs, tmp_path, [f"127.0.0.1:{port}" for port in ports])
    try:
        world.wait(lambda: prometheus.up() == len(copies), "Prometheus to see the workers")
        began = time.monotonic()
        sent = clicks(EVENTS)
        for part in range(4):  # rates want growth between two scrapes
            some = sent[part * EVENTS // 4:(part + 1) * EVENTS // 4]
            world.produce("clicks", records(some))
            world.drain("ingest", "features", "trainer", "scorer")
            time.sleep(max(0, 2 * (part + 1) - (time.monotonic() - began)))
        for query in dashboard_queries():
            if MAY_BE_EMPTY in query:
                continue
            world.wait(lambda one=query: prometheus.ask("query", query=one)["result"],
                       f"an answer to {query}")
        loaded = prometheus.ask("rules")["groups"][0]["rules"]
        assert loaded and all(rule["health"] != "err" for rule in loaded)
        critical = [alert["labels"] for alert in prometheus.ask("alerts")["alerts"]
                    if alert["state"] == "firing" and alert["labels"]["severity"] == "critical"]
        assert critical == []
    finally:
        prometheus.stop()
