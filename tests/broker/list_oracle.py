"""What each user's list must be, by the topics alone: newest history, serving rows, catalogue.

Written beside the scorer's own code, and sharing nothing with it. All sums are made of 32-bit
floats in the order that model/counting/item_table.h and ranking.c name, so that items with equal
scores come in the same order.
"""

import math
import time
from collections import namedtuple

import numpy as np
import xxhash
from contracts import Contract

SETTINGS = {"list.length": 20, "recent.items": 20, "directed.weight": 1.0, "symmetric.weight": 0.1,
            "popularity.weight": 0.03, "backward.weight": 0.2, "shrink": 0.3, "source.power": 0.2,
            "target.power": 0.35, "kernel.power": 0.45, "recency.decay": 0.85,
            "recency.power": 0.25, "recent.weights.power": 1.0, "neighbours.used": 512,
            "items.required": False}
TURN_ITEMS = 256      # of the popular and the trending items that fill a list up in turn
LARGEST = float(np.finfo(np.float32).max)
MASS_FACTOR_MAX = 2.0 ** 60
DRIFT = 0.011         # a list that differs by less is not sent again
EXACT = 1e-5          # by which scores of the Transformer may differ in a list that was just made
F = np.float32

Place = namedtuple("Place", "item score reason because evidence")
Row = namedtuple("Row", "items kernels co_ratings scale")


def number(text):
    return xxhash.xxh3_64_intdigest(text)


# ---- What the topics say ----

def newest_by_input(topics, name, contract):
    """key -> the record with the greatest input offset; none where a tombstone came last."""
    form, found = Contract(contract), {}
    for record in topics.read(name):
        if record.value is None:
            found.pop(record.key, None)
            continue
        one = form.decode(record.value)
        before = found.get(record.key)
        if before is None or one["input_offset"] >= before["input_offset"]:
            found[record.key] = one
    return found


def histories(topics, name="histories"):
    """user -> the newest history; none for a user who was forgotten."""
    return newest_by_input(topics, name, "user_history")


def serving_rows(topics, name="serving-rows"):
    """item -> its row of the greatest version."""
    form, found = Contract("serving_row"), {}
    for record in topics.read(name):
        if record.key[:1] == b"\xff":
            continue
        if record.value is None:
            found.pop(record.key, None)
            continue
        row = form.decode(record.value)
        if record.key not in found or row["version"] >= found[record.key]["version"]:
            found[record.key] = row
    return found


def catalogue(topics, name="items"):
    """item -> its entry; None: it was removed."""
    form, found = Contract("item"), {}
    for record in topics.read(name):
        found[record.key] = form.decode(record.value) if record.value is not None else None
    return found


def standing(topics, name="recommendations"):
    """user -> the list that a reader of the topic has."""
    return newest_by_input(topics, name, "recommendation_list")


# ---- The table ----

class Table:
    """Rows and catalogue by item number; numbers are in the order of the ids."""

    def __init__(self, rows, items, settings=None, others=()):
        self.set = {**SETTINGS, **(settings or {})}
        names = set(rows) | set(items) | set(others)
        for row in rows.values():
            names.update(item.encode() for item in row["items"])
        self.names = sorted(names)
        self.numbers = {name: at for at, name in enumerate(self.names)}
        self.hashes = {number(name): at for at, name in enumerate(self.names)}
        self.prefixed = {}
        for name, at in self.hashes.items():
            self.prefixed.setdefault(name >> 40, []).append(at)
        self._flags(items)
        self._counts(rows)
        self.raw = {self.numbers[name]: row for name, row in rows.items()}
        self.made = {}
        self._heads()

    def _flags(self, items):
        count = len(self.names)
        self.listed = np.zeros(count, bool)
        self.barred = np.full(count, bool(self.set["items.required"]))
        for name, item in items.items():
            at = self.numbers[name]
            self.listed[at] = item is not None
            self.barred[at] = item is None or not item["available"] or not in_its_dates(item)

    def _counts(self, rows):
        count = len(self.names)
        self.epoch = max((row["epoch"] for row in rows.values()), default=0)
        trend_epoch = max((row["trend_epoch"] for row in rows.values()), default=0)
        self.has = np.zeros(count, bool)
        self.mass, self.actions, self.trend = (np.zeros(count) for _ in range(3))
        for name, row in rows.items():
            at, shift = self.numbers[name], row["epoch"] - self.epoch
            self.has[at] = True
            self.mass[at] = math.ldexp(row["mass"], shift)
            self.actions[at] = math.ldexp(row["actions"], shift)
            self.trend[at] = math.ldexp(row["trend"], row["trend_epoch"] - trend_epoch)
        kernel = self.set["kernel.power"]
        at_least = np.maximum(self.actions, 1.0)
        self.source = np.array([math.pow(n, -self.set["source.power"] * kernel)
                                for n in at_least], F)
        self.target = np.array([math.pow(n, -self.set["target.power"] * kernel)
                                for n in at_least], F)
        self.by_mass = np.array([min(1.0 / math.sqrt(m), MASS_FACTOR_MAX) if m > 0 else 0.0
                                 for m in self.mass], F)
        self.root = np.array([math.sqrt(n) if n > 0 else 0.0 for n in self.actions], F)

    def _heads(self):
        """Popular and trending items, best first; equal ones by id."""
        known = np.flatnonzero((self.listed | self.has) & ~self.barred)
        self.popular = known[np.argsort(-self.actions[known], kind="stable")]
        risen = np.flatnonzero((self.trend > 0) & ~self.barred)
        self.trending = risen[np.argsort(-self.trend[risen], kind="stable")][:TURN_ITEMS]
        turn = self.popular[:TURN_ITEMS]
        self.popular_turn = turn[self.actions[turn] > 0]

    def row(self, at):
        """An item's neighbours, with their kernels; None without a row or neighbours."""
        if at not in self.made:
            raw = self.raw.get(at)
            self.made[at] = self._row(raw) if raw and raw["items"] else None
        return self.made[at]

    def _row(self, raw):
        most = self.set["neighbours.used"]
        items = np.array([self.numbers[name.encode()] for name in raw["items"][:most]])
        forwards, backwards, co = (np.array(raw[name][:most], F) for name in
                                   ("forwards", "backwards", "co_ratings"))
        sums = forwards.astype(float) + self.set["backward.weight"] * backwards.astype(float)
        scale = F(math.ldexp(1.0, raw["epoch"] - self.epoch))
        c = np.maximum(sums, 0.0).astype(F) * scale
        shrink = F(self.set["shrink"])
        with np.errstate(invalid="ignore", divide="ignore"):
            shrunk = np.where(c > 0, c * (c / (c + shrink)), F(0))
        power = float(F(self.set["kernel.power"]))
        kernels = np.where(shrunk > 0, np.power(shrunk.astype(float), power), 0.0).astype(F)
        return Row(items, kernels, np.maximum(co, F(0)), scale)


def in_its_dates(item):
    now, until = time.time() * 1000, item["available_until_ms"]
    return item["available_from_ms"] <= now and (until == 0 or now < until)


# ---- A list of counting ----

class Counting:
    """Counting's list of one history, and its scores for all items."""

    def __init__(self, table, history, length):
        self.table = table
        self.seen, self.recent = read_history(table, history)
        self._sum()
        self._score()
        order = self.candidates[np.argsort(-self.scores[self.candidates], kind="stable")][:length]
        self.chosen = order
        self._explain()
        self.list = [Place(int(at), float(self.scores[at]), "BECAUSE", *self.behind[int(at)])
                     for at in order]
        if len(self.list) < length:
            self._fill(length)

    def _sum(self):
        table, count = self.table, len(self.table.names)
        self.directed, self.symmetric = np.zeros(count, F), np.zeros(count, F)
        touched = np.zeros(count, bool)
        for at, weight in self.recent:
            row = table.row(at)
            if row is None:
                continue
            directed = weight * table.source[at]
            symmetric = F(0)
            if table.set["symmetric.weight"] > 0:
                symmetric = weight * table.by_mass[at] * row.scale
            self.directed[row.items] += directed * row.kernels
            self.symmetric[row.items] += symmetric * row.co_ratings
            touched[row.items] = True
        found = np.flatnonzero(touched & ~self.seen & ~table.barred)
        self.directed[found] *= table.target[found]
        self.symmetric[found] = np.minimum(self.symmetric[found], F(LARGEST)) * table.by_mass[found]
        self.candidates = found[(self.directed[found] > 0) | (self.symmetric[found] > 0)]

    def _score(self):
        table, at = self.table, self.candidates
        most = float(self.directed[at].max(initial=0.0)), float(self.symmetric[at].max(initial=0.0))
        roots = math.sqrt(table.actions.max(initial=0.0))
        self.scales = [scale_of(table.set[name], largest) for name, largest in
                       (("directed.weight", most[0]), ("symmetric.weight", most[1]),
                        ("popularity.weight", roots))]
        self.scores = np.zeros(len(table.names), F)
        self.scores[at] = self.scales[0] * self.directed[at] + \
            self.scales[1] * self.symmetric[at] + self.scales[2] * table.root[at]

    def _explain(self):
        """The recent item with the largest part; the newest of equal ones."""
        table, wanted = self.table, {int(at): None for at in self.chosen}
        parts = dict.fromkeys(wanted, F(-1))
        self.behind = dict.fromkeys(wanted, (None, 0.0))
        for at, weight in self.recent:
            row = table.row(at)
            if row is None:
                continue
            co = row.co_ratings * row.scale
            source = self.scales[0] * weight * table.source[at]
            part = source * row.kernels * table.target[row.items]
            if self.scales[1] > 0:
                symmetric = np.minimum(table.by_mass[at] * co, F(LARGEST))
                symmetric = np.minimum(symmetric * table.by_mass[row.items], F(LARGEST))
                part = part + self.scales[1] * weight * symmetric
            for k in np.flatnonzero(np.isin(row.items, self.chosen)):
                item = int(row.items[k])
                if part[k] > parts[item]:
                    parts[item] = part[k]
                    self.behind[item] = (at, float(co[k]))

    def _fill(self, length):
        table, first = self.table, len(self.list)
        taken = self.seen.copy()
        taken[self.chosen] = True
        turns = [(iter(table.trending), "TRENDING"), (iter(table.popular_turn), "POPULAR")]

        def append(at, reason):
            taken[at] = True
            self.list.append(Place(int(at), -float(len(self.list) - first + 1), reason, None,
                                   float(F(table.actions[at]))))

        def one(source, reason):
            for at in source:
                if not taken[at]:
                    append(at, reason)
                    return True
            return False

        more = True
        while more and len(self.list) < length:
            more = False
            for source, reason in turns:
                if len(self.list) < length:
                    more |= one(source, reason)
        for at in table.popular:
            if len(self.list) == length:
                break
            if not taken[at]:
                append(at, "POPULAR" if table.has[at] else "NEW")


def scale_of(weight, largest):
    return F(min(weight / largest, LARGEST)) if largest > 0 else F(0)


def prefixes(data):
    """The numbers of a set of 24-bit numbers in Golomb-Rice codes (see UserHistory)."""
    bits = "".join(f"{byte:08b}"[::-1] for byte in data[1:])
    number = at = 0
    while (zero := bits.find("0", at)) >= 0:
        end = zero + 1 + data[0]
        number += (zero - at << data[0]) + int("0" + bits[zero + 1:end][::-1], 2)
        yield number
        number, at = number + 1, end


def weigh(recent, table, history):
    """Lowers recent items by the greatest that a user's action on them counts (a rating 1, others
    their weight), as a part of the greatest of all."""
    strengths = {}
    for name, kind, weight in zip(history["items"], history["actions"], history["weights"]):
        counts = F(1) if kind == "RATING" and weight > 0 else F(weight)
        at = table.numbers.get(name.encode())
        strengths[at] = max(strengths.get(at, F(0)), counts)
    most = max((strengths[at] for at, _ in recent), default=F(0))
    return [(at, weight * F(math.pow(float(strengths[at]) / float(most),
                                     table.set["recent.weights.power"])))
            for at, weight in recent]


def read_history(table, history):
    """The items that the user has had, and the recent ones with their weights, newest first."""
    seen, recent = np.zeros(len(table.names), bool), []
    for name, weight in zip(history["items"][::-1], history["weights"][::-1]):
        at = table.numbers.get(name.encode())
        if at is None or seen[at]:
            continue
        seen[at] = True
        if weight > 0 and len(recent) < table.set["recent.items"]:
            rank = float(len(recent))
            recent.append((at, F(math.pow(rank + 1.0, -table.set["recency.power"]) *
                                 math.pow(table.set["recency.decay"], rank))))
    for at in range(0, len(history["seen"]), 8):
        item = table.hashes.get(int.from_bytes(history["seen"][at:at + 8], "little"))
        if item is not None:
            seen[item] = True
    for prefix in prefixes(history["had_prefixes"]):
        seen[table.prefixed.get(prefix, [])] = True
    return seen, weigh(recent, table, history)


# ---- Comparison ----

def near(a, b, drift):
    return abs(a - b) <= drift * max(abs(a), abs(b))


def named(names, because):
    """An item by its number, or the source of an item that is brought."""
    return because if isinstance(because, str) else "" if because is None else names[because]


def difference(table, want, found, drift=DRIFT):
    """What a list differs in from the one that it must be, in words; None: nothing."""
    names = [name.decode() for name in table.names]
    columns = {"items": [names[one.item] for one in want],
               "because": [named(names, one.because) for one in want],
               "reasons": [one.reason for one in want]}
    for name, right in columns.items():
        if found[name] != right:
            return f"{name} {found[name]}, must be {right}"
    for name, right in (("scores", [one.score for one in want]),
                        ("evidence", [one.evidence for one in want])):
        if len(found[name]) != len(right) or not all(
                near(*pair, drift) for pair in zip(found[name], right)):
            return f"{name} {found[name]}, must be {right}"
    return None


class Verdict:
    """All standing lists beside what they must be."""

    def __init__(self, topics, settings=None):
        self.table = self.make_table(topics, settings)
        self.lists, self.empty, self.words = 0, 0, []
        self.exact = 0  # lists whose scores are equal to 1e-5
        lists, told = standing(topics), histories(topics)
        for user in sorted(lists.keys() | told.keys()):
            self.check(user, told.get(user), lists.get(user))
        self.differing = len(self.words)

    def make_table(self, topics, settings):
        return Table(serving_rows(topics), catalogue(topics), settings)

    def list_of(self, _user, history, _found):
        return Counting(self.table, history, self.table.set["list.length"]).list

    def check(self, user, history, found):
        self.lists += found is not None
        if history is None or found is None:
            self.words.append(f"{user}: list {found is not None}, history {history is not None}")
            return
        self.empty += not found["items"]
        if found["input_offset"] != history["input_offset"]:
            self.words.append(f"{user}: of offset {found['input_offset']}, must be "
                              f"{history['input_offset']}")
            return
        want = self.list_of(user, history, found)
        words = difference(self.table, want, found)
        self.exact += difference(self.table, want, found, EXACT) is None
        if words:
            self.words.append(f"{user}: {found['cause']}: {words}")

    def __str__(self):
        return f"lists {self.lists} differing {self.differing} exact {self.exact}"
