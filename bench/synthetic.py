"""Events of a platform with a wide catalogue, from a seed.

Items are drawn by Zipf's law, users by log-normal activity; the users' events are interleaved in
time. A row is (user, item, weight or None, seconds), as in ratings.py.
"""

import itertools
import math
import random

BEGIN_SECONDS = 1_700_000_000
DAYS = 30
SIGMA = 0.8  # of the logarithm of a user's activity: 12.7 earlier actions of the 50 that count
RANK_OFFSET = 10  # Zipf-Mandelbrot: the first items are not each a tenth of all


def rows(items, users, events, seed=1):
    """The same rows for the same arguments, in the order of their times."""
    rng = random.Random(seed)
    activity = list(itertools.accumulate(math.exp(rng.gauss(0, SIGMA)) for _ in range(users)))
    popularity = list(itertools.accumulate(1 / (rank + RANK_OFFSET) for rank in range(items)))
    names = [f"item-{number:07}" for number in rng.sample(range(10 * items), items)]
    who = rng.choices([f"user-{number:07}" for number in range(users)], cum_weights=activity,
                      k=events)
    what = rng.choices(names, cum_weights=popularity, k=events)
    step = DAYS * 86400 / events
    return [(user, item, None, BEGIN_SECONDS + int(number * step))
            for number, (user, item) in enumerate(zip(who, what))]
