"""Rules of placements through a real broker: `freshet rules` puts them in force, the scorer's lists
obey them, as a reader of another program sees, and a user's list says what each rule did."""

import json
import subprocess
import time

from conftest import BIN
from stream_data import SETTINGS, clicks, records
from test_new_items import write_items

EVENTS = 400
RULES = """\
# cheap things first
main.length=5
main.filter.price=price < 50
home.length=3
home.boost.house=100 if brand = 'house' and price < 50
home.cap.kind=2 per kind
"""


OTHER = """\
main.length=6
main.filter.price=price >= 30
mail.length=4
mail.repeats=yes
mail.boost.kind=+0.4 if kind = 'k1'
mail.cap.brand=3 per brand
"""


def rules(world, *words, code=0):
    done = subprocess.run([BIN / "freshet", "rules", *words, "--bootstrap", world.bootstrap,
                           "--prefix", world.prefix], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def placement(made, name):
    at = made["placements"].index(name)
    begin = sum(made["placement_counts"][:at])
    return made["placement_items"][begin:begin + made["placement_counts"][at]]


def check_tried(world, file, users):
    """What a file of rules would do is what it does once it is applied."""
    file.write_text("mail.length=0\n")
    rules(world, "--try", users[0].decode(), "--file", file, code=1)
    rules(world, "--try", "nobody", "--file", file, code=1)
    file.write_text(OTHER)
    rules(world, "--try", "nobody", "--file", file, code=1)
    tried = {user: rules(world, "--try", user.decode(), "--file", file).splitlines()
             for user in users}
    assert rules(world, "list") == "# offset 0\n" + RULES
    rules(world, "apply", file)
    world.wait(lambda: all(made["rules_offset"] == 1 for made in world.decoded(
        "recommendations", "recommendation_list").values()), "lists by the other rules")
    world.drain("scorer")
    for user in users:
        told = rules(world, "--try", user.decode()).splitlines()
        assert "not in force" in tried[user][0] and "offset 1" in told[0]
        assert len(told) > 10 and tried[user][1:] == told[1:], user


def test_rules_from_a_file_to_lists(make_world, tmp_path):
    world = make_world(partitions=2)
    sent = clicks(EVENTS)
    items = sorted({event["item"] for event in sent})
    price = {item: number % 100 for number, item in enumerate(items)}
    kind = {item: f"k{number % 3}" for number, item in enumerate(items)}
    write_items(world, tmp_path, [
        {"item_id": item, "price": price[item], "kind": kind[item],
         "brand": "house" if price[item] % 10 == 0 else "other"} for item in items])
    world.start("ingest", "features", "trainer", "scorer", ingest=SETTINGS,
                scorer={"lists.remake.share": "50"})
    world.produce("clicks", records(sent))
    world.drain("ingest", "features", "trainer", "scorer")
    file = tmp_path / "shop.rules"
    file.write_text(RULES)
    assert rules(world, "list") == ""
    assert "+ main.filter.price=price < 50" in rules(world, "plan", file)
    assert rules(world, "list") == ""
    assert "+ home.length=3" in rules(world, "apply", file)
    assert rules(world, "list") == "# offset 0\n" + RULES
    assert rules(world, "plan", file) == "no rule changes\n"
    lists = world.decoded("recommendations", "recommendation_list")
    world.wait(lambda: all(made["rules_offset"] == 0 for made in world.decoded(
        "recommendations", "recommendation_list").values()), "lists by the rules")
    lists = world.decoded("recommendations", "recommendation_list")
    assert len(lists) > 1
    for made in lists.values():
        assert made["items"] == placement(made, "main") and len(made["items"]) == 5
        assert all(price[item] < 50 for item in made["items"])
        home = placement(made, "home")
        assert len(home) == 3
        assert max([kind[item] for item in home].count(one) for one in kind.values()) <= 2
        assert price[home[0]] % 10 == 0
    user = next(iter(lists)).decode()
    told = rules(world, "--try", user)
    assert f"user {user}: made by the rules at offset 0" in told
    assert "boost.house; without rules" in told
    taken = [item for made in lists.values() for item in made["removal_items"]]
    assert any(price[item] >= 50 for item in taken)
    check_tried(world, file, list(lists)[:4])
    file.write_text(RULES.replace("50\n", "40\n", 1))
    changed = rules(world, "plan", file)
    assert "~ main.filter.price=price < 40 (was: price >= 30)" in changed
    file.write_text("home.length=0\n")
    rules(world, "apply", file, code=1)
    file.write_bytes("home.length=5\nhome.filter.name=brand = 'Müller'\n".encode("latin-1"))
    rules(world, "plan", file, code=1)
    assert rules(world, "list") == "# offset 1\n" + OTHER
    assert set(world.stop().values()) == {0}


DAY_MS = 86_400_000
AGAIN = """\
main.length=6
main.again.coffee=purchase every 30d if tags has 'coffee'
shelf.only=again
shelf.again.all=every 30d
"""


def purchases(now_ms):
    """Coffee is due, beans will be in some seconds, tea is not; soap is due on the shelf only."""
    bought = {"coffee": [65, 45, 25], "tea": [5], "soap": [200]}
    times = [(item, now_ms - days * DAY_MS) for item, all_days in bought.items()
             for days in all_days]
    times.append(("beans", now_ms - 30 * DAY_MS + 12_000))
    made = [("ann", item, when) for item, when in sorted(times, key=lambda one: one[1])]
    made += [(user, item, now_ms - DAY_MS) for user in ("bob", "cid")
             for item in ("coffee", "tea", "soap", "beans", "mug", "milk")]
    return [(user, json.dumps({"id": f"p{number}", "user": user, "item": item, "type": "purchase",
                               "value": 1.0, "ts": when // 1000}), when)
            for number, (user, item, when) in enumerate(made)]


def test_what_is_due_comes_again(make_world, tmp_path):
    world = make_world(partitions=2)
    write_items(world, tmp_path, [
        {"item_id": item, "tags": tags} for item, tags in
        {"coffee": ["coffee"], "beans": ["coffee"], "tea": ["tea"], "soap": [], "mug": [],
         "milk": []}.items()])
    file = tmp_path / "again.rules"
    file.write_text(AGAIN)
    rules(world, "apply", file)
    now_ms = int(time.time() * 1000)
    world.start("ingest", "features", "trainer", "scorer",
                ingest={**SETTINGS, "action.purchase": "PURCHASE:1"},
                scorer={"lists.remake.share": "50"})
    world.produce("clicks", purchases(now_ms))
    world.drain("ingest", "features", "trainer", "scorer")

    def made():
        return world.decoded("recommendations", "recommendation_list").get(b"ann")

    world.wait(lambda: made() and "beans" in made()["items"], "the beans are due: nobody acted")
    found = made()
    assert found["as_of_ms"] >= now_ms + 12_000 - 1000
    assert set(found["items"]) == {"coffee", "beans", "mug", "milk"}
    assert set(placement(found, "shelf")) == {"coffee", "beans", "soap"}
    at = found["items"].index("coffee")
    assert (found["reasons"][at], found["because"][at]) == ("AGAIN", "coffee")
    assert found["evidence"][at] == 3
    assert found["last_ms"][at] // 1000 == (now_ms - 25 * DAY_MS) // 1000
    assert found["last_ms"][found["items"].index("mug")] == 0
    words = subprocess.run([BIN / "freshet", "list", "ann", "--bootstrap", world.bootstrap,
                            "--prefix", world.prefix], text=True, stdout=subprocess.PIPE,
                           timeout=60, check=True).stdout
    day = time.strftime("%Y-%m-%d", time.gmtime((now_ms - 25 * DAY_MS) / 1000))
    assert f"due again: had 3 times, last on {day}" in words
    assert "coffee: again.coffee" in rules(world, "--try", "ann")
    tried = rules(world, "--try", "ann", "--file", file).splitlines()
    assert sum("again.all" in line for line in tried) == 3
    assert not set(world.decoded("recommendations", "recommendation_list")[b"bob"]["items"]) & \
        {"coffee", "tea", "soap", "beans", "mug", "milk"}
    assert set(world.stop().values()) == {0}
