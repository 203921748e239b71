"""The pages name files that exist, and HACKING.md every room of tests/tidy.py."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "HACKING.md", "tests/README.md",
         *(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]
ROOMS = ("base|stream|schemas|model|ingest|features|trainer|scorer|evaluate|cli|deploy|docs|bench|"
         "tests")
# `room/file.h` alone between backticks; words in capitals stand for a name.
PATH = re.compile(rf"`((?:{ROOMS})/[\w./-]*)`")
# `name()`: a function.
FUNCTION = re.compile(r"`(\w+)\(\)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def named(page):
    """(path as written, path from the root) of everything that a page names."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for written in PATH.findall(text):
        if not re.search(r"[A-Z]{4}", written.replace("README", "")):
            yield written, ROOT / written
    for written in LINK.findall(text):
        yield written, (ROOT / page).parent / written


def test_pages_name_files():
    assert sum(len(list(named(page))) for page in PAGES) > 200


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_exists(page):
    assert not [written for written, path in named(page) if not path.exists()]


@pytest.mark.parametrize("page", PAGES)
def test_functions_that_a_page_names_exist(page):
    sources = "\n".join(path.read_text(encoding="utf-8", errors="replace") for pattern in
                        ("*.c", "*.h", "*.py") for room in ROOMS.split("|")
                        for path in (ROOT / room).rglob(pattern))
    names = set(FUNCTION.findall((ROOT / page).read_text(encoding="utf-8")))
    assert not sorted(name for name in names if f"{name}(" not in sources)


def test_each_room_has_its_line():
    """With what it may include, where `the runtime` stands for RUNTIME."""
    tidy = runpy.run_path(str(ROOT / "tests/tidy.py"))
    told = {}
    for room, cell in re.findall(r"^\| `([a-z_/]+)/` \|[^|]*\| ([^|]*) \|$",
                                 (ROOT / "HACKING.md").read_text(encoding="utf-8"), re.M):
        words = re.sub("the runtime¹?", ", ".join(tidy["RUNTIME"]), cell).split(", ")
        told[room] = sorted(word for word in words if word != "–")
    assert told == {room: sorted(allowed) for room, allowed in tidy["ARROWS"].items()}


def test_tests_that_the_tables_name_exist():
    page = (ROOT / "tests/README.md").read_text(encoding="utf-8")
    table = re.findall(r"^\|.*\| ([^|]*) \|$", page, re.M)
    names = {name for cell in table for name in re.findall(r"`([a-z]\w+)`", cell)}
    text = "\n".join(path.read_text(encoding="utf-8") for pattern in ("*.c", "*.py")
                     for path in (ROOT / "tests").rglob(pattern))
    assert len(names) > 50
    assert not sorted(name for name in names if f"{name}(" not in text and name != "pause")


def test_every_kind_has_its_tests():
    page = (ROOT / "tests/README.md").read_text(encoding="utf-8")
    section = page.split("## Kinds of fault\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| ([^|`-][^|]*) \| ([^|]*) \|$", section, re.M)[1:]
    assert len(rows) >= 29
    assert not [kind for kind, shown in rows if not re.findall(r"`[^`]+`", shown)]


def test_hostile_uses_what_run_has():
    """tests/hostile takes its steps from tests/run."""
    steps = re.findall(r"\brunner\.(\w+)", (ROOT / "tests/hostile").read_text(encoding="utf-8"))
    there = runpy.run_path(str(ROOT / "tests/run"), run_name="runner")
    assert steps and not [step for step in steps if step not in there]
