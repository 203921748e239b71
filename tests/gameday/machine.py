"""What a game day is played on: a Kafka node, workers as units of a pretended machine, Prometheus
with the alerts of deploy/monitoring, and in front of the PATH the programs that a runbook names."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from argparse import Namespace
from pathlib import Path

import checkout
import daemon

WORKERS = ("ingest", "features", "trainer", "scorer", "serve")
BIN = Path(os.environ.get("FRESHET_BIN", checkout.BUILD / "bin"))
SLOTS = 2           # the second slot's copy runs only in an incident
FASTER = 20         # of an alert's durations: 5m become 15 s
TOOLS = "org.apache.kafka:kafka-tools:4.1.1"
STOP_SECONDS = 60
RESTART_SECONDS = 2
HERE = Path(__file__).resolve().parent
MONITORING = checkout.ROOT / "deploy/monitoring"
UNIT = re.compile(r"freshet-(\w+)@(\d+)$")
PROGRAMS = {"kafka-configs.sh": "kafka.admin.ConfigCommand",
            "kafka-transactions.sh": "org.apache.kafka.tools.TransactionsCommand"}


class Failure(Exception):
    pass


def wait(done, seconds, what):
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise Failure(f"waited {seconds} s for {what}")
        time.sleep(0.2)


class Machine:
    """Kafka and the copies of the workers, by the names of their units. What it knows stands in its
    directory, so that the programs in front of the PATH know it, too."""

    def __init__(self, directory):
        self.directory, self.conf = directory, directory / "etc"
        self.wanted = directory / "wanted"  # a file for each unit that is to run
        self.ports = {}

    def make(self):
        self.conf.mkdir(parents=True)
        self.wanted.mkdir()
        kafka, *metrics, requests = checkout.script("local-kafka").free_ports(
            2 + SLOTS * len(WORKERS))
        names = [f"{worker}@{slot}" for worker in WORKERS for slot in range(SLOTS)]
        self.ports = {"kafka": kafka, "requests": requests, **dict(zip(names, metrics))}
        (self.directory / "ports.json").write_text(json.dumps(self.ports))
        for worker in WORKERS:
            shutil.copy(checkout.ROOT / f"deploy/conf/{worker}.properties", self.conf)
            self.set(worker, "bootstrap.servers", self.bootstrap())
            self.set(worker, "state.dir", self.directory / "state")
        self.set("serve", "http.port", requests)
        return self

    def know(self):
        self.ports = json.loads((self.directory / "ports.json").read_text())
        return self

    def set(self, worker, name, value):
        """One line of a worker's properties file, which stands there once."""
        file = self.conf / f"{worker}.properties"
        lines = [line for line in file.read_text().splitlines()
                 if not line.startswith(f"{name}=")]
        file.write_text("\n".join([*lines, f"{name}={value}"]) + "\n")

    def bootstrap(self):
        return f"127.0.0.1:{self.ports['kafka']}"

    # ---- Units ----

    def copy(self, worker, slot=0):
        return checkout.script("pipeline").Copy(self.directory, worker, int(slot))

    def start(self, unit):
        if unit == "kafka":
            subprocess.run([checkout.ROOT / "deploy/local-kafka", "start", "--quiet", "--dir",
                            self.directory / "kafka", "--port", str(self.ports["kafka"])],
                           check=True, stdout=subprocess.DEVNULL, env=checkout.with_build())
            return
        (self.wanted / unit).touch()
        worker, slot = UNIT.match(unit).groups()
        copy = self.copy(worker, slot)
        if copy.pid() is None:
            copy.start(Namespace(
                bin=BIN, bootstrap=self.bootstrap(), prefix="",
                conf={worker: self.conf / f"{worker}.properties"},
                set=[f"{worker}.group.prefix=freshet-",
                     f"{worker}.metrics.port={self.ports[f'{worker}@{slot}']}"]))

    def _unwanted(self, unit):
        """Nobody starts it again; returns its pid file."""
        (self.wanted / unit).unlink(missing_ok=True)
        if unit == "kafka":
            return self.directory / "kafka/pid"
        return self.copy(*UNIT.match(unit).groups()).pid_file

    def stop(self, unit):
        daemon.stop([self._unwanted(unit)], STOP_SECONDS)

    def kill(self, unit):
        """Its end, and nobody starts it again."""
        file = self._unwanted(unit)
        pid = daemon.pid_of(file)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        wait(lambda: daemon.pid_of(file) is None, STOP_SECONDS, f"the end of {unit}")

    def look_after(self, ended):
        """systemd's part: a unit that ended by a fault is started again."""
        while not ended.wait(RESTART_SECONDS):
            for unit in self.wanted.iterdir():
                with contextlib.suppress(FileNotFoundError):  # stopped meanwhile
                    if self.copy(*UNIT.match(unit.name).groups()).pid() is None and unit.exists():
                        self.start(unit.name)

    def lose_disk(self, worker):
        shutil.rmtree(self.directory / "state" / worker)

    def metric(self, worker, name):
        """Sum over a name's labels; None while the copy does not answer."""
        try:
            port = self.ports[f"{worker}@0"]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                text = answer.read().decode()
        except OSError:
            return None
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
                   if re.match(rf"{name}[ {{]", line))

    def well(self):
        return all(self.copy(worker).healthy() for worker in WORKERS)

    def end(self):
        for worker in WORKERS:
            for slot in range(SLOTS):
                self.stop(f"freshet-{worker}@{slot}")
        self.stop("kafka")


def tool(main, *words):
    """The command line of one of Kafka's programs."""
    libs = f"{checkout.BUILD}/kafka/libs/*:{checkout.BUILD}/gameday/libs/*"
    return ["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", libs, main,
            *words]


def fetch_tools():
    """Kafka's programs for transactions, which the broker itself does not need."""
    libs = checkout.BUILD / "gameday/libs"
    if not any(libs.glob("kafka-tools-*.jar")):
        subprocess.run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={TOOLS}",
                        f"-DoutputDirectory={libs}"], check=True, stdout=subprocess.DEVNULL)


class Prometheus:
    """The real one, over all units' metrics, with the alerts' durations FASTER times as short."""

    def __init__(self, machine):
        self.machine = machine
        self.port = checkout.script("local-kafka").free_ports(1)[0]
        self.process = None

    def start(self):
        where = self.machine.directory
        done = subprocess.run([MONITORING / "fetch-prometheus"], check=True, text=True,
                              stdout=subprocess.PIPE, env=checkout.with_build())
        (where / "alerts.yml").write_text(faster((MONITORING / "alerts.yml").read_text()))
        targets = [{"targets": [f"127.0.0.1:{self.machine.ports[f'{worker}@0']}"]}
                   for worker in WORKERS]
        (where / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["alerts.yml"],
            "scrape_configs": [{"job_name": "freshet", "static_configs": targets}]}))
        with open(where / "prometheus.log", "ab") as log:
            self.process = subprocess.Popen(
                [Path(done.stdout.strip()) / "prometheus",
                 f"--config.file={where}/prometheus.yml", f"--storage.tsdb.path={where}/tsdb",
                 f"--web.listen-address=127.0.0.1:{self.port}"], stdout=log, stderr=log)
        wait(lambda: self.firing() is not None, 60, "Prometheus")

    def firing(self):
        """The names of the alerts that fire; None while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/alerts",
                                        timeout=10) as answer:
                told = json.load(answer)["data"]["alerts"]
        except OSError:
            return None
        return {one["labels"]["alertname"] for one in told if one["state"] == "firing"}

    def end(self):
        if self.process:
            self.process.terminate()
            self.process.wait()


def faster(rules):
    """The alerts with shorter durations: of `for:` and of ranges like [10m]."""
    def seconds(number, unit):
        return f"{max(3, int(number) * {'m': 60, 'h': 3600, 'd': 86400}[unit] // FASTER)}s"
    rules = re.sub(r"for: (\d+)([mhd])$", lambda at: f"for: {seconds(*at.groups())}", rules,
                   flags=re.M)
    return re.sub(r"\[(\d+)([mhd])\]", lambda at: f"[{seconds(*at.groups())}]", rules)


def mend_of(alert):
    """The commands under "Mend" of an alert's section of the runbook."""
    page = (checkout.ROOT / "docs/runbooks.md").read_text()
    section = re.search(rf"^## {alert}$(.*?)(?=^## |\Z)", page, re.M | re.S)[1]
    return "\n".join(re.findall(r"^    (\S.*)$", section[section.index("\nMend"):], re.M))


@contextlib.contextmanager
def path_with(machine):
    """A PATH on which a runbook's programs act on this machine."""
    programs = machine.directory / "bin"
    programs.mkdir()
    for name in ("systemctl", *PROGRAMS):
        text = f'#!/bin/sh\nexec "{HERE}/act" "{machine.directory}" {name} "$@"\n'
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (programs / "freshet").symlink_to(BIN / "freshet")
    yield f"{programs}:{os.environ['PATH']}"
