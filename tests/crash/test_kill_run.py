"""`millpond run` killed by SIGKILL at moments of every phase, then started again by itself, ends as if nothing had been:
a first run over all files, and one that finds a new file in a project that has run before.

A measured run says when each line of progress appeared, and so how long each phase takes. Each kill picks a phase, then a
moment uniform over the time of that phase, and strikes that long after the line that begins it. The tables are compared
with those of an undisturbed run on the same clock as multisets of rows, the columns apart that name a run or a wall time;
report.html must show the tables and runs that are there.

MILLPOND_KILLS says how many (10 in `make test`, 100 in `make test-long`), half of them of each kind.
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

from millpond_project import MILLPOND, ROOT, Project

KILLS = int(os.environ.get("MILLPOND_KILLS", "10"))
CLOCK = ["--clock-at", "1998-07-01T00:00:00Z"]  # one clock for all runs
PHASES = ["ingest", "transform", "features", "train", "score", "report"]
OF_THE_RUN = {"run_id", "model_version", "trained_at", "created_at", "written_at", "seconds"}


def prepare(folder, *files):
    project = Project(folder, "churn")
    project.arrive(*files)
    project.fewer_resamples(50)
    return project


class FirstRun:
    """All files at once, into an empty state."""

    def __init__(self, folder):
        self.folder = folder
        self.expected = self.begin("undisturbed")

    def begin(self, name):
        shutil.rmtree(self.folder / name, ignore_errors=True)  # of a test that failed
        return prepare(self.folder / name, "*.txt")

    def end(self, project):
        shutil.rmtree(project.folder)


class SecondRun:
    """June arrives after a run over all else. The state is copied back to where it was made: runs know their folders."""

    def __init__(self, folder):
        self.folder, self.saved = folder / "project", folder / "saved"
        prepare(self.folder, "cdnow-1997-*.txt", "cdnow-1998-0[1-5].txt", "bad-lines.txt").run(*CLOCK)
        self.folder.rename(self.saved)
        self.expected = self.begin("undisturbed")

    def begin(self, name):
        shutil.rmtree(self.folder, ignore_errors=True)  # of a test that failed
        shutil.copytree(self.saved, self.folder)
        project = Project(self.folder)
        project.example = ROOT / "examples/churn"
        project.arrive("cdnow-1998-06.txt")
        return project

    def end(self, project):
        shutil.rmtree(project.folder)


class Watched:
    """A run whose progress lines are stamped as they come."""

    def __init__(self, project):
        self.lines, self.seen = [], threading.Condition()
        self.started = time.monotonic()
        self.process = subprocess.Popen([MILLPOND, "run", *CLOCK, "--project", str(project.folder)],
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


def stretches_of(run):
    """By phase: (number of the line that begins a stretch of it, its length)."""
    stretches = {phase: [] for phase in PHASES}
    phase = None
    for number, ((name, begin), (_, end)) in enumerate(zip(run.lines, run.lines[1:])):
        phase = name if name in PHASES else phase
        if phase:
            stretches[phase].append((number, end - begin))
    assert all(stretches.values()), f"a phase says nothing: {stretches}"
    return stretches


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    made = {}
    for name, kind in (("first", FirstRun), ("second", SecondRun)):
        made[name] = kind(tmp_path_factory.mktemp(name))
        run = Watched(made[name].expected)
        assert run.finish() == 0, run.lines
        made[name].stretches = stretches_of(run)
        made[name].expected = Contents(made[name].expected)
        made[name].end(made[name].expected.project)
    return made


class Contents:
    """The tables of a project, read into memory."""

    def __init__(self, project):
        self.project = project
        self.tables = {table: self._rows(project, table) for table in project.tables()}

    @staticmethod
    def _rows(project, table):
        rows = project.delta(table).to_pyarrow_table()
        return rows.select([column for column in rows.column_names if column not in OF_THE_RUN])


def assert_equal_tables(found, wanted):
    assert sorted(found.tables) == sorted(wanted.tables)
    for table, rows in wanted.tables.items():
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("found", found.tables[table])
        connection.register("wanted", rows)
        for a, b in (("found", "wanted"), ("wanted", "found")):
            differing, = connection.execute(f"SELECT count(*) FROM (SELECT * FROM {a} EXCEPT ALL SELECT * FROM {b})").fetchone()
            assert differing == 0, f"{table}: {differing} rows of {a} are not in {b}"


def assert_report_is_current(project):
    report = project.report()
    for model in ("churn", "winback"):
        assert f"run {project.evaluation(model)[1].parent.name}," in report, model
    for table, version in project.versions().items():
        assert f"<tr><td>{table}</td><td>{version}</td>" in report, table


def moments():
    draw = random.Random(4)
    chosen = []
    for number in range(KILLS):
        # The second run begins with the last phase, so that few kills strike all phases in one of the two.
        kind, order = (("first", PHASES), ("second", PHASES[::-1]))[number % 2]
        chosen.append((kind, order[number // 2 % len(order)], draw.random()))
    return chosen


def strike(kind, phase, share):
    """A project whose run was killed at this share of the phase."""
    for attempt in range(8):
        moment = share * 0.8**attempt * sum(length for _, length in kind.stretches[phase])
        for line, length in kind.stretches[phase]:
            if moment < length:
                break
            moment -= length
        project = kind.begin(f"killed{attempt}")
        run = Watched(project)
        run.wait_for_line(line)
        time.sleep(moment)
        run.process.send_signal(signal.SIGKILL)
        if run.finish() == -signal.SIGKILL:
            return project
        kind.stretches = stretches_of(run)  # it was faster than the one that was measured: measured anew
        kind.end(project)
    return pytest.fail("no run lived long enough to be killed")


@pytest.mark.parametrize("kind, phase, share", moments(), ids=lambda value: value if isinstance(value, str) else f"{value:.3f}")
def test_killed_and_started_again(kinds, kind, phase, share):
    project = strike(kinds[kind], phase, share)
    project.run(*CLOCK)
    assert_equal_tables(Contents(project), kinds[kind].expected)
    assert_report_is_current(project)
    kinds[kind].end(project)
