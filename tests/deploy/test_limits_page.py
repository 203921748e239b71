"""docs/limits.md names limits that are there, with their values, and tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/limits.md").read_text(encoding="utf-8")
ROOMS = ("base", "stream", "schemas", "ingest", "features", "trainer", "scorer", "serve",
         "model", "embed", "syntax", "pseudonyms", "rules")
SOURCES = "\n".join(path.read_text(encoding="utf-8")
                    for room in ROOMS for path in sorted((ROOT / room).rglob("*.[ch]")))
CONSTANTS = re.findall(r"\b([A-Z][A-Z0-9_]+) = ([\d <]+)[,;\s]", SOURCES)
CONSTANTS += re.findall(r"^#define ([A-Z][A-Z0-9_]+) (0x1p\d+)$", SOURCES, re.M)
OPTIONS = re.findall(r'\bOPTION\("([\w.]+)",\s*[A-Z]+,[^"]*"([^"]*)"', SOURCES)
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "d": 86_400_000}

ROWS = re.findall(r"^\| ([^|]+) \| `([\w.]+)` \| (\w+) \| ([^|]+) \| (?:`(\w+)`|–) \|$", PAGE, re.M)


def number(text):
    """A value as the page and the options write it."""
    if text == "auto":  # cut from memory.max
        return text
    found = re.fullmatch(r"(\d+)([kmgd]?)", text)
    assert found, text
    return int(found[1]) * UNITS[found[2]]


def constant(name):
    values = {value.strip() for other, value in CONSTANTS if other == name}
    assert len(values) == 1, f"{name}: {values}"
    value = values.pop()
    if value.startswith("0x"):
        return int(float.fromhex(value))
    base, _, shift = value.partition("<<")
    return int(base) << int(shift or 0)


def option(name):
    values = {value for other, value in OPTIONS if other == name}
    assert len(values) == 1, f"{name}: {values}"
    return number(values.pop())


def test_there_are_many():
    assert len(ROWS) >= 50


@pytest.mark.parametrize("what, name, value, beyond, test", ROWS, ids=[row[1] for row in ROWS])
def test_a_limit_is_as_told(what, name, value, beyond, test):
    real = constant(name) if name.isupper() else option(name)
    assert real == number(value)
    assert beyond
    assert not test or list((ROOT / "tests").rglob(f"{test}.*")), f"no test {test}"
