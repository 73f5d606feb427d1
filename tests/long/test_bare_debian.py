"""The README's commands in a bare Debian 12 made by debootstrap: nothing there but what Debian itself needs.

Needs root, debootstrap and a way to Debian's packages; takes up to an hour, most of it the cold build. What the machine
knows about reaching package indexes (apt's configuration, pip's, certificates, name service) is carried over, and the
downloads kept by hash in the user's cache; nothing else is.
"""
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "millpond"
CARRIED = ["/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/apt/apt.conf.d", "/etc/apt/sources.list.d",
           "/etc/apt/sources.list", "/etc/ssl/certs/ca-certificates.crt", "/usr/local/share/ca-certificates"]
VARIABLES = ("PIP_", "SSL_CERT", "REQUESTS_CA", "CURL_CA", "NODE_EXTRA", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
             "http_proxy", "https_proxy", "no_proxy")


class Debian:
    def __init__(self, folder):
        self.folder = folder
        mirror = os.environ.get("MILLPOND_DEBIAN_MIRROR", "http://deb.debian.org/debian")
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(folder), mirror], check=True,
                       stdout=subprocess.DEVNULL)
        for name in CARRIED:
            source, target = Path(name), folder / name.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            elif source.exists():
                shutil.copy(source, target)
        if CACHE.is_dir():
            shutil.copytree(CACHE, folder / "root/.cache/millpond")
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder / "root/millpond")], check=True)
        self.mounted = []
        for name in ("proc", "dev"):
            if subprocess.run(["mount", "--rbind", f"/{name}", str(folder / name)]).returncode == 0:
                self.mounted.append(folder / name)

    def run(self, command):
        environment = {k: v for k, v in os.environ.items() if k.startswith(VARIABLES)}
        environment.update(HOME="/root", PATH="/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C.UTF-8")
        started = time.monotonic()
        done = subprocess.run(["chroot", str(self.folder), "bash", "-c", f"cd /root/millpond && {command}"], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
        print(f"$ {command}   ({time.monotonic() - started:.0f} s)\n{done.stdout[-6000:]}")
        assert done.returncode == 0, f"{command} failed"
        return done.stdout

    def close(self):
        for path in reversed(self.mounted):
            subprocess.run(["umount", "-l", str(path)], check=False)


@pytest.fixture(scope="module")
def debian(tmp_path_factory):
    assert os.geteuid() == 0, "this test makes a system root: run it as root"
    assert shutil.which("debootstrap"), "apt-get install debootstrap"
    system = Debian(tmp_path_factory.mktemp("debian"))
    yield system
    system.close()


def test_setup_installs_and_then_installs_nothing(debian):
    first = debian.run("tools/setup --tests")
    assert "installing" in first and "setup: ready" in first
    second = debian.run("tools/setup --tests")
    assert "installing" not in second and "are here" in second


def test_demo_ends_in_its_summary(debian):
    started = time.monotonic()
    text = debian.run("make demo")
    assert "=== Look on" in text and "report.html" in text
    assert time.monotonic() - started < 30 * 60, "a cold make demo takes more than 30 minutes here"


def test_tests_pass(debian):
    assert "100% tests passed" in debian.run(".ci/run").rstrip().splitlines()[-1]
