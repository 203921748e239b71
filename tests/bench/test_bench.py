"""The arithmetic behind the figures, and what a run without a broker can show."""

import importlib.machinery
import importlib.util
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy"), str(ROOT / "bench")]

import openloop  # noqa: E402
import ratings  # noqa: E402


def script(name):
    loader = importlib.machinery.SourceFileLoader(f"bench_{name}", str(ROOT / "bench" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def listed(user, offset, received_ms, partition=0):
    return {"user_id": user, "input_partition": partition, "input_offset": offset,
            "received_ms": received_ms}


def test_quantile_is_nearest_rank():
    values = list(range(1, 101))
    assert openloop.quantile(values, .5) == 50
    assert openloop.quantile(values, .99) == 99
    assert openloop.quantile([7], .99) == 7
    assert openloop.quantile([3, 1, 2], 1) == 3
    with pytest.raises(ValueError):
        openloop.quantile([], .5)


def test_every_list_counts_once():
    lists = [(110, listed("a", 0, 100)), (130, listed("a", 2, 125))]
    assert openloop.list_freshness(lists) == [10, 5]


def test_an_event_waits_for_the_first_list_that_has_it():
    lists = [(110, listed("a", 0, 100)), (130, listed("a", 2, 125)), (140, listed("b", 3, 126))]
    events = [(0, 0, "a", 100), (0, 1, "a", 105), (0, 2, "a", 125), (0, 3, "b", 126)]
    ages, missing = openloop.event_freshness(events, lists)
    assert ages == [10, 25, 5, 14] and missing == 0


def test_an_event_without_a_list_is_missing():
    lists = [(110, listed("a", 0, 100)), (120, listed("a", 9, 100, partition=1))]
    assert openloop.event_freshness([(0, 1, "a", 105), (0, 2, "c", 105)], lists) == ([], 2)


def test_user_events_are_single_objects_of_the_contract():
    import fastavro
    rows = [("259", "255", 4.0, 874724710), ("7", "8", None, 1)]
    golden = (ROOT / "tests/golden/fingerprints.txt").read_text()
    known = dict(line.split() for line in golden.splitlines())
    schema = fastavro.parse_schema(json.loads((ROOT / "schemas/user_event.avsc").read_text()))
    values = [value for _, value in ratings.as_user_events(rows)]
    told = [fastavro.schemaless_reader(io.BytesIO(value[10:]), schema, None) for value in values]
    assert values[0][:2] == b"\xc3\x01"
    assert int.from_bytes(values[0][2:10], "little") == int(known["freshet.UserEvent"], 16)
    assert (told[0]["item_id"], told[0]["weight"], told[0]["action"]) == ("255", 4.0, "RATING")
    assert (told[1]["weight"], told[1]["action"]) == (1.0, "VIEW")
    assert openloop.decoder("user_event.avsc")(values[0])["event_time_ms"] == 874724710000


def test_raw_events_say_no_value_that_is_not_known():
    (key, value), = ratings.as_json([("7", "8", None, 5)], first=3)
    assert key == b"7"
    assert json.loads(value) == {"id": "ml-0000003", "user": "7", "item": "8", "type": "view",
                                 "ts": 5}


def test_medians_take_each_name_from_the_runs_that_have_it():
    medians = script("run").medians
    assert medians([{"a": 1, "b": 5}, {"a": 3}, {"a": 2, "b": 7}]) == {"a": 2, "b": 6}


def test_the_report_says_only_what_was_measured(tmp_path):
    host = {"cores": 2, "cpu": "X", "memory_gib": 1, "system": "S", "kernel": "K",
            "compiler": "C", "librdkafka": "L", "date": "D", "commit": "H"}
    raw = {"machine": host, "measures": {"micro": {"runs": [{"thing_per_s": 1234567.0}]}}}
    (tmp_path / "results-raw.json").write_text(json.dumps(raw))
    (tmp_path / "results.json").write_text(json.dumps({"thing_per_s": 1234567.0}))
    out = tmp_path / "performance.md"
    subprocess.run([ROOT / "bench/report", "--dir", tmp_path, "--out", out], check=True)
    text = out.read_text()
    assert "| `thing_per_s` | 1,234,567 |" in text
    assert "Freshness" not in text and "Kafka Streams program of" not in text


def test_an_unknown_measure_is_refused():
    done = subprocess.run([ROOT / "bench/run", "--only", "nonsense"], capture_output=True,
                          text=True)
    assert done.returncode == 2 and "known are" in done.stderr


def test_predecessors_are_counted_up_to_the_window_and_by_tenth():
    import measures
    rows = [(user, str(n), 1.0, n) for user in "ab" for n in range(10)]
    assert measures.predecessors(rows, window=3) == [.5, 2.5, 3, 3, 3, .5, 2.5, 3, 3, 3]


def test_a_seed_gives_the_same_events_each_time():
    import synthetic
    rows = synthetic.rows(items=50, users=20, events=400, seed=7)
    assert rows == synthetic.rows(items=50, users=20, events=400, seed=7)
    assert rows != synthetic.rows(items=50, users=20, events=400, seed=8)
    assert [row[3] for row in rows] == sorted(row[3] for row in rows)
    users = [row[0] for row in rows]
    assert len(set(users[:50])) > 10, "the users' events are interleaved"
    counts = sorted((users.count(user) for user in set(users)), reverse=True)
    assert counts[0] > 3 * counts[-1], "users differ in activity"


def test_a_group_stands_for_its_measures():
    import measures
    assert set(measures.GROUPS["wide"]) <= set(measures.MEASURES)
    options, names = script("run").parse(list(measures.MEASURES), measures.GROUPS,
                                         ["--only", "wide", "--runs", "1"])
    assert names == measures.GROUPS["wide"] and options.runs == 1


def test_a_trickle_ends_with_the_slow_events():
    import wide
    assert wide.cut(list(range(10)), burst=3, hour=2) == ([0, 1, 2, 3, 4], [5, 6, 7], [8, 9])
    with pytest.raises(wide.Failure):
        wide.cut(list(range(5)), burst=3, hour=2)


def test_the_report_has_the_rows_of_a_wide_catalogue():
    report = script("report")
    results = {name: 1.0 for name, *_ in report.WIDE}
    lines = report.wide({**results, "wide_20k_events": 10.0, "wide_20k_trainer_updates": 20.0,
                         "wide_20k_cpu_us_per_event_trainer": 3.0})
    assert sum(line.startswith("| ") for line in lines) >= len(report.WIDE) + 2
    assert report.wide({}) == []


def test_one_section_is_replaced_and_the_others_stay():
    report = script("report")
    host = {"cores": 2, "cpu": "X", "date": "D", "commit": "H"}
    page = "# Performance\n\nTop.\n\n## One\n\n1\n\n## Two\n\n2\n"
    once = report.merged(page, {"wide_20k_events_per_s": 5.0}, {"machine": host})
    again = report.merged(once, {"wide_20k_events_per_s": 6.0}, {"machine": host})
    assert once.startswith(page) and again.startswith(page)
    assert "| 5 |" in once and "| 6 |" in again and "| 5 |" not in again
    assert once.count("\n\n## A wide catalogue") == 1 and "\n\n\n" not in once
    assert again.count("## A wide catalogue") == 1 and "commit H" in again


def test_the_section_has_what_is_measured_beside_it():
    report = script("report")
    results = {"wide_20k_events_per_s": 5.0, "peer_ratio": 19.5, "peer_cpu_ratio": 36.5,
               "ml1m_cost_growth_per_pair": 1.08}
    host = {"cores": 2, "cpu": "X", "date": "D", "commit": "H"}
    page = report.merged("# Performance\n", results, {"machine": host})
    assert "| 19.5 |" in page and "| 36.5 |" in page and "| 1.08 |" in page
    assert "19.5" not in "".join(report.wide(results)), "on the whole page it stands elsewhere"
