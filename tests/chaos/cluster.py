"""Three brokers with a proxy before each, and the topics: deploy/local-kafka and deploy/topics."""

import base64
import os
import signal
import socket
import subprocess
import threading
import time

import checkout
import daemon
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from proxy import Proxy

HOST = "127.0.0.1"
NODES = 3
HEAP = "256m"
IN_SYNC_SECONDS = 60
LOCAL_KAFKA = checkout.ROOT / "deploy/local-kafka"


class Failure(Exception):
    pass


def free_ports(count):
    held = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Cluster:
    def __init__(self, directory):
        self.directory = directory
        ports = free_ports(3 * NODES)
        self.ports, self.proxied, self.quorum = ports[:NODES], ports[NODES:-NODES], ports[-NODES:]
        self.id = base64.urlsafe_b64encode(b"K" + os.urandom(15)).decode().rstrip("=")
        self.proxy = None
        self.admin = None
        self.launched = []  # deploy/local-kafka, on its way
        self.ending = False
        self.lock = threading.Lock()

    def bootstrap(self):
        """The workers' way, through the proxies."""
        return ",".join(f"{HOST}:{port}" for port in self.proxied)

    def _dir(self, node):
        return self.directory / f"broker-{node + 1}"

    def _pid_file(self, node):
        return self._dir(node) / "pid"

    def _launch(self, node):
        return subprocess.Popen(
            [LOCAL_KAFKA, "start", "--quiet", "--dir", self._dir(node), "--node", str(node + 1),
             "--quorum", ",".join(map(str, self.quorum)), "--cluster", self.id,
             "--port", str(self.ports[node]), "--heap", HEAP,
             "--advertise", f"{HOST}:{self.proxied[node]}"],
            env=checkout.with_build(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            start_new_session=True)

    def start(self, nodes=range(NODES)):
        """Starts those nodes that do not run, all at once: a majority must come up together."""
        with self.lock:
            if self.ending:
                return
            launched = [self._launch(node) for node in nodes]
            self.launched += launched
        said = [one.communicate()[1] for one in launched]
        for one, words in zip(launched, said):
            if one.returncode != 0 and not self.ending:
                raise Failure(f"a broker did not start: {words}")

    def begin(self):
        self.proxy = Proxy(list(zip(self.proxied, self.ports)))
        self.start()
        self.admin = AdminClient({"bootstrap.servers": self.bootstrap(), "log_level": 2})
        self.wait_in_sync(IN_SYNC_SECONDS)

    def make_topics(self, prefix, partitions):
        subprocess.run([checkout.ROOT / "deploy/topics", "apply", "--bootstrap", self.bootstrap(),
                        "--prefix", prefix, "--partitions", str(partitions), "--with", "clicks"],
                       check=True, stdout=subprocess.DEVNULL, env=checkout.with_build())

    # ---- What is done to them ----

    def kill(self, node, number=signal.SIGKILL):
        pid = daemon.pid_of(self._pid_file(node))
        if pid is not None:
            os.kill(pid, number)

    def stop(self, node):
        """SIGTERM, and the end of the process: leadership is handed over first."""
        daemon.stop([self._pid_file(node)], 30)

    def wait_in_sync(self, seconds):
        """Waits until every partition has all its replicas in sync; returns whether it has."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                told = self.admin.list_topics(timeout=5)
            except KafkaException:
                continue
            partitions = [one for topic in told.topics.values()
                          for one in topic.partitions.values()]
            if len(told.brokers) == NODES and all(
                    len(one.isrs) == len(one.replicas) and one.leader >= 0 for one in partitions):
                return True
            time.sleep(0.3)
        return False

    def heal(self):
        """Everything as at the beginning."""
        if self.proxy:
            self.proxy.heal()
        for node in range(NODES):
            self.kill(node, signal.SIGCONT)
        self.start()
        if not self.wait_in_sync(IN_SYNC_SECONDS * 3):
            raise Failure("the brokers' replicas do not come in sync again")

    def end(self):
        with self.lock:
            self.ending = True  # a lane may be in the middle of a restart
        for one in self.launched:
            if one.poll() is None:
                one.terminate()
                one.wait()
        for node in range(NODES):
            self.kill(node, signal.SIGCONT)
            self.kill(node)
        daemon.stop([self._pid_file(node) for node in range(NODES)], 10)
        if self.proxy:
            self.proxy.stop()
