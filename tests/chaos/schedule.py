"""What happens when: made from the seed alone.

Three lanes run side by side, one for brokers and the network, one for workers and their state, one
for what operators do to topics, groups and limits; in a lane one fault follows the other. The same
seed gives the same faults in the same order; how they meet what the workers are doing is the
machine's affair.
"""

import random
from dataclasses import dataclass, field

LANES = ("brokers", "workers", "operators")
# kind -> weight in its lane. Long ones are rarer.
BROKERS = {"broker-kill": 4, "broker-stop": 3, "broker-pause": 4, "brokers-bounce": 1,
           "brokers-pause": 2, "net-cut": 6, "net-slow": 4, "net-hole": 5, "net-deaf": 5,
           "net-refuse": 4}
WORKERS = {"kill": 8, "kill-burst": 3, "kill-all": 2, "pause": 7, "term": 5, "roll": 2, "scale": 3,
           "twin": 4, "state-deleted": 4, "state-old": 3, "state-truncated": 5, "disk-full": 2}
OPERATORS = {"quota": 3, "partitions-added": 2, "few-descriptors": 3, "topic-settings": 3,
             "offsets-back": 3, "disk-from-before": 2, "many-partitions": 1}
KINDS = {"brokers": BROKERS, "workers": WORKERS, "operators": OPERATORS}
STATELESS_TOO = ("kill", "kill-burst", "pause", "term", "roll", "scale", "twin")
NAMES = ("features", "trainer", "scorer", "ingest")
NAME_WEIGHTS = (4, 4, 2, 2)
STATEFUL = NAMES[:3]
NODES = 3


@dataclass
class Fault:
    lane: str
    kind: str
    seed: int                # for what is decided while it happens
    gap: float               # quiet seconds after it
    about: dict = field(default_factory=dict)


def about_broker(rng, kind):
    about = {"node": rng.randrange(NODES)}
    if kind.startswith("net-"):
        about = {"nodes": [about["node"]] if rng.random() < 0.6 else list(range(NODES)),
                 "seconds": round(rng.uniform(1, 5), 1), "after": rng.choice(["pass", "cut"])}
    if kind == "net-slow":
        about["delay"] = round(rng.uniform(0.05, 0.4), 2)
    if kind == "net-hole":
        about["seconds"] = round(rng.uniform(3, 12), 1)
    if kind == "net-deaf":  # also longer than messages are waited for
        about["seconds"] = round(rng.uniform(1, 13), 1)
    if kind in ("broker-pause", "broker-kill"):
        about["seconds"] = round(rng.uniform(1, 9), 1)
    return about


def about_operator(rng, kind):
    names = STATEFUL[:2] if kind in ("offsets-back", "disk-from-before") else STATEFUL
    return {"worker": rng.choice(names), "slot": rng.randrange(2),
            "seconds": round(rng.uniform(4, 10), 1),
            "bytes": rng.choice([60_000, 150_000, 400_000])}


def about_worker(rng, kind):
    names = NAMES if kind in STATELESS_TOO else STATEFUL
    return {"worker": rng.choices(names, NAME_WEIGHTS[:len(names)])[0], "slot": rng.randrange(2),
            "seconds": round(rng.uniform(7, 11), 1)}


ABOUT = {"brokers": about_broker, "workers": about_worker, "operators": about_operator}


def lane(name, seed, without=()):
    """The lane's faults, for ever. The first ones go round all kinds, so that short runs differ
    little in what they cover."""
    rng = random.Random(f"{name}-{seed}")
    weights = {kind: weight for kind, weight in KINDS[name].items() if kind not in without}
    pending = []
    while True:
        if not pending:
            pending = [kind for kind in weights for _ in range(weights[kind])]
            rng.shuffle(pending)
            first = list(dict.fromkeys(pending))
            pending = first + [kind for kind in pending if kind not in first or
                               rng.random() < 0.7]
        kind = pending.pop(0)
        about = ABOUT[name](rng, kind)
        yield Fault(name, kind, rng.randrange(1 << 30), round(rng.uniform(0.2, 2.0), 1), about)
