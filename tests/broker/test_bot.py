"""Somebody with very many actions is forgotten in pieces, in little memory (BOT_ACTIONS=800000 for
the full size)."""

import os
import re
import time

import pytest
from served_lists import encode
from test_forget import forget

ACTIONS = int(os.environ.get("BOT_ACTIONS", "40000"))
ITEMS = 5000
GROWTH_KB = 160 << 10  # before this was done in pieces: 0.85 GB for 100,000 actions
FROM_MS = 1_700_000_000_000


def resident_kb(copy, what="VmHWM"):
    with open(f"/proc/{copy.process.pid}/status", encoding="ascii") as status:
        return int(re.search(rf"^{what}:\s+(\d+)", status.read(), re.M)[1])


def forget_peak(copy):
    """VmHWM counts from here on."""
    with open(f"/proc/{copy.process.pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def event(user, number):
    return (user.encode(), encode("user_event", {
        "event_id": f"{user}-{number}", "user_id": user, "item_id": f"i{number * 7919 % ITEMS}",
        "action": "VIEW", "event_time_ms": FROM_MS + number * 1000}), FROM_MS + number * 1000)


def test_a_bot_is_forgotten_in_little_memory(make_world):
    world = make_world(1)
    world.produce("events", [event("bot", number) for number in range(ACTIONS)])
    world.produce("events", [event("other", number) for number in range(20)])
    features, = world.start("features")
    world.drain("features")
    world.start("trainer", "scorer")  # whom the request waits for
    before = resident_kb(features, "VmRSS")
    try:
        forget_peak(features)
    except OSError:
        pytest.skip("the peak of a process cannot be set back here")
    began = time.monotonic()
    receipt = forget(world, "bot", "--until", "0")
    took, peak = time.monotonic() - began, resident_kb(features)
    print(f"{ACTIONS} actions: {before >> 10} MB before, peak {peak >> 10} MB, {took:.1f} s")
    assert receipt["actions"] == ACTIONS and receipt["left_in"] == 0
    assert peak - before < GROWTH_KB
    left = world.topics.newest("features-changelog")
    assert not [key for key in left if b"bot" in key], "nothing of the user stays"
    assert b"other" in world.topics.newest("histories")
    assert set(world.stop().values()) == {0}
