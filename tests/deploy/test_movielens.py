"""The demo's data: time order, equal times as the source has them, the contracts' fields."""

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_from_files(tmp_path):
    genres = "|".join("1" if at in (5, 16) else "0" for at in range(19))
    (tmp_path / "u.data").write_text("7\t1\t3\t200\n8\t1\t5\t100\n7\t2\t4\t200\n")
    (tmp_path / "u.item").write_text(f"1|Café (1995)|02-Jan-1970||url|{genres}\n"
                                     f"2|unknown|||url|1{genres[1:]}\n", encoding="utf-8")
    (tmp_path / "u.user").write_text("7|24|M|writer|10001\n")
    command = [ROOT / "deploy/movielens", "--ratings", tmp_path / "u.data", "--dir",
               tmp_path / "out"]
    told = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
    assert "3 events, 2 items, 1 users" in told

    events = rows(tmp_path / "out/events.jsonl")
    assert [(one["user"], one["item"], one["ts"]) for one in events] == [
        ("8", "1", 100), ("7", "1", 200), ("7", "2", 200)]
    assert events[0] == {"id": "ml-000001", "user": "8", "item": "1", "type": "rating",
                         "value": 5.0, "ts": 100}
    assert rows(tmp_path / "out/items.jsonl") == [
        {"item_id": "1", "title": "Café (1995)", "tags": ["Comedy", "Thriller"],
         "created_ms": 86_400_000},
        {"item_id": "2", "title": "unknown", "tags": ["Comedy", "Thriller"], "created_ms": 0}]
    assert rows(tmp_path / "out/users.jsonl") == [
        {"user_id": "7", "tags": ["gender=M", "occupation=writer"], "birth_year": 1974,
         "country": ""}]

    assert (tmp_path / "out/ratings.csv").read_text() == (
        "userId,movieId,rating,timestamp\n8,1,5.0,100\n7,1,3.0,200\n7,2,4.0,200\n")
    assert (tmp_path / "out/films.csv").read_text(encoding="utf-8") == (
        "movieId,title,genres\n1,Café (1995),Comedy|Thriller\n2,unknown,Comedy|Thriller\n")

    again = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
    assert again == "", "it is there: nothing to do"
