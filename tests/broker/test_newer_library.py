"""The same workers on a newer librdkafka, as the loader finds it: no build of their own."""

from pathlib import Path

from secured import newer_librdkafka
from stream_data import SETTINGS, clicks, records
from test_neighbours import UNBOUND, cells, run
from test_takeover import serves

EVENTS = 8_000
SESSION = {"kafka.consumer.session.timeout.ms": "6000"}


def library_of(copy):
    """The librdkafka that a process has loaded."""
    lines = Path(f"/proc/{copy.process.pid}/maps").read_text().splitlines()
    return {Path(line.split()[-1]).resolve() for line in lines if "librdkafka" in line}


def test_killed_stopped_and_shared_out(make_world, tmp_path, monkeypatch):
    sent = clicks(EVENTS)
    expected = cells(run(make_world(), sent))
    monkeypatch.setenv("LD_LIBRARY_PATH", newer_librdkafka(tmp_path))
    newer = {next(tmp_path.glob("librdkafka*")).resolve()}
    world = make_world()
    world.start("ingest", "scorer", ingest=SETTINGS)
    trainer = {**SESSION, **UNBOUND}
    first = world.start("features", "trainer", features=SESSION, trainer=trainer)
    assert [library_of(copy) for copy in first] == [newer, newer]
    world.produce("clicks", records(sent[:EVENTS // 3]))
    second = world.start("features", "trainer", features=SESSION, trainer=trainer)
    world.produce("clicks", records(sent[EVENTS // 3:EVENTS * 2 // 3]))
    world.wait(lambda: [len(serves(copy)) for copy in first + second] == [2] * 4, "both to serve")
    for copy in first:
        copy.kill()
    world.produce("clicks", records(sent[EVENTS * 2 // 3:]))
    world.drain("ingest", "features", "trainer", "scorer")
    assert cells(world.rows()) == expected
    assert [len(serves(copy)) for copy in second] == [world.partitions] * 2
    assert set(world.stop().values()) == {0}
