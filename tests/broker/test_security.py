"""Workers on a broker with TLS, passwords, certificates, tokens and the fewest rights."""

import io
import os
import re
import subprocess
import time

import fastavro
import pytest
from confluent_kafka import admin
from conftest import BIN, ROOT, Contract, Copy, World
from secured import Secured, newer_librdkafka
from stream_data import SETTINGS, clicks, records

EVENTS = 400
PASSWORD = "correct horse 7"
WORKERS = ["ingest", "features", "trainer", "scorer"]
# What a worker finds before it starts: its input first.
NEEDS = {"ingest": ["clicks"], "features": ["events"], "trainer": ["pair-deltas"],
         "scorer": ["histories", "serving-rows", "items"]}
# Rights that are missed only when there is a blend to learn, or when lists are JSON, too.
LATER = {"scorer": ("WRITE on topic PREFIX-models", "WRITE on topic PREFIX-recommendations-json")}
# What it restores its state from: it needs to read that only when something stands there.
CHANGELOG = {"features": "features-changelog", "trainer": "neighbours", "scorer": "recommendations"}
# A right that is missed only while a table is empty.
UNLESS = {"scorer": ("DESCRIBE on topic PREFIX-neighbours", "serving-rows")}


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    broker = Secured(ROOT / "deploy/local-kafka", tmp_path_factory.mktemp("secured"))
    yield broker
    broker.stop()


def grant(secured, world, who):
    """Runs deploy/acls as an administrator would; returns what it granted."""
    done = subprocess.run([ROOT / "deploy/acls", "apply", "--bootstrap", secured.open, "--prefix",
                           world.prefix, "--group-prefix", world.prefix,
                           *(f"--principal={worker}=User:{name}" for worker, name in who.items())],
                          check=True, text=True, stdout=subprocess.PIPE)
    return done.stdout.splitlines()


def make_world(secured, where, partitions=2):
    where.mkdir(exist_ok=True)
    return World(secured.open, where, partitions).make_topics()


@pytest.fixture(scope="module")
def newer(tmp_path_factory):
    return newer_librdkafka(tmp_path_factory.mktemp("newer"))


@pytest.fixture(scope="module")
def served(secured, newer, tmp_path_factory):
    """A world in which every worker came in by a way of its own and all did their work."""
    world = make_world(secured, tmp_path_factory.mktemp("served"))
    secured.add_users(["user-ingest", "user-scorer"], PASSWORD)
    ways = {"ingest": secured.by_password("user-ingest", "${env:WORD}"),
            "features": secured.by_certificate("user-features"),
            "trainer": secured.by_token("user-trainer"),
            "scorer": secured.by_password("user-scorer", "${file:%s}" % (world.dir / "word"))}
    (world.dir / "word").write_text(PASSWORD + "\n")
    grant(secured, world, {worker: f"user-{worker}" for worker in WORKERS})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORD", PASSWORD)
        patch.setenv("LD_LIBRARY_PATH", newer)
        world.start("ingest", ingest={**ways["ingest"], **SETTINGS})
        world.start("scorer", scorer=ways["scorer"])
    world.start("features", "trainer", **ways)
    world.sent = clicks(EVENTS)
    for part in (world.sent[:EVENTS // 2], world.sent[EVENTS // 2:]):
        world.produce("clicks", records(part) + [(None, b"{no json", 0)])
        world.drain(*WORKERS)
    world.logs = "".join(copy.log() for copy in world.copies)
    yield world
    world.stop()


def test_every_way_in_leads_to_lists(served):
    assert len(list(served.topics.read("events"))) == EVENTS
    assert len(list(served.topics.read("dead-letters"))) == 2
    assert set(served.topics.newest("recommendations")) == {
        click["user"].encode() for click in served.sent}


def test_no_log_holds_a_password(served):
    assert "correct horse" not in served.logs


def test_granting_again_changes_nothing(secured, served):
    said = grant(secured, served, {worker: f"user-{worker}" for worker in WORKERS})
    assert len(said) == 1 and said[0].startswith("nothing to change")


def test_the_rights_in_the_docs_are_those_of_the_table():
    table = subprocess.run([ROOT / "deploy/acls", "list"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    assert table in (ROOT / "docs/security.md").read_text()
    told = subprocess.run([BIN / "freshet", "acls", "list"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    assert told == table


def refused(world, way):
    """The last words of a worker that is not let in."""
    copy = Copy(world, "trainer", 0, way)
    world.wait(lambda: not copy.running(), "a worker that is not let in to end")
    assert copy.process.returncode == 78
    assert "no broker accepts us" in last_error(copy)
    return last_error(copy)


def test_a_wrong_password_is_named(secured, newer, tmp_path, monkeypatch):
    world = make_world(secured, tmp_path / "world", 1)
    secured.add_users(["mistaken"], PASSWORD)
    monkeypatch.setenv("LD_LIBRARY_PATH", newer)
    told = refused(world, secured.by_password("mistaken", "wrong horse"))
    assert "invalid credentials" in told
    assert "wrong horse" not in told


def test_a_library_too_old_for_scram_is_named(secured, tmp_path):
    """That of Debian 12: when it is fixed, no test here needs a newer one."""
    world = make_world(secured, tmp_path / "world", 1)
    secured.add_users(["right"], PASSWORD)
    assert "older than 2.6.1" in refused(world, secured.by_password("right", PASSWORD))


def test_a_broker_that_is_somebody_else_is_named(secured, tmp_path):
    world = make_world(secured, tmp_path / "world", 1)
    way = {**secured.by_token("anybody"),
           "kafka.ssl.ca.location": "/etc/ssl/certs/ca-certificates.crt"}
    assert "certificate verify failed" in refused(world, way)


def last_error(copy):
    """Its last words."""
    return [line for line in copy.log().splitlines() if "level=error" in line][-1]


def binding(told, principal):
    """A right as deploy/acls told it, for this principal."""
    match = re.fullmatch(r"granted User:\S+: (\w+) on (\w+) (\S+?)(\*?)", told)
    return admin.AclBinding(
        admin.ResourceType[match[2].upper()], match[3],
        admin.ResourcePatternType.PREFIXED if match[4] else admin.ResourcePatternType.LITERAL,
        principal, "*", admin.AclOperation[match[1]], admin.AclPermissionType.ALLOW)


class Short:
    """A worker that has every right but one, in a world of its own."""

    def __init__(self, secured, where, worker, index, told):
        where.mkdir()
        self.worker, self.world = worker, World(secured.open, where, 1)
        self.user = f"{self.world.prefix}{worker}-{index}"
        self.missing = told[index].split(": ")[1]
        self.told = [line.replace("PREFIX-", self.world.prefix) for line in told]
        self.right = self.told.pop(index)
        self.rights = [binding(line, f"User:{self.user}") for line in self.told]

    def found(self, name):
        """Says whether this stands in its world, so that it misses its right."""
        if self.missing == UNLESS.get(self.worker, ("",))[0]:
            return name not in UNLESS[self.worker]
        return name != CHANGELOG.get(self.worker) or self.right.endswith(
            f"READ on topic {self.world.prefix}{name}")

    def topics(self, names):
        return [admin.NewTopic(self.world.prefix + name, 1, 1) for name in names]

    def start(self, secured):
        more = SETTINGS if self.worker == "ingest" else {}
        self.copy = Copy(self.world, self.worker, 0, {**secured.by_token(self.user), **more})
        self.world.copies.append(self.copy)

    def says_what_is_missing(self):
        """In its last words: the name of the topic, or which kind of name was refused."""
        _, kind, name = re.fullmatch(r"granted \S+ (\w+) on (\w+) (\S+)", self.right).groups()
        said = self.copy.log()
        return "AUTHORIZATION_FAILED" in said and (
            name in said if kind == "topic" else kind.split("_")[0] in said.lower())


def await_rights(secured, rights):
    """The answer to a grant comes before the broker knows it: a start would miss another right."""
    every = admin.AclBindingFilter(
        admin.ResourceType.ANY, None, admin.ResourcePatternType.ANY, None, None,
        admin.AclOperation.ANY, admin.AclPermissionType.ANY)
    deadline = time.monotonic() + 120
    while not set(rights) <= set(secured.admin.describe_acls(every).result()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def plan_of(secured, principal, prefix, *more):
    """The rights of [WORKER=]User:NAME as deploy/acls would grant them."""
    done = subprocess.run([ROOT / "deploy/acls", "plan", "--bootstrap", secured.open, "--prefix",
                           prefix, "--group-prefix", prefix, f"--principal={principal}", *more],
                          check=True, text=True, stdout=subprocess.PIPE)
    return [line.replace("grant  ", "granted") for line in done.stdout.splitlines()]


def acls(secured, prefix, principal, verb, *more, library=None):
    """What `freshet acls` prints, with Debian's Kafka client or with another."""
    path = {**os.environ, **({"LD_LIBRARY_PATH": library} if library else {})}
    done = subprocess.run([BIN / "freshet", "acls", verb, "--bootstrap", secured.open, "--prefix",
                           prefix, "--group-prefix", prefix, f"--principal={principal}", *more],
                          env=path, check=True, text=True, stdout=subprocess.PIPE, timeout=120)
    return done.stdout.splitlines()


@pytest.mark.parametrize("more", [(), ("--generations", "--settings")])
def test_the_command_grants_what_the_script_would(secured, newer, tmp_path, more):
    """Debian's client cannot name transactional ids: Kafka's own commands stand for these."""
    prefix = World(secured.open, tmp_path, 1).prefix
    principal = f"features=User:{prefix}f"
    wanted = plan_of(secured, principal, prefix, *more)
    of_transactions = [line for line in wanted if "transactional_id" in line]
    told = acls(secured, prefix, principal, "plan", *more)
    by_hand = told.index("by hand, as this Kafka client cannot name transactional ids:")
    assert [line.replace("grant  ", "granted") for line in told[:by_hand]] == [
        line for line in wanted if line not in of_transactions]
    assert told[by_hand + 1:] == [
        f"kafka-acls.sh --bootstrap-server {secured.open} --add --allow-principal "
        f"User:{prefix}f --operation Write --transactional-id {prefix}features "
        "--resource-pattern-type prefixed"]
    commands = acls(secured, prefix, principal, "commands", *more)
    assert len(commands) == len(wanted) and told[-1] in commands
    assert acls(secured, prefix, principal, "apply", *more, library=newer) == wanted
    nothing = [f"nothing to change: all {len(wanted)} rights exist"]
    assert acls(secured, prefix, principal, "plan", *more, library=newer) == nothing
    assert plan_of(secured, principal, prefix, *more) == nothing


def freshet(secured, world, user, rights, *words):
    """Runs a command in the world as this user, who has only these rights."""
    bindings = [binding(line, f"User:{user}") for line in rights]
    for future in secured.admin.create_acls(bindings).values():
        future.result()
    await_rights(secured, bindings)
    way = {"group.prefix": world.prefix, "topic.prefix": world.prefix, **secured.by_token(user)}
    return subprocess.run([BIN / "freshet", *words,
                           *(f"--set={key}={value}" for key, value in way.items())],
                          text=True, capture_output=True, timeout=120)


def redrive(secured, world, user, rights, *words):
    """Sends the world's dead letters again."""
    return freshet(secured, world, user, rights, "redrive", *words)


def test_a_profile_that_may_not_be_deleted_ends_a_request_to_forget(secured, served):
    """Without a right to `users` nobody knows whether there is a profile; nothing is written."""
    rights = [f"granted User:x: {right} on topic {served.prefix}{name}" for right, name in [
        ("WRITE", "events"), ("READ", "receipts"), ("DESCRIBE", "pair-deltas"),
        ("DESCRIBE", "histories")]]
    rights.append(f"granted User:x: DESCRIBE on group {served.prefix}*")
    before = len(list(served.topics.read("events")))
    done = freshet(secured, served, "forget", rights, "forget", "nobody-1", "--timeout", "5")
    assert done.returncode == 1 and not done.stdout, done.stderr
    assert f"a profile in {served.prefix}users could not be deleted: " in done.stderr, done.stderr
    assert "AUTHORIZATION_FAILED" in done.stderr and "nothing was erased" in done.stderr
    assert len(list(served.topics.read("events"))) == before


def test_redrive_with_the_fewest_rights(secured, served):
    told = plan_of(secured, "redrive=User:x", served.prefix)
    source = f"READ on topic {served.prefix}clicks"
    enough = [one for one in told if not one.endswith(source)]
    done = redrive(secured, served, "redrive", enough, "--limit", "1")
    assert done.returncode == 0, done.stderr
    for index, right in enumerate(told):
        if right.endswith(source):
            continue  # needed only for dead letters without their bytes
        done = redrive(secured, served, f"redrive-{index}", told[:index] + told[index + 1:])
        assert done.returncode != 0, f"without {right}"
        _, kind, name = re.fullmatch(r"granted \S+ (\w+) on (\w+) (\S+?)\*?", right).groups()
        told_of = name if kind == "topic" else kind.split("_")[0]
        assert "AUTHORIZATION_FAILED" in done.stderr and told_of in done.stderr.lower(), \
            f"without {right}: {done.stderr}"
    served.drain("ingest")  # what was sent is refused again: a third dead letter
    done = redrive(secured, served, "redrive", enough)
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()[1:2]] == [["bad_json", "3", "1", "2"]]


def test_trial_with_the_fewest_rights(secured, served):
    """As far as it comes while no other generation runs; then it would write to `trials`."""
    told = plan_of(secured, "trial=User:x", served.prefix, "--generations")
    assert sum("WRITE" in right for right in told) == 1
    words = ["trial", "start", "g2", "--share", "10%"]
    done = freshet(secured, served, "trial", told, *words)
    assert done.returncode == 1 and "no scorer of g2 runs" in done.stderr, done.stderr
    needed = [f"READ on topic {served.prefix}generations",
              f"DESCRIBE on topic {served.prefix}recommendations"]
    for index, right in enumerate(needed):
        less = [one for one in told if right not in one]
        assert len(less) < len(told), right
        done = freshet(secured, served, f"trial-{index}", less, *words)
        assert done.returncode == 1 and "AUTHORIZATION_FAILED" in done.stderr, (right, done.stderr)


def test_workers_of_one_name_are_not_granted_what_commands_need(secured):
    plan = "\n".join(plan_of(secured, "User:x", "P-"))
    assert "WRITE on topic P-recommendations" in plan and "WRITE on topic P-clicks" not in plan
    assert "WRITE on topic P-rules" not in plan and "WRITE on topic P-trials" not in plan
    assert plan_of(secured, "rules=User:x", "P-") == [
        "granted User:x: READ on topic P-rules", "granted User:x: WRITE on topic P-rules"]


def identified(record):
    """The user of an event is somebody else, too: what features writes to `moves` comes of that."""
    form, out = Contract("user_event"), io.BytesIO()
    event = {**form.decode(record.value), "event_id": "joined", "action": "IDENTIFY",
             "item_id": "", "known_id": "somebody-else"}
    fastavro.schemaless_writer(out, form.schema, event)
    return record.key, form.frame + out.getvalue(), 0


@pytest.mark.parametrize("worker", WORKERS)
def test_one_right_fewer_is_named(secured, served, tmp_path, worker):
    """All of a worker's shortened copies run at once, over what the served world had read."""
    told = [line for line in plan_of(secured, f"{worker}=User:x", "PREFIX-")
            if not line.endswith(LATER.get(worker, ("-",)))]
    shorts = [Short(secured, tmp_path / str(index), worker, index, told)
              for index in range(len(told))]
    names = [topic[len(served.prefix):] for topic in secured.admin.list_topics().topics
             if topic.startswith(served.prefix)]
    made = secured.admin.create_topics([one for short in shorts for one in short.topics(names)])
    made = [*made.values(), *secured.admin.create_acls(
        [right for short in shorts for right in short.rights]).values()]
    for future in made:
        future.result()
    for short in shorts:
        short.world.wait(lambda one=short: one.world.has_leaders(
            {topic.topic: 1 for topic in one.topics(names)}), "the topics")
    await_rights(secured, [right for short in shorts for right in short.rights])
    needs = [*NEEDS[worker], *([CHANGELOG[worker]] if worker in CHANGELOG else [])]
    found = {name: [(record.key, record.value, 0) for record in served.topics.read(name)]
             for name in needs}
    if worker == "features":
        found["events"].append(identified(next(iter(served.topics.read("events")))))
    found[NEEDS[worker][0]].append((b"bad", b"bad", 0))
    for short in shorts:
        for name in needs:
            if short.found(name):
                short.world.produce(name, found[name])
    for short in shorts:
        short.start(secured)
    for short in shorts:
        short.world.wait(lambda one=short: not one.copy.running(),
                         f"{worker} without '{short.right}' to end")
        assert short.copy.process.returncode == 78, short.copy.log()
        assert short.says_what_is_missing(), f"{short.right}:\n{short.copy.log()}"
