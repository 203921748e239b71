"""The pipeline script, with stand-ins for the workers: they start, are watched, and end."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKERS = ["ingest", "features", "trainer", "scorer"]
# Understands of a worker's command line and manners what the script relies on.
STAND_IN = """#!/usr/bin/env python3
import http.server, json, os, pathlib, signal, sys, time
settings = dict(one.split("=", 1) for one in sys.argv if "=" in one)
worker = pathlib.Path(sys.argv[0]).name.removeprefix("freshet-")
if "die" in settings:
    sys.exit("level=error told to die")
if "hang" in settings:
    time.sleep(600)
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), Health)
own = "." + settings["generation"] if "generation" in settings else ""
directory = pathlib.Path(settings["state.dir"]) / (worker + own)
directory.mkdir(parents=True, exist_ok=True)
(directory / f"slot-{settings['slot']}.json").write_text(
    json.dumps({"pid": os.getpid(), "metrics_port": server.server_address[1]}))
print(sorted(settings.items()), flush=True)
server.serve_forever()
"""


@pytest.fixture
def pipeline(tmp_path):
    """Runs the script in a directory of its own; returns what it said."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for worker in WORKERS:
        (programs / f"freshet-{worker}").write_text(STAND_IN)
        (programs / f"freshet-{worker}").chmod(0o755)

    def run(*args, code=0):
        done = subprocess.run([ROOT / "deploy/pipeline", *args, "--dir", tmp_path, "--bin",
                               programs, "--bootstrap", "host:1"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == code, done.stdout
        return done.stdout

    yield run
    run("down")


def running(tmp_path):
    """Pids of the stand-ins that live, by their program's path."""
    living = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if f"{tmp_path}/bin/freshet-".encode() in one.read_bytes():
                living.append(int(one.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return living


def test_up_status_down(pipeline, tmp_path):
    assert "8 workers healthy" in pipeline("up", "--copies", "2")
    assert pipeline("status").count(" healthy ") == 8
    assert "0 started now" in pipeline("up", "--copies", "2")
    assert len(running(tmp_path)) == 8
    assert "8 workers stopped" in pipeline("down")
    assert running(tmp_path) == []
    assert "nothing was started" in pipeline("status", code=1)


def test_what_has_changed_is_said_and_restarted(pipeline, tmp_path):
    pipeline("up")
    assert "0 started now" in pipeline("up")
    with (tmp_path / "bin/freshet-trainer").open("a") as program:
        program.write("\n")
    told = pipeline("up")
    assert "trainer-0: changed since its start: program; restarting it" in told
    assert "1 started now" in told and "features" not in told
    told = pipeline("up", "--set", "all.a=1")
    assert told.count("changed since its start: settings") == 4 and "4 started now" in told
    pipeline("up", "--set", "all.kafka.sasl.password=s3cret")
    assert not [file for file in tmp_path.rglob("*")  # the stand-ins' logs hold all they are told
                if file.is_file() and file.suffix != ".log" and b"s3cret" in file.read_bytes()]
    (tmp_path / "own.properties").write_text("a=1")
    own = ["--set", "all.a=1", "--conf", f"scorer={tmp_path}/own.properties"]
    assert "scorer-0: changed since its start: properties file" in pipeline("up", *own)
    assert len(running(tmp_path)) == 4


def test_a_generation_is_found_by_its_slots(pipeline, tmp_path):
    """The state of a generation is in directories of its own; ingest serves them all."""
    told = pipeline("up", "--set", "all.generation=g2")
    assert "4 workers healthy" in told
    assert "('generation', " not in (tmp_path / "log/ingest-0.log").read_text()
    assert (tmp_path / "state/features.g2").is_dir()


def test_settings_reach_the_worker_they_name(pipeline, tmp_path):
    pipeline("up", "--set", "features.a=1", "--set", "all.b=2", "--prefix", "t.")
    logs = {worker: (tmp_path / f"log/{worker}-0.log").read_text() for worker in WORKERS}
    assert [worker for worker in WORKERS if "('a', '1')" in logs[worker]] == ["features"]
    for log in logs.values():
        assert "('b', '2')" in log and "('topic.prefix', 't.')" in log
        assert "('group.prefix', 'freshet-t.')" in log and "('bootstrap.servers', 'host:1')" in log


def test_a_worker_that_dies_takes_the_others_along(pipeline, tmp_path):
    told = pipeline("up", "--set", "trainer.die=1", code=1)
    assert "trainer-0 ended at once" in told and "told to die" in told
    assert running(tmp_path) == []


def test_what_was_stopped_for_a_change_that_fails_is_told(pipeline, tmp_path):
    pipeline("up")
    told = pipeline("up", "--set", "trainer.die=1", code=1)
    assert "trainer-0 ended at once" in told and "and not started again: trainer-0;" in told
    assert len(running(tmp_path)) == 3
    assert "1 started now" in pipeline("up")


def test_a_worker_that_is_never_healthy_is_named_and_ended(pipeline, tmp_path):
    told = pipeline("up", "--set", "scorer.hang=1", "--timeout", "2", code=1)
    assert "not healthy after 2 s: scorer-0" in told
    assert running(tmp_path) == []


def test_what_cannot_work_is_refused_before_anything_starts(pipeline, tmp_path):
    assert "want WORKER.key=value" in pipeline("up", "--set", "foo=1", code=1)
    (tmp_path / "bin/freshet-scorer").unlink()
    assert "run make first" in pipeline("up", code=1)
    assert running(tmp_path) == []
