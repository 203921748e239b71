"""What the rules of placements must make of a user's list, by the topics alone.

Written beside rules/, and sharing nothing with it: the text of the topic `rules` is parsed here,
conditions become Python, and candidates are objects. Lists that counting makes only.
"""

import math
import re
import struct
import time
from collections import Counter, namedtuple
from datetime import datetime, timezone

import numpy as np
import xxhash
from contracts import Contract

from list_oracle import Counting, F, Place, Table, Verdict, catalogue, number, serving_rows

CANDIDATES, WIDE, NEWEST = 200, 2000, 64
LENGTH = 20              # of a placement that does not say it: list.length
KINDS = ("filter", "exclude", "boost", "pin", "cap", "share", "again")
PERIODS = {"s": 1e3, "m": 6e4, "h": 36e5, "d": 864e5, "w": 6048e5}
RANKED, REPEAT, FILLED, NEW, NAMED = range(5)
FREE, TAKEN, BARRED = "free", "taken", "not allowed"
GROUP_CAP = "cap.group"
NAME = r"[a-z][a-z.]*"
TEXT, DATE = r"'(?:[^'\\]|\\.)*'", r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d)?"
AMOUNT, SIGN = r"\d+(?:\.\d+)?(?:%|[smhdw]\b)?", r"[<>!]?=|[<>(),+-]"
WORD = re.compile(rf"\s*({TEXT}|{DATE}|{AMOUNT}|{NAME}|{SIGN})")

Rule = namedtuple("Rule", "kind name value condition start end")


# ---- The text ----

class Words:
    def __init__(self, text):
        self.words, at = [], 0
        while text[at:].strip():
            match = WORD.match(text, at)
            assert match, text[at:]
            self.words.append(match.group(1))
            at = match.end()

    def peek(self):
        return self.words[0] if self.words else ""

    def take(self, *wanted):
        if not self.words or (wanted and self.words[0] not in wanted):
            return ""
        return self.words.pop(0)


def value_of(word):
    if word[0] == "'":
        return word[1:-1]
    if word[-1] == "%":
        return float(word[:-1]) / 100
    return float(word[:-1]) * PERIODS[word[-1]] if word[-1] in PERIODS else float(word)


def date_ms(word):
    form = "%Y-%m-%dT%H:%M" if "T" in word else "%Y-%m-%d"
    return datetime.strptime(word, form).replace(tzinfo=timezone.utc).timestamp() * 1000


def condition(words):
    """A function of an item's attributes."""
    left = conjunction(words)
    while words.take("or"):
        left = (lambda a, b: lambda item: a(item) or b(item))(left, conjunction(words))
    return left


def conjunction(words):
    left = negation(words)
    while words.take("and"):
        left = (lambda a, b: lambda item: a(item) and b(item))(left, negation(words))
    return left


def negation(words):
    if words.take("not"):
        inner = negation(words)
        return lambda item: not inner(item)
    if words.take("("):
        inner = condition(words)
        assert words.take(")")
        return inner
    return comparison(words)


COMPARE = {"=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
           "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}


def comparison(words):
    name, sign = words.take(), words.take()
    if sign == "is":
        known = words.take() == "known"
        return lambda item: (item[name] not in (None, (), [])) == known
    if sign == "has":
        value = value_of(words.take())
        return lambda item: value in item[name]
    if sign == "in":
        values = []
        while words.take("(", ","):
            values.append(value_of(words.take()))
        assert words.take(")")
        return lambda item: item[name] is not None and item[name] in values
    value = value_of(words.take())
    holds = lambda item: item[name] is not None and COMPARE[sign](item[name], value)  # noqa: E731
    holds.ids = [value] if name == "id" else []
    return holds


def rule_of(kind, name, text):
    words = Words(text)
    value, holds = None, None
    if kind == "exclude":
        value = exclusion(words)
    elif kind == "again":
        value = expectation(words)
    elif kind == "boost":
        sign = words.take("+", "-")
        amount = value_of(words.take())
        value = (1.0, -amount if sign == "-" else amount) if sign else (amount, 0.0)
    elif kind == "cap":
        value = int(words.take()), words.take() if words.take("per") else ""
    elif kind in ("pin", "share"):
        value = value_of(words.take())
    if kind == "filter" or words.take("if"):
        holds = condition(words)
    start = date_ms(words.take()) if words.take("from") else -np.inf
    end = date_ms(words.take()) if words.take("until") else np.inf
    assert not words.words, text
    return Rule(kind, f"{kind}.{name}", value, holds, start, end)


def exclusion(words):
    actions, times = [words.take().upper()], 1
    while words.take(","):
        actions.append(words.take().upper())
    if words.peek().isdigit():
        times = int(words.take())
        words.take("times", "time")
    within = value_of(words.take()) if words.take("in") else np.inf
    rests = value_of(words.take()) if words.take("for") else np.inf
    return actions, times, within, rests


def expectation(words):
    actions = []
    while words.peek() != "every":
        actions.append(words.take().upper())
        words.take(",")
    assert words.take("every")
    return actions or ["PURCHASE"], int(value_of(words.take()))


def exploration(text):
    words = Words(text)
    place = int(words.take())
    candidates = int(words.take()) if words.take("of") else 10
    temperature = float(words.take()) if words.take("at") else 0.1
    assert not words.words, text
    return place, candidates, temperature


def mixed(seed, number):
    return xxhash.xxh3_64_intdigest(struct.pack("<Q", number % 2**64), seed=seed)


def drawn(values, hashes, temperature, seed):
    """Which of the values is drawn, and with which probability each is."""
    parts = [math.exp((value - max(values)) / temperature) for value in values]
    noise = [-math.log(-math.log(((mixed(seed, one) >> 11) + 0.5) / 2**53)) for one in hashes]
    keys = [value / temperature + one for value, one in zip(values, noise)]
    return keys.index(max(keys)), [part / sum(parts) for part in parts]


class Placement:
    def __init__(self, name):
        self.name, self.length, self.repeats, self.diversity = name, LENGTH, False, 0.0
        self.fallback, self.rules, self.only_again = ["popular"], [], False
        self.explore = None

    def set(self, name, value):
        if name == "length":
            self.length = int(value)
        elif name == "repeats":
            self.repeats = value in ("yes", "true")
        elif name == "diversity":
            self.diversity = float(value)
        elif name == "only":
            self.only_again = value == "again"
        elif name == "explore":
            self.explore = exploration(value)
        else:
            self.fallback = [word.strip() for word in value.split(",")]


def parse(text):
    placements = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, _, value = (part.strip() for part in line.partition("="))
        name, kind, *rest = key.split(".", 2)
        placement = placements.setdefault(name, Placement(name))
        if rest:
            placement.rules.append(rule_of(kind, rest[0], value))
        else:
            placement.set(kind, value)
    return list(placements.values())


def newest_rules(topics):
    form, text = Contract("applied_rules"), ""
    for record in topics.read("rules"):
        text = form.decode(record.value)["text"] if record.value is not None else ""
    return parse(text)


# ---- The items ----

def known(value):
    return value if value is not None and value >= 0 else None


def attributes(name, entry):
    """Of an item, as conditions name them."""
    entry = entry or {"price": -1.0, "stock": -1, "created_ms": 0, "brand": "", "kind": "",
                      "group_id": "", "tags": [], "category": []}
    return {"id": name.decode(), "price": known(entry["price"]), "stock": known(entry["stock"]),
            "brand": entry["brand"] or None, "kind": entry["kind"] or None,
            "group": entry["group_id"] or None, "created": max(entry["created_ms"], 0),
            "tags": [tag for tag in entry["tags"] if tag],
            "category": [level for level in entry["category"] if level]}


def texts(item):
    return item["tags"] + item["category"]


def alike(a, b):
    """Jaccard's index of tags, levels and brand."""
    both = min(sum(text in texts(a) for text in texts(b)), len(texts(a)))
    both += a["brand"] is not None and a["brand"] == b["brand"]
    every = sum(len(texts(one)) + (one["brand"] is not None) for one in (a, b)) - both
    return both / every if every else 0.0


# ---- A cut ----

class Candidate:
    def __init__(self, at, score, origin, item):
        self.at, self.score, self.origin, self.item = at, float(score), origin, item


class Cut:
    """The list of one placement."""

    def __init__(self, placement, candidates, user, as_of_ms):
        self.placement, self.all = placement, candidates
        self.user, self.as_of_ms = user, as_of_ms
        self._scale()
        self._allow()
        self._bring_again()
        self._apply()
        self.order = sorted(range(len(self.all)), key=lambda k: -self.relevance[k])
        self._choose()

    def _scale(self):
        scores = [one.score for one in self.all if one.origin == RANKED]
        low, high = min([0.0, *scores]), max(scores, default=-np.inf)
        counts, at = Counter(one.origin for one in self.all), Counter()
        self.base = []
        for one in self.all:
            place = 1.0 - at[one.origin] / (counts[one.origin] + 1)
            at[one.origin] += 1
            part = (one.score - low) / (high - low) if high > low else 1.0
            part = 0.01 + 0.99 * min(max(part, 0.0), 1.0)
            self.base.append({RANKED: part, REPEAT: part, FILLED: 0.005 + 0.005 * place,
                              NEW: 0.005 * place, NAMED: 0.0}[one.origin])

    def _may(self, one):
        if self.placement.only_again:
            return False
        if one.origin == REPEAT:
            return self.placement.repeats
        return one.origin != FILLED or "popular" in self.placement.fallback

    def _general(self, one):
        return "new" in self.placement.fallback if one.origin == NEW else one.origin != NAMED

    def _allow(self):
        rank = 0
        self.state, self.ranks, self.relevance = [], [], list(self.base)
        self.boosted = [""] * len(self.all)
        for one in self.all:
            ranked = self._may(one) and self._general(one) and one.origin != NEW
            rank += ranked
            self.state.append(FREE if self._may(one) else BARRED)
            self.ranks.append(rank if ranked else 0)

    def _bring_again(self):
        self.due, self.due_ms = {}, np.inf
        for rule in self._in_force("again"):
            for k, one in enumerate(self.all):
                if one.origin != REPEAT or not self._holds(rule, k):
                    continue
                when = self._had(one.at, *rule.value)
                if not when:
                    continue
                count, last, due = when
                if due > self.as_of_ms:
                    self.due_ms = min(self.due_ms, due)
                    continue
                relevance = count / (count + 1) * min(
                    (due - last) / max(self.as_of_ms - last, 1), 1.0)
                listed = self.state[k] == FREE
                self.relevance[k] = max(self.relevance[k], relevance) if listed else relevance
                self.state[k], self.boosted[k] = FREE, rule.name
                self.due[one.at] = count, last

    def _had(self, at, actions, period):
        """How often, when last, and when it is due."""
        count, first, last = 0, 0, None
        for item, action, when in self.user.actions:
            if item != at or action not in actions:
                continue
            if last is None:
                first = when
            if last is None or when - last >= period // 10:
                count += 1
            last = when
        if last is None:
            return None
        return count, last, last + max((period + last - first) // count, 1)

    def _in_force(self, kind):
        return [rule for rule in self.placement.rules
                if rule.kind == kind and rule.start <= self.as_of_ms < rule.end]

    def _holds(self, rule, k):
        one = self.all[k].item
        values = {**one, **self.user.attributes, "age": None}
        if one["created"]:
            values["age"] = self.as_of_ms - one["created"]
        return rule.condition is None or bool(rule.condition(values))

    def _apply(self):
        for rule in self.placement.rules:
            if not rule.start <= self.as_of_ms < rule.end:
                continue
            held = [self._holds(rule, k) for k in range(len(self.all))]
            if rule.kind == "filter":
                self._remove(rule, [not one for one in held])
            elif rule.kind == "exclude":
                self._remove(rule, [one and self._rests(rule, k) for k, one in enumerate(held)])
            elif rule.kind == "boost":
                self._boost(rule, held)
        self.caps = [(rule.name, *rule.value, [self._holds(rule, k) for k in range(len(self.all))],
                      Counter()) for rule in self._in_force("cap")]
        by_group = any(rule.kind == "cap" and rule.value[1] == "group"
                       for rule in self.placement.rules)
        if not by_group:
            self.caps.append((GROUP_CAP, 1, "group", [True] * len(self.all), Counter()))
        self.shares = [[rule, 0, [self._holds(rule, k) for k in range(len(self.all))]]
                       for rule in self._in_force("share")]
        self.pins = [(rule, [self._holds(rule, k) for k in range(len(self.all))])
                     for rule in self._in_force("pin")]

    def _remove(self, rule, which):
        for k, gone in enumerate(which):
            if gone and self.state[k] == FREE:
                self.state[k] = rule.name

    def _rests(self, rule, k):
        actions, times, within, rests = rule.value
        done = [when for at, action, when in self.user.actions
                if at == self.all[k].at and action in actions and when >= self.as_of_ms - within]
        return len(done) >= times and max(done) > self.as_of_ms - rests

    def _boost(self, rule, held):
        factor, addend = rule.value
        for k, one in enumerate(held):
            if one:
                self.relevance[k] = min(max(self.relevance[k] * factor + addend, 0.0), 1e30)
                self.boosted[k] = rule.name

    # Places.

    @staticmethod
    def _values(by, item):
        if by == "tag":
            return item["tags"]
        if by == "category":
            return item["category"][-1:]
        if by == "":
            return [""]
        return [item[by]] if item[by] is not None else []

    def _over(self, k):
        for name, most, by, held, counts in self.caps:
            if held[k] and any(counts[one] >= most for one in self._values(by, self.all[k].item)):
                return name
        return ""

    def _take(self, k, rule):
        self.places.append((self.all[k].at, self.relevance[k], self.ranks[k],
                            rule or self.boosted[k]))
        self.state[k] = TAKEN
        for _, _, by, held, counts in self.caps:
            if held[k]:
                counts.update(self._values(by, self.all[k].item))
        for share in self.shares:
            share[1] += share[2][k]
        for other, state in enumerate(self.state):
            if state == FREE and self.placement.diversity > 0:
                self.similar[other] = max(self.similar[other],
                                          alike(self.all[k].item, self.all[other].item))

    def _best(self, held):
        diversity, best, value = self.placement.diversity, None, -np.inf
        for k in self.order:
            may = held[k] if held is not None else self._general(self.all[k])
            if self.state[k] != FREE or not may:
                continue
            worth = (1.0 - diversity) * self.relevance[k]
            worth -= diversity * self.similar[k] if diversity > 0 else 0.0
            if worth > value:
                best, value = k, worth
        return best

    def _take_best(self, held, rule):
        while (best := self._best(held)) is not None:
            over = self._over(best)
            if not over:
                self._take(best, rule)
                return True
            self.state[best] = over
        return False

    def _take_pinned(self, place):
        capped = {cap[0] for cap in self.caps}
        for rule, held in self.pins:
            if rule.value != place:
                continue
            for k in self.order:
                if held[k] and (self.state[k] == FREE or self.state[k] in capped):
                    self._take(k, rule.name)
                    return True
        return False

    def _take_shared(self):
        for rule, count, held in self.shares:
            if count < int(rule.value * (len(self.places) + 1) + 1e-9) and \
                    self._take_best(held, rule.name):
                return True
        return False

    def _take_drawn(self):
        if not self.placement.explore or self.placement.explore[0] != len(self.places) + 1:
            return False
        _, most, temperature = self.placement.explore
        found, diversity = [], self.placement.diversity
        while len(found) < most and (best := self._best(None)) is not None:
            over = self._over(best)
            self.state[best] = over or "drawn from"
            found += [] if over else [best]
        for k in found:
            self.state[k] = FREE
        if not found:
            return False
        values = [(1.0 - diversity) * self.relevance[k] - diversity * self.similar[k]
                  for k in found]
        seed = xxhash.xxh3_64_intdigest(self.placement.name.encode(), seed=self.user.draw_seed)
        hashes = [number(self.all[k].item["id"].encode()) for k in found]
        at, probabilities = drawn(values, hashes, temperature, seed)
        self.probability = len(self.places), probabilities[at]
        self._take(found[at], "explore")
        return True

    def _choose(self):
        self.places, self.similar = [], [0.0] * len(self.all)
        self.probability = None
        length = self.placement.length
        while len(self.places) < length and (
                self._take_pinned(len(self.places) + 1) or self._take_shared() or
                self._take_drawn() or self._take_best(None, "")):
            pass
        if "uncapped" in self.placement.fallback:
            capped = {cap[0] for cap in self.caps}
            for k in self.order:
                if len(self.places) < length and self._general(self.all[k]) and \
                        self.state[k] in capped:
                    self._take(k, "")
        for place in range(len(self.places) + 2, length + 1):
            self._take_pinned(place)
        self.removals = [(one.at, self.ranks[k], self.state[k]) for k, one in enumerate(self.all)
                         if 0 < self.ranks[k] <= length and self.state[k] not in
                         (FREE, TAKEN, BARRED)]


# ---- A user's lists ----

class User:
    def __init__(self, table, history, as_of_ms):
        rows = list(zip(history["items"], history["weights"], history["actions"],
                        history["event_times_ms"]))
        self.liked = {}     # of the items that are known: whether the newest action is a liking
        self.numbers = []   # newest first
        for name, weight, _, _ in rows[::-1]:
            at = table.numbers.get(name.encode())
            if at is not None and at not in self.liked:
                self.liked[at] = weight > 0
                self.numbers.append(at)
        self.actions = [(table.numbers.get(name.encode()), action, when)
                        for name, _, action, when in rows]
        self.actions += [(table.numbers.get(name.encode()), "EXPOSURE", when) for name, when in
                         zip(history["shown_items"], history["shown_times_ms"])]
        self.draw_seed = number(history["user_id"].encode())
        for part in (history["input_partition"], history["input_offset"], 0):
            self.draw_seed = mixed(self.draw_seed, part)
        newest = history["event_time_ms"]
        moment = datetime.fromtimestamp(as_of_ms / 1000, timezone.utc)
        self.attributes = {"user.actions": history["events_total"],
                           "user.idle": as_of_ms - newest if newest > 0 else None,
                           "user.bucket": number(history["user_id"].encode()) % 100,
                           "hour": moment.hour, "weekday": moment.isoweekday()}


class Placed:
    """All lists of one user."""

    def __init__(self, table, placements, history, as_of_ms):
        self.table, self.placements = table, placements
        length = table.set["list.length"]
        self.counting = Counting(table, history, max(length, CANDIDATES))
        self.user = User(table, history, as_of_ms)
        self.list = self.counting.list[:length]
        self.first = {one.item: one for one in self.counting.list}
        self.cuts = {}
        candidates = self._candidates()
        for placement in placements:
            cut = Cut(placement, candidates, self.user, as_of_ms)
            wanting = len(cut.places) < placement.length and not placement.only_again
            if wanting and "popular" in placement.fallback:
                candidates = self._widened(candidates, history)
                cut = Cut(placement, candidates, self.user, as_of_ms)
            self.cuts[placement.name] = cut
        if "main" in self.cuts:
            self._take_main(self.cuts["main"])

    def _allows(self, at):
        return not self.counting.seen[at] and not self.table.barred[at]

    def _candidate(self, at, score, origin):
        return Candidate(at, score, origin, self.table.attributes[at])

    def _candidates(self):
        found = {}

        def add(at, score, origin):
            found.setdefault(at, self._candidate(at, score, origin))

        for one in self.counting.list:
            add(one.item, one.score, RANKED if one.score >= 0 else FILLED)
        if any(one.repeats or any(rule.kind == "again" for rule in one.rules)
               for one in self.placements):
            self._add_repeats(add, found)
        wanted = any("new" in one.fallback or any(rule.kind == "share" for rule in one.rules)
                     for one in self.placements)
        for at in self.table.newest if wanted else []:
            if self._allows(at):
                add(at, 0.0, NEW)
        for placement in self.placements:
            for rule in placement.rules:
                for name in getattr(rule.condition, "ids", []) if rule.kind == "pin" else []:
                    at = self.table.numbers.get(name.encode())
                    if at is not None and self._allows(at):
                        add(at, 0.0, NAMED)
        return list(found.values())

    def _add_repeats(self, add, found):
        """With counting's scores; nothing lowers those by how popular an item is that the user has
        had. On the scale of the ranked ones both have the same best."""
        one, table = self.counting, self.table
        most = F(max([place.score for place in one.list[:1]] + [0.0]))
        for at in self.user.numbers:
            if table.barred[at] or not self.user.liked[at] or at in found:
                continue
            score = F(0)
            if one.directed[at] > 0 or one.symmetric[at] > 0:
                score = one.scales[0] * one.directed[at] + one.scales[1] * one.symmetric[at] + \
                    one.scales[2] * table.root[at]
            add(at, score if most > 0 else 0.0, REPEAT)

    def _widened(self, before, history):
        have, more = {one.at for one in before}, list(before)
        for one in Counting(self.table, history, WIDE).list:
            if one.item not in have:
                more.append(self._candidate(one.item, 0.0, FILLED))
        return more

    def _take_main(self, cut):
        self.list = self._places(cut)

    def _places(self, cut):
        """With the reasons of the ranking that they were cut from; what rules brought is popular or
        new."""
        places = []
        for at, relevance, _, _ in cut.places:
            actions = float(F(self.table.actions[at]))
            plain = Place(at, 0.0, "POPULAR" if actions > 0 else "NEW", None, actions)
            if at in cut.due:
                plain = Place(at, 0.0, "AGAIN", at, float(cut.due[at][0]))
            places.append(self.first.get(at, plain)._replace(score=float(F(relevance))))
        return places

    def _unlike(self, found, part, want):
        """Of the reasons of a placement's places, in words."""
        names = [name.decode() for name in self.table.names]
        reasons = list(zip(found["placement_reasons"][part], found["placement_because"][part]))
        right = [(one.reason, "" if one.because is None else names[one.because]) for one in want]
        if reasons != right:
            return f"reasons {reasons}, must be {right}"
        evidence = found["placement_evidence"][part]
        if not np.allclose(evidence, [one.evidence for one in want], rtol=0.011, atol=1e-6):
            return f"evidence {evidence}, must be {[one.evidence for one in want]}"
        return None

    @staticmethod
    def _drawn_unlike(found, part, cut):
        """Probabilities follow scores, which may differ a little."""
        is_ = found["placement_probabilities"][part]
        want = [0.0] * len(cut.places)
        if cut.probability:
            want[cut.probability[0]] = cut.probability[1]
        if not is_ and not cut.probability:
            return None
        if len(is_) != len(want) or not np.allclose(is_, want, rtol=0.25, atol=1e-3):
            return f"probabilities {is_}, must be {want}"
        return None

    def difference(self, found):
        """Of the lists of placements, in words; None: nothing. Ranks are those of the list that was
        sent: where they alone have changed, it is not sent again."""
        names = [name.decode() for name in self.table.names]
        if found["placements"] != list(self.cuts):
            return f"placements {found['placements']}, must be {list(self.cuts)}"
        at = gone = 0
        for name, count, removed in zip(found["placements"], found["placement_counts"],
                                        found["removal_counts"]):
            cut, part = self.cuts[name], slice(at, at + count)
            is_ = list(zip(found["placement_items"][part], found["placement_rules"][part]))
            want = [(names[item], rule) for item, _, _, rule in cut.places]
            if is_ != want:
                return f"{name}: {is_}, must be {want}"
            scores = found["placement_scores"][part]
            if not np.allclose(scores, [one[1] for one in cut.places], rtol=0.011, atol=1e-6):
                return f"{name}: scores {scores}, must be {[one[1] for one in cut.places]}"
            words = self._unlike(found, part, self._places(cut)) or self._drawn_unlike(
                found, part, cut)
            if words:
                return f"{name}: {words}"
            part = slice(gone, gone + removed)
            is_ = list(zip(found["removal_items"][part], found["removal_rules"][part]))
            want = [(names[item], rule) for item, _, rule in cut.removals]
            if is_ != want:
                return f"{name}: removals {is_}, must be {want}"
            at, gone = at + count, gone + removed
        last = [cut.due.get(item, (0, 0))[1] for cut in self.cuts.values()
                for item, *_ in cut.places]
        if found["placement_last_ms"] != (last if any(last) else []):
            return f"last_ms {found['placement_last_ms']}, must be {last}"
        return None


# ---- Comparison ----

class RulesVerdict(Verdict):
    """All standing lists, those of placements too."""

    def __init__(self, topics, settings=None):
        self.placements = newest_rules(topics)
        self.moved, self.removed = Counter(), Counter()
        super().__init__(topics, settings)

    def make_table(self, topics, settings):
        entries = catalogue(topics)
        table = Table(serving_rows(topics), entries, settings)
        table.attributes = [attributes(name, entries.get(name)) for name in table.names]
        dated = [(-one["created"], at) for at, one in enumerate(table.attributes)
                 if one["created"] > 0]
        table.newest = [at for _, at in sorted(dated)[:NEWEST]]
        return table

    def list_of(self, user, history, found):
        placed = Placed(self.table, self.placements, history, found["as_of_ms"])
        words = placed.difference(found)
        if words:
            self.words.append(f"{user}: {words}")
        for name, cut in placed.cuts.items():
            self.moved.update(f"{name}.{rule}" for *_, rule in cut.places if rule)
            self.removed.update(f"{name}.{rule}" for rule in cut.state)
        return placed.list

    def acted(self):
        """Whether each rule that is in force moved an item, or took one off."""
        now = time.time() * 1000
        idle = [f"{placement.name}.{rule.name}" for placement in self.placements
                for rule in placement.rules if rule.start <= now < rule.end
                and not self.moved[f"{placement.name}.{rule.name}"]
                and not self.removed[f"{placement.name}.{rule.name}"]]
        assert not idle, idle
        return True
