"""The evolution matrix: every change, at every contract, in both directions and framings, read by
fastavro, Java's Avro and our codec.

    tests/evolution/matrix.py [CONTRACT...]     prints the table; exit 1 when there is a difference
"""

import json
import sys
from collections import Counter, defaultdict, namedtuple
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import changes  # noqa: E402 (the path is set above)
import resolvers  # noqa: E402
from values import Values  # noqa: E402

MESSAGES = 3
SHOWN, SHOWN_BYTES = 10, 300  # of the differences, in full
FRAMINGS = ("single-object", "confluent")
REFUSED = resolvers.REFUSED

# One question: this message, by that writer's schema, for that reader's.
Asked = namedtuple("Asked", "case direction writer reader body framing nulled")


class Matrix:
    """One contract's cases, and what each resolver says."""

    def __init__(self, ours, cases):
        self.name = ours["name"]
        self.numbers = {}  # text of a schema -> its number
        self.schemas = []
        self.cases = [(case, self.number(case.old), self.number(case.new)) for case in cases]
        self.fast = resolvers.FastAvro(self.schemas)
        self.lines = [f"S {changes.text(schema)}" for schema in self.schemas]
        self.bodies = {}

    def number(self, schema):
        text = changes.text(schema)
        if text not in self.numbers:
            self.numbers[text] = len(self.schemas)
            self.schemas.append(schema)
        return self.numbers[text]

    def messages(self, writer):
        """(body, record) of each message of a writer: fastavro's bytes, in the end Java's."""
        if writer not in self.bodies:
            values = Values(self.schemas[writer])
            records = [values.record(number) for number in range(MESSAGES)]
            self.bodies[writer] = [(self.fast.write(writer, one), one) for one in records]
        return self.bodies[writer]

    def java_lines(self):
        """What Java is asked to write: each writer's last record, arrays in sized blocks."""
        return self.lines + [f"B {writer} {self.messages(writer)[-1][0].hex()}"
                             for writer in range(len(self.schemas))]

    def take_only(self, ours, bodies):
        """These are the messages of ours; nobody else writes any."""
        self.bodies = {writer: [] for writer in range(len(self.schemas))}
        self.bodies[self.number(ours)] = [
            (body, self.fast.read(self.number(ours), self.number(ours), body)) for body in bodies]

    def take_java(self, answers):
        for writer, body in enumerate(answers[len(self.lines):]):
            assert not body.startswith(REFUSED), body
            own, record = self.messages(writer)[-1]
            if bytes.fromhex(body) != own:
                self.messages(writer).append((bytes.fromhex(body), record))

    def framed(self, writer, body, framing):
        if framing == "single-object":
            return b"\xc3\x01" + self.fast.crc(writer) + body
        return b"\0" + writer.to_bytes(4, "big") + body

    def asked(self, framings):
        for case, old, new in self.cases:
            for direction, writer, reader in (("onward", old, new), ("back", new, old)):
                if getattr(case, direction) is None:
                    continue
                for body, record in self.messages(writer):
                    nulled = direction == "back" and case.nulled and record[case.nulled] is None
                    for framing in framings:
                        yield Asked(case, direction, writer, reader, body, framing, nulled)

    def line(self, asked):
        message = self.framed(asked.writer, asked.body, asked.framing)
        return f"M {asked.writer} {asked.reader} {message.hex()}"

    def with_default(self, asked):
        """What fastavro reads where the field that holds null were not written at all: what ours
        makes of a null, beyond Avro. A refusal where there is no default."""
        field = asked.case.nulled
        plain = self.fast.plain[asked.writer]
        lacking = {**plain, "fields": [one for one in plain["fields"] if one["name"] != field]}
        record = self.fast.read(asked.writer, asked.writer, asked.body)
        pair = resolvers.FastAvro([lacking, self.fast.plain[asked.reader]])
        return pair.answer(0, 1, pair.write(0, record))


class Verdict:
    """Counts, and what differs.

    Java's Avro reads lazily: it finds fault with an element's type only when there is an element,
    and never with a record's name. Where it reads what fastavro refuses, its own
    SchemaCompatibility is asked, and has to call the pair incompatible; ours then refuses too, or
    reads the same ("lazy" below)."""

    def __init__(self):
        self.differences = []
        self.outcomes = defaultdict(Counter)  # (change, direction) -> read, refused, default, lazy
        self.pairs = set()
        self.seen = set()  # (contract, change, framing)
        self.lazy = {}  # (contract's place, reader, writer) -> [(asked, fast, java, ours)]

    def compare(self, place, matrix, asked, fast, java, ours):
        self.pairs.add((place, asked.writer, asked.reader))
        self.seen.add((matrix.name, asked.case.change, asked.framing))
        refusing = [one.startswith(REFUSED) for one in (fast, java, ours)]
        outcome = "refused" if refusing[0] else "read"
        if refusing[0] and not refusing[1]:
            self.lazy.setdefault((place, asked.reader, asked.writer), []).append(
                (matrix.name, asked, fast, java, ours))
            return
        if asked.nulled and refusing[:2] == [True, True]:
            own = matrix.with_default(asked)
            if not own.startswith(REFUSED):
                outcome, fast, java = "default", own, own
        agreed = all(refusing) if outcome == "refused" else fast == java == ours
        if not agreed:
            self.differences.append((matrix.name, asked, fast, java, ours))
        self.outcomes[asked.case.change, asked.direction][outcome] += 1

    def settle(self, compatible):
        """compatible: what Java's own check says of each pair in self.lazy."""
        for held, said in zip(self.lazy.values(), compatible):
            for name, asked, fast, java, ours in held:
                if not said.startswith(REFUSED) or not (ours.startswith(REFUSED) or ours == java):
                    self.differences.append((name, asked, fast, java, ours))
                outcome = "refused" if ours.startswith(REFUSED) else "read"
                self.outcomes[asked.case.change, asked.direction][outcome] += 1
                self.outcomes[asked.case.change, asked.direction]["lazy"] += 1

    def messages(self):
        return sum(seen[one] for seen in self.outcomes.values()
                   for one in ("read", "refused", "default"))

    def says(self, change, direction):
        """In the words of changes.py, what came of all its cases together."""
        seen = self.outcomes.get((change, direction))
        if not seen:
            return None
        if not seen["refused"] and not seen["default"]:
            return "reads"
        return "some" if seen["read"] else "refused"


def compared(schemas, make_cases=changes.cases, framings=FRAMINGS, bodies=None):
    """Asks all; returns the verdict. One Java for everything, one of ours for each contract.

    bodies: tells messages of a contract as it is now, for onward questions only; else they are made
    here for every writer."""
    matrices = [Matrix(ours, list(make_cases(ours))) for ours in schemas]
    verdict = Verdict()
    if bodies:
        for matrix, ours in zip(matrices, schemas):
            matrix.take_only(ours, bodies(ours))
    else:
        written = answers_of_java([one.java_lines() for one in matrices])
        for matrix, answers in zip(matrices, written):
            matrix.take_java(answers)
    asked = [list(matrix.asked(framings)) for matrix in matrices]
    lines = [matrix.lines + [matrix.line(one) for one in questions]
             for matrix, questions in zip(matrices, asked)]
    java = answers_of_java(lines)
    for place, (matrix, questions) in enumerate(zip(matrices, asked)):
        known = len(matrix.lines)
        ours = resolvers.ask(resolvers.ours_command(), lines[place])
        for said, whose in ((java[place], "Java's Avro"), (ours, "our codec")):
            strange = [one for one in said[:known] if one != "known"]
            assert not strange, f"{matrix.name}: {whose} refuses a schema: {strange[:3]}"
        fast = {}
        for one, theirs, mine in zip(questions, java[place][known:], ours[known:]):
            key = (one.writer, one.reader, one.body)
            if key not in fast:
                fast[key] = matrix.fast.answer(*key)
            verdict.compare(place, matrix, one, fast[key], theirs, mine)
    settle(verdict, matrices)
    return verdict


def answers_of_java(parts):
    """One run for several parts, each with its own schemas."""
    answers = iter(resolvers.ask(resolvers.java_command(), [line for part in parts
                                                      for line in ["R", *part]]))
    return [[next(answers) for _ in ["R", *part]][1:] for part in parts]


def settle(verdict, matrices):
    if verdict.lazy:
        places = sorted({place for place, _, _ in verdict.lazy})
        parts = [matrices[place].lines + [f"C {reader} {writer}"
                                          for at, reader, writer in verdict.lazy if at == place]
                 for place in places]
        answers = answers_of_java(parts)
        verdict.settle([one for place, part in zip(places, answers)
                        for one in part[len(matrices[place].lines):]])


def contracts(names=()):
    """The contracts as they are now."""
    paths = sorted((resolvers.ROOT / "schemas").glob("*.avsc"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths
            if not names or path.stem in names]


def unlike(old, new):
    """What of two schemas is in one of them only."""
    return [[field for field in one["fields"] if field not in other["fields"]] +
            [one.get("name"), one.get("namespace"), one.get("aliases")]
            for one, other in ((old, new), (new, old))]


def show(verdict):
    print(f"{'change':46} {'new reads old':34} old reads new")
    for change in dict.fromkeys(change for change, _ in verdict.outcomes):
        cells = [verdict.outcomes.get((change, one), {}) for one in ("onward", "back")]
        print(f"{change:46}", *(f"{' '.join(f'{n} {what}' for what, n in cell.items()):34}"
                                for cell in cells))
    for name, asked, fast, java, ours in verdict.differences[:SHOWN]:
        one = [changes.text(part)[:SHOWN_BYTES] for part in unlike(asked.case.old, asked.case.new)]
        print(f"\n{name}: {asked.case.change}, {asked.direction}, {asked.framing}\n"
              f"  old  {one[0]}\n  new  {one[1]}\n"
              f"  fast {fast[:SHOWN_BYTES]}\n  java {java[:SHOWN_BYTES]}\n"
              f"  ours {ours[:SHOWN_BYTES]}")
    print(f"{len(verdict.pairs)} pairs of schemas, {verdict.messages()} messages, "
          f"{len(verdict.differences)} differences")


def main():
    verdict = compared(contracts(sys.argv[1:]))
    show(verdict)
    return 1 if verdict.differences else 0


if __name__ == "__main__":
    sys.exit(main())
