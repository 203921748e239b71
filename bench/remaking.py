"""What it costs to make standing lists again, and how fast they follow.

remaking  2,000 events a second, open loop, with lists.remake.share=0 and 20 in turn, so that what
          the machine does meanwhile falls on both: the age of each list after its user's action,
          and beside it that of the same records behind three bare hops.
remade    100,000 users, 10,000 items, a catalogue with 10 changes a second: how long lists are
          behind once the input rests, beside the bound of lists x 80 us / share + 5 s; and how long
          an item that is barred then stays on lists, beside the bound of 2 s for up to 20,000 of
          them, 50,000 a second beyond.
"""

import random
import statistics
import time
from collections import Counter

import openloop
import ratings
import synthetic
import wide
from bed import Failure, Workers

WHOLE = [("ingest", "clicks"), ("features", "events"), ("trainer", "pair-deltas"),
         ("scorer", "histories")]
SHARES = (0, 20)
RATE, RATE_SECONDS, SHORT_SECONDS = 2000, 15, 2

USERS, ITEMS, EVENTS = 100_000, 10_000, 600_000
SHORT = (600, 200, 3_000)
CHANGES_RATE, CHANGES_SECONDS = 10, 30
LIST_US, SLACK_SECONDS = 80, 5
REST_SECONDS_MAX = 900
STRIP_SECONDS_MAX = 60
STRIP_SECONDS, STRIP_LISTS, STRIP_RATE = 2, 20_000, 50_000


def share_of(share):
    return [f"scorer.lists.remake.share={share}"]


def offered(bed, prefix, rows, warm, share, beside=()):
    """Ages in ms of the lists that users' actions made, and how many were made again."""
    with bed.topics(prefix):
        bed.fill(f"{prefix}clicks", ratings.as_json(rows[:warm]))
        with Workers(bed, prefix, [name for name, _ in WHOLE], share_of(share)) as workers:
            workers.wait_begun("ingest")
            workers.wait_consumed(WHOLE)
            workers.healthy()
            start = bed.ends(f"{prefix}recommendations")
            bed.say(f"share {share}: {RATE} events a second")
            openloop.offer(bed.producer(linger_ms=0), f"{prefix}clicks",
                           list(ratings.as_json(rows[warm:], warm + 1)), RATE, beside)
            workers.wait_consumed(WHOLE)
            checked = workers.metric("scorer", "freshet_lists_checked_total")
        decode = openloop.decoder("recommendation_list.avsc")
        lists = [(one.timestamp()[1], decode(one.value())) for one in
                 bed.read(f"{prefix}recommendations", start, bed.ends(f"{prefix}recommendations"))]
    return openloop.list_freshness(lists), checked


def beside_hops(bed, prefix, rows, warm, share):
    """Ages in ms of lists, and of the same records behind three bare hops, in the same seconds."""
    first_ones = list(ratings.as_json(rows[:RATE]))
    with wide.hopping(bed, first_ones, RATE) as (_, first, last):
        from_first, from_last = bed.ends(first), bed.ends(last)
        ages, checked = offered(bed, prefix, rows, warm, share, [first])
        wide.wait_for(bed, last, len(first_ones) + len(rows) - warm)
        return ages, wide.ages_between(bed, first, from_first, last, from_last), checked


def remaking(bed, options):
    rows = ratings.ml_100k(options.ratings)
    seconds = SHORT_SECONDS if options.short else RATE_SECONDS
    rows = rows[:40_000 + RATE * seconds]
    ages, checked = {share: [] for share in SHARES}, 0
    for turn, share in enumerate([*SHARES, *reversed(SHARES)]):
        found, made = offered(bed, f"rm{turn}.", rows, len(rows) - RATE * seconds, share)
        ages[share].append(found)
        checked += made
    bed.say(f"three bare hops: {RATE} events a second")
    messages = list(ratings.as_json(rows[-RATE * seconds:]))
    hops = wide.hop_ages(bed, list(ratings.as_json(rows[:RATE])), messages, RATE)
    bed.say("the same beside the pipeline")
    beside, beside_ages, made = beside_hops(bed, "rm4.", rows, len(rows) - RATE * seconds,
                                            SHARES[-1])
    figures = {"remaking_checked_lists": checked, "remaking_beside_checked_lists": made}
    for name, q in (("p50", .5), ("p99", .99)):
        figures[f"remaking_hops_{name}_ms"] = openloop.quantile(hops, q)
        figures[f"remaking_beside_hops_{name}_ms"] = openloop.quantile(beside_ages, q)
        figures[f"remaking_beside_freshness_{name}_ms"] = openloop.quantile(beside, q)
        for share, runs in ages.items():
            figures[f"remaking_freshness_{name}_ms_share_{share}"] = statistics.mean(
                openloop.quantile(run, q) for run in runs)
    figures["remaking_freshness_p99_over_hops"] = \
        figures[f"remaking_freshness_p99_ms_share_{SHARES[-1]}"] / figures["remaking_hops_p99_ms"]
    figures["remaking_beside_freshness_p99_over_hops"] = \
        figures["remaking_beside_freshness_p99_ms"] / figures["remaking_beside_hops_p99_ms"]
    return figures


# ---- Behind ----

def entry(item, available):
    """An entry of the catalogue: key and value."""
    encode = ratings.encoder("item.avsc")
    return item.encode(), encode({"item_id": item, "available": available})


def entries(items, count, rng):
    """Entries that become available and unavailable."""
    return [entry(rng.choice(items), rng.random() < 0.8) for _ in range(count)]


def wait_made(bed, workers):
    """Waits until no list is behind; returns the seconds since the call."""
    begun, calm = time.monotonic(), 0
    while calm < 5:
        behind = workers.metric("scorer", "freshet_lists_behind")
        calm = calm + 1 if workers.metric("scorer", "freshet_at_rest") == 1 else 0
        bed.say(f"{behind:,.0f} lists behind")
        workers.check()
        if time.monotonic() - begun > REST_SECONDS_MAX:
            raise Failure(f"{behind:,.0f} lists were behind after {REST_SECONDS_MAX} s")
        time.sleep(0.1)
    return time.monotonic() - begun - 0.5


def newest_lists(bed, topic):
    """user -> the items of the newest list."""
    decode = openloop.decoder("recommendation_list.avsc")
    return {one.key(): decode(one.value())["items"] for one in bed.read_stable(topic)
            if one.value() is not None}


def stripped(bed, workers):
    """Bars the item that is on most lists: on how many it is, and the seconds until on none."""
    on = Counter(item for items in newest_lists(bed, "rd.recommendations").values()
                 for item in items)
    item, count = on.most_common(1)[0]
    barred = ("scorer", "freshet_lists_remade_total", 'cause="barred"')
    wanted = workers.metric(*barred) + count
    begun = time.monotonic()
    bed.fill("rd.items", [entry(item, False)])
    while workers.metric(*barred) < wanted:
        workers.check()
        if time.monotonic() - begun > STRIP_SECONDS_MAX:
            raise Failure(f"{item} is still on lists after {STRIP_SECONDS_MAX} s: "
                          f"{workers.metric(*barred):,.0f} of {wanted:,.0f}")
        time.sleep(0.02)
    seconds = time.monotonic() - begun
    wait_made(bed, workers)
    left = sum(item in items for items in newest_lists(bed, "rd.recommendations").values())
    if left:
        raise Failure(f"{item} is on {left} lists again")
    return count, seconds


def remade(bed, options):
    users, items, events = SHORT if options.short else (USERS, ITEMS, EVENTS)
    rows = synthetic.rows(items, users, events)
    names, rng = sorted({item for _, item, _, _ in rows}), random.Random(1)
    share = SHARES[-1]
    with bed.topics("rd."):
        bed.fill("rd.clicks", ratings.as_json(rows))
        with Workers(bed, "rd.", [name for name, _ in WHOLE], share_of(share)) as workers:
            workers.wait_begun("ingest")
            workers.wait_consumed(WHOLE)
            workers.healthy()
            first = wait_made(bed, workers)
            count = CHANGES_RATE * (1 if options.short else CHANGES_SECONDS)
            openloop.offer(bed.producer(linger_ms=0), "rd.items", entries(names, count, rng),
                           CHANGES_RATE)
            behind = wait_made(bed, workers)
            checked = workers.metric("scorer", "freshet_lists_checked_total")
            taken_off, seconds = stripped(bed, workers)
            figures = workers.cost(1)
    lists = len({user for user, *_ in rows})
    bound = lists * LIST_US * 1e-6 / (share / 100) + SLACK_SECONDS
    return {"remade_lists": lists, "remade_checked_lists": checked, "remade_first_s": first,
            "remade_behind_s": behind, "remade_bound_s": bound,
            "remade_stripped_lists": taken_off, "remade_stripped_s": seconds,
            "remade_stripped_bound_s":
                STRIP_SECONDS + max(taken_off - STRIP_LISTS, 0) / STRIP_RATE,
            "remade_rss_mb_scorer": figures["rss_mb_scorer"]}
