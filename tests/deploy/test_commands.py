"""Every command of `freshet` explains itself and checks its numbers before it does anything."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FRESHET = Path(os.environ.get("FRESHET_BIN", ROOT / os.environ.get("BUILD", "build") / "bin"),
               "freshet")
# What the help calls a value that is checked as a number, a time or a choice.
CHECKED = {"N", "R", "MS", "SECONDS", "ROUNDS", "TIME", "POSITION"}


def freshet(*words, code=0):
    done = subprocess.run([FRESHET, *words], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def commands():
    return re.findall(r"^  (\w+) +\w", freshet("--help").stdout, re.M)


def flags(command):
    """flag -> what the help calls its value, of those that have one."""
    page = freshet(command, "--help").stdout
    return dict(re.findall(r"^  (?:-.,|   ) --([a-z-]+)=(\S+)", page, re.M))


def arguments(command):
    """As many as the command wants, and the flags that it needs."""
    usage = freshet(command, "--help").stdout.splitlines()[0].split("[OPTION...]")[1].split()
    return [word.split("=")[0] + "=x" if word.startswith("--") else "x" for word in usage]


def checked():
    return [(command, flag) for command in commands() for flag, value in flags(command).items()
            if value in CHECKED]


def test_the_pages_agree():
    assert len(commands()) == 31
    assert freshet("help").stdout == freshet("--help").stdout
    assert freshet("help", "peek").stdout == freshet("peek", "-?").stdout
    assert freshet(code=64).stderr == freshet("--help").stdout


def test_help():
    for command in commands():
        page = freshet(command, "--help").stdout
        assert page.startswith(f"Usage: freshet {command} [OPTION...]")
        assert "--help" in page and page == freshet(command, "--usage").stdout


def test_known_numbers_are_checked():
    """The next test tries what the pages say; these at least must be among them."""
    assert {("peek", "limit"), ("peek", "partition"), ("replay", "rate"), ("replay", "limit"),
            ("replay", "skip"), ("similar", "count"), ("map", "at"), ("forget", "until"),
            ("forget", "timeout"), ("merge", "timeout"), ("redrive", "limit"), ("redrive", "since"),
            ("redrive", "until"), ("backfill", "from"), ("backfill", "to"), ("backfill", "copies"),
            ("compare", "hours"), ("promote", "timeout"), ("rollback", "timeout"),
            ("evaluate", "tune"), ("evaluate", "every"), ("evaluate", "seed"),
            ("evaluate", "min-rating")} <= set(checked())


def test_a_bad_number_is_an_error():
    for command, flag in checked():
        for bad in ("abc", "5x", "", "1e999"):
            done = freshet(command, *arguments(command), f"--{flag}={bad}", code=64)
            assert done.stderr.startswith(f"freshet {command}: --{flag}: "), done.stderr
            assert f'"{bad}" is wrong; it takes ' in done.stderr and not done.stdout


def test_words_that_are_wrong():
    assert "did you mean backfill?" in freshet("backfil", code=64).stderr
    assert "no command" in freshet("--limit", code=64).stderr
    assert "did you mean --limit?" in freshet("peek", "x", "--limt", "3", code=64).stderr
    assert "TOPIC is missing" in freshet("peek", code=64).stderr
    assert "FILE is missing" in freshet("evaluate", code=64).stderr
    assert "--try FILE is missing" in freshet("map", code=64).stderr
    assert "one argument too many" in freshet("status", "x", code=64).stderr
    assert "future" in freshet("forget", "u", "--until", "99999999999999", code=64).stderr
    for flag in ("--partitions=0", "--retention=5"):
        done = freshet("topics", "make", "x", flag, code=64)
        assert "is wrong; it takes" in done.stderr, done.stderr
    assert "letters, digits" in freshet("topics", "make", "a b", code=64).stderr
    assert '"16" is wrong; it takes' in freshet("size", "--machine", "16", code=64).stderr
    assert "in milliseconds" in freshet("forget", "u", "--until", "1700000000", code=64).stderr
    assert "with itself" in freshet("merge", "u", "u", code=64).stderr
    assert "1 to 256" in freshet("merge", "u", "v" * 257, code=64).stderr
    assert "name of a generation" in freshet("promote", "a/b", code=64).stderr
    assert "exclude" in freshet("backfill", "--follow", "--to", "end", code=64).stderr
    assert "--models" in freshet("evaluate", "x", "--model", "x", code=64).stderr
    assert 'no model "x"' in freshet("evaluate", "x", "--set", "x.y=1", code=64).stderr
    assert "counting:" in freshet("evaluate", "--models").stdout
    assert "it takes Item, UserProfile or GivenVector" in freshet(
        "replay", "x", "--topic", "t", "--contract", "item", code=64).stderr
    assert "one character, or tab" in freshet("replay", "x", "--topic", "t", "--separator", ";;",
                                              code=64).stderr


def test_a_wrong_configuration_has_its_own_exit_code():
    done = freshet("status", "--set", "schema.framing=x", code=78)
    assert "schema.framing" in done.stderr
    assert "generation" in freshet("status", "--generation", "a/b", code=78).stderr
    done = freshet("status", "--prefix", "shop/", code=78)
    assert "topic.prefix=shop/: a topic's name has letters, digits" in done.stderr
    assert "--generation NAME" in freshet("backfill", code=1).stderr


SECRET = "hunter2"


def test_secrets_are_not_printed():
    """However a secret is mistyped, and wherever it stands on a command line."""
    workers = [FRESHET.with_name(f"freshet-{name}") for name in ("ingest", "scorer")]
    for program in workers:
        for words in (["--kafka.sasl.password=" + SECRET], ["kafka.sasl.password=" + SECRET],
                      ["--set", "kafka.sasl.passwrd=" + SECRET, "--set", "bootstrap.servers=x:1"],
                      ["--set", "schema.registry.bearer=" + SECRET],
                      ["--set", "kafka.ssl.key.pem=" + SECRET, "--set", "bootstrap.servers=x:1"],
                      ["--set", "kafka.sasl.password", SECRET]):
            done = subprocess.run([program, *words], text=True, timeout=120, cwd="/tmp",
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            assert done.returncode in (64, 78), done.stdout
            assert SECRET not in done.stdout
    for words in (["kafka.sasl.password=" + SECRET], ["list", "u", "--sasl-password=" + SECRET],
                  ["list", "u", "sasl.password=" + SECRET], ["list", "u", "--password", SECRET],
                  ["list", "u", "-s", "kafka.sasl.password", SECRET]):
        assert SECRET not in freshet(*words, code=64).stderr


def test_nothing_steers_the_terminal():
    """Control characters in arguments, C0, C1 and those that turn the direction of writing."""
    evil = "a\x1b]0;x\x07\r\u009b\u202eb"
    for words in ([evil], ["list", "u", evil], ["list", "--" + evil],
                  ["peek", "t", "--limit", evil],
                  ["list", "u", "--set", "bootstrap.servers=" + evil],
                  ["list", "u", "--generation", evil], ["list", "u", "--config", "/tmp/" + evil]):
        done = subprocess.run([FRESHET, *words], text=True, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode and not set(done.stdout) & set("\x1b\x07\r\u009b\u202e"), words


def test_the_scripts_do_not_print_a_password():
    for script in ("topics", "acls"):
        done = subprocess.run([ROOT / "deploy" / script, "plan", "--bootstrap", "127.0.0.1:9",
                               "--kafka", "s3cret"], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)
        assert done.returncode == 2 and "want KEY=VALUE" in done.stdout
        assert "s3cret" not in done.stdout


def test_nothing_in_a_demo_steers_the_terminal():
    sys.path.insert(0, str(ROOT / "deploy"))
    from outcome import printable
    assert printable("a\x1b]0;x\x07\rb\u009bc é") == "a?]0;x??b?c é"


def test_status_shows_the_input_of_each_worker():
    shown = dict(re.findall(r'\{(?:\.worker = )?"(\w+)", (?:\.input = )?"([\w-]+)"',
                            (ROOT / "stream/stages.c").read_text()))
    sources = {name: ROOT / f"{name}/{name}.c"
               for name in ("ingest", "features", "scorer", "serve", "embed")}
    sources |= {"trainer": ROOT / "trainer/similarity/trainer.c",
                "sequence": ROOT / "trainer/sequence/sequence.c"}
    divided = {name: re.search(r'\.name = "([\w-]+)",\s+\.kind = INPUT_PARTITIONED',
                               path.read_text())[1] for name, path in sources.items()}
    assert shown == divided
