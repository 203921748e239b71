"""Workers that are killed, stopped and moved leave the same table as undisturbed ones."""

import shutil

from stream_data import SETTINGS, clicks, records
from test_neighbours import UNBOUND, cells, run

EVENTS = 8_000


def test_killed_stopped_and_moved(make_world):
    sent = clicks(EVENTS)
    expected = cells(run(make_world(), sent))
    world = make_world()
    world.start("ingest", ingest=SETTINGS)
    pieces = [sent[at:at + EVENTS // 4] for at in range(0, EVENTS, EVENTS // 4)]
    for number, piece in enumerate(pieces):
        world.produce("clicks", records(piece))
        features, trainer = world.start("features", "trainer", trainer=UNBOUND)
        if number == 0:  # in the middle of its work
            features.kill()
            trainer.kill()
        elif number == 1:  # in good order
            world.drain("ingest", "features")
            assert features.stop() == 0
            trainer.kill()
        elif number == 2:  # on a new machine
            features.kill()
            assert trainer.stop() == 0
            shutil.rmtree(world.state / "features")
            shutil.rmtree(world.state / "trainer")
    world.drain("ingest", "features", "trainer")
    assert cells(world.rows()) == expected
