"""compose.yaml and the Helm chart name every worker, run as nobody in a root that is read only, and
use what the image has. `make charts` asks helm, kubernetes-validate and the schema of Compose."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = (ROOT / "compose.yaml").read_text()
CHART = ROOT / "deploy/helm/freshet"
WORKERS = re.search(r"^WORKERS := (.*)$", (ROOT / "Makefile").read_text(), re.M)[1].split()


@pytest.mark.parametrize("worker", WORKERS)
def test_each_worker_is_a_service_with_a_volume(worker):
    service = re.search(rf"^  {worker}:\n((?:    .*\n)+)", COMPOSE, re.M)[1]
    assert "<<: *worker" in service
    assert f"[freshet-{worker}, --config, /etc/freshet/{worker}.properties]" in service
    assert f"{worker}:/var/lib/freshet" in service
    assert re.search(rf"^  {worker}:$", COMPOSE.split("\nvolumes:")[1], re.M)


@pytest.mark.parametrize("worker", WORKERS)
def test_each_worker_is_in_the_chart(worker):
    values = (CHART / "values.yaml").read_text()
    assert re.search(rf"^  {worker}:\n    replicas: \d+", values, re.M)


def test_texts_are_understood():
    """The image has the encoder where compose.yaml and the chart look for it."""
    path = re.search(r"build/encoder /image(\S+)", (ROOT / "deploy/Containerfile").read_text())[1]
    assert f"FRESHET_MODEL_PATH: {path}" in COMPOSE
    assert f"FRESHET_QUERY_MODEL_PATH: {path}" in COMPOSE
    for worker in ("sequence", "scorer", "serve"):
        service = re.search(rf"^  {worker}:\n((?:    .*\n)+)", COMPOSE, re.M)[1]
        assert "*searching" in service
    values = (CHART / "values.yaml").read_text()
    assert values.count(f"model.path: {path}") == 4
    assert values.count(f"query.model.path: {path}") == 3


def test_files_that_compose_mounts_are_there():
    mounted = re.findall(r"- (\./[^:]+):", COMPOSE)
    assert len(mounted) >= 5
    assert not [path for path in mounted if not (ROOT / path).is_file()]


def test_all_come_back_after_a_restart_of_the_machine():
    """Containers that were not stopped by hand start again; those of one command stay ended."""
    text = COMPOSE.split("\nservices:\n")[1].split("\nvolumes:")[0]
    services = re.split(r"^  (?=\w+:$)", text, flags=re.M)
    once = [one.split(":")[0] for one in services
            if "<<: *worker" not in one and "restart: unless-stopped" not in one and one.strip()]
    assert "restart: unless-stopped" in COMPOSE.split("x-worker:")[1].split("services:")[0]
    assert sorted(once) == ["freshet", "topics"]


def test_only_loopback_is_open_and_the_root_is_read_only():
    ports = re.findall(r'ports: \["([^"]+)"\]', COMPOSE)
    assert len(ports) >= 4 and all(port.startswith("127.0.0.1:") for port in ports)
    assert "read_only: true" in COMPOSE and "cap_drop: [ALL]" in COMPOSE
    helpers = (CHART / "templates/_parts.tpl").read_text()
    for line in ("runAsNonRoot: true", "readOnlyRootFilesystem: true", "drop: [ALL]",
                 "allowPrivilegeEscalation: false"):
        assert line in helpers


def test_the_user_of_chart_and_image_is_the_same():
    user = re.search(r"^USER (\d+)$", (ROOT / "deploy/Containerfile").read_text(), re.M)[1]
    assert f"runAsUser: {user}" in (CHART / "templates/_parts.tpl").read_text()


def test_prometheus_of_compose_scrapes_the_services():
    text = (ROOT / "deploy/monitoring/compose.yml").read_text()
    for worker in set(WORKERS) - {"sequence", "embed"}:
        assert f"- {worker}:9550" in text


def test_the_health_check_asks_the_worker(tmp_path):
    """A server that answers as a worker does, once ready and once not."""
    code = ("import http.server, os, sys\n"
            "class Answer(http.server.BaseHTTPRequestHandler):\n"
            "    def do_GET(self):\n"
            "        self.send_response(int(sys.argv[1]))\n"
            "        self.end_headers()\n"
            "    log_message = lambda *words: None\n"
            "server = http.server.HTTPServer(('127.0.0.1', 0), Answer)\n"
            "print(server.server_port, flush=True)\n"
            "server.handle_request()\n")
    for answered, wanted in ((200, 0), (503, 1)):
        server = subprocess.Popen(["python3", "-c", code, str(answered)], text=True,
                                  stdout=subprocess.PIPE)
        port = server.stdout.readline().strip()
        done = subprocess.run([ROOT / "deploy/container/health"],
                              env={"FRESHET_METRICS_PORT": port, "PATH": "/usr/bin:/bin"})
        server.wait(60)
        assert done.returncode == wanted


@pytest.mark.skipif(not shutil.which("helm"), reason="no helm; make charts builds it")
def test_helm_takes_the_chart():
    subprocess.run(["helm", "lint", "--strict", CHART], check=True)
