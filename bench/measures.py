"""What `make bench` measures: a function each, of (bed, options), that returns name -> number."""

import os
import subprocess
import time

import checkout
import growing
import openloop
import pages
import ratings
import recovery
import remaking
import searching
import serving
import staleness
import wide
from bed import Failure, Workers, cpu_seconds

RATE = 2000
RATE_SECONDS = 30
PEER_DIRECTORY = checkout.BUILD / "bench" / "peer"
PEER_SECONDS = 1800

DELIVERIES = ("exactly_once", "at_least_once")

DELTAS = [("features", "events"), ("trainer", "pair-deltas")]
WHOLE = [("ingest", "clicks"), *DELTAS, ("scorer", "histories")]


def features_trainer(bed, options):
    """MovieLens-100k lies in `events`; features and trainer count it. The last commit comes when
    input has rested: waiting for that is no work, so the rest is short. CPU an event counts from
    the first record on, as the peer's does."""
    rows = ratings.ml_100k(options.ratings)
    with bed.topics("ft."):
        count = bed.fill("ft.events", ratings.as_user_events(rows))
        with Workers(bed, "ft.", ["features", "trainer"],
                     ["trainer.checkpoint.rest.ms=100ms"]) as workers:
            begun = workers.wait_begun("features")
            done = workers.wait_consumed(DELTAS)
            spent = workers.cpu() - workers.start_cpu
            figures = workers.cost(count)
    return {"features_trainer_events_per_s": count / (done - begun),
            **figures,
            "features_trainer_cpu_us_per_event": spent * 1e6 / count}


def delivery(bed, options):
    """What exactly-once costs: features and trainer with transactions and without, in turn, so that
    what the machine does meanwhile falls on both."""
    rows = ratings.ml_100k(options.ratings)
    seconds, cpu = dict.fromkeys(DELIVERIES, 0.0), dict.fromkeys(DELIVERIES, 0.0)
    for turn, kind in enumerate([*DELIVERIES, *reversed(DELIVERIES)]):
        prefix = f"dl{turn}."
        with bed.topics(prefix):
            count = bed.fill(f"{prefix}events", ratings.as_user_events(rows))
            with Workers(bed, prefix, ["features", "trainer"],
                         [f"all.delivery={kind}"]) as workers:
                begun = workers.wait_begun("features")
                seconds[kind] += workers.wait_consumed(DELTAS) - begun
                cpu[kind] += sum(value for name, value in workers.cost(count).items()
                                 if name.startswith("cpu_us_per_event"))
    exactly, least = DELIVERIES
    return {**{f"{kind}_events_per_s": 2 * count / seconds[kind] for kind in DELIVERIES},
            **{f"{kind}_cpu_us_per_event": cpu[kind] / 2 for kind in DELIVERIES},
            "exactly_once_time_ratio": seconds[exactly] / seconds[least],
            "exactly_once_cpu_ratio": cpu[exactly] / cpu[least]}


def pipeline(bed, options):
    """The same events as raw JSON in `clicks`; all four workers, until every list is out."""
    rows = ratings.ml_100k(options.ratings)
    with bed.topics("pl."):
        count = bed.fill("pl.clicks", ratings.as_json(rows))
        with Workers(bed, "pl.", [name for name, _ in WHOLE]) as workers:
            begun = workers.wait_begun("ingest")
            done = workers.wait_consumed(WHOLE)
            figures = workers.cost(count)
        accepted = sum(bed.ends("pl.events"))
        lists = sum(bed.ends("pl.recommendations"))
    if accepted != count:
        raise Failure(f"pipeline: {accepted} of {count} events were accepted")
    return {"pipeline_events_per_s": count / (done - begun), "pipeline_lists": lists,
            "rss_mb_ingest": figures["rss_mb_ingest"], "rss_mb_scorer": figures["rss_mb_scorer"],
            **{f"pipeline_{name}": value for name, value in figures.items()}}


def freshness(bed, options):
    """2,000 events a second for 30 s, after the first part of the data has filled the tables."""
    rows = ratings.ml_100k(options.ratings)
    warm = len(rows) - RATE * RATE_SECONDS
    with bed.topics("fr."):
        bed.fill("fr.clicks", ratings.as_json(rows[:warm]))
        with Workers(bed, "fr.", [name for name, _ in WHOLE]) as workers:
            workers.wait_begun("ingest")
            workers.wait_consumed(WHOLE)
            workers.healthy()
            events_from, lists_from = bed.ends("fr.events"), bed.ends("fr.recommendations")
            offered = list(ratings.as_json(rows[warm:], warm + 1))
            bed.say(f"{RATE} events a second for {RATE_SECONDS} s")
            _, late = openloop.offer(bed.producer(linger_ms=0), "fr.clicks", offered, RATE)
            workers.wait_consumed(WHOLE)
        events = read_events(bed, "fr.events", events_from)
        lists = read_lists(bed, "fr.recommendations", lists_from)
    ages = openloop.list_freshness(lists)
    event_ages, missing = openloop.event_freshness(events, lists)
    if len(events) != len(offered) or missing:
        raise Failure(f"freshness: {len(offered)} events offered, {len(events)} accepted, "
                      f"{missing} of them in no list")
    return {f"freshness_p50_ms_at_{RATE}": openloop.quantile(ages, .5),
            f"freshness_p99_ms_at_{RATE}": openloop.quantile(ages, .99),
            f"freshness_max_ms_at_{RATE}": max(ages),
            f"freshness_event_p50_ms_at_{RATE}": openloop.quantile(event_ages, .5),
            f"freshness_event_p99_ms_at_{RATE}": openloop.quantile(event_ages, .99),
            "freshness_lists": len(lists),
            "freshness_generator_late_p99_ms": openloop.quantile(late, .99)}


def read_events(bed, topic, starts):
    decode = openloop.decoder("user_event.avsc")
    events = []
    for message in bed.read(topic, starts, bed.ends(topic)):
        event = decode(message.value())
        events.append((message.partition(), message.offset(), event["user_id"],
                       event["received_ms"]))
    return events


def read_lists(bed, topic, starts):
    decode = openloop.decoder("recommendation_list.avsc")
    return [(message.timestamp()[1], decode(message.value()))
            for message in bed.read(topic, starts, bed.ends(topic))]


def ml_1m(bed, options):
    """The MovieLens-1M stream: raw through all four workers."""
    path = ratings.find_ml_1m(options.ml_1m)
    if not path:
        bed.say("ml_1m: no MovieLens-1M stream here (see bench/run --help); left out", last=True)
        return {}
    return ml_1m_whole(bed, ratings.ml_1m(path)[:options.ml_1m_events])


def ml_1m_tenths(bed, options):
    """That stream a tenth at a time through features and trainer, for the cost of an event as the
    tables grow."""
    path = ratings.find_ml_1m(options.ml_1m)
    if not path:
        bed.say("ml_1m_tenths: no MovieLens-1M stream here; left out", last=True)
        return {}
    return tenths(bed, ratings.ml_1m(path)[:options.ml_1m_events])


def ml_1m_whole(bed, rows):
    with bed.topics("m1."):
        count = bed.fill("m1.clicks", ratings.as_json(rows))
        with Workers(bed, "m1.", [name for name, _ in WHOLE]) as workers:
            begun = workers.wait_begun("ingest")
            done = workers.wait_consumed(WHOLE, timeout=1800)
            figures = workers.cost(count)
    return {"ml1m_events": count, "ml1m_pipeline_events_per_s": count / (done - begun),
            **{f"ml1m_{name}": value for name, value in figures.items()}}


def tenths(bed, rows):
    costs, seconds = [], 0.0
    with bed.topics("mt."), Workers(bed, "mt.", ["features", "trainer"]) as workers:
        workers.healthy()
        before = 0.0
        for tenth in range(10):
            part = slice(len(rows) * tenth // 10, len(rows) * (tenth + 1) // 10)
            messages = list(ratings.as_user_events(rows[part], part.start + 1))
            begun = time.monotonic()
            bed.fill("mt.events", messages)
            seconds += workers.wait_consumed(DELTAS) - begun
            now = sum(cpu_seconds(workers.pid(name)) for name in workers.names)
            costs.append((now - before) * 1e6 / len(messages))
            before = now
    paired = predecessors(rows)
    return {"ml1m_features_trainer_events_per_s": len(rows) / seconds,
            "ml1m_cpu_us_per_event_first_tenth": costs[0],
            "ml1m_cpu_us_per_event_last_tenth": costs[-1],
            "ml1m_cost_growth": costs[-1] / costs[0],
            "ml1m_cost_growth_per_pair": costs[-1] / costs[0] * paired[0] / paired[-1],
            **{f"ml1m_pairs_per_event_tenth_{n}": pairs for n, pairs in enumerate(paired, 1)},
            **{f"ml1m_cpu_us_per_event_tenth_{n}": cost for n, cost in enumerate(costs, 1)}}


def predecessors(rows, window=50):
    """How many earlier actions of its user an event is paired with, by tenth: the data's part in
    what an event costs."""
    counts, sums = {}, [0] * 10
    for number, (user, *_) in enumerate(rows):
        before = counts.get(user, 0)
        sums[number * 10 // len(rows)] += min(before, window)
        counts[user] = before + 1
    return [one / (len(rows) / 10) for one in sums]


def micro(bed, options, chosen="bench_*"):
    """The C microbenchmarks, each beside its naive oracle: programs that print `name value`."""
    figures = {}
    for program in sorted((checkout.BUILD / "bench").glob(chosen)):
        if program.suffix or not os.access(program, os.X_OK):
            continue
        bed.say(program.name)
        done = subprocess.run([program], stdout=subprocess.PIPE, text=True, timeout=600)
        if done.returncode != 0:
            raise Failure(f"{program.name} ended with {done.returncode}")
        for line in done.stdout.splitlines():
            name, _, value = line.partition(" ")
            if not value or name in figures:
                raise Failure(f"{program.name} printed '{line}': want `name value`, each name once")
            figures[name] = float(value)
    return figures


def embed(bed, options):
    """Texts of 24 pieces that a sentence encoder encodes in a second of a core."""
    return micro(bed, options, "bench_embed")


# What was found best; see peer/README.md.
PEER_JVM = ["-XX:+UseParallelGC", "-Xmx1g"]
PEER_OPTIONS = ["commit_ms=5000", "cache_mb=256", "updates=combined", "row=bytes",
                "kafka.producer.compression.type=lz4", "kafka.producer.batch.size=262144",
                "kafka.consumer.max.poll.records=5000"]


def peer(bed, options):
    """The Kafka Streams program, on the same broker with the same events."""
    build_peer(bed)
    rows = ratings.ml_100k(options.ratings)
    app = f"peer{time.time_ns()}"
    try:
        bed.make_topic(f"{app}.events", 4)
        bed.make_topic(f"{app}.neighbours", 4, **{"cleanup.policy": "compact"})
        count = bed.fill(f"{app}.events", ratings.as_peer_events(rows))
        kafka = cpu_seconds(bed.kafka_pid())
        figures = run_peer(bed, app, count)
        kafka = cpu_seconds(bed.kafka_pid()) - kafka
    finally:
        bed.drop_topics(app)
    return {**{f"peer_{name}": figures[name] for name in
               ("events_per_s", "cpu_us_per_event", "rss_mb", "row_updates_per_event")},
            "peer_cpu_us_per_event_kafka": kafka * 1e6 / count}


def build_peer(bed):
    bed.say("building the peer")
    done = subprocess.run(["mvn", "-q", "-B", "-f", checkout.ROOT / "bench/peer/pom.xml",
                           f"-DbuildTo={PEER_DIRECTORY}", "package"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failure(f"the peer could not be built:\n{done.stdout[-3000:]}")


def run_peer(bed, app, count):
    command = ["java", *PEER_JVM, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
               "-cp", f"{PEER_DIRECTORY}/peer.jar:{PEER_DIRECTORY}/lib/*", "peer.Peer",
               f"brokers={bed.bootstrap}", f"app={app}", f"input={app}.events",
               f"output={app}.neighbours", f"events={count}",
               f"state={bed.directory / app}", *PEER_OPTIONS]
    log = bed.directory / "peer.log"
    with open(log, "wb") as err:
        java = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, text=True)
    deadline = time.monotonic() + PEER_SECONDS
    try:
        while java.poll() is None:
            said = log.read_text(errors="replace").rstrip().rpartition("\n")[2]
            bed.say(said.removeprefix("peer: ") if said.startswith("peer: ") else "starting")
            if time.monotonic() > deadline:
                raise Failure(f"the peer was not through after {PEER_SECONDS} s")
            time.sleep(1)
        if java.returncode != 0:
            raise Failure(f"the peer ended with {java.returncode}; see {log}")
    finally:
        if java.poll() is None:
            java.kill()
        said, _ = java.communicate()
    return {name: float(value) for name, value in (line.split() for line in said.splitlines())}


MEASURES = {one.__name__: one for one in
            (micro, embed, features_trainer, delivery, pipeline, freshness, recovery.restore,
             recovery.restart, recovery.takeover, ml_1m, ml_1m_tenths, wide.wide_20k,
             wide.wide_200k, wide.trickle, serving.serve, pages.pages, searching.search,
             remaking.remaking, remaking.remade, growing.catalogue_events,
             growing.catalogue_backlog, staleness.lists_quality, peer)}

# `--only wide`: the figures of a wide catalogue and a trickle, with those they are read beside.
GROUPS = {"catalogue_million": ["catalogue_events", "catalogue_backlog"],
          "wide": ["wide_20k", "wide_200k", "trickle", "ml_1m_tenths", "features_trainer", "peer"]}
