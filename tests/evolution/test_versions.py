"""Each version that a contract has had is kept with its bytes, and every version reads every other.
"""

import copy
import json
import os
import subprocess
import sys
from itertools import permutations

import pytest

import changes
import resolvers
import matrix

GOLDEN = resolvers.ROOT / "tests" / "golden"
sys.path.insert(0, str(GOLDEN))

import make_golden  # noqa: E402 (the path is set above)

NAMES = sorted(path.stem for path in (resolvers.ROOT / "schemas").glob("*.avsc"))
KEEP = "keep it as a version: python3 tests/golden/make_golden.py keep"


def versions(name):
    """A contract's schemas from the first to the one of now."""
    found = [make_golden.load(path) for path in make_golden.kept(name)]
    now = json.loads((resolvers.ROOT / "schemas" / f"{name}.avsc").read_text(encoding="utf-8"))
    return found + [now]


def incompatible(lines):
    """What Java's Avro has against a reader and a writer, for each two among each line's schemas:
    full and transitive, as registries call it."""
    parts = [[f"S {changes.text(schema)}" for schema in line] +
             [f"C {reader} {writer}" for reader, writer in permutations(range(len(line)), 2)]
             for line in lines]
    return [[one for one in answers[len(line):] if one != "compatible"]
            for line, answers in zip(lines, matrix.answers_of_java(parts))]


def test_what_is_now_is_kept():
    assert not make_golden.not_kept(), f"{make_golden.not_kept()} changed: {KEEP}"


def test_a_change_is_noticed(monkeypatch, tmp_path):
    """A default is in no fingerprint, and a reader's alias neither."""
    for name in NAMES:
        (tmp_path / f"{name}.avsc").write_text(
            json.dumps(versions(name)[-1]), encoding="utf-8")
    event = versions("user_event")[-1]
    event["fields"][4]["default"] = 2.0
    (tmp_path / "user_event.avsc").write_text(json.dumps(event), encoding="utf-8")
    item = versions("item")[-1]
    item["fields"][0]["aliases"] = ["id"]
    (tmp_path / "item.avsc").write_text(json.dumps(item), encoding="utf-8")
    monkeypatch.setattr(make_golden, "SCHEMAS", str(tmp_path))
    assert make_golden.not_kept() == ["item", "user_event"]


def test_versions_are_numbered_and_their_bytes_are_theirs():
    for name in NAMES:
        paths = make_golden.kept(name)
        assert [os.path.basename(path) for path in paths] == \
            [f"{name}.{number}.avsc" for number in range(1, len(paths) + 1)]
        for path in paths:
            stem = os.path.basename(path)[:-5]
            message = bytes.fromhex((GOLDEN / "versions" / f"{stem}.hex").read_text("ascii"))
            crc = make_golden.crc(make_golden.without_logical(make_golden.load(path)))
            assert message[:10] == b"\xc3\x01" + crc, path
    assert len(list((resolvers.ROOT / "schemas" / "versions").glob("*"))) == \
        sum(len(make_golden.kept(name)) for name in NAMES)


def test_golden_files_are_what_fastavro_makes():
    make_golden.check()


def test_no_contract_was_broken():
    """FULL_TRANSITIVE: every version can read every other, in both directions."""
    for name, found in zip(NAMES, incompatible([versions(name) for name in NAMES])):
        assert not found, f"schemas/{name}.avsc breaks with a kept version: {found[0]}"


def breaks(schema):
    """What must not be done to a contract."""
    fields = schema["fields"]
    bare = next(at for at, field in enumerate(fields) if "default" not in field)
    yield "removed, no default", changes.without(schema, bare)
    yield "added, no default", changes.extended(schema, "string")
    yield "renamed, no alias", changes.replaced(schema, bare, name="renamed")
    yield "made nullable", changes.replaced(schema, bare, type=["null", fields[bare]["type"]])
    yield "another type", changes.replaced(schema, bare, type="boolean")
    yield "record renamed", {**copy.deepcopy(schema), "name": "Renamed"}


def test_a_broken_contract_is_found():
    lines = [(name, what, versions(name) + [broken])
             for name in NAMES for what, broken in breaks(versions(name)[-1])]
    for (name, what, _), found in zip(lines, incompatible([line for _, _, line in lines])):
        assert found, (name, what)


def test_versions_read_each_other():
    """Really, by fastavro, Java's Avro and our codec."""
    def pairs(ours):
        line = by_name[ours["name"]]
        for at, old in enumerate(line):
            for new in line[at:]:
                yield changes.Case("version", old, new, "reads", "reads")
    lines = [versions(name) for name in NAMES]
    by_name = {line[-1]["name"]: line for line in lines}
    verdict = matrix.compared([line[-1] for line in lines], pairs)
    assert not verdict.differences, verdict.differences[0]
    assert verdict.says("version", "onward") == verdict.says("version", "back") == "reads"


def test_fastavro_reads_random_messages_of_ours(tmp_path):
    program = resolvers.BUILD / "tests/unit/schemas/test_contracts"
    if not program.exists():
        pytest.fail(f"{program} is not built: make {os.path.relpath(program, resolvers.ROOT)}")
    subprocess.run([program], env={**os.environ, "GOLDEN_OUT": str(tmp_path)}, cwd=resolvers.ROOT,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    assert len(list(tmp_path.glob("*.hex"))) == len(NAMES)
    make_golden.read(str(tmp_path))
