"""The client in Java, against a server that answers as freshet-serve does (docs/serve.md). The
paths and the body are those of serve/openapi.json."""

import json
import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300

pytestmark = pytest.mark.skipif(not shutil.which("javac"), reason="needs a JDK")


class Serve(BaseHTTPRequestHandler):
    asked = []

    def answer(self, body):
        self.asked.append((self.command, self.path, body, self.headers.get("Authorization")))
        missing = "nobody" in self.path
        told = {"error": "no_list", "message": "none"} if missing else {"items": [{"item": "Ä"}]}
        text = json.dumps(told, ensure_ascii=False).encode()
        self.send_response(404 if missing else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):  # noqa: N802
        self.answer(None)

    def do_POST(self):  # noqa: N802
        self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, *_):
        pass


@pytest.fixture(name="ask")
def asking():
    with ThreadingHTTPServer(("127.0.0.1", 0), Serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()

        def ask(*words, token=None):
            env = {**os.environ, "JAVA_TOOL_OPTIONS": "-Dfile.encoding=UTF-8", "LC_ALL": "C.UTF-8"}
            env = {**env, "FRESHET_TOKEN": token} if token else env
            done = subprocess.run(["java", ROOT / "examples/FreshetClient.java",
                                   f"http://127.0.0.1:{server.server_port}", *words],
                                  env=env, capture_output=True, text=True, timeout=PATIENCE)
            return done.stdout.strip(), done

        yield ask
        server.shutdown()


def test_lists_are_read_and_asked_for(ask):
    Serve.asked.clear()
    said, done = ask("user", "a/b c", "home", token="secret-token-0123")
    assert json.loads(said) == {"items": [{"item": "Ä"}]}, done.stderr
    said, _ = ask("session", "i1", 'say "i2"\\')
    assert json.loads(said)["items"]
    said, done = ask("user", "nobody")
    assert said == "no list", done.stderr
    assert Serve.asked == [
        ("GET", "/v1/users/a%2Fb%20c/recommendations?placement=home", None,
         "Bearer secret-token-0123"),
        ("POST", "/v1/recommendations",
         {"actions": [{"item": "i1"}, {"item": 'say "i2"\\'}]}, None),
        ("GET", "/v1/users/nobody/recommendations", None, None)]
    paths = json.loads((ROOT / "serve/openapi.json").read_text())["paths"]
    assert {"/v1/users/{id}/recommendations", "/v1/recommendations"} <= set(paths)


def test_a_wrong_command_line_is_told(ask):
    assert ask("users", "1")[1].returncode == 64
