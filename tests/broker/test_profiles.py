"""What Python writes of users to the topic `users` decides what rules list for them: in the topic,
by request, and in what `freshet rules --try` says."""

import io

import fastavro
from contracts import Contract
from stream_data import SETTINGS, clicks, records
from test_new_items import write_items
from test_rules import rules
from test_serve import ask, free_port

EVENTS = 400
RULES = """\
main.length=6
main.filter.land=not tags has 'de' or user.country = 'DE'
main.boost.tv=1 if device = 'tv'
"""


def profile(user, country):
    form, out = Contract("user_profile"), io.BytesIO()
    fastavro.schemaless_writer(out, form.schema, {
        "user_id": user, "tags": ["x"], "birth_year": 1980, "country": country})
    return user, form.frame + out.getvalue(), 0


def lists_of(world):
    lists = world.decoded("recommendations", "recommendation_list")
    return {user.decode(): made["items"] for user, made in lists.items()}


def obeys(lists, lands, german):
    """Lists of Germans, and of nobody else, have what is for Germany."""
    return any(german & set(items) for items in lists.values()) and \
        all(lands[user] == "DE" or not german & set(items) for user, items in lists.items())


def test_rules_see_profiles_of_users(make_world, tmp_path):
    world, port = make_world(partitions=2), free_port()
    sent = clicks(EVENTS)
    items = sorted({event["item"] for event in sent})
    german = set(items[::2])
    write_items(world, tmp_path, [
        {"item_id": item, "tags": ["de"] if item in german else []} for item in items])
    file = tmp_path / "land.rules"
    file.write_text(RULES)
    rules(world, "apply", file)
    users = sorted({str(event["user"]) for event in sent})
    lands = {user: "DE" if number % 2 else "FR" for number, user in enumerate(users)}
    world.produce("users", [profile(*one) for one in lands.items()])
    world.start("ingest", "features", "trainer", "scorer", "serve", ingest=SETTINGS,
                scorer={"lists.remake.share": "50"}, serve={"http.port": port})
    world.produce("clicks", records(sent))
    world.drain("ingest", "features", "trainer", "scorer")
    assert len(lists_of(world)) > 1 and obeys(lists_of(world), lands, german)
    # The other way round: lists are made again, though nobody acts.
    lands = {user: "FR" if land == "DE" else "DE" for user, land in lands.items()}
    world.produce("users", [profile(*one) for one in lands.items()])
    world.wait(lambda: obeys(lists_of(world), lands, german), "lists by the other profiles")
    world.wait(lambda: ask(port, "/ready")[0] == 200, "the tables")
    world.drain("scorer")

    def asked(user):
        status, answer = ask(port, f"/v1/users/{user}/recommendations?device=tv")
        assert status == 200 and answer["cause"] == "request"
        return [one["item"] for one in answer["items"]]

    lists = lists_of(world)
    world.wait(lambda: all(asked(user) == made for user, made in lists.items()),
               "the same lists by request")
    user = next(user for user, made in lists.items() if german & set(made))
    file.write_text("main.length=6\nmain.filter.land=not tags has 'de' or user.country = 'FR'\n")
    assert "filter.land" in rules(world, "--try", user, "--file", file)
    world.produce("users", [(user, None, 0)])
    world.wait(lambda: not german & set(lists_of(world)[user]), "the list of somebody unknown")
    world.wait(lambda: not german & set(asked(user)), "the same by request")
    assert set(world.stop().values()) == {0}
