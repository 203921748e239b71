"""Makes tests/golden/transformer.txt: a small Transformer trained for three steps by an independent
implementation, which knows nothing but how to differentiate sums, products and functions of one
number. Needs Python only.

    python3 tests/golden/make_transformer.py          writes the file anew
    python3 tests/golden/make_transformer.py check    compares it with what it would write

Lines: `loss STEP VALUE`, then `w VALUE` for each weight after the last step, in the order of
model/weights.h. tests/unit/test_transformer.c has the same settings and first values.
"""
import math
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(HERE, "transformer.txt")

D, HIDDEN, HEADS, BLOCKS, LENGTH, ITEMS, STEPS, RATE = 16, 16, 2, 1, 5, 9, 3, 0.01
ATTRIBUTES, HAS = 3, [[0], [], [0, 1], [1], [0, 1, 2], [], [2], [1, 2], []]
SEQUENCES = [[1, 2, 3, 4, 5, 6, 7], [8, 0, 2], [3, 1, 4, 1]]


class Tape:
    """Numbers in the order they were made, each with its parents and the slopes by them."""

    def __init__(self):
        self.values, self.parents = [], []

    def put(self, value, parents=()):
        self.values.append(value)
        self.parents.append(parents)
        return Number(self, len(self.values) - 1)

    def gradients(self, of):
        slopes = [0.0] * len(self.values)
        slopes[of.place] = 1.0
        for place in range(of.place, -1, -1):
            for parent, slope in self.parents[place]:
                slopes[parent] += slope * slopes[place]
        return slopes


class Number:
    def __init__(self, tape, place):
        self.tape, self.place = tape, place

    @property
    def value(self):
        return self.tape.values[self.place]

    def __add__(self, other):
        if not isinstance(other, Number):
            return self.tape.put(self.value + other, ((self.place, 1.0),))
        return self.tape.put(self.value + other.value, ((self.place, 1.0), (other.place, 1.0)))

    def __mul__(self, other):
        if not isinstance(other, Number):
            return self.tape.put(self.value * other, ((self.place, other),))
        return self.tape.put(self.value * other.value,
                             ((self.place, other.value), (other.place, self.value)))

    def __sub__(self, other):
        return self + other * -1.0

    def power(self, exponent):
        return self.tape.put(self.value ** exponent,
                             ((self.place, exponent * self.value ** (exponent - 1)),))

    def exp(self):
        return self.tape.put(math.exp(self.value), ((self.place, math.exp(self.value)),))

    def log(self):
        return self.tape.put(math.log(self.value), ((self.place, 1 / self.value),))

    def relu(self):
        return self * (1.0 if self.value > 0 else 0.0)


def total(numbers):
    result = numbers[0]
    for number in numbers[1:]:
        result = result + number
    return result


def dot(a, b):
    return total([x * y for x, y in zip(a, b)])


def plus(a, b):
    return [x + y for x, y in zip(a, b)]


def norm(x, gain, bias):
    mean = total(x) * (1 / len(x))
    away = [one - mean for one in x]
    rstd = (dot(away, away) * (1 / len(x)) + 1e-8).power(-0.5)
    return [a * rstd * g + b for a, g, b in zip(away, gain, bias)]


class Weights:
    """The run of weights, cut up in the order of model/weights.h."""

    def __init__(self, numbers):
        self.numbers, self.at = numbers, 0
        self.positions = self.rows(LENGTH, D)
        self.mask = self.rows(1, D)
        self.blocks = [self.block() for _ in range(BLOCKS)]
        self.last_norm = self.rows(2, D)
        shared = self.rows(ATTRIBUTES, D)
        self.items = [self.item(own, [shared[a] for a in has])
                      for own, has in zip(self.rows(ITEMS, D), HAS)]
        assert self.at == len(numbers)

    def rows(self, rows, columns):
        cut = [self.numbers[self.at + r * columns:self.at + (r + 1) * columns]
               for r in range(rows)]
        self.at += rows * columns
        return cut

    @staticmethod
    def item(own, vectors):
        for vector in vectors:
            own = plus(own, [x * len(vectors) ** -0.5 for x in vector])
        return own

    def linear(self, rows, columns):
        return self.rows(rows, columns), self.rows(1, columns)[0]

    def block(self):
        return {"norm1": self.rows(2, D), "query": self.linear(D, D),
                "key_value": self.linear(D, 2 * D), "output": self.linear(D, D),
                "norm2": self.rows(2, D), "inner": self.linear(D, HIDDEN),
                "outer": self.linear(HIDDEN, D)}


def linear(layer, x):
    return plus([dot(x, [row[j] for row in layer[0]]) for j in range(len(layer[1]))], layer[1])


def attend(queries, keys, values):
    width, heard = D // HEADS, []
    for i, query in enumerate(queries):
        out = []
        for h in range(HEADS):
            part = slice(h * width, (h + 1) * width)
            e = [(dot(query[part], keys[j][part]) * width ** -0.5).exp() for j in range(i + 1)]
            share = total(e).power(-1.0)
            for c in range(h * width, (h + 1) * width):
                out.append(total([e[j] * values[j][c] for j in range(i + 1)]) * share)
        heard.append(out)
    return heard


def run_block(block, xs):
    normed = [norm(x, *block["norm1"]) for x in xs]
    queries = [linear(block["query"], q) for q in normed]
    both = [linear(block["key_value"], x) for x in xs]
    heard = attend(queries, [kv[:D] for kv in both], [kv[D:] for kv in both])
    result = []
    for q, h in zip(normed, heard):
        z = norm(plus(q, linear(block["output"], h)), *block["norm2"])
        inner = [x.relu() for x in linear(block["inner"], z)]
        result.append(plus(z, linear(block["outer"], inner)))
    return result


def loss_of(w, sequence):
    """The losses of one sequence's last actions."""
    used = sequence[-(LENGTH + 1):]
    xs = [plus([e * math.sqrt(D) for e in w.items[item]], w.positions[place])
          for place, item in enumerate(used[:-1])]
    for block in w.blocks:
        xs = run_block(block, xs)
    losses = []
    for x, target in zip(xs, used[1:]):
        hidden = norm(x, *w.last_norm)
        logits = [dot(hidden, item) for item in w.items]
        losses.append(total([logit.exp() for logit in logits]).log() - logits[target])
    return losses


def first_values():
    count = (LENGTH + 1) * D + BLOCKS * (4 * D + 4 * D * D + 4 * D + 2 * D * HIDDEN + HIDDEN + D)
    count += 2 * D + ATTRIBUTES * D + ITEMS * D
    return [0.3 * math.sin(0.37 * i + 0.001 * i * i) for i in range(count)]


def train():
    values = first_values()
    means, variances, lines = [0.0] * len(values), [0.0] * len(values), []
    for step in range(1, STEPS + 1):
        tape = Tape()
        numbers = [tape.put(value) for value in values]
        weights = Weights(numbers)
        losses = [loss for sequence in SEQUENCES for loss in loss_of(weights, sequence)]
        loss = total(losses) * (1 / len(losses))
        slopes = tape.gradients(loss)
        lines.append(f"loss {step} {loss.value:.9g}\n")
        for i in range(len(values)):
            means[i] = 0.9 * means[i] + 0.1 * slopes[i]
            variances[i] = 0.999 * variances[i] + 0.001 * slopes[i] ** 2
            mean = means[i] / (1 - 0.9 ** step)
            variance = variances[i] / (1 - 0.999 ** step)
            values[i] -= RATE * mean / (math.sqrt(variance) + 1e-8)
    return "".join(lines + [f"w {value:.9g}\n" for value in values])


def main():
    text = train()
    if sys.argv[1:] == ["check"]:
        with open(FILE) as file:
            return 0 if file.read() == text else 1
    with open(FILE, "w") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
