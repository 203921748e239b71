"""What each user's list must be where the Transformer, content or users who act alike are blended
in, by the topics alone: a model version's rows and weights, catalogue, content vectors, users of
`profiles`, and the learned weights of the blend.

Written beside the scorer's own code, and sharing nothing with it; the Transformer in 64-bit floats,
so its scores are equal to about 1e-5 only. Candidates are found by a scan over all rows.
"""

import ctypes
import math
from collections import namedtuple

import numpy as np
import xxhash
from contracts import Contract

from alike_oracle import Alike
from content_oracle import ASPECTS, Likeness, content_vectors
from list_oracle import Counting, F, Place, Table, Verdict, catalogue, serving_rows

SEGMENTS, MEMBERS, CONTENDERS = 3, 4, 5
COUNTING, SEQUENCE, CONTENT, USERS, MIXTURE = range(5)
NAMES = ("counting", "sequence", "content", "users", "mixture")
EACH = 50            # candidates of each member, for lists of at most 50 places
IMPUTED, EVIDENCE, ASKED_LEAST = 2, 5, 10  # actions, actions, items
RECENT = 32          # items of a history that may be the reason of the Transformer's items

LOG1PF = ctypes.CDLL("libm.so.6").log1pf
LOG1PF.argtypes, LOG1PF.restype = [ctypes.c_float], ctypes.c_float

Blend = namedtuple("Blend", "weights leaders version")


# ---- What the topics say ----

class Model:
    """The model version that was announced last, with its rows by item id; no rows: there is
    none."""

    def __init__(self, topics):
        parts, form = {}, Contract("model_weights")
        last, self.rows = None, {}
        for record in topics.read("models"):
            one = form.decode(record.value)
            if one["model"] == "sequence":
                parts[one["slot"], one["part"]] = last = one
        if not last:
            return
        self.version = last["generation"]
        self.shape = last
        dense = np.concatenate([parts[last["slot"], part]["weights"]
                                for part in range(last["parts"])])
        self._cut(dense.astype(np.float64))
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
    """The members' numbers of all segments come first, then those of searches and aspects, if they
    are there."""
    size = 2 * MEMBERS + 2 * CONTENDERS ** 2 + CONTENDERS + 2
    parts = [numbers[at * size:(at + 1) * size] for at in range(SEGMENTS)]
    behind = numbers[SEGMENTS * size:]
    assert len(behind) in (0, 3, 3 + SEGMENTS * 2 * len(ASPECTS))
    aspects = np.zeros(SEGMENTS * len(ASPECTS))
    if len(behind) > 3:
        aspects = np.array(behind[3::2])
    weights = [[*part[:MEMBERS], *own] for part, own in zip(parts, np.split(aspects, SEGMENTS))]
    return Blend([np.maximum(one, 0).astype(F) for one in weights],
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
    weights = np.array([0.2, 0, 0, 0, *[0] * len(ASPECTS)], F)
    return Blend([weights] * SEGMENTS, [COUNTING] * SEGMENTS, "")


# ---- A list ----

class Blended:
    """A list of the contender that leads in the user's segment."""

    def __init__(self, table, model, blend, history, likeness=None, alike=None):
        self.table, self.model, self.likeness = table, model, likeness
        self.length = table.set["list.length"]
        counting = Counting(table, history, max(self.length, EACH))
        total = history["events_total"]
        segment = 0 if total <= 2 else 1 if total < 20 else 2
        self.leader, self.weights = blend.leaders[segment], blend.weights[segment]
        if table.set.get("blend.leader", "proved") != "proved":
            self.leader = NAMES.index(table.set["blend.leader"])
        liked = [name.encode() for name, weight in zip(history["items"], history["weights"])
                 if weight > 0]
        self.liked = [name for name in liked if name in self.model.rows]
        self.like = likeness.scores(history) if likeness else None
        self.history = history
        self.list = counting.list[:self.length]
        self.chosen = alike.scores(history) if alike else None
        others = (self._by_sequence(counting), self._by_content(counting),
                  self._by_users(counting))
        if not any(others):
            self.leader = COUNTING
        if self.leader != COUNTING:
            self._score(counting, *others)
            self._merge(counting)

    def _by_sequence(self, counting):
        """The best items, and a z-score for each item; None: the model knows none of the user's."""
        if not self.liked:
            return None
        table, rows = self.table, self.model.rows
        hidden = self.model.hidden([rows[name] for name in self.liked])
        scores = {table.numbers[name]: float(row @ hidden) for name, row in rows.items()}
        unseen = [score for at, score in scores.items() if not counting.seen[at]]
        self.count = len(unseen)
        may = [at for at in scores if not counting.seen[at] and not table.barred[at]]
        best = sorted(may, key=lambda at: (-scores[at], at))[:EACH]
        z = scale(unseen, self.count)
        return best, lambda at: F(z(scores[at])) if at in scores else F(0)

    def _by_content(self, counting):
        """The same; None: nothing is like what the user liked."""
        return self._by_touched(counting, self.like[0]) if self.likeness is not None else None

    def _by_users(self, counting):
        """The same; None: nobody who acts alike chose anything else."""
        return self._by_touched(counting, self.chosen[0]) if self.chosen else None

    def _by_touched(self, counting, scores):
        table = self.table
        may = np.flatnonzero((scores > 0) & ~counting.seen & ~table.barred)
        if not len(may):
            return None
        if not self.liked:
            self.count = len(table.names)
        best = may[np.argsort(-scores[may], kind="stable")][:EACH]
        z = scale(scores[may].astype(float), self.count)
        return [int(at) for at in best], lambda at: flat(z(float(scores[at])))

    def _score(self, counting, by_sequence, by_content, by_users):
        """All members' z-scores of the candidates."""
        counted = [one.item for one in counting.list[:EACH] if one.reason == "BECAUSE"]
        z = scale(counting.scores[counting.candidates].astype(float), self.count)
        nothing = [], lambda at: F(0)
        members = [(counted, lambda at: flat(z(float(counting.scores[at])))),
                   by_sequence or nothing, by_content or nothing, by_users or nothing]
        self.items = list(dict.fromkeys(item for best, _ in members for item in best))
        self.parts = [[z_of(at) for _, z_of in members] for at in self.items]
        aspects = [[0] * len(self.items)] * len(ASPECTS)
        if self.likeness is not None:
            aspects = self.likeness.by_aspect(self.history, self.items)
        for scores in aspects:
            z = scale(np.asarray(scores, float), len(self.items))
            for part, score in zip(self.parts, scores, strict=True):
                part.append(flat(z(score)))
        self.found = {*(by_sequence or nothing)[0], *(by_content or nothing)[0]}

    def _total(self, parts):
        if self.leader != MIXTURE:
            return parts[self.leader]
        total = F(0)
        for weight, part in zip(self.weights, parts, strict=True):
            total += weight * part
        return total

    def _lifts(self, member):
        """What is imputed to a member that knows items by actions alone, for each candidate."""
        z = np.array([part[member] for part in self.parts], float)
        scores = np.array([[part[m] for part in self.parts] for m in (SEQUENCE, CONTENT)], float)
        scores = scores[scores.any(axis=1)]
        others = scores.mean(axis=0) if len(scores) else np.zeros(len(z))
        actions = self.table.actions[self.items]
        asked = (actions >= EVIDENCE) & [not self.found or item in self.found
                                         for item in self.items]
        squares = float((others[asked] ** 2).sum())
        slope = float((z[asked] * others[asked]).sum()) / squares if squares > 0 else 0.0
        slope = min(max(slope, 0.0), 1.0) if asked.sum() >= ASKED_LEAST else 0.0
        return IMPUTED / (IMPUTED + actions) * np.maximum(slope * others - z, 0) * (slope > 0)

    def _merge(self, counting):
        totals = [self._total(parts) for parts in self.parts]
        for member in (COUNTING, USERS) if self.leader == MIXTURE else ():
            if self.weights[member] > 0:
                totals = [F(total + self.weights[member] * F(lift))
                          for total, lift in zip(totals, self._lifts(member), strict=True)]
        order = sorted(range(len(totals)), key=lambda k: (-totals[k], self.items[k]))
        first = {one.item: one for one in counting.list[:EACH] if one.reason == "BECAUSE"}
        self.list = []
        for k in order[:self.length]:
            weighed = [w * z for w, z in zip(self.weights, self.parts[k])]
            weighed[CONTENT] += sum(weighed[MEMBERS:])
            weighed = weighed[:MEMBERS]
            lead = self.leader if self.leader != MIXTURE else int(np.argmax(weighed))
            self.list.append(self._reason(self.items[k], totals[k], lead, first))
        have = {one.item for one in self.list}
        for one in counting.list:
            if len(self.list) < self.length and one.reason != "BECAUSE" and one.item not in have:
                before = self.list[-1].score if self.list else 0.0
                self.list.append(one._replace(score=min(before, 0.0) - 1.0))

    def _reason(self, item, score, lead, first):
        actions = float(F(self.table.actions[item]))
        find = {COUNTING: first.get, SEQUENCE: self._by_vectors,
                CONTENT: lambda item: self._alike(item, actions), USERS: self._voices}
        for member in sorted(find, key=lambda m: m != lead):
            found = find[member](item)
            if found:
                return found._replace(score=float(score))
        return Place(item, float(score), "POPULAR" if actions > 0 else "NEW", None, actions)

    def _alike(self, item, actions):
        if self.like is None or not self.like[0][item] > 0:
            return None
        return Place(item, 0.0, "TAGS", int(self.like[1][item]), actions)

    def _voices(self, item):
        if not self.chosen or not self.chosen[1][item] > 0:
            return None
        return Place(item, 0.0, "USERS", None, float(self.chosen[1][item]))

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


def flat(z):
    """As log(1 + |z|), with the sign."""
    return F(math.copysign(LOG1PF(abs(F(z))), z))


# ---- Comparison ----

class BlendVerdict(Verdict):
    """All standing lists beside what they must be."""

    def __init__(self, topics, settings=None, change=lambda verdict: None):
        self.model = Model(topics)
        self.blends, self.versions = blends(topics)
        change(self)
        self.leaders, self.alike, self.voiced, self.users = set(), 0, 0, None
        self.partitions = {key: record.partition
                           for key, record in topics.newest("recommendations").items()}
        super().__init__(topics, settings)

    def make_table(self, topics, settings):
        entries, self.likeness = catalogue(topics), None
        if (settings or {}).get("content.used") == "false":
            return Table(serving_rows(topics), entries, settings, self.model.rows)
        vectors = content_vectors(topics)
        table = Table(serving_rows(topics), entries, settings, {*self.model.rows, *vectors})
        self.likeness = Likeness(table, entries, vectors)
        return table

    def list_of(self, user, history, found):
        assert found["blend"] == "" or found["blend"] in self.versions, found["blend"]
        blend = self.blends.get(self.partitions[user], untrained())
        made = Blended(self.table, self.model, blend, history, self.likeness, self.users)
        self.leaders.add(NAMES[made.leader])
        self.alike += any(one.reason == "TAGS" for one in made.list)
        self.voiced += any(one.reason == "USERS" for one in made.list)
        return made.list


class UsersVerdict(BlendVerdict):
    """The same, where users who act alike are a member."""

    def make_table(self, topics, settings):
        table = super().make_table(topics, settings)
        self.users = Alike(topics, table)
        return table
