"""After the storm: is everything there, once, and equal to what the input says it must be?"""

import json
import struct
import subprocess
from collections import Counter, defaultdict
from itertools import accumulate

import list_oracle
from contracts import Contract, Topics
from oracle import count, states

HISTORY_LENGTH = 50
SEGMENT_BYTE = 0xff  # begins the key of a segment of a user's archive (schemas/user_archive.avsc)
SERVED_MAX = 384  # serving.neighbours.max
LATE_LEAST = 550  # actions.max - pairs.window of features
TOLD = 20  # differences that are told in words; all are counted


def as_float(number):
    return struct.unpack("<f", struct.pack("<f", number))[0]


def origin(headers):
    return int(headers["origin.partition"]), int(headers["origin.offset"])


def strength(co, forward, backward):
    """As in model/counting/row.h."""
    return forward + backward / 4 + co / 1024


class ListVerdict(list_oracle.Verdict):
    """Of lists that are there and of the newest history; lists() tells of the others."""

    def check(self, user, history, found):
        if history and found and history["input_offset"] == found["input_offset"]:
            super().check(user, history, found)


class Verdict:
    def __init__(self, bootstrap, prefix, programs):
        self.topics = Topics(bootstrap, prefix)
        self.prefix, self.programs = prefix, programs
        self.counts = Counter()
        self.differences = 0
        self.unaccounted = 0
        self.words = []

    def _differs(self, text):
        self.differences += 1
        self._say(text)

    def _lost(self, text):
        self.unaccounted += 1
        self._say(text)

    def _say(self, text):
        if len(self.words) < TOLD:
            self.words.append(text[:300])

    # ---- Reading ----

    def read(self):
        """Reads all topics once."""
        form = Contract("user_event")
        self.clicks = list(self.topics.read("clicks"))
        self.events = [(one, form.decode(one.value)) for one in self.topics.read("events")]
        self.letters = [(one, dict(one.headers or [])) for one in self.topics.read("dead-letters")]
        self.late = self._late()
        counted = [(one.offset, event) for one, event in self.events
                   if (one.partition, one.offset) not in self.late]
        self.expected = states(counted)
        self.table = count([event for _, event in counted])
        self.folds = {name: self._fold(name) for name in
                      ("features-changelog", "neighbours", "recommendations")}
        self.rows = self._served()
        self.counts.update(clicks=len(self.clicks), events=len(self.events),
                           letters=len(self.letters), late=len(self.late), users=len(self.expected),
                           items=len(self.table.mass),
                           events_repeated=len(self.events) -
                           len({event["event_id"] for _, event in self.events}))

    def _late(self):
        """Where in `events` something stands that features rightly refused: so many actions of its
        user are newer and came before it that it cannot be put among those that are kept. A repeat
        that comes so late is one of them: nobody can tell it from an action by then."""
        refused = {origin(headers) for _, headers in self.letters
                   if (headers["worker"], headers.get("reason")) == (b"features", b"too_late")}
        before, found = defaultdict(dict), set()
        for one, event in self.events if refused else ():
            times = before[event["user_id"]]
            if (one.partition, one.offset) in refused and LATE_LEAST <= sum(
                    time_ms >= event["event_time_ms"] for id_, time_ms in times.items()
                    if id_ != event["event_id"]):
                found.add((one.partition, one.offset))
            times[event["event_id"]] = event["event_time_ms"]
        return found

    def _fold(self, name):
        """partition -> {key: newest value}, tombstones out."""
        fold = defaultdict(dict)
        for one in self.topics.read(name):
            if one.value is None:
                fold[one.partition].pop(one.key, None)
            else:
                fold[one.partition][one.key] = one.value
        return fold

    def _served(self):
        """item -> its serving row of the greatest version, as scorers keep it.

        A message that a former owner had on its way may come behind those of the next one."""
        form = Contract("serving_row")
        found, behind = {}, set()
        for one in self.topics.read("serving-rows"):
            if one.key[0] == SEGMENT_BYTE:
                continue
            if one.value is None:
                found.pop(one.key, None)
                continue
            row = form.decode(one.value)
            if one.key not in found or row["version"] >= found[one.key]["version"]:
                found[one.key] = row
                behind.discard(one.key)
            else:
                behind.add(one.key)
        self.counts["serving_rows_behind"] = len(behind)
        return {key.decode(): row for key, row in found.items()}

    def _decoded(self, name, contract):
        form = Contract(contract)
        return {key.decode(): form.decode(value)
                for fold in self.folds[name].values() for key, value in fold.items()
                if key[0] != SEGMENT_BYTE}

    def _archives(self):
        """user -> (item, weight, time) of each action in the user's segments, in order."""
        form = Contract("user_archive")
        segments = sorted((key[5:].decode(), key[1:5], value)
                          for fold in self.folds["features-changelog"].values()
                          for key, value in fold.items() if key[0] == SEGMENT_BYTE)
        found = defaultdict(list)
        for user, _, value in segments:
            one = form.decode(value)
            times = accumulate(one["time_steps_ms"])
            found[user] += zip(one["items"], one["weights"], times, strict=True)
        self.counts["archived"] = sum(map(len, found.values()))
        return found

    # ---- Every raw event ----

    def accounting(self):
        """A raw event is in `events` by its id, or a dead letter by its place; never both."""
        accepted = {event["event_id"] for _, event in self.events}
        refused = Counter()
        for _, headers in self.letters:
            if headers["worker"] != b"ingest":
                if headers.get("reason") == b"too_late" and origin(headers) in self.late:
                    continue
                self._differs(f"{headers['worker'].decode()} refused a record: "
                              f"{headers['message'].decode()}")
                continue
            refused[origin(headers)] += 1
        claimed = set()
        for click in self.clicks:
            id_ = self._id_of(click)
            dead = refused.pop((click.partition, click.offset), 0)
            if id_ is None and not dead:
                self._lost(f"garbage at {click.partition}/{click.offset} is no dead letter")
            elif id_ is not None and dead:
                self._lost(f"event {id_} at {click.partition}/{click.offset} is a dead letter")
            elif id_ is not None and id_ not in accepted:
                self._lost(f"event {id_} at {click.partition}/{click.offset} is gone")
            claimed.add(id_)
            self.counts["letters_repeated"] += max(0, dead - 1)
        for place in refused:
            self._lost(f"a dead letter is from nowhere: {place}")
        for id_ in accepted - claimed:
            self._lost(f"event {id_} is from nowhere")

    def _id_of(self, click):
        """The id that its event must have; None: it is no event of ours."""
        try:
            raw = json.loads(click.value)
        except (TypeError, ValueError, RecursionError):
            return None
        if not isinstance(raw, dict) or raw.get("type") != "rating":
            return None
        return raw.get("id", f"{self.prefix}clicks-{click.partition}-{click.offset:012}")

    # ---- Users ----

    def users(self):
        """The changelog's newest states equal the recomputed ones, and so do the histories."""
        found = self._decoded("features-changelog", "user_state")
        archives = self._archives()
        self._same_keys("features-changelog", found, self.expected)
        for user, state in found.items():
            state["archive"] = archives.pop(user, [])
        for user in archives:
            self._differs(f"features-changelog: {user} has an archive and no state")
        for user in found.keys() & self.expected.keys():
            for field, right in self.expected[user].items():
                if found[user][field] != right:
                    self._differs(f"user {user}: {field} {brief(found[user][field])}, must be "
                                  f"{brief(right)}")
        self._histories()

    def _histories(self):
        """Readers ignore a history older than the one they hold (schemas/user_history.avsc): the
        newest by input offset counts. One that came after a newer one is counted apart."""
        form = Contract("user_history")
        newest, last = {}, {}
        for one in self.topics.read("histories"):
            history = form.decode(one.value)
            last[history["user_id"]] = history
            before = newest.get(history["user_id"])
            if before is None or history["input_offset"] >= before["input_offset"]:
                newest[history["user_id"]] = history
        self._same_keys("histories", newest, self.expected)
        for user in newest.keys() & self.expected.keys():
            right, history = self.expected[user], newest[user]
            if last[user]["input_offset"] < history["input_offset"]:
                self.counts["histories_behind"] += 1
                self._say(f"user {user}: the last history is older than one before it")
            wanted = {"items": right["items"][-HISTORY_LENGTH:],
                      "event_times_ms": right["event_times_ms"][-HISTORY_LENGTH:],
                      "offsets": right["offsets"][-HISTORY_LENGTH:],
                      "events_total": right["events_total"],
                      "input_offset": right["input_offset"]}
            for field, value in wanted.items():
                if history[field] != value:
                    self._differs(f"history of {user}: {field} {brief(history[field])}, must be "
                                  f"{brief(value)}")

    def lists(self):
        """Every user has a list, made from all of the user's events."""
        form = Contract("recommendation_list")
        newest, last = {}, {}
        for one in self.topics.read("recommendations"):
            made = form.decode(one.value)
            last[made["user_id"]] = made["input_offset"]
            newest[made["user_id"]] = max(newest.get(made["user_id"], -1), made["input_offset"])
        self._same_keys("recommendations", newest, self.expected)
        for user in newest.keys() & self.expected.keys():
            if newest[user] != self.expected[user]["input_offset"]:
                self._differs(f"list of {user}: from offset {newest[user]}, must be "
                              f"{self.expected[user]['input_offset']}")
            elif last[user] < newest[user]:
                self.counts["lists_behind"] += 1

    def standing(self):
        """Each list is the one that its user's newest history and the present tables give."""
        told = ListVerdict(self.topics)
        self.counts.update(lists=told.lists, lists_empty=told.empty)
        for words in told.words:
            self._differs(f"list of {words}")

    def _same_keys(self, name, found, right):
        for key in found.keys() - right.keys():
            self._differs(f"{name}: {key} must not be there")
        for key in right.keys() - found.keys():
            self._differs(f"{name}: {key} is missing")

    # ---- Pairs ----

    def deltas(self):
        """What features sent in its transactions adds up to the table."""
        form = Contract("pair_deltas")
        mass, actions, new_users = Counter(), Counter(), 0
        for one in self.topics.read("pair-deltas"):
            delta = form.decode(one.value)
            for at, one in enumerate(delta["masses"]):  # the items behind have no sums
                item = delta["items"][at]
                mass[item] += one
                actions[item] += delta["action_counts"][at]
                new_users += delta["new_users"][at]
        self._same_sums("mass in pair-deltas", mass, self.table.mass)
        self._same_sums("actions in pair-deltas", actions, self.table.actions)
        if new_users != len(self.expected):
            self._differs(f"pair-deltas tell of {new_users} users, there are {len(self.expected)}")

    def _same_sums(self, what, found, right):
        for key in found.keys() | right.keys():
            if found.get(key, 0) != right.get(key, 0):
                self._differs(f"{what}: {key} {found.get(key, 0)}, must be {right.get(key, 0)}")

    def neighbours(self):
        """Each row of the table, cell by cell: sums are exact, so they are equal, not close."""
        rows = self._decoded("neighbours", "item_neighbours")
        self._same_keys("neighbours", rows, self.table.mass)
        for item in rows.keys() & self.table.mass.keys():
            row, right = rows[item], self.table.neighbours(item)
            cells = dict(zip(row["items"], zip(row["co_ratings"], row["forwards"],
                                               row["backwards"])))
            sums = row["mass"], row["actions"]
            wanted = self.table.mass[item], self.table.actions[item]
            if sums != wanted:
                self._differs(f"row {item}: mass and actions {sums}, must be {wanted}")
            for other in cells.keys() | right.keys():
                if cells.get(other) != right.get(other):
                    self._differs(f"row {item}, {other}: {cells.get(other)}, must be "
                                  f"{right.get(other)}")
        self.counts["pairs"] = sum(len(row["items"]) for row in rows.values())

    def serving(self):
        """Each serving row has the best of the item's true row, as floats, the strongest first."""
        rows = self.rows
        self._same_keys("serving-rows", rows, self.table.mass)
        for item in rows.keys() & self.table.mass.keys():
            row, right = rows[item], self.table.neighbours(item)
            wanted = [(other, *map(as_float, right[other])) for other in sorted(
                right, key=lambda one: (-strength(*right[one]), one.encode()))[:SERVED_MAX]]
            found = list(zip(row["items"], row["co_ratings"], row["forwards"], row["backwards"]))
            counts = self.table.mass[item], self.table.actions[item]
            if (row["mass"], row["actions"]) != counts or found != wanted:
                self._differs(f"serving row {item}: {counts} {found[:3]}..., must be "
                              f"{wanted[:3]}...")

    # ---- Local state ----

    def stores(self, owners):
        """owners: (worker, partition) -> directory. What is on disk equals its changelog."""
        logs = {"features": "features-changelog", "trainer": "neighbours"}
        for (worker, partition), path in sorted(owners.items()):
            if worker in logs:
                self._store(f"{worker}/{partition}", path, self.folds[logs[worker]][partition])

    def _store(self, name, path, fold):
        done = subprocess.run([self.programs / "freshet", "dump", "--raw", path], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            self._differs(f"store {name}: {done.stdout.strip()}")
            return
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        stored = {bytes.fromhex(one["key"]): bytes.fromhex(one["value"]) for one in lines[1:]}
        self.counts["stored_records"] += len(stored)
        for key in stored.keys() | fold.keys():
            if stored.get(key) != fold.get(key):
                self._differs(f"store {name}: {key} is not as in the changelog")

    def all(self, owners, standing=True):
        self.read()
        for check in (self.accounting, self.users, self.deltas, self.neighbours, self.lists):
            check()
        self.serving()
        if standing:
            self.standing()
        self.stores(owners)


def brief(value):
    text = str(value)
    return text if len(text) <= 80 else f"{text[:40]}...{text[-30:]}"
