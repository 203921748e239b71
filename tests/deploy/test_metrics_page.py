"""docs/operations.md lists every metric of the workers, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("stream", "ingest", "features", "trainer", "scorer", "serve", "embed")
REGISTERED = re.compile(r'metrics_(?:counter|gauge|histogram)\(\s*[^"]*?"(freshet_\w+)"')


def registered():
    return {name for room in ROOMS for path in (ROOT / room).rglob("*.c")
            for name in REGISTERED.findall(path.read_text(encoding="utf-8"))}


def told():
    """The names in the first column; `_actions` goes on from `freshet_training_users`."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    for row in re.findall(r"^\| (`freshet_[^|]*) \|", page, re.M):
        names = re.findall(r"`(\w+)", row)
        stem = re.match(r"freshet_[a-z]+", names[0])[0]
        yield from (stem + name if name.startswith("_") else name for name in names)


def test_the_page_lists_every_metric():
    assert len(registered()) > 50
    assert sorted(set(told())) == sorted(registered())
