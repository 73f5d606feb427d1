"""The archive of `make dist`, unpacked elsewhere on this machine: nothing of it comes from the build tree, and the demo runs."""
import os
import subprocess
import sys
import tarfile
import time

import pytest

from millpond_project import ROOT

BUILD = os.environ["MILLPOND_BUILD"]


def pack(out):
    done = subprocess.run([ROOT / "tools/dist", "--build", BUILD, "--out", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return next(out.glob("millpond-*.tar.gz"))


def clean_environment(**more):
    return {"PATH": "/usr/bin:/bin", "HOME": os.environ.get("HOME", "/root"), **more}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return pack(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory, archive):
    elsewhere = tmp_path_factory.mktemp("else where")  # with a blank
    started = time.monotonic()
    with tarfile.open(archive) as tar:
        assert all(not name.startswith(("/", "..")) for name in tar.getnames())
        tar.extractall(elsewhere)
    print(f"{archive.stat().st_size / 1e6:.0f} MB, unpacked in {time.monotonic() - started:.1f} s")
    assert archive.stat().st_size < 100e6
    return next(elsewhere.iterdir())


@pytest.fixture
def wrong_libraries(tmp_path, unpacked):
    """A folder of libraries of the archive's names that are none of its own, as conda and clusters have them in LD_LIBRARY_PATH."""
    (tmp_path / "empty.c").write_text("")
    subprocess.run(["cc", "-shared", "-o", tmp_path / "empty.so", tmp_path / "empty.c"], check=True)
    folder = tmp_path / "wrong"
    folder.mkdir()
    for library in (unpacked / "lib").iterdir():
        subprocess.run(["patchelf", "--set-soname", library.name, "--output", folder / library.name, tmp_path / "empty.so"], check=True)
    assert {"libz.so.1", "libzstd.so.1"} <= {path.name for path in folder.iterdir()}
    return folder


@pytest.mark.parametrize("machine", ["clean", "other libraries"])
def test_every_library_is_its_own_or_glibcs(unpacked, wrong_libraries, machine):
    binaries = [unpacked / "bin/millpond", *sorted((unpacked / "lib").iterdir()), *sorted((unpacked / "python/millpond").glob("*.so"))]
    assert len(binaries) > 10
    environment = clean_environment(**({"LD_LIBRARY_PATH": str(wrong_libraries)} if machine == "other libraries" else {}))
    for binary in binaries:
        text = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True, env=environment).stdout
        assert "not found" not in text, f"{binary}: {text}"
        for line in text.splitlines():
            if "=>" not in line:
                continue
            name, path = line.split()[0], line.split("=>")[1].split(" (")[0].strip()
            if not path.startswith(str(unpacked)):
                assert name.startswith(("libc.", "libm.", "libpthread.", "libdl.", "librt.", "libresolv.")), f"{binary}: {line}"
    # Nothing says where it was built.
    said = subprocess.run(["readelf", "-d", *binaries], capture_output=True, text=True, check=True).stdout
    assert str(ROOT) not in said and ".deps" not in said


def test_what_is_inside_has_its_licence(unpacked):
    notice = (unpacked / "NOTICE").read_text()
    for part in ("Apache Arrow", "DuckDB", "XGBoost", "librocksdb", "libssl", "Boost"):
        line = next(line for line in notice.splitlines() if part in line)
        pattern = line.split(": ")[1]
        assert list(unpacked.glob(pattern)), line
    version, commit = (unpacked / "VERSION").read_text().split()
    assert version in unpacked.name and len(commit) == 40


def test_the_program_and_the_demo_run(unpacked):
    done = subprocess.run([unpacked / "bin/millpond", "version"], capture_output=True, text=True, check=True, env=clean_environment())
    assert done.stdout.startswith("millpond ")
    started = time.monotonic()
    done = subprocess.run([unpacked / "demo"], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=clean_environment())
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    assert "ms later:" in done.stdout and (unpacked / "demo-run/churn/.millpond/report.html").is_file()
    print(f"demo: {time.monotonic() - started:.0f} s")


def test_the_python_package_imports(unpacked):
    code = ("import millpond; project = millpond.Project('examples/flights', state='state'); "
            "print(project.sql('SELECT 41 + 1 AS n').to_pylist())")
    done = subprocess.run([sys.executable, "-c", code], cwd=unpacked, capture_output=True, text=True,
                          env=clean_environment(PYTHONPATH=str(unpacked / "python")))
    assert done.returncode == 0 and done.stdout.strip() == "[{'n': 42}]", done.stderr


def test_the_same_build_gives_the_same_bytes(archive, tmp_path):
    assert pack(tmp_path).read_bytes() == archive.read_bytes()
