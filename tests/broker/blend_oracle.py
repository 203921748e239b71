"""What each user's list must be where the Transformer is blended in, by the topics alone: a model
version's rows and weights, and the learned weights of the blend.

Written beside the scorer's own code, and sharing nothing with it; all in numpy, with 64-bit floats,
so scores are equal to about 1e-5 only. Candidates are found by a scan over all rows.
"""

import math
from collections import namedtuple

import numpy as np
import xxhash
from contracts import Contract

from list_oracle import Counting, Place, Table, Verdict, catalogue, serving_rows

SEGMENTS, MEMBERS, CONTENDERS = 3, 3, 4
COUNTING, SEQUENCE, MIXTURE = 0, 1, 3
NAMES = ("counting", "sequence", "content", "mixture")
EACH = 50            # candidates of each member, for lists of at most 50 places
RECENT = 32          # items of a history that may be the reason of the Transformer's items

Blend = namedtuple("Blend", "weights leaders version")


# ---- What the topics say ----

class Model:
    """The model version that was announced last, with its rows by item id."""

    def __init__(self, topics):
        parts, form = {}, Contract("model_weights")
        last = None
        for record in topics.read("models"):
            one = form.decode(record.value)
            if one["model"] == "sequence":
                parts[one["slot"], one["part"]] = last = one
        self.version = last["generation"]
        self.shape = last
        dense = np.concatenate([parts[last["slot"], part]["weights"]
                                for part in range(last["parts"])])
        self._cut(dense.astype(np.float64))
        self.rows = {}
        form = Contract("item_vector")
        for record in topics.read("item-vectors"):
            one = form.decode(record.value)
            if one["generation"] == self.version and one["slot"] == last["slot"]:
                self.rows[one["item_id"].encode()] = \
                    np.frombuffer(one["bytes"], np.int8).astype(float) * one["scale"]

    def _cut(self, dense):
        at = 0
        d, hidden = self.shape["d"], self.shape["hidden"]

        def take(*shape):
            nonlocal at
            count = math.prod(shape)
            at += count
            return dense[at - count:at].reshape(shape)

        self.positions, self.mask = take(self.shape["length"], d), take(d)
        names = {"norm1": (2, d), "query": (d, d), "query_bias": (d,), "both": (d, 2 * d),
                 "both_bias": (2 * d,), "output": (d, d), "output_bias": (d,), "norm2": (2, d),
                 "inner": (d, hidden), "inner_bias": (hidden,), "outer": (hidden, d),
                 "outer_bias": (d,)}
        self.blocks = [{name: take(*shape) for name, shape in names.items()}
                       for _ in range(self.shape["blocks"])]
        self.last_norm = take(2, d)
        assert at == len(dense) and not self.shape["masked"]

    def turn_around(self):
        """Another model."""
        self.positions = self.positions[::-1]

    def hidden(self, vectors):
        """The hidden vector behind the last of these item vectors."""
        vectors = np.array(vectors[-self.shape["length"]:])
        x = vectors * math.sqrt(self.shape["d"]) + self.positions[:len(vectors)]
        for block in self.blocks:
            x = self._block(block, x)
        return norm(x[-1], self.last_norm)

    def _block(self, block, x):
        d, heads = self.shape["d"], self.shape["heads"]
        normed = norm(x, block["norm1"])
        queries = normed @ block["query"] + block["query_bias"]
        both = x @ block["both"] + block["both_bias"]
        future = np.triu(np.full((len(x), len(x)), -np.inf), 1)
        heard = []
        for part in np.split(np.arange(d), heads):
            logits = queries[:, part] @ both[:, part].T / math.sqrt(len(part)) + future
            shares = np.exp(logits - logits.max(axis=1, keepdims=True))
            shares /= shares.sum(axis=1, keepdims=True)
            heard.append(shares @ both[:, d + part])
        z = normed + np.concatenate(heard, axis=1) @ block["output"] + block["output_bias"]
        z = norm(z, block["norm2"])
        inner = np.maximum(z @ block["inner"] + block["inner_bias"], 0)
        return z + inner @ block["outer"] + block["outer_bias"]


def norm(x, layer):
    away = x - x.mean(axis=-1, keepdims=True)
    return layer[0] * away / np.sqrt((away * away).mean(axis=-1, keepdims=True) + 1e-8) + layer[1]


def blend_of(numbers):
    size = len(numbers) // SEGMENTS
    parts = [numbers[at * size:(at + 1) * size] for at in range(SEGMENTS)]
    return Blend([np.maximum(part[:MEMBERS], 0) for part in parts],
                 [int(part[-1]) for part in parts],
                 xxhash.xxh3_64_hexdigest(np.array(numbers, "<f4").tobytes()))


def blends(topics):
    """partition -> the newest learned weights; and all versions that were ever published."""
    form, newest, versions = Contract("model_weights"), {}, set()
    for record in topics.read("models"):
        one = form.decode(record.value)
        if one["model"] == "blend":
            newest[one["part"]] = blend = blend_of(one["weights"])
            versions.add(blend.version)
    return newest, versions


def untrained():
    return Blend([np.array([0.2, 0, 0])] * SEGMENTS, [COUNTING] * SEGMENTS, "")


# ---- A list ----

class Blended:
    """A list of the contender that leads in the user's segment."""

    def __init__(self, table, model, blend, history):
        self.table, self.model = table, model
        self.length = table.set["list.length"]
        counting = Counting(table, history, max(self.length, EACH))
        total = history["events_total"]
        segment = 0 if total <= 2 else 1 if total < 20 else 2
        self.leader, self.weights = blend.leaders[segment], blend.weights[segment]
        if table.set.get("blend.leader", "proved") != "proved":
            self.leader = NAMES.index(table.set["blend.leader"])
        if not self._read(history):
            self.leader = COUNTING
        self.list = counting.list[:self.length]
        if self.leader != COUNTING:
            self._score(counting)
            self._merge(counting)

    def _read(self, history):
        liked = [name.encode() for name, weight in zip(history["items"], history["weights"])
                 if weight > 0]
        self.liked = [name for name in liked if name in self.model.rows]
        return bool(self.liked)

    def _score(self, counting):
        table, rows = self.table, self.model.rows
        hidden = self.model.hidden([rows[name] for name in self.liked])
        scores = {table.numbers[name]: float(row @ hidden) for name, row in rows.items()}
        unseen = [score for at, score in scores.items() if not counting.seen[at]]
        may = [at for at in scores if not counting.seen[at] and not table.barred[at]]
        best = sorted(may, key=lambda at: (-scores[at], at))[:EACH]
        counted = [one.item for one in counting.list[:EACH] if one.reason == "BECAUSE"]
        self.items = list(dict.fromkeys(counted + best))
        z_sequence = scale(unseen, len(unseen))
        z_counting = scale(counting.scores[counting.candidates].astype(float), len(unseen))
        self.parts = []
        for at in self.items:
            z = z_counting(float(counting.scores[at]))
            z = math.copysign(math.log1p(abs(z)), z)
            self.parts.append((z, z_sequence(scores[at]) if at in scores else 0.0))

    def _total(self, parts):
        if self.leader != MIXTURE:
            return parts[self.leader]
        return sum(weight * part for weight, part in zip(self.weights, parts))

    def _merge(self, counting):
        totals = [self._total(parts) for parts in self.parts]
        order = sorted(range(len(totals)), key=lambda k: (-totals[k], self.items[k]))
        first = {one.item: one for one in counting.list}
        self.list = []
        for k in order[:self.length]:
            weighed = [w * z for w, z in zip(self.weights, self.parts[k])] + [0.0]
            lead = self.leader if self.leader != MIXTURE else int(np.argmax(weighed))
            self.list.append(self._reason(self.items[k], totals[k], lead, first))
        have = {one.item for one in self.list}
        for one in counting.list:
            if len(self.list) < self.length and one.reason != "BECAUSE" and one.item not in have:
                before = self.list[-1].score if self.list else 0.0
                self.list.append(one._replace(score=min(before, 0.0) - 1.0))

    def _reason(self, item, score, lead, first):
        for member in sorted((COUNTING, SEQUENCE), key=lambda m: m != lead):
            found = self._by_vectors(item) if member == SEQUENCE else first.get(item)
            if found:
                return found._replace(score=score)
        actions = float(self.table.actions[item])
        return Place(item, score, "POPULAR" if actions > 0 else "NEW", None, actions)

    def _by_vectors(self, item):
        name, rows = self.table.names[item], self.model.rows
        if name not in rows:
            return None
        recent = list(dict.fromkeys(self.liked[::-1]))[:RECENT]
        parts = [float(rows[name] @ rows[one]) for one in recent]
        best = int(np.argmax(parts))
        if parts[best] <= 0:
            return None
        return Place(item, 0.0, "BECAUSE", self.table.numbers[recent[best]], 0.0)


def scale(scores, count):
    """The z-score of a score, by the moments over so many items."""
    count = max(count, 1)
    mean = float(np.sum(scores)) / count
    variance = float(np.sum(np.square(scores))) / count - mean * mean
    factor = 1 / math.sqrt(variance) if variance > max(1e-12 * mean * mean, 0) else 0.0
    return lambda score: (score - mean) * factor


# ---- Comparison ----

class BlendVerdict(Verdict):
    """All standing lists beside what they must be."""

    def __init__(self, topics, settings=None, change=lambda verdict: None):
        self.model = Model(topics)
        self.blends, self.versions = blends(topics)
        change(self)
        self.leaders = set()
        self.partitions = {key: record.partition
                           for key, record in topics.newest("recommendations").items()}
        super().__init__(topics, settings)

    def make_table(self, topics, settings):
        return Table(serving_rows(topics), catalogue(topics), settings, self.model.rows)

    def list_of(self, user, history, found):
        assert found["blend"] == "" or found["blend"] in self.versions, found["blend"]
        blend = self.blends.get(self.partitions[user], untrained())
        made = Blended(self.table, self.model, blend, history)
        self.leaders.add(NAMES[made.leader])
        return made.list
