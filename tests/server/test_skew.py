"""The promise that training and serving see the same features, tried on a running server: ten thousand requests while events
arrive out of order and later than their claim. Afterwards the oracle, which shares nothing with Millpond, computes every answer
from the script of events; of the source's log it reads no more than when each commit was stamped (and which events came with it).
Then the program's own audits of an endpoint's inference table, made by the same storm, must say the same."""
import http.client
import json
import random
import sqlite3
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from urllib.parse import unquote

import pyarrow.parquet
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "oracle"))

import oracle  # noqa: E402
from millpond_project import Project  # noqa: E402
from millpond_server import Server  # noqa: E402

SECOND = 1_000_000
REQUESTS, ASKERS, WRITERS, CUSTOMERS = 10_000, 3, 2, 40
SCHEMA = "event_id BIGINT, customer BIGINT, ts TIMESTAMP, amount DECIMAL(10,2), weight DOUBLE, kind STRING, ok BOOLEAN"
FLOW = f"""CREATE STREAMING TABLE main.shop.events
AS SELECT event_id, customer, ts, amount, weight, kind, ok FROM STREAM read_push('main.shop.events', schema => '{SCHEMA}');
"""


def column(name, type_):
    return oracle.Expr(name, type_, lambda row: row[name])


AMOUNT, WEIGHT, KIND = column("amount", "DECIMAL(10,2)"), column("weight", "DOUBLE"), column("kind", "VARCHAR")
OK = column("ok", "BOOLEAN")
VIEW = oracle.View(
    name="activity", table="main.shop.events", entity=["customer"], time="ts",
    known_at=oracle.Expr("ts + INTERVAL 2 SECONDS", "TIMESTAMP", lambda row: row["ts"] + 2 * SECOND),
    settle=3 * SECOND,
    windows={"w5": 5 * SECOND, "w30": 30 * SECOND, "life": None},
    aggregates=[
        oracle.Aggregate("count", None, None, "w5", "n_5s"), oracle.Aggregate("count", None, None, "w30", "n_30s"),
        oracle.Aggregate("count", None, OK, "w30", "ok_30s"), oracle.Aggregate("sum", WEIGHT, None, "w30", "weight_30s"),
        oracle.Aggregate("avg", AMOUNT, None, "life", "amount_mean"), oracle.Aggregate("sum", AMOUNT, None, "w5", "amount_5s"),
        oracle.Aggregate("max", WEIGHT, OK, "life", "weight_max"), oracle.Aggregate("last", KIND, None, "life", "kind_last"),
        oracle.Aggregate("first", AMOUNT, None, "w30", "amount_first"), oracle.Aggregate("count_distinct", KIND, None, "w30", "kinds"),
        oracle.Aggregate("time_since", None, None, "life", "since")],
    derived=[("share_5s", oracle.Expr("n_5s / nullif(n_30s, 0)", "DOUBLE", lambda f: oracle.quotient(f["n_5s"], f["n_30s"])))])
NAMES = [a.alias for a in VIEW.aggregates] + [name for name, _ in VIEW.derived]
MODEL = """name: busy
label:
  sql: |
    SELECT customer, :as_of AS as_of, count(*) FILTER (WHERE ts >= :as_of) > 0 AS label,
           :as_of + INTERVAL 1 SECOND AS label_known_at
    FROM main.shop.events WHERE ts < :as_of + INTERVAL 1 SECOND GROUP BY customer
  entity: [customer]
  horizon: 1 second
features:
  views: [{name: activity, columns: [n_5s, n_30s, weight_30s, amount_mean, weight_max, since, share_5s]}]
split:
  train: [%s]
  calibrate: [%s]
  test: [%s]
learner: {kind: xgboost, params: {max_depth: 2, num_boost_round: 5}}
metrics: {bootstrap: 20}
serve: {log: async}
"""


def micros(text):
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)


def iso(at):
    whole, part = divmod(at, SECOND)
    return datetime.fromtimestamp(whole, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{part:06d}Z"


class Script:
    """Every event that is ever pushed, by id; written down before it is pushed."""

    def __init__(self):
        self.events, self.lock = {}, threading.Lock()

    def make(self, r, at):
        with self.lock:
            number = len(self.events)
            self.events[number] = event = {
                "event_id": number, "customer": r.randrange(CUSTOMERS), "ts": at, "amount": Fraction(r.randrange(-500, 2000), 100),
                "weight": r.choice([0.1, 0.2, 1e16, -1e16, 1.0, 5e-324, r.random() * 1000]), "kind": r.choice("abcde"),
                "ok": r.choice([True, False, None])}
        return {**event, "ts": iso(at), "amount": f"{float(event['amount']):.2f}"}


class Storm:
    def __init__(self, server, script):
        self.address, self.script = server.url.removeprefix("http://"), script
        self.done, self.answers, self.problems = threading.Event(), [], []

    def post(self, connection, path, body):
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, (path, answer.status, text)
        return json.loads(text)

    def guarded(self, work, *arguments):
        def run():
            connection = http.client.HTTPConnection(self.address, timeout=60)
            try:
                work(connection, *arguments)
            except Exception as problem:  # told by the test's own thread
                self.problems.append(problem)
                self.done.set()
        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def write(self, connection, seed):
        r = random.Random(seed)
        while not self.done.wait(r.uniform(0.01, 0.08)):
            # Within the claim of two seconds, beyond it, and from long ago; no order among them.
            ages = [r.choice([r.uniform(0, 2), r.uniform(0, 6), r.uniform(0, 6), r.uniform(20, 90)]) for _ in range(r.randrange(1, 12))]
            now = time.time_ns() // 1000
            self.post(connection, "/api/ingest/main.shop.events", [self.script.make(r, now - int(age * SECOND)) for age in ages])

    def ask(self, connection, seed, count, seconds):
        r = random.Random(seed)
        started = time.monotonic()
        for i in range(count):
            customer = r.randrange(CUSTOMERS + 3)
            answer = self.post(connection, "/api/features/activity/get", {"entities": [{"customer": customer}]})
            self.answers.append((customer, answer))
            if i % 10 == 0:
                self.post(connection, "/endpoints/busy/invocations", {"dataframe_records": [{"customer": customer}]})
            early = started + seconds * i / count - time.monotonic()
            if early > 0 and self.done.wait(early):
                return

    def blow(self, seconds):
        writers = [self.guarded(self.write, seed) for seed in range(WRITERS)]
        askers = [self.guarded(self.ask, 100 + i, REQUESTS // ASKERS + (i < REQUESTS % ASKERS), seconds) for i in range(ASKERS)]
        for asker in askers:
            asker.join()
        self.done.set()
        for writer in writers:
            writer.join()
        assert not self.problems, self.problems


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("skew") / "shop")
    (project.folder / "millpond.yml").write_text("name: shop\n")
    for part, name, text in [("transformations", "events.sql", FLOW), ("features", "activity.sql", VIEW.sql(interval))]:
        (project.folder / part).mkdir()
        (project.folder / part / name).write_text(text)
    script, r = Script(), random.Random(5)
    start = time.time_ns() // 1000
    server = Server(project)
    # What was there before the view was served: known by its claim alone.
    before = Storm(server, script)
    connection = http.client.HTTPConnection(before.address, timeout=60)
    for _ in range(20):
        before.post(connection, "/api/ingest/main.shop.events",
                    [script.make(r, start - r.randrange(120 * SECOND)) for _ in range(100)])
    server.wait_until("the first events are in", lambda: count(project) == len(script.events))
    server.stop()
    moments = [iso(start - seconds * SECOND) for seconds in (60, 40, 20)]
    (project.folder / "models").mkdir()
    (project.folder / "models/busy.yml").write_text(MODEL % tuple(moments))
    project.run()
    server = Server(project)
    server.wait_until("the endpoint answers", lambda: server.ask(
        "POST", "/endpoints/busy/invocations", {"dataframe_records": [{"customer": 1}]}, expect=None)[0] == 200)
    storm = Storm(server, script)
    storm.blow(25)
    server.wait_until("the last events are in", lambda: count(project) == len(script.events))
    live = server.get("/api/features/activity")["live_version"]["version"]
    server.stop()
    yield project, script, storm, live


def interval(length):
    return f"INTERVAL {length // SECOND} SECONDS"


def count(project):
    return project.sql("SELECT count(*) FROM main.shop.events")[0][0] if "main.shop.events" in project.tables() else 0


def rows_with_commits(project, script, live):
    """The script's events, each with the stamp of its commit where that counts."""
    table, rows, seen = project.path("main.shop.events"), [], set()
    for entry in sorted((table / "_delta_log").glob("*.json")):
        version, stamp, events = int(entry.stem), None, []
        for line in entry.read_text().splitlines():
            action = json.loads(line)
            if "commitInfo" in action:
                stamp = action["commitInfo"].get("inCommitTimestamp", action["commitInfo"]["timestamp"]) * 1000
            if "add" in action and action["add"]["path"] not in seen:  # an upgrade names the files there are again
                seen.add(action["add"]["path"])
                path = table / unquote(action["add"]["path"])
                events += pyarrow.parquet.read_table(path, columns=["event_id"])["event_id"].to_pylist()
        rows += [oracle.Row(script.events[e], stamp if version > live else None) for e in events]
    assert len(rows) == len(script.events)
    return rows


def late_answers(project):
    """What was told when a commit came in late: (seen from, to, the version that has it)."""
    with sqlite3.connect(f"file:{project.folder}/.millpond/meta.db?mode=ro", uri=True) as db:
        return db.execute("SELECT stamp_us + settle_us, seen_us, version FROM feature_late_commits WHERE view = 'activity'").fetchall()


def as_json(value):
    return float(value) if isinstance(value, Fraction) else value


def test_no_unmarked_answer_differs_from_the_oracle(served):
    project, script, storm, live = served
    rows = rows_with_commits(project, script, live)
    by_customer = {c: [row for row in rows if row.values["customer"] == c] for c in range(CUSTOMERS + 3)}
    late, marked, different, of_later_rows = late_answers(project), 0, [], 0
    assert len(storm.answers) == REQUESTS
    for customer, answer in storm.answers:
        at = micros(answer["as_of"])
        if answer["stale"] or any(a <= at <= b and answer["source_version"] < v for a, b, v in late):
            marked += 1
            continue
        expected = dict(zip(NAMES, map(as_json, oracle.features_of(VIEW, by_customer[customer], at))))
        served_row = answer["features"][0]
        if any(not same(expected[name], served_row[name]) for name in NAMES):
            different.append((customer, answer, expected))
        of_later_rows += any(row.late_commit and row.late_commit <= at - VIEW.settle for row in by_customer[customer])
    assert not different, f"{len(different)} differ, first {different[0]}"
    assert marked < REQUESTS / 100, marked
    assert of_later_rows > REQUESTS / 2  # the storm was seen
    beyond = sum(1 for row in rows if row.late_commit and row.late_commit > row.values["ts"] + 2 * SECOND)
    assert beyond > 100  # and events did come later than their claim
    print(f"{REQUESTS} answers: 0 differ, {marked} marked; {len(rows)} events, {beyond} later than their claim")


def same(expected, got):
    if isinstance(expected, float) and isinstance(got, (int, float)):
        return oracle.bits(float(expected)) == oracle.bits(float(got))
    return expected == got


def test_the_audits_say_the_same(served):
    project, _, storm, _ = served
    audits = json.loads(project.call("features", "audit", "--format", "json").stdout)
    assert [a["audit"] for a in audits] == ["engine", "skew"]
    for audit in audits:
        assert audit["rows"] >= REQUESTS // 10 and audit["different"] == 0 and audit["unauditable"] == 0, audit
    assert audits[0]["equal"] == audits[0]["rows"] and audits[1]["marked"] < audits[1]["rows"] / 100
    kept = project.sql("SELECT sum(equal)::BIGINT, sum(different)::BIGINT FROM main.monitoring.audits")[0]
    assert kept == (audits[0]["equal"] + audits[1]["equal"], 0)


def test_an_answer_that_was_forged_is_found(served):
    """The audit is no rubber stamp: one bit of one feature, changed in the inference table by another client."""
    project, _, _, _ = served
    project.sql("INSERT INTO main.default.busy_inference SELECT * REPLACE ('forged' AS request_id, n_30s + 1 AS n_30s) "
                "FROM main.default.busy_inference WHERE activity_source_version IS NOT NULL AND NOT marked LIMIT 1")
    done = project.call("features", "audit", "--from", "2020-01-01", code=1)
    assert "request forged of busy" in done.stderr and "n_30s" in done.stderr and "main.default.busy_inference" in done.stderr
