"""Workers of this version among messages of a later one, in both framings: they restore from them,
go on with them, and come to what workers come to that never saw any. What they write themselves is
read by later readers, by fastavro and Java's Avro."""

from rewritten import NAMES, TOPICS, Forms, decoded, rewrite, schema_of
from stream_data import SETTINGS, clicks, records
from test_forget import forget
from test_neighbours import UNBOUND

import changes
import resolvers
import matrix

EVENTS = 600
LATER = 150
SAMPLED = 40
HIDDEN = "50"  # an item that is not available
COMPARED = ("histories", "features-changelog", "neighbours", "recommendations")
# Written by programs that do not run here (freshet-embed, the sequence trainer, freshet-serve and
# who asks it, `freshet redrive`, `freshet rules`, `freshet trial`), while an archive of more than
# 1,024 actions is subtracted, when actions name their list, when users are joined and where rules
# explore: tests/evolution has them.
ABSENT = ("applied_rules", "candidate_list", "content_vectors", "given_vector", "group_profile",
          "item_list", "item_vector", "merge_receipt", "placement_outcomes", "model_weights",
          "recommendation_request", "recommendation_response", "redrive_mark", "served_place",
          "trial_record", "user_erasure", "user_move")
PRESENT = [name for name in NAMES if name not in ABSENT]


def messages_of_ours():
    """The first events and all of the user who has most: some of that user's are archived."""
    everything = clicks(100_000)
    heavy = "405"
    first = everything[:EVENTS]
    rest = [one for one in everything[EVENTS:] if one["user"] == heavy]
    return heavy, first + rest, everything[EVENTS:EVENTS + LATER]


def catalogue(forms, world):
    items = [{"item_id": str(number), "available": str(number) != HIDDEN} for number in range(200)]
    for name, topic, key, made in (("item", "items", "item_id", items),
                                   ("user_profile", "users", "user_id",
                                    [{"user_id": str(number)} for number in range(50)])):
        number = NAMES.index(name)
        plain = {field["name"]: field["default"] for field in forms.schemas[number]["fields"]
                 if "default" in field}
        world.produce(topic, [(one[key], forms.now(name, {**plain, **one}), 0) for one in made])


def first_world(forms, make_world):
    """All workers, then features alone: there is state of each, and input left for each."""
    world = make_world(2)
    heavy, sent, later = messages_of_ours()
    catalogue(forms, world)
    world.produce("clicks", records(sent[:-100]))
    world.start("ingest", "features", "trainer", ingest=SETTINGS, trainer=UNBOUND)
    world.drain("ingest", "features", "trainer")
    world.start("scorer")
    world.drain("scorer")
    forget(world, sent[0]["user"], "--until", "0")
    world.stop()
    world.produce("clicks", records(sent[-100:]))
    world.start("ingest", "features", ingest=SETTINGS)
    world.drain("ingest", "features")
    world.stop()
    return world, heavy, later


def go_on(forms, world, heavy, later, write, options):
    """More events and a request to forget, then the tables, then the lists; then a user is to be
    forgotten who has an archive."""
    form = {"event_id": "id", "user_id": "user", "item_id": "item"}
    events = [{**{ours: str(one[theirs]) for ours, theirs in form.items()}, "action": "RATING",
               "weight": float(one["value"]), "event_time_ms": one["ts"] * 1000, "sequence": 0,
               "received_ms": one["ts"] * 1000} for one in later]
    world.produce("events", [(one["user_id"], write(forms.now("user_event", one)),
                              one["event_time_ms"]) for one in events])
    gone = later[0]["user"]
    request = {"request_id": "by hand", "user_id": gone, "until_ms": 0, "requested_ms": 1,
               "salt": b"grains"}
    for partition in range(world.partitions):
        world.produce("events", [(gone, write(forms.now("forget_request", request)), 1)], partition)
    world.start("features", features=options)
    world.drain("features")
    world.start("trainer", trainer={**UNBOUND, **options})
    world.drain("trainer")
    # Lists that the erasure changes are made again some time later, perhaps after the comparison.
    world.start("scorer", scorer={"lists.remake.share": 0, **options})
    world.drain("scorer")
    receipts = {key for key in world.topics.newest("receipts") if key.startswith(b"by hand/")}
    assert len(receipts) == world.partitions
    path = ["--set", f"schemas.path={options['schemas.path']}"] if options else []
    receipt = forget(world, heavy, "--until", "0", *path)
    assert receipt["archived"] > 0 and receipt["left_in"] == 0
    switch(forms, world, write)
    for copy in world.copies:
        assert copy.metrics().get("freshet_dead_letters_total", 0) == 0
    assert set(world.stop().values()) == {0}


def switch(forms, world, write):
    """Another generation is to be live: this one's scorer gives up each partition."""
    step = {"kind": "LIVE", "epoch": 1, "generation": "next", "previous": "", "partition": -1}
    world.produce("generations", [("live", write(forms.now("generation_step", step)), 0)])
    released = {f"released//{partition}".encode() for partition in range(world.partitions)}
    world.wait(lambda: released <= set(world.topics.newest("generations")), "partitions released")
    assert set(world.topics.newest("lists")) == set(world.topics.newest("recommendations"))


def sampled(forms, world):
    """Some bodies of each schema that a world's topics hold, by its number."""
    found = {}
    for topic in (*TOPICS, "lists", "generations"):
        for record in world.topics.read(topic):
            parts = forms.parts(record.value)
            if parts and len(found.setdefault(parts[0], [])) < SAMPLED:
                found[parts[0]].append(parts[1])
    return found


def compare(forms, world, contracts):
    """What a world's topics hold: later versions are read by the present one, and the present by
    everything that it may become. `contracts` collects messages of the present, by name."""
    lines, questions = [f"S {changes.text(schema)}" for schema in forms.schemas], []
    for number, bodies in sampled(forms, world).items():
        if number < len(NAMES):
            contracts[NAMES[number]] = bodies
        else:
            questions += [(number, body, number - len(NAMES)) for body in bodies]
    lines += [f"M {writer} {reader} {(chr(0).encode() + writer.to_bytes(4, 'big') + body).hex()}"
              for writer, body, reader in questions]
    java, ours = [resolvers.ask(command, lines)[len(forms.schemas):]
                  for command in (resolvers.java_command(), resolvers.ours_command())]
    fast = [forms.fast.answer(writer, reader, body) for writer, body, reader in questions]
    assert not any(one.startswith(resolvers.REFUSED) for one in fast)
    assert java == fast and ours == fast
    return {NAMES[reader] for _, _, reader in questions}


def check_later_readers(contracts):
    """Bytes that our workers wrote, from the topics, for every later reader in the matrix."""
    def cases(ours):  # `seen` is bytes that are no text
        return [case for case in changes.cases(ours)
                if case.onward and case.old == ours and case.change != "bytes becomes string"]

    def bodies(ours):
        found = contracts[by_name[ours["name"]]]
        return [found[0], found[len(found) // 2], found[-1]]
    by_name = {schema_of(name)["name"]: name for name in PRESENT}
    verdict = matrix.compared([schema_of(name) for name in PRESENT], cases, bodies=bodies)
    assert not verdict.differences, verdict.differences[0]
    return verdict


def test_among_later_versions(make_world, tmp_path):
    forms = Forms()
    world, heavy, later = first_world(forms, make_world)
    worlds = {}
    for framing in matrix.FRAMINGS:
        worlds[framing] = make_world(2)
        rewrite(forms, world, worlds[framing], framing)
    go_on(forms, world, heavy, later, lambda message: message, {})
    expected = {topic: decoded(forms, world, topic) for topic in COMPARED}
    assert all(expected.values())
    shown = [item for one in expected["recommendations"].values() for item in one["items"]]
    assert shown and HIDDEN not in shown
    contracts = {}
    compare(forms, world, contracts)
    assert set(contracts) == set(PRESENT)
    for framing, other in worlds.items():
        path = forms.write_schemas(tmp_path / framing, framing)
        go_on(forms, other, heavy, later, lambda message, to=framing: forms.later(message, to),
              {"schemas.path": path,
               "schema.framing": framing if framing == "confluent" else "single"})
        for topic in COMPARED:
            assert decoded(forms, other, topic) == expected[topic], (framing, topic)
        assert compare(forms, other, {}) == set(PRESENT)
    verdict = check_later_readers(contracts)
    assert len({name for name, _, _ in verdict.seen}) == len(PRESENT)
