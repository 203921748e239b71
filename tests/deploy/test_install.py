"""What `make install` lays down: complete, sound for systemd, and kept when installed again."""

import functools
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("FRESHET_BIN", ROOT / os.environ.get("BUILD", "build") / "bin"))
WORKERS = ["ingest", "features", "trainer", "sequence", "scorer", "serve", "embed"]
# 0 is a unit that may do nothing at all, 10 one that may do everything (systemd-analyze security).
EXPOSURE_MOST = 2.0


def run(*words, code=0):
    done = subprocess.run([str(word) for word in words], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == code, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    where = tmp_path_factory.mktemp("install")
    install(where)
    return where


def install(where):
    # A make above this one has settings of its own, which are not meant for here.
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MAKELEVEL", "SAN")}
    subprocess.run(["make", "-s", "install", f"PREFIX={where}/usr", f"SYSCONFDIR={where}/etc"],
                   cwd=ROOT, check=True, env=environment)


def test_programs_configuration_and_units_are_there(place):
    for worker in WORKERS:
        assert "sage: " in run(place / f"usr/bin/freshet-{worker}", "--help")
        assert (place / f"etc/freshet/{worker}.properties").exists()
        assert "@PREFIX@" not in unit(place, worker).read_text()
    assert "sage: " in run(place / "usr/bin/freshet", "--help")
    assert (place / "usr/share/freshet/monitoring/alerts.yml").exists()
    assert (place / "usr/share/freshet/schemas/user_event.avsc").exists()
    for file in ("man/man1/freshet.1", "man/man1/freshet-peek.1", "zsh/site-functions/_freshet",
                 "bash-completion/completions/freshet", "fish/vendor_completions.d/freshet.fish"):
        assert (place / "usr/share" / file).stat().st_size > 0


def unit(place, worker):
    return place / f"usr/lib/systemd/system/freshet-{worker}@.service"


@pytest.mark.parametrize("worker", WORKERS)
def test_systemd_takes_the_units(place, worker, tmp_path):
    copy = tmp_path / f"freshet-{worker}@0.service"
    # The manual named in Documentation= is looked for on this machine.
    copy.write_text(unit(place, worker).read_text())
    said = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", copy)
    assert copy.name not in said, said


def test_the_units_may_do_little(place, tmp_path):
    copy = tmp_path / "freshet-features@0.service"
    copy.write_text(unit(place, "features").read_text())
    said = run("systemd-analyze", "security", "--offline=true", copy)
    exposure = float(re.search(r"Overall exposure level for .*: ([0-9.]+)", said)[1])
    assert exposure <= EXPOSURE_MOST, said


def test_installing_again_keeps_the_configuration(place):
    changed = place / "etc/freshet/scorer.properties"
    changed.write_text("# mine\n")
    install(place)
    assert changed.read_text() == "# mine\n"


def test_the_container_file_names_the_libraries_of_the_programs():
    """Each shared library of a program belongs to a package of the image, or to one it needs."""
    text = (ROOT / "deploy/Containerfile").read_text().rsplit("FROM", 1)[1]
    named = re.search(r"--no-install-recommends (.*?) &&", text, re.S)[1].replace("\\", " ").split()
    needs = run("apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests",
                "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", *named)
    held = {line.split(":")[0] for line in needs.splitlines() if not line.startswith((" ", "<"))}
    for program in [BIN / "freshet", *(BIN / f"freshet-{worker}" for worker in WORKERS)]:
        for line in run("ldd", program).splitlines():
            path = re.search(r"=> (/\S+)", line)
            if path:
                owner = owner_of(Path(path[1]))
                assert owner in held, f"{program.name} needs {line.split()[0]} of {owner}"


@functools.cache  # the programs have most libraries in common
def owner_of(library):
    """The package of a library; Debian knows it by the path below /usr or without it."""
    for path in (library, library.resolve(), Path(str(library).removeprefix("/usr"))):
        done = subprocess.run(["dpkg-query", "-S", path], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
        if done.returncode == 0:
            return done.stdout.split(":")[0]
    return f"no package ({library})"


def test_the_image_runs_as_a_user_without_rights():
    last = (ROOT / "deploy/Containerfile").read_text().rsplit("FROM", 1)[1]
    assert re.search(r"^USER (?!0|root)", last, re.M)


@pytest.mark.parametrize("worker", WORKERS)
def test_a_worker_gets_what_only_root_may_read(place, worker):
    """The unit's user cannot read /etc/freshet: systemd hands over the files that are named."""
    text = unit(place, worker).read_text()
    assert (place / f"etc/freshet/{worker}.properties").stat().st_mode & 0o007 == 0
    assert (place / f"etc/freshet/{worker}.secrets").stat().st_mode & 0o777 == 0o700
    assert "--config %d/properties" in text
    named = dict(re.findall(r"^LoadCredential=(\w+):(.*)$", text, re.M))
    for path in named.values():
        assert path.startswith(f"{place}/etc/freshet/%j."), path
        assert Path(path.replace("%j", worker)).exists()
    assert set(named) == {"properties", "secrets"}


def test_each_worker_has_a_user_and_a_state_of_its_own(place):
    text = unit(place, "features").read_text()
    assert re.search(r"^User=freshet-%j$", text, re.M)
    assert re.search(r"^StateDirectory=freshet/%j$", text, re.M)
    assert "state.dir=%S/freshet/%j" in text


def test_the_tools_for_topics_and_rights_are_installed(place, tmp_path):
    for tool in ("topics", "acls"):
        program = place / f"usr/bin/freshet-{tool}"
        assert run(program, "--version").strip().endswith((ROOT / "VERSION").read_text().strip())
        table = (ROOT / f"deploy/{tool}.ini").read_bytes()
        assert (place / f"usr/share/freshet/deploy/{tool}.ini").read_bytes() == table
    commands = run("env", "-i", "PATH=/usr/bin:/bin", place / "usr/bin/freshet-acls", "commands",
                   "--principal", "User:f", "--prefix", "shop.")
    assert ("kafka-acls.sh --bootstrap-server HOST:PORT --add --allow-principal User:f "
            "--operation Write --transactional-id freshet-features "
            "--resource-pattern-type prefixed\n") in commands
    code = "import checkout; print(checkout.BUILD)"
    done = subprocess.run(["python3", "-B", "-c", code], cwd=place / "usr/share/freshet/deploy",
                          env={"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(tmp_path)},
                          text=True, stdout=subprocess.PIPE, check=True)
    assert done.stdout.strip() == str(tmp_path / "freshet")


@pytest.mark.skipif("san-" in str(BIN), reason="sanitizers bring their own checks")
def test_the_programs_are_hardened():
    for program in [BIN / "freshet", *(BIN / f"freshet-{worker}" for worker in WORKERS)]:
        about = run("readelf", "-hdlW", program)
        for word in ("DYN (Position-Independent", "GNU_RELRO", "BIND_NOW", "Flags: NOW PIE"):
            assert word in about, f"{program.name}: no {word}"
        assert not re.search(r"GNU_STACK .* RWE ", about)
        symbols = run("nm", "-D", program)
        assert "__stack_chk_fail" in symbols and "__vsnprintf_chk" in symbols


def test_python_packages_have_hashes():
    for level in ("demo", "test", "charts"):
        text = (ROOT / f"deploy/requirements-{level}.txt").read_text()
        packages = re.findall(r"^[a-z][^ ]*==[^ ]+ (?:\\\n    --hash=sha256:[0-9a-f]{64} ?)+$",
                              text, re.M)
        assert len(packages) == len(re.findall(r"^[a-z]", text, re.M)) > 2
    assert "--require-hashes" in (ROOT / "deploy/venv").read_text()
