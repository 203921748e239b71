"""Makes tests/golden/factorisations.txt: BPR, biased MF and SGNS on a few actions, by the formulas
of their headers in plain Python, with the same dice. Needs Python only.

    python3 tests/golden/make_factorisations.py          writes the file anew
    python3 tests/golden/make_factorisations.py check    compares it with what it would write

Lines: `action USER ITEM RATING` in order, then `MODEL USER ITEM SCORE` for every pair; the history
of a user is all the user had. Settings are those of tests/unit/test_bpr.c, test_biased_mf.c and
test_sgns.c.
"""
import math
import os
import sys

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "factorisations.txt")
USERS, ITEMS, K, SEED, MASK = 7, 9, 8, 5, (1 << 64) - 1


class Dice:
    """splitmix64."""

    def __init__(self, state):
        self.state = state

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def unit(self):
        return (self.next() >> 11) * 2.0 ** -53

    def below(self, n):
        return self.next() % n

    def normal(self):
        radius = math.sqrt(-2 * math.log(1 - self.unit()))
        return radius * math.cos(6.283185307179586 * self.unit())

    def vectors(self, count):
        return [[0.1 * self.normal() for _ in range(K)] for _ in range(count)]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def sigma(x):
    return 1 / (1 + math.exp(-x))


def actions():
    dice, made, had = Dice(99), [], set()
    while len(made) < 40:
        pair = (dice.below(USERS - 1), dice.below(ITEMS - 1))  # the last ones stay unknown
        if pair not in had:
            had.add(pair)
            made.append((*pair, 1 + dice.below(5)))
    return made


def bpr(made, rate=.1, reg=.02, replays=5):
    dice = Dice(SEED)
    p, q, b = dice.vectors(USERS), dice.vectors(ITEMS), [0.0] * ITEMS
    pairs, known = [], 0

    def step(user, item):
        other = item
        for _ in range(16):
            if (user, other) not in pairs:
                break
            other = dice.below(known)
        if (user, other) in pairs:
            return
        x = dot(p[user], q[item]) - dot(p[user], q[other]) + b[item] - b[other]
        g = sigma(-x)
        was = (p[user], q[item], q[other])
        p[user] = [u + rate * (g * (i - j) - reg * u) for u, i, j in zip(*was)]
        q[item] = [i + rate * (g * u - reg * i) for u, i, j in zip(*was)]
        q[other] = [j + rate * (-g * u - reg * j) for u, i, j in zip(*was)]
        b[item], b[other] = (b[item] + rate * (g - reg * b[item]),
                             b[other] + rate * (-g - reg * b[other]))

    for user, item, _ in made:
        pairs.append((user, item))
        known = max(known, item + 1)
        step(user, item)
        for _ in range(replays):
            step(*pairs[dice.below(len(pairs))])
    seen = {user for user, _, _ in made}
    return lambda u, i: (dot(p[u], q[i]) if u in seen else 0.0) + b[i]


def biased_mf(made, epochs=3, rate=.05, reg=.02):
    dice = Dice(SEED)
    p, q = dice.vectors(USERS), dice.vectors(ITEMS)
    b_u, b_i, ratings = [0.0] * USERS, [0.0] * ITEMS, []

    def mean():
        return sum(r for _, _, r in ratings) / len(ratings)

    def step(u, i, r, by):
        e = r - mean() - b_u[u] - b_i[i] - dot(p[u], q[i])
        b_u[u], b_i[i] = b_u[u] + by * (e - reg * b_u[u]), b_i[i] + by * (e - reg * b_i[i])
        p[u], q[i] = ([x + by * (e * y - reg * x) for x, y in zip(p[u], q[i])],
                      [y + by * (e * x - reg * y) for x, y in zip(p[u], q[i])])

    for action in made:
        ratings.append(action)
        step(*action, rate)
    for epoch in range(epochs):
        for at in range(len(ratings), 1, -1):
            other = dice.below(at)
            ratings[at - 1], ratings[other] = ratings[other], ratings[at - 1]
        for action in ratings:
            step(*action, rate * (1 - .9 * epoch / (epochs - 1)))
    users, items = {u for u, _, _ in made}, {i for _, i, _ in made}
    return lambda u, i: (mean() + (b_u[u] if u in users else 0) + (b_i[i] if i in items else 0)
                         + (dot(p[u], q[i]) if u in users and i in items else 0))


def sgns(made, window=3, negatives=4, repeats=2, rate=.1, decay=.7, size=16):
    dice = Dice(SEED)
    ins, outs = dice.vectors(ITEMS), [[0.0] * K for _ in range(ITEMS)]
    counts, table, mass, past = [0] * ITEMS, [], 0.0, {}

    def pair(j, i):
        drawn = [table[dice.below(len(table))] for _ in range(negatives) if table]
        moved = [0.0] * K
        for wanted, n in [(1, i)] + [(0, n) for n in drawn if n != i]:
            g = rate * (wanted - sigma(dot(ins[j], outs[n])))
            moved = [m + g * o for m, o in zip(moved, outs[n])]
            outs[n] = [o + g * x for o, x in zip(outs[n], ins[j])]
        ins[j] = [x + m for x, m in zip(ins[j], moved)]

    for user, item, _ in made:
        before = past.setdefault(user, [])
        counts[item] += 1
        gained = counts[item] ** .75 - (counts[item] - 1) ** .75
        mass += gained
        places = gained if len(table) < size else size * gained / mass
        whole = int(places) + (dice.unit() < places - int(places))
        for _ in range(whole):
            if len(table) < size:
                table.append(item)
            else:
                table[dice.below(size)] = item
        for _ in range(repeats):
            for j in before[:-window - 1:-1]:
                pair(j, item)
        before.append(item)

    def score(u, i):
        history = past.get(u, [])[::-1]
        return sum(decay ** r * (dot(ins[j], outs[i]) + .75 * math.log(counts[i] + 1))
                   for r, j in enumerate(history))

    return score


def text():
    made = actions()
    lines = [f"action {user} {item} {rating}" for user, item, rating in made]
    for name, model in (("bpr", bpr), ("biased-mf", biased_mf), ("sgns", sgns)):
        score = model(made)
        lines += [f"{name} {user} {item} {score(user, item):.9g}"
                  for user in range(USERS) for item in range(ITEMS)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        sys.exit(open(FILE, encoding="ascii").read() != text())
    with open(FILE, "w", encoding="ascii") as file:
        file.write(text())
