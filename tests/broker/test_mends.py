"""What a hint says mends: its commands are run as they stand in the log, and nothing is lost."""

import os
import re
import subprocess

from conftest import BIN, Copy
from stream_data import SETTINGS, clicks, records
from test_clear_ends import ended, trim
from test_foreign_hands import ALONE, COUNTING, end, more, of_workers, start
from test_neighbours import cells, run

EVENTS = 600


def obey(world, command):
    """Runs a command of the log in a shell, in a directory that has nothing to do with it."""
    assert re.match(r"freshet (reset|backfill) ", command), command
    where = world.dir / "elsewhere"
    where.mkdir(exist_ok=True)
    done = subprocess.run(command, shell=True, cwd=where, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300,
                          env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"})
    assert done.returncode == 0, command + "\n" + done.stdout
    return done.stdout


def retention_passes(world, sent, own=""):
    """Retention passes what features sends while the trainer is down; returns the line with which
    the trainer ends. Then nothing of the generation runs."""
    settings = {"generation": own} if own else {}
    world.produce("clicks", records(sent))
    world.drain("ingest")
    features, = world.start("features", features={**ALONE["features"], **settings})
    world.drain("features", generation=own)
    end(world, features)
    trim(world, f"pair-deltas.{own}" if own else "pair-deltas")
    trainer = Copy(world, "trainer", 0, {**ALONE["trainer"], **settings})
    world.copies.append(trainer)
    line = ended(world, trainer)
    world.copies.remove(trainer)
    assert "retention has passed it, events are lost" in line and "--reset-offsets" not in line
    return line


def test_deltas_that_retention_took(make_world):
    sent = clicks(EVENTS)
    expected = cells(run(make_world(1), sent))
    world = make_world(1)
    world.start("ingest", ingest=SETTINGS)
    end(world, *more(world, sent[:EVENTS // 2], COUNTING))
    line = retention_passes(world, sent[EVENTS // 2:])
    command, = re.findall(r"freshet reset base --yes[^;]*", line)
    assert "the state below" in obey(world, command)
    start(world, *COUNTING)
    world.drain(*COUNTING)
    assert cells(world.rows()) == expected
    end(world, *of_workers(world, *COUNTING))

    # The command refuses when `events` is not whole any more: nothing could make all of it again.
    trim(world, "events")
    done = subprocess.run([BIN / "freshet", *command.split()[1:]], text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 1 and "cannot be counted again" in done.stdout, done.stdout
    start(world, *COUNTING)
    world.drain(*COUNTING)
    assert cells(world.rows()) == expected


def test_deltas_of_a_named_generation(make_world):
    """A reset deletes its topics; the command behind it makes them again."""
    sent = clicks(EVENTS)
    expected = cells(run(make_world(1), sent))
    world = make_world(1)
    world.start("ingest", ingest=SETTINGS)
    world.produce("clicks", records(sent[:EVENTS // 2]))
    world.drain("ingest")
    where = (f"--bootstrap {world.bootstrap} --prefix {world.prefix} "
             f"--group-prefix {world.prefix} --set state.dir={world.state}")
    obey(world, f"freshet backfill --generation g2 {where}")
    line = retention_passes(world, sent[EVENTS // 2:], own="g2")
    reset, = re.findall(r"freshet reset g2 --yes[^;]*", line)
    backfill, = re.findall(r"(freshet backfill --generation g2.*?) makes it again", line)
    obey(world, reset)
    assert "has lost" not in obey(world, backfill)
    assert cells(world.rows("g2")) == expected
    trim(world, "events")
    obey(world, reset)
    assert f"{world.prefix}events has lost its first " in obey(world, backfill)
