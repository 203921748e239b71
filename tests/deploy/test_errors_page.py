"""docs/errors.md has every message that a worker can end with or warn with, and every reason of a
dead letter, as the sources have them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = " ".join((ROOT / "docs/errors.md").read_text(encoding="utf-8").split())
WORKERS = ("stream", "ingest", "features", "trainer", "scorer", "serve", "embed")

# Call -> place of the text among its arguments, and of the reason word.
ENDS = {"env_break": 2, "run_refuse": 1}
REFUSALS = {"task_refuse": 1, "run_refuse_record": 1, "cursor_refuse": 1}
LITERAL = re.compile(r'"((?:\\.|[^"\\\n])*)"|\bPRI\w+')
# Reasons that never leave the process, and those that no dead letter carries.
INNER = {"bad_schema"}


def sources():
    for room in WORKERS:
        for path in sorted((ROOT / room).rglob("*.c")):
            yield path.name, path.read_text(encoding="utf-8")


def arguments(text, begin):
    """The arguments of the call whose bracket opens at `begin`."""
    depth, quoted, out, start, at = 0, False, [], begin + 1, begin
    while True:
        char = text[at]
        if quoted and char == "\\":
            at += 1
        elif char == '"':
            quoted = not quoted
        elif not quoted and char in "([{":
            depth += 1
        elif not quoted and char in ")]}":
            depth -= 1
            if depth == 0:
                return out + [text[start:at]]
        elif not quoted and char == "," and depth == 1:
            out.append(text[start:at])
            start = at + 1
        at += 1


def literal(argument):
    """The text of adjoining literals; the width of a PRId64 is part of its conversion."""
    text = "".join(found[1] if found[1] is not None else "d"
                   for found in LITERAL.finditer(argument))
    return text.replace('\\"', '"').replace("\\n", "\n")


def calls(names):
    pattern = re.compile(r"(?<![\w.>])(%s)\(" % "|".join(names))
    for file, text in sources():
        for found in pattern.finditer(text):
            taken = arguments(text, found.end() - 1)
            if not any(re.match(r"\s*(const )?(char|struct) ", one) for one in taken):
                yield file, found[1], taken


def shown(message):
    """A format as the page writes it, without its hint; None when nothing of it is fixed."""
    text = re.sub(r"%[-+ 0#.*\d]*(?:hh|h|ll|l|z|t|j)?[a-zA-Z]", "…", message)
    head, _, hint = text.partition("; hint: ")
    if re.search(r"\w", head):
        return head
    return text if hint else None


def ending_messages():
    found = set()
    for _, name, taken in calls(ENDS):
        if len(taken) > ENDS[name] and (text := shown(literal(taken[ENDS[name]]))):
            found.add(text)
    for _, name, taken in calls(["task_refuse"]):
        reason = literal(taken[1])
        if reason in ("items_full", "state_damaged"):
            found.add(shown(literal(taken[2])))
    for file in ("run_settings.c", "topics.c", "worker_main.c"):
        text = (ROOT / "stream" / file).read_text(encoding="utf-8")
        for match in re.finditer(r"\bxprintf\(", text):
            made = literal(arguments(text, match.end() - 1)[0])
            if "hint" in made or "want" in made:
                found.add(shown(made))
    return sorted(found)


def warnings():
    found = set()
    for _, name, taken in calls(["env_log", "run_log", "log_line"]):
        level = taken[0 if name == "log_line" else 1]
        if "LOG_WARN" in level or "LOG_ERROR" in level:
            found.add(literal(taken[1 if name == "log_line" else 2]))
    worker = (ROOT / "stream/worker_main.c").read_text(encoding="utf-8")
    for match in re.finditer(r"(?<![\w.>])refuse\(", worker):
        found.add(literal(arguments(worker, match.end() - 1)[1]))
    return sorted(found - {""})


def reasons():
    found = set()
    for _, name, taken in calls(REFUSALS):
        found.add(literal(taken[REFUSALS[name]]))
    for file, name, taken in calls(["refuse"]):
        if len(taken) > 2 and re.fullmatch(r"\w*error|task", taken[0].strip()):
            found.add(literal(taken[1]))
    rules = (ROOT / "ingest/mapping/rules.c").read_text(encoding="utf-8")
    found.update(re.findall(r'^    \{"(\w+)", STAGE_', rules, re.M))
    for name in ("lists.c", "tables.c", "vectors.c", "published_mixtures.c"):
        (path,) = (ROOT / "scorer").rglob(name)
        text = path.read_text(encoding="utf-8")
        found.update(re.findall(r'(?:return|NULL :) "(\w+)";', text))
    return sorted(found - INNER - {""})


def hints():
    text = (ROOT / "stream/kafka/kafka.c").read_text(encoding="utf-8")
    table = text[text.index("refusals[] = {"):]
    table = table[:table.index("};")]
    return sorted({literal(row) for row in re.findall(r"\{(RD_KAFKA.*?)\}", table, re.S)})


def test_the_lists_are_not_empty():
    assert len(ending_messages()) > 25 and len(warnings()) > 8
    assert len(reasons()) > 40 and len(hints()) > 6


@pytest.mark.parametrize("what, words", [
    ("messages", ending_messages()), ("warnings", warnings()), ("reasons", reasons()),
    ("hints", hints())])
def test_the_page_has(what, words):
    missing = [word for word in words if word not in PAGE]
    assert not missing, f"docs/errors.md lacks these {what}: {missing}"
