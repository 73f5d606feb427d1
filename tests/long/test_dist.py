"""The archive of `make dist` in a bare Debian 12: unpacked by what is there, the demo runs, without a compiler, within a minute."""
import os
import resource
import shutil
import subprocess

import pytest

from debian_root import DebianRoot
from millpond_project import ROOT


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([ROOT / "tools/dist", "--build", os.environ["MILLPOND_BUILD"], "--out", out], check=True)
    return next(out.glob("millpond-*.tar.gz"))


@pytest.fixture(scope="module")
def debian(tmp_path_factory, archive):
    root = DebianRoot(tmp_path_factory.mktemp("debian"))
    shutil.copy(archive, root.folder / "root")
    yield root
    root.close()


def test_the_demo_runs_within_a_minute_of_unpacking(debian, archive):
    for tool in ("gcc", "curl", "python3", "zstd"):
        assert not list(debian.folder.glob(f"usr/bin/{tool}")), f"the bare root has {tool}: it shows less than it should"
    before, load = resource.getrusage(resource.RUSAGE_CHILDREN), os.getloadavg()[0]
    _, unpacking = debian.run(f"tar xf {archive.name}")
    folder = "/root/" + archive.name.removesuffix(".tar.gz")
    assert "millpond" in debian.run("bin/millpond version", cwd=folder)[0]
    text, running = debian.run("./demo", cwd=folder)
    assert "=== Look on" in text and "ms later:" in text and "stopped, since nobody is at a terminal" in text
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(f"archive {archive.stat().st_size / 1e6:.0f} MB; unpacked in {unpacking:.0f} s, demo {running:.0f} s, {busy:.0f} s of CPU")
    # The promise is for a machine that does nothing else; beside others its own work is what can be measured.
    crowded = max(load, os.getloadavg()[0]) > os.cpu_count()
    assert (busy if crowded else unpacking + running) < 60


def test_a_project_from_a_file_of_ones_own(debian, archive):
    folder = "/root/" + archive.name.removesuffix(".tar.gz")
    debian.run(f"{folder}/bin/millpond init late --from {folder}/examples/flights/data/flights-2013-q1.csv.gz --label 'arr_delay > 30'")
    assert "average precision" in debian.run(f"{folder}/bin/millpond run --project late")[0]
