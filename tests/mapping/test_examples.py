"""Each example of deploy/examples on its sample records: what must become of every one of them.

tests/examples/NAME.jsonl: a line is a record as `kcat -J` prints it, its value in `payload`, and in
`expect` what it must become: a list of events, items or profiles (the fields that are named must be
so, a value of null is a tombstone), {"refused": rule} or {"ignored": true}. `note` is for people.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("FRESHET_BIN", ROOT / os.environ.get("BUILD", "build") / "bin"))
CONFIGURATIONS = ROOT / "deploy/examples"
SAMPLES = ROOT / "tests/examples"
NAMES = sorted(path.stem for path in CONFIGURATIONS.glob("*.properties"))
SAMPLES_LEAST = 10
TARGETS = {"debezium": "Item", "maxwell": "Item"}


def run_map(*words, text=None):
    return subprocess.run([BIN / "freshet", "map", *words], input=text, text=True,
                          capture_output=True, timeout=60)


def try_file(name):
    """What comes of each line of an example's samples, by line number."""
    done = run_map("--config", CONFIGURATIONS / f"{name}.properties",
                   "--try", SAMPLES / f"{name}.jsonl", "--envelope",
                   "--set", f"schemas.path={CONFIGURATIONS}/schemas")
    assert done.returncode == 1, done.stderr  # every file has broken records
    outcomes = {}
    for line in done.stdout.splitlines():
        outcome = json.loads(line)
        outcomes.setdefault(outcome.pop("line"), []).append(outcome)
    return outcomes, done.stderr


def differs(name, expected, outcome):
    """Says how an outcome is not as expected; empty: it is."""
    if isinstance(expected, dict):
        if len(outcome) != 1:
            return f"{len(outcome)} outcomes"
        return {key: outcome[0].get(key) for key, value in expected.items()
                if outcome[0].get(key) != value}
    if len(expected) != len(outcome):
        return outcome
    for want, have in zip(expected, outcome):
        if have.get("becomes") != want.get("becomes", TARGETS.get(name, "UserEvent")):
            return have
        whole = {"becomes": have["becomes"], "key": have["key"], "value": have["value"],
                 **(have["value"] or {})}
        wrong = {key: whole.get(key) for key, value in want.items() if whole.get(key) != value}
        if wrong:
            return wrong
    return None


def test_there_are_examples():
    assert len(NAMES) >= 12
    assert NAMES == sorted(path.stem for path in SAMPLES.glob("*.jsonl"))


@pytest.mark.parametrize("name", NAMES)
def test_every_sample_becomes_what_it_should(name):
    samples = [json.loads(line) for line in (SAMPLES / f"{name}.jsonl").read_text().splitlines()]
    assert len(samples) >= SAMPLES_LEAST
    outcomes, _ = try_file(name)
    assert sorted(outcomes) == list(range(1, len(samples) + 1))
    wrong = {number: (sample.get("note"), sample["expect"], how)
             for number, sample in enumerate(samples, 1)
             if (how := differs(name, sample["expect"], outcomes[number]))}
    assert not wrong, json.dumps(wrong, indent=1)
    refusals = [outcome for lines in outcomes.values() for outcome in lines
                if "refused" in outcome]
    assert len(refusals) >= 2 and all(refusal["message"] for refusal in refusals)


def test_exit_codes_and_summary(tmp_path):
    good = '{"user":"u","item":"i","rating":4,"timestamp":1700000000}\n'
    config = ["--config", CONFIGURATIONS / "ratings.properties"]
    done = run_map(*config, "--try", "-", text=good + "\n" + good)
    assert done.returncode == 0, done.stderr
    assert "2 records: 2 written, 0 would be dead letters, 0 ignored" in done.stderr
    assert [json.loads(line)["line"] for line in done.stdout.splitlines()] == [1, 3]
    assert run_map(*config, "--try", "-", text="{").returncode == 1
    assert run_map(*config, "--try", tmp_path / "none").returncode == 66
    assert run_map("--try").returncode == 64
    done = run_map(*config, "--set", "map.usr=x", "--try", "-", text=good)
    assert done.returncode == 78 and "map.user" in done.stderr
    done = run_map(*config, "--set", "map.user=a..b", "--try", "-", text=good)
    assert done.returncode == 78 and "map.user=a..b" in done.stderr
    assert run_map(*config, "--source", "x", "--try", "-", text=good).returncode == 78


def test_the_source_is_known_by_its_topic(tmp_path):
    config = tmp_path / "two.properties"
    config.write_text("sources=acts,goods\ntopic.goods=shop.goods\nsource.goods.becomes=Item\n"
                      "source.acts.map.time==0\ntime.earliest=0\nmap.action==VIEW\n")
    lines = [{"topic": "acts", "payload": {"user_id": 1, "item_id": 2}},
             {"topic": "shop.goods", "payload": {"item_id": 3, "title": "x"}},
             {"topic": "shop.goods", "key": "4", "payload": None},
             {"key": "4"}]
    done = run_map("--config", config, "--try", "-", "--envelope", "--set", "map.item=item_id|$key",
                   text="\n".join(map(json.dumps, lines)))
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert [outcome.get("becomes", outcome.get("refused")) for outcome in outcomes] == \
        ["UserEvent", "Item", "Item", "no_envelope"]
    assert outcomes[0]["value"]["event_id"] == "acts-0-000000000000"
    assert outcomes[2] == {"line": 3, "becomes": "Item", "key": "4", "value": None}


def test_an_envelope_has_headers_as_kcat_prints_them():
    record = {"user": "u", "item": "i", "rating": 4, "timestamp": 1700000000}
    told = [(["h", "1", "h", "2"], "2"), (["h", None], "u"), ([], "u"), (None, "u"),
            (["h", "Zoë"], "Zoë"), (["h"], None), ([1, "2"], None), (["h", 1], None),
            ({"h": "1"}, None), ("h", None)]
    done = run_map("--config", CONFIGURATIONS / "ratings.properties", "--try", "-", "--envelope",
                   "--set", "map.user=$header.h|user",
                   text="\n".join(json.dumps({"headers": headers, "payload": record})
                                  for headers, _ in told))
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert [outcome.get("key") for outcome in outcomes] == [user for _, user in told]
    assert {outcome["refused"] for outcome in outcomes if "refused" in outcome} == {"no_envelope"}


def test_pseudonyms_are_what_any_hmac_gives(tmp_path):
    import hashlib
    import hmac

    old, new = b"0123456789abcdef0123456789abcdef", b"\x0b" * 20
    keys = tmp_path / "keys"
    keys.write_text(f"k1 1970-01-01 {old.hex()}\nk2 2027-01-01T00:00:00Z {new.hex()}\n")

    def pseudonym(key_id, key, user):
        return f"{key_id}." + hmac.new(key, user.encode(), hashlib.sha256).hexdigest()

    record = {"user": "Zoë", "item": "i", "rating": 4, "timestamp": 1700000000}
    lines = [{"payload": record, "ts": 1_798_761_599_999}, {"payload": record, "ts":
                                                              1_798_761_600_000}]
    done = run_map("--config", CONFIGURATIONS / "ratings.properties", "--try", "-", "--envelope",
                   "--set", f"pseudonym.keys={keys}", text="\n".join(map(json.dumps, lines)))
    assert done.returncode == 0, done.stderr
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    wanted = [pseudonym("k1", old, "Zoë"), pseudonym("k2", new, "Zoë")]
    assert [outcome["key"] for outcome in outcomes] == wanted
    assert [outcome["value"]["user_id"] for outcome in outcomes] == wanted
    assert "Zo" not in done.stdout

    told = subprocess.run([BIN / "freshet", "pseudonym", "Zoë", "--keys", keys], text=True,
                          capture_output=True)
    assert [line.split()[-1] for line in told.stdout.splitlines()] == wanted[::-1]
    again = subprocess.run([BIN / "freshet", "pseudonym", wanted[0], "--keys", keys], text=True,
                           capture_output=True)
    assert again.stdout.split()[-1] == wanted[0]
