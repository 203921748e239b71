"""What content says of a user's items, by the topics alone: catalogue and content vectors.

Written beside the scorer's own code, and sharing nothing with it: an item's features are texts, and
its neighbours come from products with all items. Sums are of 32-bit floats in the order that
model/content_scores.h names, so that equal items come in the same order. Vectors are compared as
they are: those that the scorer would compare by codes are refused.
"""

import math
import re
import unicodedata
from collections import Counter

import numpy as np
from contracts import Contract

F = np.float32
DECAY, NEAREST, LEVELS = F(0.6), 100, 4
DECAY_BY_ASPECT = 0.85
ASPECTS = ("tag", "category", "brand", "price", "word", "text", "given", 0, 1, 2, 3, 4)
CODED_FROM = 256, 64  # so many vectors, of more numbers than
KINDS = ("text", "given")
FEATURES, WORD_BYTES, OTHER_BYTES = 512, 64, 256


def words_of(title):
    """In lower case, without accents; a Han character is one of its own."""
    plain = "".join(one for one in unicodedata.normalize("NFD", title.lower())
                    if unicodedata.category(one) != "Mn")
    return re.findall(r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\W_\u3400-\u4dbf\u4e00-\u9fff]+", plain)


def features_of(entry):
    """The features of an item, each with its kind."""
    found = [("tag", tag.encode()) for tag in entry["tags"]]
    found += [("category", level.encode()[:OTHER_BYTES]) for level in entry["category"]]
    found.append(("brand", entry["brand"].encode()[:OTHER_BYTES]))
    if 0 < entry["price"] < math.inf:
        found.append(("price", math.floor(2 * math.log2(entry["price"])) % 256))
    found += [("word", word.encode()[:WORD_BYTES]) for word in words_of(entry["title"])]
    return frozenset([one for one in found if one[1] != b""][:FEATURES])


def content_vectors(topics):
    """item -> its row; none where a tombstone came last."""
    form, found = Contract("content_vectors"), {}
    for record in topics.read("content-vectors"):
        found[record.key] = form.decode(record.value) if record.value is not None else None
    return {key: row for key, row in found.items() if row}


def level(count):
    return math.floor(LEVELS * math.log2(count)) if count > 0 else 0


class Likeness:
    """How alike items are; numbers are those of a Table."""

    def __init__(self, table, entries, vectors):
        self.table = table
        features = {table.numbers[name]: features_of(one) for name, one in entries.items() if one}
        self._weigh(features)
        self.vectors = [self._vectors(vectors, kind) for kind in KINDS]
        self.known = {item for item, own in features.items() if own}
        self.known.update(*(items for items, _, _ in self.vectors))
        self.near = {}

    def _weigh(self, features):
        count = sum(bool(one) for one in features.values())
        holders = Counter(feature for one in features.values() for feature in one)
        weights = {feature: max(level(count) - level(df), 0)
                   for feature, df in holders.items() if df > 1}
        columns = {feature: at for at, feature in enumerate(sorted(weights, key=repr))}
        self.weights = np.zeros((len(self.table.names), len(columns)), np.int64)
        for item, own in features.items():
            for feature in own & columns.keys():
                self.weights[item, columns[feature]] = weights[feature]
        self.squares = (self.weights ** 2).sum(axis=1).astype(float)
        self.aspects = {aspect: [at for feature, at in columns.items() if feature[0] == aspect]
                        for aspect in ASPECTS}

    def _vectors(self, rows, kind):
        """Numbers of items, their vectors, and the inverses of the lengths."""
        items, found = [], []
        for name, row in rows.items():
            at = 0
            for own, width in zip(row["names"], row["widths"], strict=True):
                if own == kind:
                    items.append(self.table.numbers[name])
                    found.append(np.frombuffer(row["bytes"][at:at + width], np.int8))
                at += width
        numbers = np.array(found, np.int64).reshape(len(items), len(found[0]) if found else 0)
        assert len(numbers) < CODED_FROM[0] or numbers.shape[1] <= CODED_FROM[1]
        squares = (numbers ** 2).sum(axis=1).astype(float)
        inverses = [F(1 / math.sqrt(one)) if one > 0 else F(0) for one in squares]
        return np.array(items, int), numbers, np.array(inverses, F)

    def _best(self, items, cosines, item):
        """The nearest ones, best first, equal ones by id."""
        may = (cosines > 0) & (items != item)
        items, cosines = items[may], cosines[may]
        order = np.lexsort((items, -cosines))[:NEAREST]
        return items[order], cosines[order]

    def _like(self, item):
        dots = self.weights[item] ** 2 @ (self.weights > 0).T
        with np.errstate(invalid="ignore", divide="ignore"):
            cosines = np.where(dots > 0, dots / np.sqrt(self.squares[item] * self.squares), 0)
        alike, cosines = self._best(np.arange(len(dots)), cosines.astype(F), item)
        roots = np.sqrt(cosines)
        yield alike, roots * np.sqrt(roots)
        for items, numbers, inverses in self.vectors:
            for at in np.flatnonzero(items == item):
                products = (numbers @ numbers[at]).astype(F)
                alike, cosines = self._best(items, products * (inverses[at] * inverses), item)
                yield alike, cosines * cosines

    def scores(self, history):
        """The scores of all items, and the item of the history behind each."""
        count = len(self.table.names)
        sums, most = np.zeros(count, F), np.zeros(count, F)
        because, met, used, weight = np.full(count, -1), set(), 0, F(1)
        for name, liked in zip(history["items"][::-1], history["weights"][::-1]):
            item = self.table.numbers.get(name.encode())
            if item is None or item in met:
                continue
            met.add(item)
            if not liked > 0 or item not in self.known:
                continue
            if item not in self.near:
                self.near[item] = list(self._like(item))
            for alike, parts in self.near[item]:
                parts = weight * parts
                sums[alike] += parts
                more = parts > most[alike]
                most[alike[more]], because[alike[more]] = parts[more], item
            weight, used = weight * DECAY, used + 1
            if used == self.table.set["recent.items"]:
                break
        return sums, because

    # ---- By aspects ----

    def _recent(self, history):
        """The items that the scores are of, newest first."""
        found, met = [], set()
        for name, liked in zip(history["items"][::-1], history["weights"][::-1]):
            item = self.table.numbers.get(name.encode())
            if item is None or item in met:
                continue
            met.add(item)
            if liked > 0 and item in self.known:
                found.append(item)
        return found[:self.table.set["recent.items"]]

    def _rows(self, aspect):
        """What items are compared by: a row of numbers of length 1 for each, or all 0."""
        if aspect in KINDS:
            items, numbers, _ = self.vectors[KINDS.index(aspect)]
            rows = np.zeros((len(self.table.names), numbers.shape[1]))
            rows[items] = numbers
        else:
            rows = self.weights[:, self.aspects[aspect]].astype(float)
        lengths = np.sqrt((rows ** 2).sum(axis=1, keepdims=True))
        return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)

    def by_aspect(self, history, items):
        """The scores of these items by each aspect."""
        if not hasattr(self, "rows"):
            self.rows = [self._rows(aspect) for aspect in ASPECTS]
        found = []
        for rows in self.rows:
            profile = sum((rows[item] * DECAY_BY_ASPECT ** at
                           for at, item in enumerate(self._recent(history))),
                          np.zeros(rows.shape[1]))
            found.append(rows[items] @ profile)
        return found
