"""The README's commands in a bare Debian 12: tests/support/debian_root.py makes it.

Takes up to an hour, most of it the cold build. The downloads kept by hash in the user's cache are carried over too.
"""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from debian_root import DebianRoot

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "millpond"


class Clone:
    """A clone of this repository in the root, and commands run in it."""

    def __init__(self, folder):
        self.root = DebianRoot(folder)
        if CACHE.is_dir():
            shutil.copytree(CACHE, folder / "root/.cache/millpond")
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder / "root/millpond")], check=True)

    def run(self, command):
        return self.root.run(command, cwd="/root/millpond")


@pytest.fixture(scope="module")
def debian(tmp_path_factory):
    clone = Clone(tmp_path_factory.mktemp("debian"))
    yield clone
    clone.root.close()


def test_setup_installs_and_then_installs_nothing(debian):
    first, _ = debian.run("tools/setup --tests")
    assert "installing" in first and "setup: ready" in first
    second, _ = debian.run("tools/setup --tests")
    assert "installing" not in second and "are here" in second


def test_demo_ends_in_its_summary(debian):
    text, seconds = debian.run("make demo")
    assert "=== Look on" in text and "report.html" in text
    assert seconds < 30 * 60, "a cold make demo takes more than 30 minutes here"


def test_tests_pass(debian):
    text, _ = debian.run(".ci/run")
    assert "100% tests passed" in text.rstrip().splitlines()[-1]
