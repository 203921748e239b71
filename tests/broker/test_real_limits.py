"""What a real broker does not allow, or tells wrongly, is named at the start."""

import pytest
from confluent_kafka import Consumer
from conftest import Copy, World
from test_serve import own_broker  # noqa: F401 (a fixture)
from test_clear_ends import ended


def start_with(own_broker, tmp_path, text):  # noqa: F811
    start, _ = own_broker
    (tmp_path / "broker.properties").write_text(text)
    return start("--properties", tmp_path / "broker.properties")


def test_limits_of_a_real_broker(own_broker, tmp_path):  # noqa: F811
    bootstrap = start_with(own_broker, tmp_path, "transaction.max.timeout.ms=5000\n")
    world = World(bootstrap, tmp_path, partitions=1).make_topics()
    try:
        for worker in ("features", "trainer"):
            copy = Copy(world, worker, 0, {})
            world.copies.append(copy)
            line = ended(world, copy)
            assert "transaction.max.timeout.ms" in line, line
            assert "kafka.producer.transaction.timeout.ms" in line, line
        world.copies.clear()
        copy, = world.start("features",
                            features={"kafka.producer.transaction.timeout.ms": "5000"})
        assert copy.stop() == 0, copy.log()
    finally:
        world.stop()


def test_transactions_without_a_coordinator(own_broker, tmp_path):  # noqa: F811
    """__transaction_state cannot be made: no wrong setting of ours, and it may go away."""
    bootstrap = start_with(own_broker, tmp_path,
                           "transaction.state.log.replication.factor=3\n"
                           "transaction.state.log.min.isr=2\n")
    world = World(bootstrap, tmp_path, partitions=1).make_topics()
    for worker in ("features", "trainer"):
        copy = Copy(world, worker, 0, {"connect.timeout.ms": "5s"})
        world.copies.append(copy)
        world.wait(lambda copy=copy: not copy.running(), f"{worker} to end")
        last = copy.log().splitlines()[-1]
        assert copy.process.wait() == 75, copy.log()
        assert "init of transactions" in last and "__transaction_state" in last, last


def test_a_wrong_listener_of_a_real_broker(own_broker, tmp_path):  # noqa: F811
    bootstrap = start_with(own_broker, tmp_path, "advertised.listeners=PLAINTEXT://127.0.0.1:9\n")
    world = World(bootstrap, tmp_path, partitions=1)
    copy = Copy(world, "features", 0, {"connect.timeout.ms": "8s"})
    world.copies.append(copy)
    world.wait(lambda: not copy.running(), "features to end")
    assert copy.process.wait() == 70, copy.log()
    last = copy.log().splitlines()[-1]
    assert "last trouble: " in last and "127.0.0.1:9: Connect to" in last, last
    assert "hint: an address that is not in bootstrap.servers" in last, last


def test_a_copy_that_the_group_has_told_nothing_is_not_healthy(make_world):
    """Another member of the group does not answer, so nobody gets partitions for a while."""
    world = make_world(1)
    other = Consumer({"bootstrap.servers": world.bootstrap, "group.id": world.prefix + "features",
                      "partition.assignment.strategy": "range", "session.timeout.ms": 30000,
                      "max.poll.interval.ms": 30000, "enable.auto.commit": False})
    try:
        other.subscribe([world.prefix + "events"])
        world.wait(lambda: other.poll(0.5) is None and other.assignment(), "the other member")
        copy = Copy(world, "features", 0, {})
        world.copies.append(copy)
        world.wait(lambda: copy.slot_file.exists(), "features to have a port")
        for _ in range(10):
            with pytest.raises(OSError, match="503"):
                copy._get("/health")  # pylint: disable=protected-access
            assert copy.metrics()["freshet_tasks"] == 0
    finally:
        other.close()
    world.wait(copy.healthy, "features to have its partition")
    assert copy.stop() == 0
