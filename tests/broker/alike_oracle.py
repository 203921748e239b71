"""What users chose who act alike, by the topic `profiles` alone (docs/profiles.md).

Written beside the scorer's own code, and sharing nothing with it. Sums are taken in the order and
the width of model/alike_users.c, so that equal items come in the same order.
"""

import math

import numpy as np
from contracts import Contract

F = np.float32
LOOKED, NEAREST, PART = 2048, 100, 256


def published(topics):
    """The newest version of which all records are there, by kinds; None: there is none."""
    form, kinds = Contract("group_profile"), {}
    for record in topics.newest("profiles").values():
        if record.value is not None:
            one = form.decode(record.value)
            kinds.setdefault(one["kind"], []).append(one)
    parts = [sorted(kinds.get(kind, []), key=lambda one: int(one["name"]))
             for kind in ("CLUSTER", "FACTORS", "USERS")]
    every = [one for part in parts for one in part]
    whole = (every and len({one["version"] for one in every}) == 1
             and [len(part) for part in parts]
             == [every[0]["clusters"], every[0]["parts"], every[0]["user_parts"]])
    return parts if whole else None


class Alike:
    """Scores of items for a history; numbers are those of a Table."""

    def __init__(self, topics, table):
        self.table, parts = table, published(topics)
        self.users = 0
        if not parts:
            return
        clusters, factors, told = parts
        self.items = [item for part in factors for item in part["items"]]
        self.places = {item: at for at, item in enumerate(self.items)}
        numbers = np.concatenate([np.array(part["vectors"], F) for part in factors])
        self.factors = numbers.reshape(len(self.items), -1)
        self.centroids = np.array([one["vectors"] for one in clusters], F)
        self.cluster_names = [int(one["name"]) for one in clusters]
        self._read_users(told)

    def _read_users(self, told):
        found = []
        for part in told:
            at = 0
            for cluster, count in zip(part["user_clusters"], part["user_counts"]):
                items = part["user_items"][at:at + count]
                strengths = part["user_strengths"][at:at + count] or [1.0] * count
                at += count
                vector = self.fold(items, strengths)
                if vector is not None:
                    found.append((cluster, items, strengths, vector))
        found.sort(key=lambda one: one[0])  # by cluster, in the order of the parts
        self.users = len(found)
        self.cluster_of = np.array([one[0] for one in found])
        self.acts = [(one[1], [F(w) for w in one[2]]) for one in found]
        self.vectors = np.array([one[3] for one in found], F)

    def fold(self, items, strengths):
        sums = np.zeros(self.factors.shape[1])
        for item, strength in zip(items, strengths):
            sums = sums + float(F(math.log1p(strength))) * self.factors[item].astype(float)
        length = math.sqrt(sum(number * number for number in sums))
        return (sums / length).astype(F) if length > 0 else None

    def _nearest(self, vector):
        """The users whose vectors are nearest, the nearest first."""
        away = np.square(self.centroids - vector).sum(axis=1)
        looked = np.concatenate([np.flatnonzero(self.cluster_of == self.cluster_names[at])
                                 for at in np.argsort(away, kind="stable")])[:LOOKED]
        products = np.zeros(len(looked), F)
        for i, number in enumerate(vector):
            products += number * self.vectors[looked, i]
        order = sorted(range(len(looked)), key=lambda k: (-products[k], looked[k]))
        return [looked[k] for k in order[:NEAREST]]

    def scores(self, history):
        """Scores and voices by number; None: nobody acts alike."""
        own = {}
        for item, action, weight in zip(history["items"], history["actions"], history["weights"]):
            if weight > 0 and item in self.places:
                place = self.places[item]
                own[place] = own.get(place, 0.0) + (1.0 if action == "RATING" else weight)
        vector = self.fold(own, own.values()) if self.users and own else None
        if vector is None:
            return None
        scores, voices = np.zeros((2, len(self.table.names)), F)
        length = math.sqrt(sum(count * count for count in own.values()))
        for user in self._nearest(vector):
            items, strengths = self.acts[user]
            product = sum(float(F(own.get(item, 0))) * float(w)
                          for item, w in zip(items, strengths))
            if product <= 0:
                continue
            other = F(math.sqrt(sum(float(w) * float(w) for w in strengths)))
            cosine = F(product / (length * float(other)))
            for item in items:
                number = self.table.numbers.get(self.items[item].encode())
                if number is not None:
                    scores[number] += cosine
                    voices[number] += 1
        return scores, voices
