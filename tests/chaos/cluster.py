"""Three brokers with a proxy before each, and the topics: deploy/local-kafka and deploy/topics."""

import base64
import concurrent.futures
import contextlib
import functools
import os
import random
import signal
import socket
import subprocess
import threading
import time

import checkout
import daemon
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource,
                                   NewPartitions)
from proxy import Proxy

HOST = "127.0.0.1"
NODES = 3
HEAP = "256m"
IN_SYNC_SECONDS = 60
COMMAND_SECONDS = 60
PORTS = range(20_000, 32_000)
STARTS_MAX = 4
INSIST_SECONDS = 180  # other faults come between an operator and the brokers, too
LOCAL_KAFKA = checkout.ROOT / "deploy/local-kafka"


class Failure(Exception):
    pass


def insistent(command):
    """Tries again while the brokers cannot be reached."""
    @functools.wraps(command)
    def insist(*args, **named):
        deadline = time.monotonic() + INSIST_SECONDS
        while True:
            try:
                return command(*args, **named)
            except (KafkaException, concurrent.futures.TimeoutError, subprocess.SubprocessError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(0.5)
    return insist


def free_ports(count):
    """Free ports that no system gives away by itself: a broker that was down finds its own again,
    whatever else runs on the machine."""
    with contextlib.ExitStack() as held:
        ports = []
        for port in random.sample(PORTS, len(PORTS)):
            try:
                held.enter_context(socket.create_server((HOST, port)))
            except OSError:
                continue
            ports.append(port)
            if len(ports) == count:
                return ports
    raise Failure(f"fewer than {count} ports are free")


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
        """Starts those nodes that do not run, all at once: a majority must come up together.
        On a machine that is busy a broker that was killed may take minutes."""
        for _ in range(STARTS_MAX):
            with self.lock:
                if self.ending:
                    return
                launched = [self._launch(node) for node in nodes]
                self.launched += launched
            said = [one.communicate()[1] for one in launched]
            if self.ending or not any(one.returncode for one in launched):
                return
        raise Failure(f"a broker did not start: {' '.join(said)}")

    def begin(self):
        self.proxy = Proxy(list(zip(self.proxied, self.ports)))
        self.start()
        self.admin = AdminClient({"bootstrap.servers": self.bootstrap(), "log_level": 2})
        self.wait_in_sync(IN_SYNC_SECONDS)

    @insistent
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

    @insistent
    def quota(self, bytes_per_second):
        """Limits what every client may produce, per broker; None: no limit."""
        change = ["--delete-config", "producer_byte_rate"] if bytes_per_second is None else \
            ["--add-config", f"producer_byte_rate={bytes_per_second}"]
        subprocess.run(["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
                        f"{checkout.BUILD}/kafka/libs/*", "kafka.admin.ConfigCommand",
                        "--bootstrap-server", self.bootstrap(), "--alter", "--entity-type",
                        "clients", "--entity-default", *change],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=COMMAND_SECONDS)

    @insistent
    def set_topic(self, topic, **values):
        """Sets properties of a topic, with _ for . in their names."""
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[
            ConfigEntry(name.replace("_", "."), value,
                        incremental_operation=AlterConfigOpType.SET)
            for name, value in values.items()])
        for future in self.admin.incremental_alter_configs([resource]).values():
            future.result(COMMAND_SECONDS)

    @insistent
    def topic_setting(self, topic, name):
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        future, = self.admin.describe_configs([resource]).values()
        return future.result(COMMAND_SECONDS)[name].value

    @insistent
    def partitions(self, topic):
        return len(self.admin.list_topics(topic, timeout=10).topics[topic].partitions)

    @insistent
    def grow(self, topic, total):
        """Adds what lacks to so many partitions; returns how many there are then."""
        now = self.partitions(topic)
        if now < total:
            for future in self.admin.create_partitions([NewPartitions(topic, total)]).values():
                future.result(COMMAND_SECONDS)
        return max(now, total)

    @insistent
    def add_partitions(self, topic, count):
        """Adds so many; returns how many there are then."""
        total = self.partitions(topic) + count
        for future in self.admin.create_partitions([NewPartitions(topic, total)]).values():
            future.result(COMMAND_SECONDS)
        return total

    # By a consumer: the admin client's way dies of a coordinator that has moved (librdkafka's
    # issue 5040).
    @contextlib.contextmanager
    def _member(self, group):
        consumer = Consumer({"bootstrap.servers": self.bootstrap(), "group.id": group,
                             "enable.auto.commit": False, "log_level": 2})
        try:
            yield consumer
        finally:
            consumer.close()

    def offsets(self, group, topic):
        """The committed offsets: partition -> offset."""
        count = self.partitions(topic)
        with self._member(group) as consumer:
            told = consumer.committed([TopicPartition(topic, partition)
                                       for partition in range(count)], COMMAND_SECONDS)
        return {one.partition: one.offset for one in told if one.offset >= 0}

    def set_offsets(self, group, topic, offsets):
        """Sets the offsets of a group without members."""
        with self._member(group) as consumer:
            consumer.commit(offsets=[TopicPartition(topic, partition, offset)
                                     for partition, offset in offsets.items()], asynchronous=False)

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
