"""Jobs of a running server: a tick, ticks missed, commits, a run by hand from outside, a stop and a kill in the middle of a run;
on both examples."""
import datetime
import json
import subprocess
import time

import pytest

from millpond_project import MILLPOND, Project
from millpond_server import Server

PARTS = ("millpond.yml", "transformations", "features", "models", "jobs")


def quick(project):
    project.fewer_resamples()
    return project


@pytest.fixture(scope="module")
def churn(tmp_path_factory):
    project = quick(Project(tmp_path_factory.mktemp("jobs") / "churn", "churn", PARTS))
    project.arrive("*.txt")
    project.run()
    return project


@pytest.fixture
def server(churn):
    server = Server(churn)
    yield server
    if server.process.poll() is None:
        server.stop()


def stand_at(project, at):
    """The project's clock shows `at` about now: its anchor is moved."""
    begin = datetime.datetime(1998, 7, 1, tzinfo=datetime.timezone.utc)
    anchor = datetime.datetime.now(datetime.timezone.utc) - (datetime.datetime.fromisoformat(at) - begin)
    (project.folder / ".millpond/clock.json").write_text(json.dumps({"anchor": anchor.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}) + "\n")


def runs(server, job):
    return server.get(f"/api/jobs/{job}/runs")["runs"]


def last(server, job, **wanted):
    def look():
        found = runs(server, job)
        return found and all(found[0][key] == value for key, value in wanted.items()) and found[0]
    return server.wait_until(f"{job}: {wanted}", look, seconds=120)


def slow_job(project):
    """Trains for a minute or so, if nobody stops it."""
    text = (project.folder / "models/churn.yml").read_text()
    (project.folder / "models/churn.yml").write_text(text.replace("num_boost_round: 100", "num_boost_round: 30000"))
    (project.folder / "jobs/slow.yml").write_text("task: {kind: run, retrain: true}\n")
    return text


def test_a_first_start_runs_nothing(churn, server):
    jobs = {job["job"]: job for job in server.get("/api/jobs")["jobs"]}
    assert set(jobs) == {"audit", "monitor", "nightly", "weekly_scores"}
    assert jobs["nightly"]["next_tick"] == "1998-07-01T02:15:00.000000Z"
    assert jobs["weekly_scores"]["next_tick"] == "1998-07-06T05:00:00.000000Z"
    assert all(job["state"] is None for job in jobs.values())
    paths = server.get("/openapi.json")["paths"]
    assert {"/api/jobs", "/api/jobs/{name}/runs", "/api/jobs/{name}/run"} <= set(paths)
    assert server.ask("POST", "/api/jobs/nightyl/run", expect=404)["message"].endswith("did you mean 'nightly'?")


def test_a_tick_comes_by_the_project_s_clock(churn):
    stand_at(churn, "1998-07-01T02:14:55+00:00")
    server = Server(churn)
    run = last(server, "nightly", state="succeeded")
    assert run["cause"] == "cron" and run["scheduled_at"] == "1998-07-01T02:15:00.000000Z"
    assert "1998-07-01T02:15:0" in run["started_at"] and run["attempt"] == 1
    assert 'millpond_job_runs_total{job="nightly",state="succeeded"} 1' in server.get("/metrics")
    server.stop()
    # Five nights without a server, a Monday among them: one run each.
    stand_at(churn, "1998-07-06T12:00:00+00:00")
    server = Server(churn)
    assert last(server, "nightly", state="succeeded", cause="catch-up")["detail"] == "5 ticks missed"
    scored = last(server, "weekly_scores", state="succeeded", cause="catch-up")
    assert scored["detail"] == "1 tick missed" and "rows in main.churn.churn_scores@" in scored["summary"]
    assert len(runs(server, "nightly")) == 2 and len(runs(server, "weekly_scores")) == 1
    server.stop()


def test_by_hand_from_another_process(churn, server):
    done = churn.call("jobs", "run", "weekly_scores", "--wait", "--format", "json")
    row, = json.loads(done.stdout)
    assert row["state"] == "succeeded" and row["cause"] == "by hand (local)" and "the server runs it" in done.stderr
    assert runs(server, "weekly_scores")[0]["run_id"] == row["run_id"]
    (churn.folder / "jobs/nothing.yml").write_text("task: {kind: score, model: nobody}\n")
    listed = lambda: [job["job"] for job in server.get("/api/jobs")["jobs"]]
    server.wait_until("the new file", lambda: "nothing" in listed())
    assert "no model 'nobody'" in churn.call("jobs", "run", "nothing", "--wait", code=1).stderr
    asked = server.ask("POST", "/api/jobs/nothing/run", expect=202)
    assert asked["state"] == "waiting" and asked["detail"] == "local"
    last(server, "nothing", state="failed", run_id=asked["run_id"])
    # A file that cannot be read is told; the job goes on as it was.
    (churn.folder / "jobs/nothing.yml").write_text("task: {kind: nothing}\n")
    server.wait_until("the problem", lambda: any(job["problem"] for job in server.get("/api/jobs")["jobs"]))
    assert server.ask("POST", "/api/jobs/nothing/run", expect=202)
    (churn.folder / "jobs/nothing.yml").unlink()
    server.wait_until("the file is gone", lambda: "nothing" not in listed())


def test_a_stop_does_not_wait_for_a_training_and_a_kill_loses_no_run(churn):
    saved = slow_job(churn)
    server = Server(churn)
    experiment = server.get("/api/2.0/mlflow/experiments/get-by-name?experiment_name=churn")["experiment"]["experiment_id"]

    def training():  # the trainer has begun its run
        found = server.post("/api/2.0/mlflow/runs/search", {"experiment_ids": [experiment], "filter": "status = 'RUNNING'"})
        return bool(found.get("runs"))

    server.post("/api/jobs/slow/run", None, expect=202)
    server.wait_until("it trains", training)
    before = server.score("churn", customer_id=9)["model_version"]  # served meanwhile
    began = time.monotonic()
    server.stop()
    stopping = time.monotonic() - began
    history = json.loads(churn.call("jobs", "history", "slow", "--format", "json").stdout)
    assert [r["state"] for r in history] == ["waiting", "interrupted"], history
    assert stopping < 15, stopping

    server = Server(churn)
    last(server, "slow", state="running")
    server.kill()
    (churn.folder / "models/churn.yml").write_text(saved)  # now it may end
    server = Server(churn)
    last(server, "slow", state="succeeded")
    again, killed, stopped = runs(server, "slow")
    assert [r["state"] for r in (stopped, killed, again)] == ["interrupted", "interrupted", "succeeded"]
    assert killed["detail"] == f"run {stopped['run_id']} was stopped" and again["detail"] == f"run {killed['run_id']} was killed"
    assert "churn version" in again["summary"] and "trained" in again["summary"]
    server.wait_until("the endpoint follows", lambda: server.score("churn", customer_id=9)["model_version"] > before)
    server.stop()
    (churn.folder / "jobs/slow.yml").unlink()


def test_a_run_waits_for_a_millpond_run_beside_it(churn, server):
    other = subprocess.Popen([MILLPOND, "run", "--retrain", "--project", str(churn.folder)], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert other.stderr.readline()  # its first line of progress: it has the lock
    asked = server.post("/api/jobs/nightly/run", None, expect=202)
    last(server, "nightly", state="succeeded", run_id=asked["run_id"])
    other.communicate(timeout=120)
    assert other.returncode == 0


def test_commits_start_a_job_on_the_other_example(tmp_path):
    project = quick(Project(tmp_path / "flights", "flights", PARTS))
    project.arrive("*.csv.gz")
    project.run()
    path = project.folder / "jobs/late_scores.yml"
    path.write_text(path.read_text().replace("quiet_s: 20", "quiet_s: 1"))
    server = Server(project)
    assert runs(server, "late_scores") == []
    departure = {"year": 2013, "month": 4, "day": 1, "dep_time": 1005, "sched_dep_time": 1000, "dep_delay": 5, "arr_time": 1205,
                 "sched_arr_time": 1200, "arr_delay": 5, "carrier": "UA", "flight": 9999, "tailnum": "N14228", "origin": "EWR",
                 "dest": "IAH", "air_time": 200, "distance": 1400, "hour": 10, "minute": 0, "time_hour": "2013-04-01T14:00:00Z"}
    for minute in range(3):  # a few in a row are one run
        server.post("/api/ingest/pushed_departures", [{**departure, "flight": 9000 + minute}])
    run = last(server, "late_scores", state="succeeded")
    assert run["cause"] == "commit" and run["detail"].startswith("main.flights.departures@")
    assert run["changed"] and "rows in main.flights.late_scores@" in run["summary"]
    assert project.sql("SELECT count(*) FROM main.flights.late_scores WHERE flight_id LIKE 'UA900%'")[0][0] == 3
    server.stop()
