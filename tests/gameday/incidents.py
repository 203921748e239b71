"""The incidents: each breaks something and says which alert must fire, what the runbook's commands
need to know, what somebody corrects by hand first, and what is well afterwards."""

import re
import subprocess
import sys
import time

from traffic import NAME

SMALL_QUOTA = 4_000
OPENED = 600  # seconds that the foreign transaction may stay open
FOREIGN = """
import sys, time
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": sys.argv[1], "transactional.id": "export-7",
                     "transaction.timeout.ms": int(sys.argv[3]) * 1000})
producer.init_transactions()
producer.begin_transaction()
for partition in range(4):
    producer.produce(sys.argv[2], b"left behind", b"left behind", partition=partition)
producer.flush()
print("open", flush=True)
time.sleep(3600)
"""
INCIDENTS = {}


def incident(alert, **about):
    """`about`: what the commands of the runbook know, by name."""
    def add(play):
        INCIDENTS[play.__name__.replace("_", "-")] = (alert, play, about)
        return play
    return add


def leave_open(machine, topic):
    """A foreign program begins a transaction in a topic and is killed."""
    foreign = subprocess.Popen([sys.executable, "-c", FOREIGN, machine.bootstrap(), topic,
                                str(OPENED)], stdout=subprocess.PIPE, text=True)
    assert foreign.stdout.readline() == "open\n"
    foreign.kill()
    foreign.wait()


def sent_again(game):
    """Whether no dead letter is left to send."""
    left = re.findall(r"^\S+ +\d+ +\d+ +(\d+)$", game.freshet("redrive", "--dry-run"), re.M)
    return bool(left) and set(left) == {"0"}


@incident("FreshetWorkerDown", WORKER="trainer", SLOT="0")
def worker_killed(game):
    game.machine.kill("freshet-trainer@0")
    yield
    yield lambda: game.machine.copy("trainer").healthy()


@incident("FreshetDeadLetters", SLOT="0")
def field_renamed(game):
    """A producer's new version sends `customer` where it sent `user`."""
    game.traffic.renamed = True
    yield
    game.machine.set("ingest", "map.user", "user|customer")
    yield lambda: sent_again(game)


@incident("FreshetServeStale")
def broker_killed(game):
    game.machine.kill("kafka")
    yield
    yield game.machine.well


@incident("FreshetRestoreStuck", WORKER="features", SLOT="0", TRANSACTION="export-7")
def foreign_transaction_on_a_changelog(game):
    game.machine.stop("freshet-features@0")
    leave_open(game.machine, "features-changelog")
    game.machine.lose_disk("features")
    game.machine.start("freshet-features@0")
    yield
    yield lambda: game.machine.copy("features").healthy()


@incident("FreshetLagGrows")
def quota_too_small(game):
    game.configure(NAME, "producer_byte_rate=100000000")
    game.configure(None, f"producer_byte_rate={SMALL_QUOTA}")
    game.traffic.rate = 1_500
    yield
    game.traffic.rate = 150
    yield lambda: game.machine.metric("ingest", "freshet_lag") == 0


@incident("FreshetTableStuck", WORKER="scorer", SLOT="0", TRANSACTION="export-7")
def foreign_transaction_on_the_catalogue(game):
    game.machine.stop("freshet-scorer@0")
    leave_open(game.machine, "items")
    game.machine.lose_disk("scorer")
    game.machine.start("freshet-scorer@0")
    yield
    yield lambda: game.machine.copy("scorer").healthy()


@incident("FreshetRebalancesOften", WORKER="features", FLAPS="1")
def copy_flaps(game):
    """A copy without a fixed name that is started again and again."""
    game.machine.set("features", "static.member", "false")
    game.machine.stop("freshet-features@0")
    game.machine.start("freshet-features@0")
    while not game.fires("FreshetRebalancesOften"):
        game.machine.start("freshet-features@1")
        time.sleep(4)
        game.machine.stop("freshet-features@1")
        if game.late():
            break
    game.machine.start("freshet-features@1")
    yield
    yield lambda: game.machine.copy("features", 1).pid() is None and game.machine.well()


@incident("FreshetStateWiped", WORKER="features", SLOT="0")
def bits_flip_on_the_disk(game):
    game.machine.kill("freshet-features@0")
    for file in (game.machine.directory / "state/features").rglob("*.sst"):
        data = bytearray(file.read_bytes())
        for at in range(0, len(data), 256):
            data[at] ^= 4
        file.write_bytes(data)
    game.machine.start("freshet-features@0")
    yield
    yield game.machine.well


@incident("FreshetItemsFull", SLOT="0")
def ids_made_up(game):
    """A crawler's clicks on addresses that do not exist."""
    game.machine.set("scorer", "items.max", 500)
    game.machine.stop("freshet-scorer@0")
    game.machine.start("freshet-scorer@0")
    game.traffic.made_up = True
    yield
    game.traffic.made_up = False
    game.machine.set("scorer", "items.max", 100_000)
    yield lambda: game.machine.copy("scorer").healthy()


@incident("FreshetServeErrors", SLOT="0")
def serve_with_an_empty_disk(game):
    """A new machine for serve, while one of its topics cannot be read."""
    game.machine.stop("freshet-serve@0")
    leave_open(game.machine, "recommendations")
    game.machine.lose_disk("serve")
    game.machine.start("freshet-serve@0")
    yield
    game.terminate("export-7")
    yield game.machine.well
