"""The test bed: a broker of our own, topics, workers, and how far each has come.

What a bed started it stops again, on every way out (__exit__).
"""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import checkout
import daemon

TICKS = os.sysconf("SC_CLK_TCK")
MARKERS_MAX = 64  # control records that may stand behind a topic's last record
QUIET_SECONDS = 1.0
KEPT_MS = 7 * 86400 * 1000


class Failure(Exception):
    pass


def cpu_seconds(pid):
    """User and system time of a process, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_rss_mb(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise Failure(f"process {pid} tells no VmHWM")


def asked_again(ask):
    """What ask returns, asked again while a broker that just started still reads its groups."""
    from confluent_kafka import KafkaError, KafkaException
    deadline = time.monotonic() + 30
    while True:
        try:
            return ask()
        except KafkaException as refused:
            loading = refused.args[0].code() in (KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
                                                 KafkaError.COORDINATOR_NOT_AVAILABLE,
                                                 KafkaError.NOT_COORDINATOR)
            if not loading or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


class Bed:
    def __init__(self, directory, say):
        self.directory, self.say = directory, say
        self.workers_directory = directory / "workers"
        self.bootstrap = None
        self.admin = None
        self.counts = {}  # partitions of the topics asked for

    def __enter__(self):
        self.stop()  # what a killed run left
        shutil.rmtree(self.directory, ignore_errors=True)
        try:
            self.script("local-kafka", "start", "--dir", self.directory / "kafka")
            self.bootstrap = (self.directory / "kafka/bootstrap").read_text().strip()
            from confluent_kafka.admin import AdminClient
            self.admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 2})
            return self
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory / "kafka", ignore_errors=True)

    def stop_workers(self, quiet):
        """Ends what a Workers started; quiet: a failure is not worth hiding the first one for."""
        try:
            self.script("pipeline", "down", "--dir", self.workers_directory)
        except Failure:
            if not quiet:
                raise

    def stop(self):
        self.stop_workers(quiet=True)
        self.admin = None  # a client that outlives the broker complains
        self.script("local-kafka", "stop", "--dir", self.directory / "kafka")

    def script(self, name, *args):
        done = subprocess.run([checkout.ROOT / "deploy" / name, *map(str, args)],
                              env=checkout.with_build(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise Failure(f"deploy/{name} {args[0]} failed:\n{done.stdout}")

    def kafka_pid(self):
        return daemon.pid_of(self.directory / "kafka/pid")

    # ---- Topics ----

    @contextmanager
    def topics(self, prefix, kept=("recommendations",)):
        """The project's topics under a prefix, gone afterwards.

        Raw events keep their own time stamps: the load generator's intended send time. Of the kept
        topics, nothing is compacted meanwhile.
        """
        try:
            self.make_topics(prefix, kept)
            yield
        finally:
            self.drop_topics(prefix)

    def make_topics(self, prefix, kept):
        sets = ["clicks.message.timestamp.type=CreateTime",
                *(f"{name}.min.compaction.lag.ms={KEPT_MS}" for name in kept)]
        self.script("topics", "apply", "--bootstrap", self.bootstrap, "--prefix", prefix,
                    "--with", "clicks",
                    *(word for one in sets for word in ("--set", one)))

    def make_topic(self, name, partitions, **config):
        from confluent_kafka.admin import NewTopic
        topic = NewTopic(name, partitions, 1, config=config)
        self.admin.create_topics([topic])[name].result()

    def drop_topics(self, prefix):
        names = [name for name in self.admin.list_topics(timeout=15).topics
                 if name.startswith(prefix)]
        for gone in (self.admin.delete_topics(names).values() if names else ()):
            gone.result()

    def write_items(self, prefix, file):
        """Writes a catalogue, lines of JSON, to `items`."""
        subprocess.run([checkout.BUILD / "bin/freshet", "replay", file, "--topic", "items",
                        "--contract", "Item", "--bootstrap", self.bootstrap, "--prefix", prefix],
                       check=True, capture_output=True)

    def fill(self, topic, messages):
        """Writes (key, value) pairs at full speed; returns how many."""
        producer = self.producer(linger_ms=20)
        count = 0
        for count, (key, value) in enumerate(messages, 1):
            while True:
                try:
                    producer.produce(topic, key=key, value=value)
                    break
                except BufferError:
                    producer.poll(0.05)
            if count % 10000 == 0:
                producer.poll(0)
        if producer.flush(60) != 0:
            raise Failure(f"{topic} could not be filled")
        return count

    def producer(self, linger_ms):
        """One request at a time keeps the order; an idempotent one would take a core here.

        With five messages in flight librdkafka's idempotent producer polls without a pause until
        they are acknowledged (rd_kafka_toppar_producer_serve): a load would measure itself.
        """
        from confluent_kafka import Producer
        return Producer({"bootstrap.servers": self.bootstrap, "linger.ms": linger_ms,
                         "partitioner": "murmur2_random", "enable.idempotence": False,
                         "max.in.flight": 1, "log_level": 2,
                         "queue.buffering.max.messages": 1000000})

    def partitions(self, topic):
        from confluent_kafka import TopicPartition
        deadline = time.monotonic() + 15
        while topic not in self.counts:  # a broker may not know yet of one that was just made
            there = self.admin.list_topics(topic, timeout=15).topics[topic].partitions
            if there:
                self.counts[topic] = len(there)
            elif time.monotonic() > deadline:
                raise Failure(f"no topic {topic}")
            else:
                time.sleep(0.1)
        return [TopicPartition(topic, number) for number in range(self.counts[topic])]

    def ends(self, topic, isolation="READ_UNCOMMITTED"):
        """Log end of each partition, control records included; READ_COMMITTED: the last stable
        offsets."""
        from confluent_kafka import IsolationLevel
        from confluent_kafka.admin import OffsetSpec
        asked = {one: OffsetSpec.latest() for one in self.partitions(topic)}
        told = self.admin.list_offsets(asked, isolation_level=IsolationLevel[isolation])
        return [future.result().offset for future in told.values()]

    def read(self, topic, starts, ends):
        """All records from `starts` up to `ends` (a topic without control records)."""
        from confluent_kafka import TopicPartition
        todo = {number: end for number, end in enumerate(ends) if end > starts[number]}
        consumer = self.consumer("read_uncommitted")
        consumer.assign([TopicPartition(topic, number, starts[number]) for number in todo])
        try:
            while todo:
                messages = consumer.consume(10000, timeout=10)
                if not messages:
                    raise Failure(f"{topic}: no more records, though partitions {sorted(todo)} "
                                  "are not at their end")
                for message in messages:
                    if message.error():
                        continue
                    if message.offset() < ends[message.partition()]:
                        yield message
                    if message.offset() >= ends[message.partition()] - 1:
                        todo.pop(message.partition(), None)
        finally:
            consumer.close()

    def read_stable(self, topic, starts=None):
        """All records of a topic, from `starts` on, that a read_committed reader sees."""
        from confluent_kafka import KafkaError
        consumer = self.consumer("read_committed")
        todo = self.partitions(topic)
        for one in todo:
            one.offset = starts[one.partition] if starts else 0
        consumer.assign(todo)
        left, deadline = len(todo), time.monotonic() + 10
        try:
            while left:
                messages = consumer.consume(10000, timeout=0.2)  # waits for so many, or so long
                if messages:
                    deadline = time.monotonic() + 10
                elif time.monotonic() > deadline:
                    raise Failure(f"{topic}: neither records nor its end")
                for message in messages:
                    if not message.error():
                        yield message
                    elif message.error().code() == KafkaError._PARTITION_EOF:
                        left -= 1
        finally:
            consumer.close()

    def consumer(self, isolation):
        from confluent_kafka import Consumer
        return Consumer({"bootstrap.servers": self.bootstrap, "group.id": "bench",
                         "log_level": 2, "enable.auto.commit": False, "enable.partition.eof": True,
                         "isolation.level": isolation, "auto.offset.reset": "earliest"})

    # ---- Groups ----

    def committed(self, group, topic):
        """Next offset of a group in each partition; 0 where nothing is committed yet."""
        from confluent_kafka import ConsumerGroupTopicPartitions
        asked = [ConsumerGroupTopicPartitions(group, self.partitions(topic))]
        told = asked_again(lambda: self.admin.list_consumer_group_offsets(
            asked, require_stable=False)[group].result()).topic_partitions
        return [max(one.offset, 0) for one in sorted(told, key=lambda one: one.partition)]

    def commit(self, group, places):
        """Sets a group's next offsets, while it has no member: [(partition, offset)]."""
        from confluent_kafka import ConsumerGroupTopicPartitions
        for one, offset in places:
            one.offset = offset
        wanted = [ConsumerGroupTopicPartitions(group, [one for one, _ in places])]
        self.admin.alter_consumer_group_offsets(wanted)[group].result()

    def consumed(self, group, topic):
        """True when nothing is left for the group: only control records, if anything, follow."""
        at, ends = self.committed(group, topic), self.ends(topic)
        if at == ends:
            return True
        if any(end - offset > MARKERS_MAX for offset, end in zip(at, ends)):
            return False
        if self.ends(topic, "READ_COMMITTED") != ends:
            return False  # a transaction still hides something
        from confluent_kafka import KafkaError
        consumer = self.consumer("read_committed")
        left = self.partitions(topic)
        for one in left:
            one.offset = at[one.partition]
        consumer.assign(left)
        try:
            todo = {one.partition for one in left}
            deadline = time.monotonic() + 10
            while todo and time.monotonic() < deadline:
                message = consumer.poll(1)
                if message is None:
                    continue
                if not message.error():
                    return False
                if message.error().code() == KafkaError._PARTITION_EOF:
                    todo.discard(message.partition())
            return not todo
        finally:
            consumer.close()


class Workers:
    """One copy of each named worker on a bed; ended on __exit__."""

    def __init__(self, bed, prefix, names, settings=()):
        self.bed, self.prefix, self.names = bed, prefix, names
        self.directory = bed.workers_directory
        # wait_consumed() waits for commits; the trainer makes its last one when its input rests.
        checkpoint = ["trainer.checkpoint.rest.ms=1s"] if "trainer" in names else []
        self.settings = [f"all.group.prefix=freshet-{prefix}", *checkpoint, *settings]
        self.command, self.up, self.said = [], None, ""
        self.kafka_cpu = 0.0
        self.start_cpu = 0.0  # of all, before the first record

    def __enter__(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        command = [checkout.ROOT / "deploy/pipeline", "up", "--bootstrap", self.bed.bootstrap,
                   "--dir", self.directory, "--prefix", self.prefix,
                   "--workers", ",".join(self.names)]
        for setting in self.settings:
            command += ["--set", setting]
        self.command = [str(word) for word in command]
        self.kafka_cpu = cpu_seconds(self.bed.kafka_pid())
        self.start()
        return self

    def start(self):
        """Starts those that do not run."""
        self.up = subprocess.Popen(self.command, env=checkout.with_build(),
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def kill(self, name):
        """Kills a worker and waits until it is gone."""
        self.healthy()
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        while self.pid(name) == pid:
            time.sleep(0.005)

    def __exit__(self, kind, *_):
        try:
            if self.up.poll() is None:
                self.up.terminate()
            self.hear()
        finally:
            self.bed.stop_workers(kind is not None)

    def healthy(self):
        """Waits until deploy/pipeline says so."""
        self.hear()
        if self.up.returncode != 0:
            raise Failure(f"the workers did not come up:\n{self.said}")

    def hear(self):
        """Waits for deploy/pipeline's end and keeps what it said."""
        if not self.up.stdout.closed:
            self.said, _ = self.up.communicate()

    def check(self):
        if self.up.poll() not in (None, 0):
            self.healthy()
        for name in self.names:
            if self.up.returncode == 0 and self.pid(name) is None:
                raise Failure(f"{name} ended; see {self.directory}/log/{name}-0.log")

    def pid(self, name):
        return daemon.pid_of(self.directory / "pid" / f"{name}-0")

    def group(self, name):
        return f"freshet-{self.prefix}{name}"

    def records(self, name):
        """How many input records a worker has processed; 0 while it does not answer."""
        return self.metric(name, "freshet_records_total")

    def metric(self, name, metric, label=""):
        """The sum of a worker's metric over its labels, or over those of the lines that have this
        one; 0 while it does not answer."""
        try:
            told = json.loads((self.directory / f"state/{name}/slot-0.json").read_text())
            url = f"http://127.0.0.1:{told['metrics_port']}/metrics"
            with urllib.request.urlopen(url, timeout=2) as answer:
                lines = answer.read().decode().splitlines()
        except (OSError, ValueError):
            return 0
        return sum(float(line.rpartition(" ")[2]) for line in lines
                   if line.startswith((f"{metric} ", f"{metric}{{")) and label in line)

    def wait_begun(self, name, timeout=60):
        """Waits for the worker's first record; returns the last moment at which it had none."""
        deadline = time.monotonic() + timeout
        while True:
            before, cpu = time.monotonic(), self.cpu()
            if self.records(name) > 0:
                self.start_cpu = cpu
                return before
            self.check()
            if before > deadline:
                raise Failure(f"{name} processed nothing within {timeout} s")
            time.sleep(0.01)

    def cpu(self):
        """CPU seconds of all workers since their start."""
        return sum(cpu_seconds(pid) for pid in map(self.pid, self.names) if pid)

    def wait_consumed(self, chain, timeout=900, full_names=False):
        """Waits until the (worker, topic) pairs are all at their ends; returns since when they are.

        The moment is that of the last commit seen (polled every 50 ms), not that of the certainty.
        """
        prefix = "" if full_names else self.prefix
        chain = [(self.group(name), prefix + topic) for name, topic in chain]
        seen, changed = None, time.monotonic()
        deadline = changed + timeout
        while True:
            now = time.monotonic()
            at = [self.bed.committed(group, topic) for group, topic in chain]
            if at != seen:
                seen, changed = at, now
            self.bed.say(", ".join(f"{topic.removeprefix(self.prefix)} {sum(offsets):,}"
                                   for (_, topic), offsets in zip(chain, at)))
            if now - changed > QUIET_SECONDS and sum(seen[0]) > 0:
                if all(self.bed.consumed(group, topic) for group, topic in chain):
                    return changed
            self.check()
            if now > deadline:
                raise Failure(f"not consumed within {timeout} s: {chain} at {at}")
            time.sleep(0.05)

    def cost(self, events):
        """Figures of each worker and of the broker since the workers were started."""
        figures = {}
        for name in self.names:
            pid = self.pid(name)
            figures[f"cpu_us_per_event_{name}"] = cpu_seconds(pid) * 1e6 / events
            figures[f"rss_mb_{name}"] = peak_rss_mb(pid)
        kafka = cpu_seconds(self.bed.kafka_pid()) - self.kafka_cpu
        figures["cpu_us_per_event_kafka"] = kafka * 1e6 / events
        return figures
