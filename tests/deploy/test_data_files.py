"""The layouts of public data sets: `freshet evaluate` reads them, or asks; it never guesses wrong.

tests/files/evaluate holds the same 600 actions of 40 users on 30 items in each layout.
"""

import gzip
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FRESHET = Path(os.environ.get("FRESHET_BIN", ROOT / "build/bin")) / "freshet"
FILES = ROOT / "tests/files/evaluate"
RIGHT = "600 actions, 40 users, 30 items"


def evaluate(path, *words):
    return subprocess.run([FRESHET, "evaluate", path, "-m", "counting", *words], text=True,
                          check=False, capture_output=True, timeout=60)


@pytest.mark.parametrize("name, columns", [
    ("iso-timestamps.csv", None),
    ("titles-with-commas.csv", None),
    ("retailrocket-events.csv", "user=visitorid,item=itemid,time=timestamp:ms"),
    ("yoochoose-clicks.dat", "user=1,item=3,time=2"),
    ("gowalla.tsv", "user=1,item=5,time=2:iso8601"),
    ("taobao-userbehavior.csv", "user=1,item=2,time=5:s"),
    ("bookcrossing.csv", "user=User-ID,item=ISBN,rating=Book-Rating"),
    ("online-retail.csv", "user=CustomerID,item=StockCode,time=InvoiceDate:%m/%d/%Y %H:%M")])
def test_columns_are_what_they_are(name, columns):
    done = evaluate(FILES / name, *(["--columns", columns] if columns else []))
    assert done.returncode == 0 and RIGHT in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name, says", [
    ("retailrocket-events.csv", "names no columns user and item"),
    ("yoochoose-clicks.dat", "the second column looks like a time"),
    ("gowalla.tsv", "more than four columns"),
    ("taobao-userbehavior.csv", "more than four columns"),
    ("bookcrossing.csv", "names no columns user and item"),
    ("online-retail.csv", "more than four columns")])
def test_an_unsafe_guess_is_refused(name, says):
    done = evaluate(FILES / name)
    assert done.returncode == 1 and not done.stdout
    assert says in done.stderr and "--columns" in done.stderr


@pytest.mark.parametrize("name, columns, says", [
    ("retailrocket-events.csv", "user=visitorid,item=itemid,time=timestamp", "milliseconds"),
    ("retailrocket-events.csv", "user=visitorid,item=sku", "there is no column sku"),
    ("retailrocket-events.csv", "user=visitorid", "no user and item"),
    ("retailrocket-events.csv", "user=visitorid,item=itemid,when=timestamp", "each once"),
    ("taobao-userbehavior.csv", "user=1,item=9", "there is no column 9"),
    ("taobao-userbehavior.csv", "user=1,item=2,time=5:%Y", "not of its unit"),
    ("online-retail.csv", "user=CustomerID,item=StockCode,time=InvoiceDate", "neither seconds")])
def test_wrong_columns_are_told(name, columns, says):
    done = evaluate(FILES / name, "--columns", columns)
    assert done.returncode == 1 and says in done.stderr


@pytest.mark.parametrize("rows, says", [
    (["u1,1396867929,i1", "u2,1396867989,i2"], "the second column looks like a time"),
    (["2014-04-07T10:52:09Z,u1,i1", "2014-04-07T10:53:09Z,u2,i1"], "the first column"),
    (["u1,i1,1396867929", "u1,i2,1396867989"], "the third column looks like a time"),
    (["who,what,stars", "u1,i1,5", "u1,i2,3"], "looks like names"),
    (["u1,i1,5,1396867929000", "u1,i2,5,1396867989000"], "milliseconds"),
    (["u1\tm1\ta name\t5", "u1\tm2\tb name\t7"], "the third column holds texts"),
    (["sessionId;userId;itemId", "1;NA;i1", "2;NA;i2"], "the column of users has no values")])
def test_what_speaks_against_the_order(tmp_path, rows, says):
    (tmp_path / "rows.csv").write_text("\n".join(rows) + "\n")
    done = evaluate(tmp_path / "rows.csv")
    assert done.returncode == 1 and says in done.stderr, done.stdout + done.stderr


@pytest.mark.parametrize("text, says", [
    ("17:\n1,5,2005-09-06\n2,4,2005-09-06\n", "grouped by item"),
    ('{"user_id":"u","item_id":"i"}\n', "jq -r"), ('[{"user_id":"u"}]', "jq -r")])
def test_other_layouts_are_told(tmp_path, text, says):
    (tmp_path / "rows").write_text(text)
    done = evaluate(tmp_path / "rows")
    assert done.returncode == 1 and not done.stdout and says in done.stderr


@pytest.mark.parametrize("none", ["NA", "NULL", "null", "NaN", "None", "\\N", ""])
def test_what_stands_for_no_user(tmp_path, none):
    (tmp_path / "rows.csv").write_text(f"who,what\nu1,i1\n{none},i2\nu1,i2\nu1,i3\n")
    done = evaluate(tmp_path / "rows.csv", "--columns", "user=who,item=what")
    assert "1 lines without a user or an item" in done.stderr
    assert "3 actions, 1 users, 3 items" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("change", [
    lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n"),
    lambda text: text.replace(b"\n", b"\r"), gzip.compress,
    lambda text: text.replace(b",", b";"), lambda text: text.replace(b",", b"\t"),
    lambda text: text.replace(b",500029,", b',"500029",')])
def test_marks_line_ends_and_packing(tmp_path, change):
    (tmp_path / "rows").write_bytes(change((FILES / "iso-timestamps.csv").read_bytes()))
    done = evaluate(tmp_path / "rows")
    assert done.returncode == 0 and RIGHT in done.stdout, done.stdout + done.stderr


def test_a_field_over_two_lines(tmp_path):
    text = (FILES / "titles-with-commas.csv").read_text().replace("Title, The", "Title,\n\nThe")
    (tmp_path / "rows.csv").write_text(text)
    done = evaluate(tmp_path / "rows.csv")
    assert done.returncode == 0 and RIGHT in done.stdout, done.stdout + done.stderr


def test_lines_without_a_user_are_counted(tmp_path):
    text = (FILES / "online-retail.csv").read_text()
    (tmp_path / "rows.csv").write_text(text + '1,500029,"x",1,12/1/2010 8:26,1,,France\n')
    done = evaluate(tmp_path / "rows.csv", "--columns", "user=CustomerID,item=StockCode")
    assert RIGHT in done.stdout and "1 lines without a user or an item" in done.stderr


def test_samples_of_a_mapping_are_read_the_same(tmp_path):
    (tmp_path / "conf").write_text("map.user=user\nmap.item=item\nmap.time=ts\nmap.action==v\n"
                                   "action.v=VIEW:1\n")
    for name in ("crlf.jsonl", "crlf.jsonl.gz", "bom.jsonl"):
        done = subprocess.run([FRESHET, "map", "--config", tmp_path / "conf", "--try",
                               ROOT / "tests/files/replay" / name, "--at", "1795424400000"],
                              text=True, check=False, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(done.stdout.splitlines()) == (1 if name.startswith("bom") else 2)


def test_what_peek_prints_is_mapped_as_ingest_maps_it():
    """Times are numbers in it: the schema in schemas.path says of what unit."""
    done = subprocess.run([FRESHET, "map", "--config", "config.properties", "--try", "input",
                           "--at", "1795424400000"], cwd=ROOT / "tests/files/peeked", text=True,
                          check=False, capture_output=True, timeout=60)
    assert done.returncode == 0 and '"event_time_ms":1795424395000' in done.stdout, done.stderr
