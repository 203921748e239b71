"""A table's topic gets partitions, and is deleted and made again, while a scorer reads it."""

from confluent_kafka.admin import AdminClient, NewPartitions

from test_clear_ends import recreate
from test_new_items import write_items

EXIT_BROKEN = 70


def knows(scorer, count):
    return scorer.running() and scorer.metrics().get("freshet_items_known") == count


def test_table_topics_change_while_they_are_read(make_world, tmp_path):
    world = make_world(partitions=2)
    scorer, = world.start("scorer")
    write_items(world, tmp_path, [{"item_id": f"old-{n}"} for n in range(20)])
    world.wait(lambda: knows(scorer, 20), "the items")

    topic = world.prefix + "items"
    admin = AdminClient({"bootstrap.servers": world.bootstrap})
    admin.create_partitions([NewPartitions(topic, 8)])[topic].result()
    world.wait(lambda: world.has_leaders({topic: 8}), "the new partitions' leaders")
    write_items(world, tmp_path, [{"item_id": f"new-{n}"} for n in range(40)])
    assert sum(end > 0 for end in world.topics.ends("items").values()) > 4
    world.wait(lambda: knows(scorer, 60), "the items of the new partitions")
    assert "topic=" + topic + " partitions=8 before=2" in scorer.log()

    # More records than before, so that no position is beyond an end.
    recreate(world, "items", 8, **{"cleanup.policy": "compact"})
    write_items(world, tmp_path, [{"item_id": f"other-{n}"} for n in range(300)])
    world.wait(lambda: not scorer.running(), "the scorer to end")
    assert scorer.process.wait() == EXIT_BROKEN
    last = [line for line in scorer.log().splitlines() if "level=error" in line][-1]
    assert f"table topic {topic} was recreated" in last and "hint: " in last
    scorer, = world.start("scorer")
    assert knows(scorer, 300)
    assert scorer.stop() == 0
