"""Rules of placements through a real broker: `freshet rules` puts them in force, the scorer's lists
obey them, as a reader of another program sees, and a user's list says what each rule did."""

import subprocess

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
    assert rules(world, "list") == "# offset 1\n" + OTHER
    assert set(world.stop().values()) == {0}
