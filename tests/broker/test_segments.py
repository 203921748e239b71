"""Segments through a real broker: what sequence publishes is what Python counts from `histories`
and `users`, also after kills and when users were forgotten; somebody without an action gets the
list that the formula makes of the records."""

import io
import json
import math

import fastavro
from contracts import Contract
from stream_data import FILE, SETTINGS, clicks, records
from test_forget import forget
from test_serve import ask, free_port

EVENTS, LEAST, NAMED, SMOOTHING = 20_000, 5, 200, 20
COUNTING = {"segments.every.ms": "1s", "clusters.every.ms": "0", "segments.users.min": str(LEAST),
            "segments.items": str(NAMED), "train.threads": "0", "train.actions.min": "1000000"}


def people():
    with open(FILE.with_name("users.jsonl"), encoding="utf-8") as file:
        return {one["user_id"]: one for one in map(json.loads, file)}


def segments_of(profile):
    names = {f"country={profile['country']}"} if profile["country"] else set()
    if profile["birth_year"]:
        names.add(f"born={profile['birth_year'] // 10 * 10}s")
    return sorted(names | set(profile["tags"]))


def profiles(users):
    form, made = Contract("user_profile"), []
    for user, profile in users.items():
        out = io.BytesIO()
        fastavro.schemaless_writer(out, form.schema, profile)
        made.append((user, form.frame + out.getvalue(), 0))
    return made


def counted(world):
    """name -> (users, all users, {item: (users of the segment, all users)}), from the topics."""
    acted = {user.decode(): {item for item, weight in zip(one["items"], one["weights"]) if weight}
             for user, one in world.decoded("histories", "user_history").items()}
    known = {user.decode(): segments_of(one)
             for user, one in world.decoded("users", "user_profile").items()
             if acted.get(user.decode())}
    everybody, groups, sizes = {}, {}, {}
    for user, names in known.items():
        for item in acted[user]:
            everybody[item] = everybody.get(item, 0) + 1
        for name in names:
            sizes[name] = sizes.get(name, 0) + 1
            for item in acted[user]:
                counts = groups.setdefault(name, {})
                counts[item] = counts.get(item, 0) + 1
    return {name: (sizes[name], len(known), {item: (count, everybody[item])
                                             for item, count in groups[name].items()})
            for name in groups if sizes[name] >= LEAST}


def published(world):
    return {one["name"]: one for one in world.decoded("profiles", "group_profile").values()}


def is_of(record, wanted):
    users, everybody, items = wanted
    named = dict(zip(record["items"], zip(record["item_users"], record["item_all_users"])))
    left = [count for item, (count, _) in items.items() if item not in named]
    return (record["users"] == users and record["all_users"] == everybody
            and all(items.get(item) == counts for item, counts in named.items())
            and record["rest_users"] == max(left, default=0)
            and len(named) <= NAMED and record["gains"] == sorted(record["gains"], reverse=True))


def agree(world):
    wanted, records_of = counted(world), published(world)
    return wanted.keys() == records_of.keys() and all(
        is_of(one, wanted[name]) for name, one in records_of.items())


def formula(groups, names):
    """The items of some segments, the best one first, with the segment that adds most."""
    chosen = [groups[name] for name in sorted(names) if name in groups]
    scores, behind = {}, {}
    for one in chosen:
        for item, users in zip(one["items"], one["item_all_users"]):
            scores.setdefault(item, users / one["all_users"])
    shares = {item: math.log(share) for item, share in scores.items()}
    for item, share in scores.items():
        most = 0.0
        for one in chosen:
            named = dict(zip(one["items"], one["item_users"]))
            rate = (named.get(item, one["rest_users"]) + SMOOTHING * share) / (
                one["users"] + SMOOTHING)
            lift = math.log(rate / share)
            if item not in named and lift > 0:
                continue
            shares[item] += lift / math.sqrt(len(chosen))
            if lift > most + 1e-12:
                most, behind[item] = lift, one["name"]
    return sorted(shares, key=lambda item: (-shares[item], item)), behind, shares


def check_list(told, groups, names):
    """Near ties may stand in another order: 32-bit floats."""
    order, behind, scores = formula(groups, names)
    made = [one["item"] for one in told["items"]]
    assert told["made_by"] == "segments" and len(made) == 20
    for item, want in zip(made, order):
        assert item == want or math.isclose(scores[item], scores[want], rel_tol=1e-6)
    for one in told["items"]:
        assert one["because"] == behind.get(one["item"], "")
        assert one["reason"] == ("segment" if one["because"] else "popular")
    assert sum(one["reason"] == "segment" for one in told["items"]) > 5


def test_somebody_without_an_action(make_world):
    world, port = make_world(partitions=2), free_port()
    sent, users = clicks(EVENTS), people()
    acting = sorted({event["user"] for event in sent})
    new = next(user for user in sorted(users) if user not in acting)
    world.produce("clicks", records(sent))
    world.produce("users", profiles(users))
    world.start("ingest", "features", "trainer", "scorer", "serve", ingest=SETTINGS,
                serve={"http.port": port})
    (copy,) = world.start("sequence", sequence=COUNTING)
    world.drain("ingest", "features", "trainer", "scorer")
    world.wait(lambda: len(published(world)) > 10 and agree(world), "segments as counted")
    world.wait(lambda: ask(port, "/ready")[0] == 200, "the tables")

    groups = published(world)
    world.wait(lambda: ask(port, f"/v1/users/{new}/recommendations")[0] == 200, "a first list")
    check_list(ask(port, f"/v1/users/{new}/recommendations")[1], groups, segments_of(users[new]))
    status, told = ask(port, "/v1/recommendations", {"profile": {
        "birth_year": 1970, "tags": ["gender=F", "occupation=student", "no=such"]}})
    assert status == 200
    check_list(told, groups, ["born=1970s", "gender=F", "occupation=student"])
    assert ask(port, "/v1/users/nobody/recommendations")[0] == 404
    assert ask(port, f"/v1/users/{acting[0]}/recommendations")[1]["made_by"] == "counting"

    # Killed, a profile changed, a user forgotten: the next count says so.
    copy.kill()
    users[acting[1]] = {**users[acting[1]], "tags": ["gender=F"], "country": "DE"}
    world.produce("users", profiles({acting[1]: users[acting[1]]}))
    forget(world, acting[2])
    world.start("sequence", sequence=COUNTING)
    world.wait(lambda: agree(world), "segments without the forgotten user")
    assert acting[2].encode() not in world.decoded("users", "user_profile")
    world.produce("users", [(new, None, 0)])
    world.wait(lambda: ask(port, f"/v1/users/{new}/recommendations")[0] == 404, "no profile")
    assert set(world.stop().values()) == {0}
