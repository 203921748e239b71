"""`freshet evaluate` on small generated files whose answers are known."""

import gzip
import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FRESHET = Path(os.environ.get("FRESHET_BIN", ROOT / "build/bin")) / "freshet"
ITEMS = 50


def evaluate(path, *words, code=0):
    done = subprocess.run([FRESHET, "evaluate", path, *words], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if "--json" in words and code == 0 else done


def ring(user):
    """Every user walks around a ring of items: what comes next is certain."""
    return [f"i{(user * 7 + step) % ITEMS}" for step in range(8)]


@pytest.fixture
def sequences(tmp_path):
    path = tmp_path / "ring.txt"
    path.write_text("".join(f"u{user} {' '.join(ring(user))}\n" for user in range(200)))
    return path


@pytest.fixture
def ratings(tmp_path):
    path = tmp_path / "ring.dat"
    rows = [(100 * step + user, f"u{user}::{item}::{5 if step != 3 else 2}")
            for user in range(200) for step, item in enumerate(ring(user))]
    path.write_text("".join(f"{row}::{ts}\n" for ts, row in reversed(sorted(rows))))
    return path


def test_certain_next_item(sequences):
    told = evaluate(sequences, "--model", "counting", "--json")
    assert (told["users"], told["items"], told["actions"]) == (200, ITEMS, 1600)
    counting = told["models"]["counting"]
    assert counting["hr10"] == 1 and counting["ndcg10"] == 1 and counting["asked"] == 200
    again = evaluate(sequences, "--model", "counting", "--json")
    assert again["models"]["counting"]["ndcg10"] == counting["ndcg10"]


def test_transformer(sequences):
    done = evaluate(sequences, "--model", "transformer", "--set", "transformer.epochs=8",
                    "--progress")
    assert "sparse" in done.stdout
    assert 1 <= done.stderr.count("transformer: validation") <= 8
    model = evaluate(sequences, "--model", "transformer", "--json")["models"]["transformer"]
    assert model["hr10"] > 0.95 and model["preset"] == "sparse"


def test_transformer_online(sequences, ratings):
    """It follows a stream; user after user is no stream, and said so."""
    models = evaluate(ratings, "-p", "prequential", "--json")["models"]
    assert "transformer-online/usual" in models
    done = evaluate(sequences, "--model", "transformer-online", code=1)
    assert "-p prequential" in done.stderr
    assert not any("online" in name for name in evaluate(sequences, "--json")["models"]
                   if name.startswith("transformer"))


def test_blend_is_not_led_astray(sequences):
    models = evaluate(sequences, "--json")["models"]
    assert {"counting", "directed-counting", "popularity",
            "isgd", "ease", "ials", "sgns", "user-knn", "bpr",
            "transformer", "blend"} <= set(models)
    assert models["blend"]["hr10"] == 1
    assert models["blend"]["ndcg10"] >= 0.95 * models["counting"]["ndcg10"]


def test_what_no_worker_runs_is_marked(sequences):
    """In the JSON, in the table and in the list of models."""
    models = evaluate(sequences, "--json")["models"]
    served = {name for name, row in models.items() if row["served"]}
    assert served == {"counting", "transformer"}
    table = evaluate(sequences, "--model", "directed-counting").stdout
    assert "(not served)" in table
    assert "(not served)" not in evaluate(sequences, "--model", "counting").stdout
    listed = subprocess.run([FRESHET, "evaluate", "--models"], text=True, check=True,
                            stdout=subprocess.PIPE).stdout
    assert "\ncounting:" in "\n" + listed and "\ndirected-counting (not served):" in listed


def test_formats_agree(sequences, tmp_path):
    pairs = tmp_path / "pairs.txt"
    pairs.write_text("".join(f"u{user} {item}\n" for user in range(200) for item in ring(user)))
    named = tmp_path / "named.csv"
    named.write_text("ts,user,item\n" + "".join(
        f"{step},u{user},{item}\n" for user in range(200) for step, item in enumerate(ring(user))))
    packed = tmp_path / "ring.txt.gz"
    packed.write_bytes(gzip.compress(sequences.read_bytes()))
    answers = [evaluate(path, "--model", "popularity", "--preset", "all", "--json")["models"]
               for path in (sequences, pairs, named, packed)]
    for answer in answers[1:]:
        assert answer["popularity"]["ndcg10"] == answers[0]["popularity"]["ndcg10"]


def test_column_names(sequences, tmp_path):
    """Any order, names of other houses, a mark of the byte order; no data line is taken for it."""
    rows = [(f"user{user}", item, step)
            for user in range(200) for step, item in enumerate(ring(user))]
    heads = {"a.tsv": "user_id:token\titem_id:token\ttimestamp:float\tother",
             "b.csv": "\ufeffuserId,movieId,timestamp,other", "c.csv": None}
    for name, head in heads.items():
        path, by = tmp_path / name, "\t" if name.endswith("tsv") else ","
        lines = [by.join(map(str, (*row, "x"))) for row in rows]
        if not head:
            lines = [f"{user},{item},5,{step}.5" for user, item, step in rows]
        path.write_text("\n".join([head] * bool(head) + lines) + "\n")
        told = evaluate(path, "--model", "popularity", "--json")
        assert (told["actions"], told["users"]) == (1600, 200)
        evaluate(path, "-p", "prequential", "--model", "popularity")


def test_rating(tmp_path):
    """Ratings that are a user's part and an item's part, and a taste that only factors see."""
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,rating\n" + "".join(
        f"u{user},i{item},{3 + user % 2 * .5 - item % 3 * .5 + (user + item) % 2}\n"
        for user in range(60) for item in range(40) if (user * 7 + item * 3) % 4))
    rows = evaluate(path, "-p", "rating", "--json")["models"]
    assert {"biased-mf/stars", "item-knn/pearson", "user-knn/recent"} <= set(rows)
    assert rows["biased-mf/stars"]["asked"] == 1800
    assert all(row["mae"] <= row["rmse"] < 0.5 for row in rows.values()), rows


def test_given_vectors_reach_a_new_item(tmp_path):
    lines = [f"u{user} {' '.join(ring(user))}" for user in range(200)] + ["fresh i1 i2 i3 new"]
    path, vectors = tmp_path / "with_new.txt", tmp_path / "vectors.tsv"
    path.write_text("\n".join(lines) + "\n")
    rows = {f"i{item}": (item % 7 - 3, item % 5 - 2, 1) for item in range(ITEMS)}
    rows["new"] = rows["i3"]
    vectors.write_text("".join(f"{item}\t{a} {b},{c}\n" for item, (a, b, c) in rows.items()))
    done = evaluate(path, "--vectors", vectors, "--model", "vectors", "--json")
    assert done["models"]["vectors"]["hr10"] > 0
    assert "needs" in evaluate(path, "--model", "vectors", code=1).stderr
    for bad, says in (("i1 1 x", "line 1"), ("i1 1 2\ni2 1", "line 2"), ("i1 0 0", "zeros"),
                      ("i1 nan 1", "finite"), ("nobody 1 2", "no item")):
        vectors.write_text(bad + "\n")
        assert says in evaluate(path, "--vectors", vectors, code=1).stderr


def test_prequential(ratings):
    told = evaluate(ratings, "--protocol", "prequential", "--every", "1", "--model", "counting",
                    "--json")["models"]["counting"]
    assert told["asked"] == 1600 - 101
    assert told["hr10"] > 0.8, "the ring is learned in its first rounds"
    assert told["new_users"]["asked"] == 99
    fewer = evaluate(ratings, "--protocol", "prequential", "--every", "1", "--min-rating", "3",
                     "--model", "counting", "--json")
    assert fewer["actions"] == 1400


def test_the_mixture_that_serves(sequences, ratings):
    """It is evaluated beside the blend, and alone with its members; it needs a stream."""
    words = ("-p", "prequential", "--every", "2", "--json")
    models = evaluate(ratings, *words)["models"]
    assert models["mixture"]["served"] and not models["blend"]["served"]
    assert models["mixture"]["asked"] == models["blend"]["asked"]
    alone = evaluate(ratings, *words, "-m", "mixture")["models"]
    assert set(alone) == {"counting/default", "transformer-online/usual", "users/default",
                          "mixture"}
    assert alone["mixture"]["hr10"] > 0.8
    assert "-p prequential" in evaluate(sequences, "-m", "mixture", code=1).stderr


def test_attributes_reach_a_new_item(tmp_path):
    """Nobody had item `new` before the test; only what it is like can bring it up."""
    lines = [f"u{user} {' '.join(ring(user))}" for user in range(200)]
    lines += ["fresh i1 i2 i3 new"]
    path = tmp_path / "with_new.txt"
    path.write_text("\n".join(lines) + "\n")
    attributes = tmp_path / "attributes.json"
    attributes.write_text(json.dumps({"i3": [1, 2], "new": [1, 2], "i9": [3], "i8": [3]}))
    words = ("--model", "directed-counting", "--preset", "sparse", "--json")
    blind = evaluate(path, *words)["models"]["directed-counting"]["hr10"]
    seen = evaluate(path, "--attributes", attributes, *words)["models"]["directed-counting"]
    seeing = seen["hr10"]
    assert blind == pytest.approx(200 / 201) and seeing == 1


def test_faults_say_what_to_do(sequences, tmp_path):
    for value in ("", "=", "=5x", "=nan", "= 5"):
        done = evaluate(sequences, "--set", f"counting.shrink{value}", code=64)
        assert "wanted" in done.stderr
    assert "hyperparameter" in evaluate(sequences, "--set", "counting.nothing=1", code=64).stderr
    assert "range" in evaluate(sequences, "--set", "counting.shrink=-1", code=64).stderr
    assert "times" in evaluate(sequences, "--protocol", "prequential", code=1).stderr
    assert "preset" in evaluate(sequences, "--model", "ease", "--preset", "x", code=64).stderr
    assert "No such file" in evaluate(tmp_path / "absent", code=66).stderr
    broken = tmp_path / "broken.txt"
    broken.write_text("u1 a b c\nalone\n")
    assert "line 2" in evaluate(broken, code=1).stderr
    for rating in ("nan", "inf", "1e999", "1e99"):
        broken.write_text(f"u::a::4::1\nu::b::{rating}::2\n")
        assert "line 2 has a rating that is no number" in evaluate(broken, code=1).stderr
    for text, says in (("u1,i1,good,1", "rating"), ("u1,i1,5,1\nu1,i2,5,noon", "line 2"),
                       ("u1,i1,nan,1", "rating"), ("user,rating\nu1,5", "first line"),
                       ('{"user": 1, "item": 2}', "JSON"), ("u1,i1\nu2,i2", "no user has 3")):
        broken.write_text(text + "\n")
        assert says in evaluate(broken, code=1).stderr
    assert "ratings" in evaluate(sequences, "-p", "rating", code=1).stderr
    broken.write_text("u1,i1,5,1\nu2,i1,4,1\n")
    assert "predicts no ratings" in evaluate(broken, "-p", "rating", "-m", "ease", code=1).stderr
    (tmp_path / "bad.gz").write_bytes(b"no gzip")
    assert "bad.gz" in evaluate(tmp_path / "bad.gz", code=66).stderr
