"""README.zh-CN.md follows README.md: the same sections, commands, links and names in both."""

import re
import zlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRANSLATION = ROOT / "README.zh-CN.md"


def sections(path):
    return re.split(r"^## .*\n", path.read_text(), flags=re.M)


PAIRS = list(zip(sections(ROOT / "README.md"), sections(TRANSLATION)))


def commands(text):
    """The lines that are shown as they are, without what is said about them behind `#`."""
    shown = re.findall(r"^ {4,}(\S.*)$", text, re.M)
    return [line.partition(" #")[0].rstrip() for line in shown]


def names(text):
    return sorted(re.sub(r"\s+", " ", name) for name in re.findall(r"`([^`]+)`", text))


def links(text):
    own = {"README.md", "README.zh-CN.md"}
    return sorted(set(re.findall(r"\]\(([^)]+)\)", text)) - own)


def figures(text):
    return sorted(re.findall(r"\d[\d,.]*\d|\b\d\b", re.sub(r"\]\([^)]+\)|<!--.*?-->", "", text)))


def test_text():
    """Each section names the English text that it says again. Once that has changed: say it in
    Chinese, then write the new number."""
    for mine, theirs in PAIRS:
        said = re.search(r"<!-- README\.md: (\w{8}) -->", theirs)[1]
        assert said == f"{zlib.crc32(mine.encode()):08x}", mine.strip()[:200]


def test_sections():
    english, chinese = sections(ROOT / "README.md"), sections(TRANSLATION)
    assert len(english) == len(chinese)
    for mine, theirs in PAIRS:
        for mark in (r"^\d+\. ", r"^- \*\*", r"^- "):
            assert len(re.findall(mark, mine, re.M)) == len(re.findall(mark, theirs, re.M)), theirs


def prose(text):
    return re.sub(r"^ {4,}\S.*$", "", text, flags=re.M)


@pytest.mark.parametrize("part", (commands, names, links))
def test_parts(part):
    for mine, theirs in PAIRS:
        if part is names:
            mine, theirs = prose(mine), prose(theirs)
        assert part(mine) == part(theirs)


def test_figures():
    for mine, theirs in PAIRS:
        wanted = [one for one in figures(mine) if len(one) > 1]
        assert wanted == [one for one in figures(theirs) if len(one) > 1]
