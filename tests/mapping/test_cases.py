"""Small inputs as producers write them: each folder of tests/mapping/cases is one.

`config.properties` and `input` go through `freshet map`, with the words of `args`; `expect.json`
says what each line written must be: the fields that are named (others may have any value),
"ignored", the reason of a refusal, null for a tombstone, or "any".
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("FRESHET_BIN", ROOT / os.environ.get("BUILD", "build") / "bin"))
CASES = sorted((ROOT / "tests/mapping/cases").iterdir())
AT_MS = 1795424400000


def told(line):
    if "refused" in line:
        return line["refused"]
    return "ignored" if "ignored" in line else line["value"]


def same(want, got):
    if isinstance(want, dict):
        return isinstance(got, dict) and all(got.get(key) == value for key, value in want.items())
    return want in ("any", got)


def test_there_are_cases():
    assert len(CASES) >= 54


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case(case):
    args = case / "args"
    more = json.loads(args.read_text()) if args.exists() else []
    done = subprocess.run([BIN / "freshet", "map", "--config", case / "config.properties", "--try",
                           case / "input", "--at", str(AT_MS), *more], capture_output=True,
                          cwd=case, timeout=60)
    lines = [json.loads(line) for line in done.stdout.decode().splitlines() if line]
    wanted = json.loads((case / "expect.json").read_text())
    assert len(lines) == len(wanted), (lines, done.stderr.decode())
    wrong = [(want, line) for want, line in zip(wanted, lines) if not same(want, told(line))]
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)
