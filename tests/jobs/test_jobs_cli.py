"""`millpond jobs` without a server: list, run, history, show; files that are wrong; a run that was killed."""
import csv
import io
import json
import os
import signal
import subprocess
import time

import pytest

from millpond_project import MILLPOND, Project

TABLE = """CREATE OR REFRESH STREAMING TABLE main.default.lines AS
SELECT * FROM STREAM read_files('data/*.csv', format => 'csv', header => true, schema => 'a BIGINT');
"""


@pytest.fixture
def project(tmp_path):
    """A project of one table: enough for a run to do something."""
    project = Project(tmp_path / "small")
    for folder in ("jobs", "transformations"):
        (project.folder / folder).mkdir()
    (project.folder / "millpond.yml").write_text("name: small\nmode: demo\nclock: {kind: offset, at: 1998-07-01T00:00:00Z}\n")
    (project.folder / "transformations/lines.sql").write_text(TABLE)
    (project.folder / "data/1.csv").write_text("a\n1\n2\n")
    job(project, "nightly", 'description: all\nschedule: {cron: "15 2 * * *"}\ntask: {kind: run}\n')
    return project


def job(project, name, text):
    (project.folder / f"jobs/{name}.yml").write_text(text)


def rows(project, *arguments, code=0):
    return json.loads(project.call("jobs", *arguments, "--format", "json", code=code).stdout)


def test_a_job_is_listed_run_and_remembered(project):
    listed, = rows(project, "list")
    assert listed["job"] == "nightly" and listed["next"] == "1998-07-01T02:15Z" and listed["state"] is None
    done = project.call("jobs", "run", "nightly")
    assert "nightly: run " in done.stdout and "succeeded" in done.stdout and "1 of 1 tables changed, 2 rows written" in done.stdout
    assert project.sql("SELECT count(*) FROM lines") == [(2,)]
    assert "nothing has changed" in project.call("jobs", "run", "nightly", "--wait").stdout
    second, first = rows(project, "history", "nightly")
    assert [r["state"] for r in (first, second)] == ["succeeded"] * 2 and first["cause"] == "by hand (local)"
    assert first["started_at"] <= first["finished_at"] <= second["started_at"] and first["attempt"] == 1
    assert len(rows(project, "history", "--limit", "1")) == 1
    text = project.call("jobs", "history", "--format", "csv").stdout
    assert [r["run_id"] for r in csv.DictReader(io.StringIO(text))] == [second["run_id"], first["run_id"]]
    shown = {r["field"]: r["value"] for r in rows(project, "show", "nightly")}
    assert shown["last_run"] == second["run_id"] and shown["next"].startswith("1998-07-01T02:15:00Z, 1998-07-02T02:15:00Z")
    assert {r["field"]: r["value"] for r in rows(project, "show", first["run_id"])}["job"] == "nightly"
    listing = project.call("jobs")
    assert "nightly" in listing.stdout and "no server runs these" in listing.stderr


def test_a_clock_that_stands_still_has_no_ticks(project):
    listed, = rows(project, "list", "--clock-at", "1998-07-01T00:00:00Z")
    assert listed["next"] == "never: the project's clock stands still"
    assert project.call("jobs", "run", "nightly", "--clock-at", "1998-07-01T00:00:00Z").returncode == 0


def test_the_exit_code_is_the_run_s(project):
    job(project, "scores", "task: {kind: score, model: nobody}\n")
    done = project.call("jobs", "run", "scores", code=1)
    assert "run " in done.stderr and "of job scores failed" in done.stderr and "no model 'nobody'" in done.stderr
    failed, = rows(project, "history", "scores")
    assert failed["state"] == "failed" and "nobody" in failed["outcome"]
    (project.folder / "transformations/bad.sql").write_text("CREATE OR REFRESH NONSENSE;")
    assert "bad.sql" in project.call("jobs", "run", "nightly", code=1).stderr
    assert rows(project, "history", "nightly")[0]["state"] == "failed"


@pytest.mark.parametrize("text, words", [
    ("tsak: {kind: run}\n", "bad.yml:1:7: unknown key 'tsak'; did you mean 'task'?"),
    ("task: {kind: rn}\n", "did you mean 'run'?"),
    ("task: {kind: run, retrian: true}\n", "unknown key 'retrian'; did you mean 'retrain'?"),
    ("task: {kind: score}\n", "model"),
    ('schedule: {cron: "15 26 * * *"}\ntask: {kind: run}\n', "bad.yml:1:18: cron field '26' (hour)"),
    ("schedule: {after: [nightyl]}\ntask: {kind: run}\n", "did you mean 'nightly'?"),
    ("schedule: [\n", "bad.yml"), ("", "the job has no task")])
def test_a_bad_file_is_named_and_keeps_no_other_away(project, text, words):
    job(project, "bad", text)
    for arguments in (["jobs"], ["jobs", "run", "bad"], ["jobs", "show", "bad"]):
        done = project.call(*arguments, code=1)
        assert words in done.stderr and "bad.yml" in done.stderr
    assert "nightly" in project.call("jobs", code=1).stdout
    project.call("jobs", "run", "nightly")


def test_unknown_names_are_told(project):
    assert "did you mean 'nightly'?" in project.call("jobs", "run", "nightyl", code=1).stderr
    assert "did you mean 'nightly'?" in project.call("jobs", "show", "nightyl", code=1).stderr
    assert "did you mean 'nightly'?" in project.call("jobs", "history", "nightyl", code=1).stderr
    assert "--limit" in project.call("jobs", "history", "--limit", "0", code=2).stderr
    assert project.call("jobs", "frobnicate", code=2)
    assert "millpond jobs run nightly --wait" in project.call("jobs", "--help").stdout


class Held:
    """A run of the job in a process of its own, which has the run's lock of the project's flows taken away from it."""

    def __init__(self, project):
        self.blocker = open(project.folder / ".millpond/run.lock", "a+")
        import fcntl
        fcntl.flock(self.blocker, fcntl.LOCK_EX)
        self.process = subprocess.Popen([MILLPOND, "jobs", "run", "nightly", "--project", str(project.folder)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while not (found := rows(project, "history", "nightly")) or found[0]["state"] != "running":
            assert time.monotonic() < deadline and self.process.poll() is None
            time.sleep(0.05)

    def end(self, number):
        os.kill(self.process.pid, number)
        output = self.process.communicate(timeout=60)
        self.blocker.close()
        return self.process.returncode, output[1]


def test_ctrl_c_cancels_and_a_second_run_is_refused_meanwhile(project):
    project.call("jobs", "run", "nightly")
    held = Held(project)
    assert "another run of job nightly is at work" in project.call("jobs", "run", "nightly", code=1).stderr
    code, error = held.end(signal.SIGINT)
    assert code == 1 and "was cancelled" in error
    assert rows(project, "history", "nightly")[0]["state"] == "cancelled"
    project.call("jobs", "run", "nightly")


def test_a_killed_run_is_recognised(project):
    project.call("jobs", "run", "nightly")
    held = Held(project)
    held.end(signal.SIGKILL)
    assert rows(project, "history", "nightly")[0]["state"] == "running"  # nobody has looked yet
    project.call("jobs", "run", "nightly")
    again, killed, _ = rows(project, "history", "nightly")
    assert killed["state"] == "interrupted" and "killed" in killed["outcome"]
    assert again["state"] == "succeeded" and again["cause"] == f"interrupted (run {killed['run_id']} was killed)"
