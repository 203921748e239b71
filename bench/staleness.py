"""Whether lists get worse because rows are sent late: the same events at the same pace, once with
the defaults, and once with each change of a row sent as soon as it is known.

lists_quality   MovieLens-100k, the first 200,000 events of the MovieLens-1M stream, and Toys and
                Games: 2,000 events a second through all workers, then hits among the first ten, as
                the topic `quality` has them, of all next actions but repeats.
"""

import gzip
import random

import openloop
import ratings
from bed import Failure, Workers
from checkout import ROOT
from wide import WHOLE

RATE = 2000
ML_1M_EVENTS = 200_000
TOYS = ROOT.parent / "shared/data/s3rec/Toys_and_Games.txt.gz"
SHORT_EVENTS = 4000

# features closes a slow batch after 16 intervals, 8 s by default.
AT_ONCE = ["features.commit.interval.ms=50ms", "trainer.serving.change=0"]


def lists_quality(bed, options):
    figures = {}
    for name, rows in sets(options):
        rows = rows[:SHORT_EVENTS] if options.short else rows
        for form, settings in (("", []), ("_at_once", AT_ONCE)):
            hits, judged = found_in(bed, f"q{name[-1]}{len(form)}.", rows, settings)
            figures[f"lists_quality_{name}{form}_hits_at_10"] = hits / judged
            figures[f"lists_quality_{name}{form}_judged"] = judged
    return figures


def sets(options):
    """(name, rows) of those whose files are here."""
    yield "ml_100k", ratings.ml_100k(options.ratings)
    path = ratings.find_ml_1m(options.ml_1m)
    if path:
        yield "ml_1m", ratings.ml_1m(path)[:ML_1M_EVENTS]
    if TOYS.exists():
        yield "toys", toys()


def toys():
    """A file of sequences without times. They are mixed at random, the same way at each call; an
    action has the number of its place for a time."""
    with gzip.open(TOYS, "rt", encoding="ascii") as file:
        sequences = {user: items for user, *items in map(str.split, file)}
    turns = [user for user, items in sequences.items() for _ in items]
    random.Random(1).shuffle(turns)
    lines = {user: iter(items) for user, items in sequences.items()}
    return [(user, next(lines[user]), None, 1_000_000_000 + place)
            for place, user in enumerate(turns)]


def found_in(bed, prefix, rows, settings):
    """(hits among the first ten, next actions judged without repeats) of all lists."""
    with bed.topics(prefix):
        with Workers(bed, prefix, [name for name, _ in WHOLE], settings) as workers:
            workers.healthy()
            openloop.offer(bed.producer(linger_ms=0), f"{prefix}clicks",
                           list(ratings.as_json(rows)), RATE)
            workers.wait_consumed(WHOLE)
        topic = f"{prefix}quality"
        decode = openloop.decoder("list_quality.avsc")
        ends = bed.ends(topic)
        newest = {message.key(): decode(message.value())
                  for message in bed.read(topic, [0] * len(ends), ends) if message.value()}
    judged = sum(one["judged"] - one["repeats"] for one in newest.values())
    if judged <= 0:
        raise Failure(f"{topic}: nothing is judged")
    return sum(one["hits_at_10"] for one in newest.values()), judged
