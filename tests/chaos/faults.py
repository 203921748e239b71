"""The faults themselves: one function a kind, found by its name.

Each gets the stage (what there is to break), the fault and a random generator, does its harm, takes
it back, and returns a word on what came of it. `stage.sleep` ends early when the run is stopped.
"""

import resource
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from confluent_kafka import KafkaException
from workers import TWIN

FAULTS = {}
FULL_SECONDS = 8
BROKER_SYNC_SECONDS = 25
LIMIT_BYTES = 1 << 12
TABLES_SECONDS = 10  # in which workers see a table's new partitions
ENDING_SECONDS = 5
MANY_SECONDS = 60    # in which a copy that reads very many starts


def fault(kind):
    def keep(function):
        FAULTS[kind] = function
        return function
    return keep


# ---- Brokers ----

@fault("broker-kill")
def _(stage, one, rng):
    stage.cluster.kill(one.about["node"])
    stage.sleep(one.about["seconds"])
    stage.cluster.start([one.about["node"]])
    return in_sync(stage)


@fault("broker-stop")
def _(stage, one, rng):
    stage.cluster.stop(one.about["node"])
    stage.cluster.start([one.about["node"]])
    return in_sync(stage)


def in_sync(stage):
    return "in sync" if stage.cluster.wait_in_sync(BROKER_SYNC_SECONDS) else "not yet in sync"


@fault("brokers-bounce")
def _(stage, one, rng):
    hard = rng.random() < 0.5
    for node in range(len(stage.cluster.ports)):
        if hard:
            stage.cluster.kill(node)
        else:
            stage.cluster.stop(node)
        stage.cluster.start([node])
        if stage.over():
            break
        in_sync(stage)
    return "killed one by one" if hard else "stopped one by one"


def pause_brokers(stage, nodes, seconds):
    try:
        for node in nodes:
            stage.cluster.kill(node, signal.SIGSTOP)
        stage.sleep(seconds)
    finally:
        for node in nodes:
            stage.cluster.kill(node, signal.SIGCONT)


@fault("broker-pause")
def _(stage, one, rng):
    pause_brokers(stage, [one.about["node"]], one.about["seconds"])
    return f"{one.about['seconds']} s"


@fault("brokers-pause")
def _(stage, one, rng):
    pause_brokers(stage, range(len(stage.cluster.ports)), stage.all_paused_seconds)
    return f"{stage.all_paused_seconds} s"


def network(stage, one, mode, seconds=0.0):
    proxy = stage.cluster.proxy
    try:
        for at in one.about["nodes"]:
            proxy.set(at, mode, seconds)
        stage.sleep(one.about["seconds"])
    finally:
        for at in one.about["nodes"]:
            proxy.set(at, one.about["after"] if mode in ("hole", "deaf") else "pass")
    return f"{len(one.about['nodes'])} listeners, {one.about['seconds']} s"


@fault("net-cut")
def _(stage, one, rng):
    for at in one.about["nodes"]:
        stage.cluster.proxy.set(at, "cut")
    return f"{len(one.about['nodes'])} listeners"


@fault("net-slow")
def _(stage, one, rng):
    return network(stage, one, "slow", one.about["delay"]) + f", {one.about['delay']} s a piece"


@fault("net-hole")
def _(stage, one, rng):
    return network(stage, one, "hole") + f", then {one.about['after']}"


@fault("net-deaf")
def _(stage, one, rng):
    return network(stage, one, "deaf") + f", then {one.about['after']}"


@fault("net-refuse")
def _(stage, one, rng):
    return network(stage, one, "refuse")


# ---- Workers ----

def place(one):
    return one.about["worker"], one.about["slot"]


@fault("kill")
def _(stage, one, rng):
    stage.workers.signal(*place(one), signal.SIGKILL)
    return "restarted"


@fault("kill-all")
def _(stage, one, rng):
    """Every worker at once, as when the power goes."""
    for worker, slot in sorted(stage.workers.wanted):
        stage.workers.signal(worker, slot, signal.SIGKILL)
    return "restarted"


@fault("kill-burst")
def _(stage, one, rng):
    """Both copies again and again, in the middle of starting, restoring and rebalancing."""
    worker = one.about["worker"]
    for _ in range(6):
        stage.workers.signal(worker, rng.randrange(2), signal.SIGKILL)
        stage.sleep(rng.uniform(0.2, 2.5))
    return "6 times"


@fault("term")
def _(stage, one, rng):
    with stage.workers.deciding(one.about["worker"]):
        stage.workers.unwant(*place(one), signal.SIGTERM)
        stage.workers.wait_gone(*place(one))
        stage.workers.want(*place(one))
    return "restarted"


@fault("pause")
def _(stage, one, rng):
    """Longer than the session timeout: somebody else takes over, then it wakes up."""
    pid = stage.workers.pid(*place(one))
    stage.workers.signal(*place(one), signal.SIGSTOP)
    stage.sleep(one.about["seconds"])
    stage.workers.signal(*place(one), signal.SIGCONT)
    stage.sleep(2)
    return "goes on" if stage.workers.pid(*place(one)) == pid else "ended by itself"


@fault("roll")
def _(stage, one, rng):
    worker = one.about["worker"]
    for slot in stage.workers.wanted_slots(worker):
        with stage.workers.deciding(worker):
            stage.workers.unwant(worker, slot, signal.SIGTERM)
            stage.workers.wait_gone(worker, slot)
            stage.workers.want(worker, slot)
        stage.wait_healthy(worker, slot, 10)
    return "all copies"


@fault("scale")
def _(stage, one, rng):
    """2 -> 1 -> 3 -> 2."""
    worker, workers = one.about["worker"], stage.workers
    with workers.deciding(worker):
        workers.unwant(worker, 1, rng.choice([signal.SIGTERM, signal.SIGKILL]))
        workers.wait_gone(worker, 1)
        stage.sleep(7)
        workers.want(worker, 1)
        workers.want(worker, 2)
        stage.sleep(5)
        workers.unwant(worker, 2, rng.choice([signal.SIGTERM, signal.SIGKILL]))
        workers.wait_gone(worker, 2)
    return "2, 1, 3, 2 copies"


def lives_of_twins(stage, worker, slot, rng):
    """The process ids, or None, of a copy that stood still and of its stand-in, afterwards."""
    workers, twin = stage.workers, TWIN + slot
    workers.unwant(worker, slot, signal.SIGSTOP)
    workers.start(worker, twin)
    try:
        stage.sleep(rng.uniform(2, 6))
        workers.signal(worker, slot, signal.SIGCONT)
        stage.sleep(5)
        return workers.pid(worker, slot), workers.pid(worker, twin)
    finally:
        workers.signal(worker, twin, signal.SIGTERM)
        workers.wait_gone(worker, twin)
        workers.signal(worker, slot, signal.SIGCONT)
        workers.want(worker, slot)


@fault("twin")
def _(stage, one, rng):
    """A copy stands still, its stand-in starts on another machine with the same name, and then the
    first wakes up: one of the two must be shut out."""
    worker, slot = place(one)
    with stage.workers.deciding(worker):
        lives = lives_of_twins(stage, worker, slot, rng)
    if all(lives):
        return "neither has noticed yet"
    return "the first was shut out" if lives[1] else \
        "the stand-in was shut out" if lives[0] else "both ended"


# ---- Local state ----

def with_state_alone(stage, one, number, harm):
    """Ends all copies of the worker on one machine, harms its state, starts them again."""
    worker, slot = place(one)
    workers = stage.workers
    with workers.deciding(worker):
        slots = [other for other in workers.wanted_slots(worker)
                 if workers.machine(other) == workers.machine(slot)]
        for other in slots:
            workers.unwant(worker, other, number)
        for other in slots:
            workers.wait_gone(worker, other)
        try:
            return harm(workers.state(worker, slot))
        finally:
            for other in slots:
                workers.want(worker, other)


def ending(rng):
    return rng.choice([signal.SIGKILL, signal.SIGTERM])


@fault("state-deleted")
def _(stage, one, rng):
    def harm(state):
        parts = partitions(state)
        gone = parts if rng.random() < 0.5 else rng.sample(parts, min(1, len(parts)))
        for part in gone:
            shutil.rmtree(part, ignore_errors=True)
        return f"{len(gone)} of {len(parts)} partitions"
    return with_state_alone(stage, one, ending(rng), harm)


def partitions(state):
    return sorted(part for part in state.glob("*") if part.name.isdigit())


@fault("state-old")
def _(stage, one, rng):
    # Of this fault alone: two lanes may each have such a fault at the same time.
    saved = Path(tempfile.mkdtemp(prefix="saved-state-", dir=stage.directory))

    def save(state):
        shutil.copytree(state, saved, ignore=shutil.ignore_patterns("slot-*"), dirs_exist_ok=True)

    def put_back(state):
        parts = partitions(saved)
        for part in parts:
            shutil.rmtree(state / part.name, ignore_errors=True)
            shutil.copytree(part, state / part.name)
        shutil.rmtree(saved)
        return f"{len(parts)} partitions"
    with_state_alone(stage, one, signal.SIGKILL, save)
    stage.sleep(8)
    return with_state_alone(stage, one, ending(rng), put_back)


@fault("state-truncated")
def _(stage, one, rng):
    def harm(state):
        files = sorted(file for part in partitions(state) for file in part.glob("*")
                       if file.is_file() and file.name not in ("LOCK", "LOG")
                       and file.stat().st_size > 0)
        if not files:
            return "nothing there"
        kind = rng.choice(["sst", "log", "any"])
        fitting = [file for file in files if file.suffix == f".{kind}"] or files
        file = rng.choice(fitting)
        size = file.stat().st_size
        left = rng.randrange(size)
        with open(file, "r+b") as opened:
            opened.truncate(left)
        return f"{file.parent.name}/{file.name}: {left} of {size} bytes left"
    return with_state_alone(stage, one, ending(rng), harm)


@fault("disk-full")
def _(stage, one, rng):
    if stage.small_disk is None:
        return write_limit(stage, one)
    filler = stage.small_disk / "filler"
    try:
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 20))
            except OSError:
                pass
        stage.sleep(FULL_SECONDS)
    finally:
        filler.unlink(missing_ok=True)
    return f"full for {FULL_SECONDS} s"


def write_limit(stage, one):
    """No tmpfs may be mounted here: the process dies at its next write beyond a small size."""
    pid = stage.workers.pid(*place(one))
    if pid is None:
        return "did not run"
    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (LIMIT_BYTES, resource.RLIM_INFINITY))
    except (OSError, ValueError):
        return "SKIPPED: neither a small disk nor a limit can be set"
    deadline = time.monotonic() + FULL_SECONDS
    while stage.workers.pid(*place(one)) == pid and time.monotonic() < deadline:
        stage.sleep(0.1)
    stage.workers.signal(*place(one), signal.SIGKILL)
    return "file-size limit instead of a full disk (no mount here)"


# ---- What operators do ----

CHANGELOGS = {"features": "features-changelog", "trainer": "neighbours", "scorer": "lists"}
INPUTS = {"features": "events", "trainer": "pair-deltas"}
SESSION_SECONDS = 7  # of the workers' consumers, and a little


@fault("quota")
def _(stage, one, rng):
    """Commits must become as small as can be delivered in their time."""
    try:
        stage.cluster.quota(one.about["bytes"])
        stage.sleep(2 * one.about["seconds"])
    finally:
        stage.cluster.quota(None)
    return f"{one.about['bytes']} bytes a second"


@fault("partitions-added")
def _(stage, one, rng):
    """To a table."""
    return f"{stage.cluster.add_partitions(stage.prefix + 'items', rng.randrange(1, 30))} now"


@fault("many-partitions")
def _(stage, one, rng):
    """A table has very many, and a copy that reads them all starts anew."""
    count = stage.cluster.grow(stage.prefix + "items", stage.many)
    stage.sleep(TABLES_SECONDS)
    slot = one.about["slot"]
    stage.workers.signal("scorer", slot, ending(rng))
    stage.sleep(one.about["seconds"])
    stage.wait_healthy("scorer", slot, MANY_SECONDS)
    return f"{count} of a table"


@fault("few-descriptors")
def _(stage, one, rng):
    """A running copy cannot open another file or connection for a while. Given partitions
    meanwhile, it must refuse to go on (78)."""
    pid = stage.workers.pid(*place(one))
    if pid is None:
        return "did not run"
    try:
        # As the storm's own, not as the copy has it now: another such fault may be under way.
        normal = resource.getrlimit(resource.RLIMIT_NOFILE)
        open_now = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_now + rng.randrange(3), normal[1]))
    except (OSError, ValueError):
        return "SKIPPED: the limit cannot be set"
    with stage.workers.may_refuse():
        stage.sleep(one.about["seconds"])
        if stage.workers.pid(*place(one)) != pid:
            return "ended, and was started again"
        resource.prlimit(pid, resource.RLIMIT_NOFILE, normal)
        stage.sleep(ENDING_SECONDS)  # one that has met the limit is still on its way out
    return "went on"


@fault("topic-settings")
def _(stage, one, rng):
    """Another tool sets the changelog to cleanup.policy=delete, and a copy starts meanwhile: it
    must refuse to (78) and must not touch its state."""
    worker, slot = place(one)
    topic = stage.prefix + CHANGELOGS[worker]
    policy = stage.cluster.topic_setting(topic, "cleanup.policy")
    with stage.workers.may_refuse():
        try:
            stage.cluster.set_topic(topic, cleanup_policy="delete")
            stage.workers.signal(worker, slot, ending(rng))
            stage.sleep(one.about["seconds"])
        finally:
            stage.cluster.set_topic(topic, cleanup_policy=policy)
        stage.wait_healthy(worker, slot, 20)
    return policy


def alone(stage, worker, act):
    """Ends all copies of a worker, waits until its group is empty, acts, and starts them again."""
    with stage.workers.deciding(worker):
        slots = stage.workers.wanted_slots(worker)
        for slot in slots:
            stage.workers.unwant(worker, slot, signal.SIGKILL)
        for slot in slots:
            stage.workers.wait_gone(worker, slot)
        try:
            stage.sleep(SESSION_SECONDS)
            return act()
        finally:
            for slot in slots:
                stage.workers.want(worker, slot)


@fault("offsets-back")
def _(stage, one, rng):
    """`kafka-consumer-groups --reset-offsets`: what was counted must not be counted again."""
    worker = one.about["worker"]
    group, topic = f"freshet-{stage.prefix}{worker}", stage.prefix + INPUTS[worker]

    def act():
        back = {partition: max(0, offset - rng.randrange(1, 2000)) if rng.random() < 0.7 else 0
                for partition, offset in stage.cluster.offsets(group, topic).items()
                if offset > 0}
        if back:
            stage.cluster.set_offsets(group, topic, back)
        return f"{len(back)} partitions"
    try:
        return alone(stage, worker, act)
    except KafkaException as error:  # a broker is away, or a member is still there
        return f"SKIPPED: {error.args[0].str()}"


@fault("disk-from-before")
def _(stage, one, rng):
    """Local state comes back that is older than its changelog keeps tombstones."""
    topic = stage.prefix + CHANGELOGS[one.about["worker"]]
    kept = stage.cluster.topic_setting(topic, "delete.retention.ms")
    try:
        stage.cluster.set_topic(topic, delete_retention_ms="1000")
        return FAULTS["state-old"](stage, one, rng)
    finally:
        stage.cluster.set_topic(topic, delete_retention_ms=kept)


# ---- The small disk ----

def mount_small_disk(directory, megabytes):
    """A tmpfs; returns the directory, or None where it may not be mounted."""
    directory.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "freshet-chaos",
                               directory], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return None
    return directory if done.returncode == 0 else None


def unmount_small_disk(directory):
    if directory is not None:
        subprocess.run(["umount", "--lazy", directory], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
