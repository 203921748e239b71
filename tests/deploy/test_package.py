"""The Debian packages: clean for lintian, complete, and installed, upgraded and purged in a root of
their own. `make deb-test` does the same in a whole fresh Debian, with what they depend on."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKERS = [worker for worker in re.search(r"^WORKERS := (.*)$", (ROOT / "Makefile").read_text(),
                                          re.M)[1].split() if worker != "serve"]
PACKAGES = ["freshet", "freshet-workers", "freshet-serve"]
FORMER = "0.0.1"

pytestmark = pytest.mark.skipif(bool(os.environ.get("SAN")),
                                reason="packages are made of programs without sanitizers")


def run(*words):
    done = subprocess.run([str(word) for word in words], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


def make(where):
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MAKELEVEL", "SAN")}
    done = subprocess.run(["make", "-s", "deb", f"DEB={where}"], cwd=ROOT, env=environment,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return {deb.name.split("_")[0]: deb for deb in Path(where).glob("*.deb")}


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The packages of this version. Making them fails when lintian finds something."""
    return make(tmp_path_factory.mktemp("deb"))


def files_of(package):
    paths = [line.split()[-1] for line in run("dpkg-deb", "-c", package).splitlines()]
    return {path.removeprefix(".") for path in paths if not path.endswith("/")}


def test_each_file_is_in_one_package(packages):
    assert sorted(packages) == sorted(PACKAGES)
    files = {name: files_of(deb) for name, deb in packages.items()}
    for name in PACKAGES:
        others = set().union(*(files[other] for other in PACKAGES if other != name))
        assert not files[name] & others
    for worker in WORKERS:
        assert {f"/usr/bin/freshet-{worker}", f"/lib/systemd/system/freshet-{worker}@.service",
                f"/usr/share/man/man8/freshet-{worker}.8.gz",
                f"/etc/freshet/{worker}.properties"} <= files["freshet-workers"]
    assert {"/usr/bin/freshet-serve", "/etc/freshet/serve.properties"} <= files["freshet-serve"]
    assert {"/usr/bin/freshet", "/usr/share/man/man1/freshet.1.gz",
            "/usr/share/bash-completion/completions/freshet",
            "/usr/share/zsh/vendor-completions/_freshet",
            "/usr/share/fish/vendor_completions.d/freshet.fish",
            "/usr/share/freshet/deploy/topics.ini", "/usr/share/freshet/deploy/acls.ini",
            "/usr/share/freshet/examples/segment.properties",
            "/usr/share/freshet/monitoring/alerts.yml",
            "/usr/share/doc/freshet/operations.md"} <= files["freshet"]


def test_configurations_are_conffiles_that_root_alone_reads(packages):
    listed = run("dpkg-deb", "-c", packages["freshet-workers"])
    conffiles = run("dpkg-deb", "-I", packages["freshet-workers"], "conffiles").split()
    assert sorted(conffiles) == sorted(f"/etc/freshet/{worker}.properties" for worker in WORKERS)
    for path in conffiles:
        assert re.search(rf"^-rw-r----- root/root .*\.{path}$", listed, re.M)


def test_an_upgrade_restarts_all_workers(packages, tmp_path):
    """In the order of docs/operations.md: readers before writers, whichever package comes first."""
    page = (ROOT / "docs/operations.md").read_text()
    order = re.search(r"readers before writers: (.*) \(embed", page)[1].split(", ")
    for name in PACKAGES[1:]:
        run("dpkg-deb", "-e", packages[name], tmp_path / name)
        named = re.search(r"for worker in (.*); do", (tmp_path / name / "postinst").read_text())[1]
        assert sorted(named.split()) == sorted([*WORKERS, "serve"])
        assert [worker for worker in named.split() if worker != "embed"] == order


def as_version(version, package, where):
    """The same package under another version."""
    run("dpkg-deb", "-R", package, where / "content")
    control = where / "content/DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(),
                              flags=re.M))
    run("dpkg-deb", "-Z", "none", "-b", where / "content", where / package.name)
    return where / package.name


def dpkg(root, *words):
    """dpkg in a root of its own; scripts run outside it and are told where it is."""
    return run("dpkg", f"--root={root}", "--force-script-chrootless", "--force-depends",
               "--force-not-root", "--force-confold", "--log=/dev/null", *words)


@pytest.mark.skipif(os.geteuid() != 0, reason="dpkg gives files to root")
def test_installed_upgraded_and_purged(packages, tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    former = [as_version(FORMER, packages[name], tmp_path_factory.mktemp(name))
              for name in PACKAGES]
    for path in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "etc"):
        (root / path).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    dpkg(root, "-i", *former)
    assert run(root / "usr/bin/freshet-trainer", "--version").startswith("freshet-trainer ")
    # What an operator leaves behind: a change, a secret, a copy that is enabled, state.
    changed = root / "etc/freshet/trainer.properties"
    changed.write_text("bootstrap.servers=mine\n")
    (root / "etc/freshet/trainer.secrets/ca.pem").write_text("mine")
    (root / "etc/freshet/secrets.env").write_text("PASSWORD=mine")
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    (wants / "freshet-trainer@0.service").symlink_to("/lib/systemd/system/freshet-trainer@.service")
    for state in ("private/freshet/trainer", "freshet/serve"):
        (root / "var/lib" / state).mkdir(parents=True)
        (root / "var/lib" / state / "state").write_text("mine")
    dpkg(root, "-i", *packages.values())
    assert FORMER not in dpkg(root, "-l")
    assert changed.read_text() == "bootstrap.servers=mine\n"
    assert (root / "etc/freshet/trainer.secrets/ca.pem").exists()
    dpkg(root, "-r", *PACKAGES)
    assert changed.exists() and not (root / "usr/bin/freshet-trainer").exists()
    dpkg(root, "-P", *PACKAGES)
    left = [path for path in root.rglob("*") if "freshet" in str(path.relative_to(root))]
    assert not left
