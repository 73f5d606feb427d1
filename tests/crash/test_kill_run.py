"""`millpond run` killed by SIGKILL at moments of every phase, then started again by itself, ends as if nothing had been.

A measured run says when each line of progress appeared, and so how long each phase takes. Each kill picks a phase, then a
moment uniform over the time of that phase, and strikes that long after the line that begins it. The tables are compared
with those of an undisturbed run on the same clock as multisets of rows, the columns apart that name a run or a wall time.

MILLPOND_KILLS says how many (10 in `make test`, 100 in `make test-long`).
"""
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time

import duckdb
import pytest

from millpond_project import MILLPOND, Project

KILLS = int(os.environ.get("MILLPOND_KILLS", "10"))
PHASES = ["ingest", "transform", "features", "train", "score"]
OF_THE_RUN = {"run_id", "model_version", "trained_at", "created_at", "written_at", "seconds"}


def prepare(folder):
    project = Project(folder, "churn")
    project.arrive("*.txt")
    for path in (project.folder / "models").glob("*.yml"):  # fewer resamples: the same steps in less time
        path.write_text(path.read_text().replace("bootstrap: 500", "bootstrap: 50"))
    return project


class Watched:
    """A run whose progress lines are stamped as they come."""

    def __init__(self, project):
        self.lines, self.seen = [], threading.Condition()
        self.started = time.monotonic()
        self.process = subprocess.Popen([MILLPOND, "run", "--project", str(project.folder)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            phase = re.match(rf"\s*({'|'.join(PHASES)})\b", line)
            with self.seen:
                self.lines.append((phase[1] if phase else None, time.monotonic() - self.started))
                self.seen.notify_all()
        with self.seen:
            self.lines.append(("end", time.monotonic() - self.started))
            self.seen.notify_all()

    def wait_for_line(self, number):
        with self.seen:
            self.seen.wait_for(lambda: len(self.lines) > number or (self.lines and self.lines[-1][0] == "end"), timeout=600)

    def finish(self):
        code = self.process.wait()
        self.reader.join()
        return code


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    project = prepare(tmp_path_factory.mktemp("undisturbed"))
    run = Watched(project)
    assert run.finish() == 0, run.lines
    # Stretches of each phase: (number of the line that begins it, its length).
    project.stretches = {phase: [] for phase in PHASES}
    phase = None
    for number, ((name, begin), (_, end)) in enumerate(zip(run.lines, run.lines[1:])):
        phase = name if name in PHASES else phase
        if phase:
            project.stretches[phase].append((number, end - begin))
    assert all(project.stretches.values()), f"a phase says nothing: {project.stretches}"
    return project


def contents(project, connection, table, name):
    rows = project.delta(table).to_pyarrow_table()
    keep = [column for column in rows.column_names if column not in OF_THE_RUN]
    connection.register(name, rows.select(keep))


def assert_equal_tables(project, expected):
    assert project.tables() == expected.tables()
    for table in expected.tables():
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        contents(project, connection, table, "found")
        contents(expected, connection, table, "wanted")
        for a, b in (("found", "wanted"), ("wanted", "found")):
            differing, = connection.execute(f"SELECT count(*) FROM (SELECT * FROM {a} EXCEPT ALL SELECT * FROM {b})").fetchone()
            assert differing == 0, f"{table}: {differing} rows of {a} are not in {b}"


def moments():
    draw = random.Random(4)
    return [(PHASES[number % len(PHASES)], draw.random()) for number in range(KILLS)]


@pytest.mark.parametrize("phase, share", moments(), ids=lambda value: value if isinstance(value, str) else f"{value:.3f}")
def test_killed_and_started_again(undisturbed, tmp_path, phase, share):
    stretches = undisturbed.stretches[phase]
    moment = share * sum(length for _, length in stretches)
    for line, length in stretches:
        if moment < length:
            break
        moment -= length
    for attempt in range(5):  # a faster run than the measured one can end before it is struck
        project = prepare(tmp_path / f"killed{attempt}")
        run = Watched(project)
        run.wait_for_line(line)
        time.sleep(moment * 0.8**attempt)
        run.process.send_signal(signal.SIGKILL)
        if run.finish() == -signal.SIGKILL:
            break
    else:
        pytest.fail("no run lived long enough to be killed")
    project.run()
    assert_equal_tables(project, undisturbed)
    shutil.rmtree(project.folder)
