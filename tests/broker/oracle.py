"""The item-item counts of a set of events, computed offline, straight from the definition.

Every user's distinct events (by event id) are put into canonical order: time, then sequence, then
XXH3-64 of the event id. Each action then adds what model/counting/timeline.h says, as a function of
itself and its `window` predecessors. Slow and plain on purpose; it shares nothing with the workers.
"""

import math
from collections import defaultdict

import xxhash

QUANTUM = 2.0 ** 32


class Table:
    """mass, actions and users by item; co, forward by pair; all at one epoch."""

    def __init__(self):
        self.mass = defaultdict(float)
        self.actions = defaultdict(float)
        self.co = defaultdict(lambda: defaultdict(float))
        self.forward = defaultdict(lambda: defaultdict(float))

    def neighbours(self, item):
        """{neighbour: (co, forward, backward)}; pairs that are all zero are not there."""
        others = set(self.co[item]) | set(self.forward[item])
        others |= {other for other, row in self.forward.items() if item in row}
        found = {other: (self.co[item][other], self.forward[item][other],
                         self.forward[other][item]) for other in others}
        return {other: cells for other, cells in found.items() if any(cells)}

    def similar(self, item, count=20):
        """The best by cosine, equal ones by id: [(similarity, id)]."""
        scores = [(co / math.sqrt(self.mass[item] * self.mass[other]), other)
                  for other, co in self.co[item].items() if co > 0]
        return sorted(scores, key=lambda pair: (-pair[0], pair[1]))[:count]


def canonical(events):
    """Distinct events by user, in order."""
    users = defaultdict(dict)
    for event in events:
        users[event["user_id"]].setdefault(event["event_id"], event)
    for user in users.values():
        yield sorted(user.values(), key=lambda one: (
            one["event_time_ms"], one["sequence"],
            xxhash.xxh3_64_intdigest(one["event_id"].encode())))


def scaled(value, time_ms, half_life_ms, epoch):
    """A value at a time, rounded once to 2^-32 of its own epoch, on the scale of `epoch`."""
    if half_life_ms == 0:
        return round(value * QUANTUM) / QUANTUM
    own = time_ms // half_life_ms
    factor = 2.0 ** ((time_ms - own * half_life_ms) / half_life_ms)
    return math.ldexp(round(value * factor * QUANTUM) / QUANTUM, own - epoch)


def strength(action):
    """What an action counts in popularity and transitions: a rating's value is an opinion."""
    return 1.0 if action["action"] == "RATING" else action["weight"]


def add_action(table, action, before, put, transitions, exponent):
    item, weight = action["item_id"], action["weight"]
    if weight == 0:
        return
    ratings, steps = {}, defaultdict(float)
    for distance, earlier in enumerate(before, 1):
        other = earlier["item_id"]
        ratings[other] = max(ratings.get(other, 0.0), earlier["weight"])
        if other != item and earlier["weight"] > 0 and distance <= transitions:
            steps[other] += distance ** -exponent
    old = ratings.pop(item, 0.0)
    new = max(old, weight)
    table.mass[item] += put(new - old)
    table.actions[item] += put(strength(action))
    for other, rating in ratings.items():
        co = put(min(new, rating) - min(old, rating))
        table.co[item][other] += co
        table.co[other][item] += co
    for other, sum_of_steps in steps.items():
        table.forward[other][item] += put(sum_of_steps * strength(action))


def count(events, window=50, transitions=20, exponent=0.75, half_life_ms=0, epoch=0):
    """The table of these events; values stand at `epoch` half-lives since 1970."""
    table = Table()
    for actions in canonical(events):
        for place, action in enumerate(actions):
            before = actions[max(0, place - window):place][::-1]
            add_action(table, action, before,
                       lambda value, at=action["event_time_ms"]:
                       scaled(value, at, half_life_ms, epoch),
                       transitions, exponent)
    return table


def states(placed, retained=600, segment=64):
    """What features must keep of each user: {user: dict as in user_state.avsc, without `seen`}; and
    `archive`, what stands in the user's segments: (item, weight, time) of each action, in order.

    placed: (offset, event) as they stand in `events`, each user's in order of offset; an event that
    came again counts where it came first. Event ids stand as XXH3-64, signed."""
    placed = list(placed)
    first = {}
    newest = {}
    for offset, event in placed:
        key = event["user_id"], event["event_id"]
        if key not in first:
            first[key] = offset
            newest[event["user_id"]] = offset
    found = {}
    for actions in canonical(event for _, event in placed):
        user, kept = actions[0]["user_id"], actions[-retained:]
        gone = actions[:-retained]
        archived = len(gone) // segment * segment
        left = gone[archived:]
        hashes = [xxhash.xxh3_64_intdigest(one["event_id"].encode()) for one in kept]
        found[user] = {
            "items": [one["item_id"] for one in kept],
            "actions": [one["action"] for one in kept],
            "weights": [one["weight"] for one in kept],
            "event_times_ms": [one["event_time_ms"] for one in kept],
            "sequences": [one["sequence"] for one in kept],
            "event_ids": [one - (1 << 64) if one >> 63 else one for one in hashes],
            "offsets": [first[user, one["event_id"]] for one in kept],
            "events_total": len(actions),
            "input_offset": newest[user],
            "left_items": [one["item_id"] for one in left],
            "left_weights": [one["weight"] for one in left],
            "left_times_ms": [one["event_time_ms"] for one in left],
            "segments": archived // segment,
            "archived": archived,
            "archive": [(one["item_id"], one["weight"], one["event_time_ms"])
                        for one in gone[:archived]],
        }
    return found
