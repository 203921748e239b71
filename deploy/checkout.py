"""Paths of the checkout: its root, version, build directory and the Python of its venv.

`make install` puts this file, deploy/topics and deploy/acls below share/freshet, where nobody but
root may write: the venv is then made in the caller's own cache directory.
"""

import argparse
import functools
import importlib.machinery
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKOUT = (ROOT / "Makefile").exists()
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "freshet"
# An absolute BUILD stands for itself.
BUILD = ROOT / os.environ.get("BUILD", "build" if CHECKOUT else CACHE)
RUN = BUILD / "run"
VENV = BUILD / "venv"
VERSION = (ROOT / "VERSION").read_text().strip()


def argument_parser(description):
    """A script's parser: its docstring as --help, and --version."""
    parser = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"%(prog)s {VERSION}")
    return parser


def pair(text):
    """KEY=VALUE of a command line; what is wrong is not printed, as it may be a password."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError("want KEY=VALUE")
    return key, value


def enter_venv():
    """Restarts the script in the venv's Python, which has the packages; makes a missing venv."""
    if Path(sys.prefix) == VENV:
        return
    made = subprocess.run([ROOT / "deploy" / "venv"], stdout=sys.stderr, env=with_build())
    if made.returncode != 0:
        sys.exit(f"{Path(sys.argv[0]).name}: no Python packages without the venv (see above)")
    python = str(VENV / "bin" / "python3")
    os.execve(python, [python, *sys.argv], with_build())


def with_build():
    """The environment for the other scripts here: they look into the same build directory."""
    return {**os.environ, "BUILD": str(BUILD)}


@functools.cache
def script(name):
    """One of the programs here as a module, whatever its name ends in."""
    loader = importlib.machinery.SourceFileLoader(name, str(ROOT / "deploy" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module
