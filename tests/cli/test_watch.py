"""`millpond run --watch`: flows kept running without a server, a run beside it, and the end by Ctrl-C."""
import signal
import subprocess
import threading

import pytest

from millpond_project import MILLPOND, Project

FLOWS = """
CREATE STREAMING TABLE lines AS SELECT line, file FROM STREAM read_files('data', format => 'text');
CREATE STREAMING TABLE words AS SELECT upper(line) AS word FROM STREAM(lines) WHERE line <> 'no';
CREATE MATERIALIZED VIEW counts AS SELECT count(*) AS n FROM words;
"""


class Watch:
    """The running program; its lines as they come."""

    def __init__(self, project):
        self.lines, self.heard, self.seen, self.ended = [], 0, threading.Condition(), False
        self.process = subprocess.Popen([MILLPOND, "run", "--watch", "--project", str(project.folder)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.seen:
                self.lines.append(line)
                self.seen.notify_all()
        with self.seen:
            self.ended = True
            self.seen.notify_all()

    def wait_for(self, *texts):
        """A line that has all the texts, among those that came since the last one waited for."""
        def found():
            return next((i for i in range(self.heard, len(self.lines)) if all(text in self.lines[i] for text in texts)), None)
        with self.seen:
            assert self.seen.wait_for(lambda: found() is not None or self.ended, timeout=120), self.lines
            assert found() is not None, self.lines
            self.heard = found() + 1
            return self.lines[self.heard - 1]

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        self.reader.join()
        return code


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path / "watched")
    (project.folder / "millpond.yml").write_text("name: watched\n")
    (project.folder / "transformations").mkdir()
    (project.folder / "transformations/flows.sql").write_text(FLOWS)
    (project.folder / "data/a.txt").write_text("one\nno\n")
    return project


def test_new_files_are_followed_until_ctrl_c(project):
    watch = Watch(project)
    watch.wait_for("flows are kept running")
    (project.folder / "data/b.txt").write_text("two\nno\n")
    line = watch.wait_for("main.default.words", "1 rows in, 1 in the table")
    assert "version 2" in line
    watch.wait_for("main.default.counts", "version")
    assert watch.stop() == 0
    assert project.sql("SELECT word FROM words ORDER BY word") == [("ONE",), ("TWO",)]
    assert project.sql("SELECT n FROM counts") == [(2,)]


def test_a_run_beside_it_and_changed_files(project):
    watch = Watch(project)
    watch.wait_for("flows are kept running")
    (project.folder / "data/b.txt").write_text("two\n")
    project.run()
    assert ("TWO",) in project.sql("SELECT word FROM words")
    flows = project.folder / "transformations/flows.sql"
    flows.write_text(FLOWS + "CREATE STREAMING TABLE more AS SELECT file FROM STREAM(lines);\n")
    watch.wait_for("main.default.more")
    flows.write_text(FLOWS.replace("upper(line)", "1 / 'x'"))
    (project.folder / "data/c.txt").write_text("three\n")
    watch.wait_for("main.default.words", "failed, and is tried again")
    flows.write_text(FLOWS)
    watch.wait_for("main.default.words", "1 in the table")
    assert watch.stop(signal.SIGTERM) == 0
    assert project.sql("SELECT word FROM words ORDER BY word") == [("ONE",), ("THREE",), ("TWO",)]
