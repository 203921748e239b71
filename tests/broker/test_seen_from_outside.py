"""Through a real broker: what /health, metrics and the log say of a worker that does not get on,
and what a list takes while a large catalogue is read beside it."""

from confluent_kafka import Producer

from conftest import Copy
from stream_data import SETTINGS, records, synthetic
from test_new_items import write_items

# All items are looked at a few times, when the trend falls by half, not for each list.
USERS, EVENTS, CATALOGUE, LOOKED_MAX = 600, 1500, 60_000, 5000


def answered(copy):
    """The code of /health."""
    try:
        copy._get("/health")  # pylint: disable=protected-access
        return 200
    except OSError as error:
        return getattr(error, "code", None)


def hang(world, name):
    """Opens a transaction on a topic and leaves it open."""
    producer = Producer({"bootstrap.servers": world.bootstrap, "log_level": 2,
                         "transactional.id": f"{world.prefix}{name}-of-another",
                         "transaction.timeout.ms": 600_000})
    producer.init_transactions(60)
    producer.begin_transaction()
    producer.produce(world.prefix + name, key=b"i1", value=b"no item")
    assert producer.flush(60) == 0
    return producer


def stands_still(world, copy, lines):
    """Says whether another line tells of the table, and metrics do."""
    told = f"waiting for a table\" topic={world.prefix}items partition=0"
    metrics = copy.metrics()
    return copy.log().count(told) > lines and metrics["freshet_table_lag"] > 0 and \
        metrics["freshet_table_still_seconds"] > 5


def test_a_table_that_somebody_holds(make_world):
    world = make_world(partitions=1)
    held = hang(world, "items")
    scorer = Copy(world, "scorer", 0, {})
    world.copies.append(scorer)
    world.wait(scorer.slot_file.exists, "the scorer's port")
    world.wait(lambda: stands_still(world, scorer, 0), "the scorer to say for what it waits")
    assert answered(scorer) == 503 and "a transaction on it is open" in scorer.log()
    held.abort_transaction(60)
    world.wait(scorer.healthy, "the scorer to serve")
    assert scorer.metrics()["freshet_table_still_seconds"] == 0
    held = hang(world, "items")
    world.wait(lambda: stands_still(world, scorer, 1), "the scorer to say it once more")
    assert answered(scorer) == 200  # it serves with what it has
    held.abort_transaction(60)
    world.wait(lambda: scorer.metrics()["freshet_table_still_seconds"] == 0, "the table")
    assert scorer.stop() == 0


def test_lists_while_the_catalogue_is_read(make_world, tmp_path):
    """A scorer begins with events to make lists of and a catalogue that it does not know."""
    world = make_world(partitions=2)
    sent = synthetic(USERS, 2 * EVENTS)
    world.produce("clicks", records(sent[:EVENTS]))
    world.start("ingest", "features", "trainer", ingest=SETTINGS)
    world.drain("ingest", "features", "trainer")
    write_items(world, tmp_path, [{"item_id": f"c{n}"} for n in range(CATALOGUE)])
    scorer = Copy(world, "scorer", 0, {"list.length": "300"})  # each is filled up
    world.copies.append(scorer)
    world.wait(scorer.slot_file.exists, "the scorer's port")
    left = []

    def read():
        found = scorer.metrics().get("freshet_broadcast_remaining")
        if found is not None:  # the port answers before the tables are opened
            left.append(found)
        return found == 0 and scorer.healthy()
    world.wait(read, "the tables")
    # It serves; now the catalogue grows by as much again, while users act.
    write_items(world, tmp_path, [{"item_id": f"d{n}"} for n in range(CATALOGUE)])
    world.produce("clicks", records(sent[EVENTS:]))
    world.drain("ingest", "features", "trainer", "scorer")
    metrics = scorer.metrics()
    assert metrics["freshet_table_lag"] == 0
    assert metrics["freshet_items_known"] >= 2 * CATALOGUE
    a_list = metrics["freshet_list_items_looked_total"] / metrics["freshet_lists_published_total"]
    print(f"{a_list:.0f} items looked at a list, of {metrics['freshet_items_known']:.0f}")
    assert 0 < a_list < LOOKED_MAX
    newest = world.topics.newest("recommendations")
    assert len(newest) == USERS
    assert set(world.stop().values()) == {0}
