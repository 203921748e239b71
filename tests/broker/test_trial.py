"""Trials: two generations on users of their own, through a real broker."""

import json
import random
from concurrent.futures import ThreadPoolExecutor

import xxhash
from stream_data import records
from test_generations import (CHAIN, G2, backfill, command, freshet, newest_lists, start_base,
                              start_g2)

USERS, ITEMS, BEFORE, ROUNDS = 120, 60, 6, 40
SHARES = 10_000


def rounds():
    """Lists of events; in each, every user acts once, on an item that the user did not have before;
    a few items are everybody's."""
    rng = random.Random(7)
    wishes = [sorted(range(ITEMS), key=lambda item: -rng.random() ** (1 + item))
              for _ in range(USERS)]
    for number in range(ROUNDS):
        yield [{"id": f"e{number}-{user}", "user": f"u{user}", "item": f"i{wishes[user][number]}",
                "type": "rating", "value": 3.0, "ts": 1_600_000_000 + 60 * number}
               for user in range(USERS)]


def members(users, number, share):
    """The users in a trial of g2, by the formula of trial_record.avsc."""
    seed = (xxhash.xxh3_64_intdigest(b"g2") + number) % 2**64
    return {user for user in users
            if (xxhash.xxh3_64_intdigest(user, seed=seed) >> 11) / 2**53 < share / SHARES}


def stands(world):
    return json.loads(freshet(world, "trial", "status", "--json"))


def settle(world):
    world.drain("ingest", *CHAIN)
    world.drain(*CHAIN, generation="g2")


def seen_as(world, number, share):
    """Each user sees the list of the generation whose it should be, to the byte."""
    seen = world.topics.newest("recommendations")
    own, other = world.topics.newest("lists"), world.topics.newest("lists.g2")
    tried = members(seen, number, share)
    return bool(own) and set(own) == set(seen) and all(
        seen[user].value == (other if user in tried else own)[user].value for user in seen)


def check_refusals(world):
    for words in (["start", "g2", "--share", "10%"], ["start", "base", "--share", "10%"]):
        assert command(world, "trial", *words).returncode == 1
    for words in (["promote", "g2"], ["reset", "g2", "--yes"]):
        assert command(world, *words).returncode == 1
    assert "trial 1 of g2 against base runs" in command(world, "promote", "g2").stderr
    assert command(world, "trial", "start", "g2").returncode == 64
    assert command(world, "trial", "start", "g2", "--share", "200%").returncode == 64
    assert command(world, "trial", "begin").returncode == 64


def test_trials(make_world):
    world = make_world()
    left = rounds()

    def feed():
        world.produce("clicks", records(next(left)))
        settle(world)

    start_base(world)
    for _ in range(BEFORE):
        world.produce("clicks", records(next(left)))
        world.drain("ingest", *CHAIN)
    backfill(world)
    assert "no trial" in command(world, "trial", "status").stderr
    refused = command(world, "trial", "start", "g2", "--share", "30%")
    assert refused.returncode == 1 and "no scorer of g2 runs" in refused.stderr
    copies = start_g2(world)

    freshet(world, "trial", "start", "g2", "--share", "30%")
    world.wait(lambda: seen_as(world, 1, 3000), "lists of the trial's users")
    feed()
    world.wait(lambda: seen_as(world, 1, 3000), "newer lists of the trial's users")
    check_refusals(world)
    feed()
    now = stands(world)
    assert (now["trial"], now["generation"], now["live"]) == (1, "g2", "base")
    assert (now["state"], now["share"], now["metric"]) == ("runs", 0.3, "hit@10")
    world.wait(lambda: all(arm["judged"] > 0 for arm in stands(world)["arms"]), "judged lists")
    assert "all lists are those of base" in freshet(world, "trial", "stop")
    settle(world)
    world.wait(lambda: newest_lists(world, "recommendations") == newest_lists(world, "lists"),
               "the live generation's lists")
    assert stands(world)["state"] == "stopped"

    check_two_at_once(world)
    check_worse(world, copies, feed)
    check_promotion(world)
    assert set(world.stop().values()) == {0}


def check_two_at_once(world):
    """One of two wins, and the topic keeps its record, whichever was written last; what partitions
    wrote in the trial before is deleted."""
    assert any(key.startswith(b"1/counted/") for key in newest_trials(world))
    with ThreadPoolExecutor(2) as both:
        ends = list(both.map(lambda share: command(world, "trial", "start", "g2", "--share", share),
                             ["20%", "40%"]))
    assert sorted(end.returncode for end in ends) == [0, 1], [(e.stdout, e.stderr) for e in ends]
    lost = next(end for end in ends if end.returncode)
    assert "another trial began at the same time" in lost.stderr or "runs" in lost.stderr
    won = 2000 if ends[0].returncode == 0 else 4000
    assert world.decoded("trials", "trial_record")[b"2/started"]["share"] == won
    assert stands(world)["share"] == won / SHARES
    world.wait(lambda: seen_as(world, 2, won), "lists of the winner's users")
    left = [key for key in newest_trials(world) if key.startswith(b"1/")]
    assert sorted(left) == [b"1/ended", b"1/result", b"1/started"], left
    assert "all lists are those of base" in freshet(world, "trial", "stop")


def newest_trials(world):
    """Keys of `trials` that were not deleted."""
    return [key for key, record in world.topics.newest("trials").items() if record.value]


def check_worse(world, copies, feed):
    """A generation whose lists have one item is taken back, while its users act."""
    scorer = copies[-1]
    assert scorer.worker == "scorer" and scorer.stop() == 0
    world.start("scorer", scorer={**G2, "list.length": "1"})
    freshet(world, "trial", "start", "g2", "--share", "50%")
    world.wait(lambda: seen_as(world, 3, 5000), "lists of the other users")
    for _ in range(ROUNDS - BEFORE - 2):
        feed()
        if stands(world)["state"] == "taken back":
            break
    now = stands(world)
    assert (now["state"], now["verdict"]) == ("taken back", "worse"), now
    assert now["lower"] < now["difference"] < now["upper"] < 0
    world.wait(lambda: stands(world)["partitions_owed"] == 0, "all lists to be given back")
    settle(world)
    assert {one["generation"] for one in newest_lists(world, "recommendations").values()} == {""}
    told = world.decoded("trials", "trial_record")
    assert told[b"3/result"]["verdict"] == "WORSE"
    assert told[b"3/ended"]["ending"] == "TAKEN_BACK"


def check_promotion(world):
    freshet(world, "trial", "start", "g2", "--share", "50%", "--no-guard", "--metric", "ndcg@10")
    world.wait(lambda: seen_as(world, 4, 5000), "lists of the last trial's users")
    assert "g2 is live in all 4 partitions" in freshet(world, "trial", "stop", "--promote")
    assert {one["generation"] for one in newest_lists(world, "recommendations").values()} == {"g2"}
    now = stands(world)
    assert (now["state"], now["metric"], now["guarded"]) == ("promoted", "ndcg@10", False)
