"""A real schema registry (Apicurio, with Confluent's API), and the gate that a platform puts before
it: TLS with client certificates, a password, and a bar that can be let down."""

import base64
import http.client
import http.server
import json
import os
import signal
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from secured import free_port

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
API = "/apis/ccompat/v7"
START_SECONDS = 300
MEDIA = "application/vnd.schemaregistry.v1+json"


class Registry:
    """Apicurio in memory, on loopback."""

    def __init__(self, where):
        subprocess.run([ROOT / "deploy/registry/fetch"], check=True)
        jar, = (BUILD / "registry/app").glob("*-runner.jar")
        self.port = free_port()
        self.root = f"http://127.0.0.1:{self.port}"
        self.url = self.root + API
        environment = {**os.environ, "QUARKUS_HTTP_HOST": "127.0.0.1",
                       "QUARKUS_HTTP_PORT": str(self.port)}
        with open(where / "registry.log", "wb") as log:
            self.process = subprocess.Popen(
                ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", jar],
                env=environment, stdout=log, stderr=log)
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < until, "no registry"
            time.sleep(0.2)
        self.ask("/config", {"compatibility": "BACKWARD_TRANSITIVE"}, "PUT")

    def _answers(self):
        try:
            return self.ask("/subjects") == []
        except OSError:
            return False

    def ask(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": MEDIA},
                                         method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=120) as answer:
            return json.loads(answer.read())

    def register(self, subject, schema):
        return self.ask(f"/subjects/{subject}/versions", {"schema": schema})["id"]

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Gate:
    """https://127.0.0.1:PORT, to the registry, for who shows a certificate and knows the password.
    Closed, nobody listens there."""

    def __init__(self, registry, keys, password):
        self.registry, self.keys = registry, keys
        self.expected = "Basic " + base64.b64encode(f"freshet:{password}".encode()).decode()
        self.port, self.server, self.asked = free_port(), None, []
        self.url = f"https://127.0.0.1:{self.port}{API}"
        self.open()

    def open(self):
        gate = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                gate.asked.append(f"{self.command} {self.path}")
                if self.headers.get("Authorization") != gate.expected:
                    status, answer = 401, b'{"error_code":401,"message":"Unauthorized"}'
                else:
                    status, answer = gate.forward(self.command, self.path, body)
                self.send_response(status)
                self.send_header("Content-Type", MEDIA)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = pass_on

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.keys / "server.crt", self.keys / "server.key")
        context.load_verify_locations(self.keys / "ca.crt")
        context.verify_mode = ssl.CERT_REQUIRED
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def forward(self, method, path, body):
        if self.server is None:  # a connection from before it was closed
            raise ConnectionAbortedError
        onward = http.client.HTTPConnection("127.0.0.1", self.registry.port, timeout=30)
        onward.request(method, path, body or None, {"Content-Type": MEDIA})
        answer = onward.getresponse()
        told = answer.status, answer.read()
        onward.close()
        return told

    def close(self):
        server, self.server = self.server, None
        server.shutdown()
        server.server_close()
