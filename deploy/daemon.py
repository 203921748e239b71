"""A process that continues after the script that started it; its pid file identifies it.

The pid file holds the pid and the start time of the process, so that a pid that the system has
reused for another process is not mistaken for it.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

_children = {}  # pid -> Popen: those that this script started itself


def _start_time(pid):
    """When the kernel says that the process began (clock ticks since boot); None: it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the name before it may hold anything
    return None if state in "ZX" else int(fields[18])


def start(argv, pid_file, log_file, env=None):
    """Starts argv in its own session, output appended to the log; returns the pid."""
    # An interrupt between the start and the pid file would leave a process that nobody knows.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        with open(log_file, "ab") as log:
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                start_new_session=True,
                preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, before))
        pid_file.write_text(f"{process.pid} {_start_time(process.pid)}\n")
        _children[process.pid] = process
        return process.pid
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def pid_of(pid_file):
    """The pid of the running process; None when it does not run (or never did)."""
    try:
        pid, began = pid_file.read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    _reap(int(pid))
    return int(pid) if str(_start_time(pid)) == began else None


def _reap(pid):
    """Collects the exit status if the process is this script's own child."""
    if pid in _children:
        _children[pid].poll()


def exit_code(pid):
    """How a process ended that this script started (-N: by signal N); None: it runs, or another
    script started it."""
    _reap(pid)
    return _children[pid].returncode if pid in _children else None


def _wait_gone(pid_files, deadline):
    """Waits for all; returns those that still run."""
    while True:
        running = [one for one in pid_files if pid_of(one) is not None]
        if not running or time.monotonic() > deadline:
            return running
        time.sleep(0.02)


def stop(pid_files, seconds):
    """Asks all with SIGTERM, waits, then insists with SIGKILL; returns those it had to kill."""
    for one in pid_files:
        _signal(one, signal.SIGTERM)
    stubborn = _wait_gone(pid_files, time.monotonic() + seconds)
    for one in stubborn:
        _signal(one, signal.SIGKILL)
    left = _wait_gone(stubborn, time.monotonic() + 10)
    for one in pid_files:
        if one not in left:
            one.unlink(missing_ok=True)
    return stubborn


def _signal(pid_file, number):
    pid = pid_of(pid_file)
    if pid is not None:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass  # it ended in between
