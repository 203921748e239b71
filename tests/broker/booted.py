"""A Debian of one's own, booted by systemd-nspawn on this machine's network.

Its files are a layer above a directory: above this machine's own root, or above a fresh Debian
(tests/deploy/fresh-debian makes one). The layer is in memory and shows what was written.
"""

import filecmp
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path

BOOT_SECONDS = 120
CLEAN = {"HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
         "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
# What systemd, apt and dpkg keep for themselves.
THEIRS = ("run", "tmp", "var/tmp", "var/log", "var/cache", "var/lib/apt", "var/lib/dpkg",
          "var/lib/systemd", "var/lib/private", "var/lib/PackageKit", "etc/ld.so.cache",
          "etc/machine-id", "packages")


class CannotBoot(Exception):
    """Says what this machine lacks."""


class Booted:
    def __init__(self, below):
        if os.geteuid() != 0:
            raise CannotBoot("needs root")
        if not shutil.which("systemd-nspawn"):
            raise CannotBoot("needs systemd-nspawn: apt-get install systemd-container")
        self.below = Path(below)
        self.where = Path(tempfile.mkdtemp(prefix="booted.", dir="/var/tmp"))
        self.upper, self.root = self.where / "upper", self.where / "root"
        self.process = self.leader = None
        try:
            self._mount()
            self._boot()
        except BaseException:
            self.stop()
            raise

    def _mount(self):
        for words in (("tmpfs", "-o", "mode=755"), ("overlay", "-o", ",".join((
                f"lowerdir={self.below}", f"upperdir={self.upper}",
                f"workdir={self.where}/work")))):
            at = self.where if words[0] == "tmpfs" else self.root
            done = subprocess.run(["mount", "-t", words[0], *words[1:], words[0], at], text=True,
                                  capture_output=True)
            if done.returncode != 0:
                raise CannotBoot(f"no {words[0]} can be mounted: {done.stderr.strip()}")
            for name in ("upper", "work", "root"):
                (self.where / name).mkdir(exist_ok=True)

    def _boot(self):
        """Only what every system has is started, not the services of this machine."""
        log = self.where / "log"
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", f"--directory={self.root}", "--register=no",
                 "--keep-unit", "--link-journal=no", "--resolv-conf=off", "--timezone=off",
                 "--console=pipe", "/lib/systemd/systemd", "--unit=basic.target"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        until = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            self.leader = self.leader or self._first_process()
            if self.leader and self.run("systemctl", "is-system-running", code=None).strip() in (
                    "running", "degraded"):
                return
            time.sleep(0.1)
        told = log.read_text(errors="replace").strip().splitlines()
        raise CannotBoot(f"systemd-nspawn boots no system: {told[-1] if told else 'no end'}")

    def _first_process(self):
        """The child of systemd-nspawn that is process 1 inside."""
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
            except OSError:
                continue
            if lines["PPid"].strip() == str(self.process.pid) and \
                    lines["NSpid"].split()[-1] == "1":
                return int(lines["Pid"])
        return None

    def run(self, *words, code=0, env=None):
        """Runs a command inside; None: whatever its exit code is."""
        done = subprocess.run(["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc",
                               "--pid", "--cgroup", "--root", "--", "env", "--chdir=/root", *words],
                              text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env={**CLEAN, **(env or {})})
        assert code is None or done.returncode == code, f"{words}\n{done.stdout}"
        return done.stdout

    def written(self):
        """The files of the layer: what differs from the system below, but what is THEIRS."""
        found = set()
        for directory, names, files in os.walk(self.upper):
            inside = Path(directory).relative_to(self.upper)
            names[:] = [name for name in names if str(inside / name) not in THEIRS]
            found |= {str(inside / name) for name in [*names, *files]
                      if str(inside / name) not in THEIRS
                      and self._differs(inside / name)}
        return found

    def _differs(self, path):
        mine, below = self.upper / path, self.below / path
        mode = mine.lstat().st_mode
        if stat.S_ISCHR(mode) or not os.path.lexists(below):  # removed, or new
            return True
        return stat.S_ISREG(mode) and not filecmp.cmp(mine, below, shallow=False)

    def stop(self):
        if self.process and self.process.poll() is None:
            leader = self.leader or self._first_process()
            os.kill(leader or self.process.pid, signal.SIGKILL)  # and all below it
            self.process.wait()
        for at in (self.root, self.where):
            if os.path.ismount(at):
                subprocess.run(["umount", "--lazy", at], check=True)
        self.where.rmdir()
