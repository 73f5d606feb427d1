"""A bare Debian 12 made by debootstrap, to run commands in: nothing there but what Debian itself needs.

Needs root, debootstrap and a way to Debian's packages. What the machine knows about reaching package indexes (apt's
configuration, pip's, certificates, name service) is carried over; nothing else is."""
import os
import shutil
import subprocess
import time
from pathlib import Path

CARRIED = ["/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/apt/apt.conf.d", "/etc/apt/sources.list.d",
           "/etc/apt/sources.list", "/etc/ssl/certs/ca-certificates.crt", "/usr/local/share/ca-certificates"]
VARIABLES = ("PIP_", "SSL_CERT", "REQUESTS_CA", "CURL_CA", "NODE_EXTRA", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
             "http_proxy", "https_proxy", "no_proxy")


class DebianRoot:
    def __init__(self, folder):
        assert os.geteuid() == 0, "this test makes a system root: run it as root"
        assert shutil.which("debootstrap"), "apt-get install debootstrap"
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
        self.mounted = []
        for name in ("proc", "dev"):
            if subprocess.run(["mount", "--rbind", f"/{name}", str(folder / name)]).returncode == 0:
                self.mounted.append(folder / name)

    def run(self, command, cwd="/root"):
        """(what it printed, seconds); the exit code must be 0."""
        environment = {k: v for k, v in os.environ.items() if k.startswith(VARIABLES)}
        environment.update(HOME="/root", PATH="/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C.UTF-8")
        started = time.monotonic()
        done = subprocess.run(["chroot", str(self.folder), "bash", "-c", f"cd {cwd} && {command}"], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
        seconds = time.monotonic() - started
        print(f"$ {command}   ({seconds:.0f} s)\n{done.stdout[-6000:]}")
        assert done.returncode == 0, f"{command} failed"
        return done.stdout, seconds

    def close(self):
        for path in reversed(self.mounted):
            subprocess.run(["umount", "-l", str(path)], check=False)
