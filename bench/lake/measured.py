"""One engine's work in a process of its own: seconds, peak memory, system calls that sync."""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MILLPOND = os.environ.get("MILLPOND", str(ROOT / "build/bin/millpond"))


@dataclass
class Cost:
    seconds: float
    peak_bytes: int = 0
    note: str = ""


# A child counts the memory of the process that it was forked from, so it is forked from a small one.
LAUNCHER = """
import os, sys, time
started = time.monotonic()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), time.monotonic() - started, usage.ru_maxrss * 1024)
"""


def process(command):
    """Wall seconds and peak resident memory of a command that must succeed; its output as the note."""
    done = subprocess.run([sys.executable, "-S", "-E", "-c", LAUNCHER, *map(str, command)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    *output, (code, seconds, peak) = [*done.stdout.splitlines()[:-1], done.stdout.splitlines()[-1].split()]
    if code != "0":
        raise RuntimeError(f"{' '.join(map(str, command))[:300]}\n" + "\n".join(output)[-2000:])
    return Cost(float(seconds), int(peak), "\n".join(output))


def millpond(project, statements):
    """`millpond sql` with these statements; its start is counted."""
    script = Path(project) / "statements.sql"
    script.write_text(";\n".join(statements) + ";\n")
    return process([MILLPOND, "sql", "-f", script, "--project", project, "-o", Path(project) / "result.csv", "--format", "csv"])


def python(text, *arguments):
    """A Python program that prints the seconds of what it measures; its start and imports are not counted."""
    cost = process([sys.executable, "-c", "import sys, time\n" + text, *map(str, arguments)])
    cost.seconds = float(cost.note.strip().splitlines()[-1])
    return cost


SPARK = """
sys.path.insert(0, {support!r})
from lake.spark import start
spark = start()
spark.range(1).write.format("delta").save(sys.argv[1] + "-warm")  # classes are loaded, code is compiled
def run(statement):
    started = time.monotonic()
    spark.sql(statement).collect()
    print(time.monotonic() - started)
"""


def spark(text, path, *arguments):
    """As `python`, in local Spark with delta-spark; `run(statement)` measures. Memory is the driver's, not counted here."""
    fresh(Path(f"{path}-warm"))
    return python(SPARK.format(support=str(ROOT / "tests/support")) + text, path, *arguments)


def make_project(folder):
    warehouse = Path(folder) / ".millpond/warehouse/main/default"
    warehouse.mkdir(parents=True, exist_ok=True)
    (Path(folder) / "millpond.yml").write_text("name: bench\n")
    return warehouse


def alternate(runs, count=3, before=lambda: None):
    """Runs each of {name: function} `count` times, one after the other, in an order that turns; medians."""
    costs = {name: [] for name in runs}
    names = list(runs)
    for turn in range(count):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            before()
            costs[name].append(runs[name]())
    return {name: Cost(statistics.median(cost.seconds for cost in each), max(cost.peak_bytes for cost in each))
            for name, each in costs.items()}


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def fsync_seconds(folder, count=200):
    """What one fsync of a small new file costs on this disk."""
    times = []
    for number in range(count):
        path = Path(folder) / f"fsync-{number}"
        with open(path, "wb") as file:
            file.write(b"x" * 1000)
            file.flush()
            started = time.monotonic()
            os.fsync(file.fileno())
            times.append(time.monotonic() - started)
        path.unlink()
    return statistics.median(times)


def syncs(command):
    """How often a command calls fsync or fdatasync, by strace; None without it."""
    if shutil.which("strace") is None:
        return None
    with tempfile.NamedTemporaryFile("r") as trace:
        subprocess.run(["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,sync_file_range,syncfs", "-o", trace.name, *map(str, command)],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return sum("sync" in line and "resumed" not in line for line in trace)
