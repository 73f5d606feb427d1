"""`millpond init NAME --from FILE.csv`, from the file to an answered request: flights, machines of another shape, purchases."""
import csv
import datetime
import gzip
import json
import shutil
import subprocess

import duckdb
import pytest

import cdnow
import machines
from millpond_project import MILLPOND, ROOT, Project, metric
from millpond_server import Server

FLIGHTS = ROOT / "examples/flights/data/flights-2013-q1.csv.gz"


def init(folder, *arguments, code=0):
    done = subprocess.run([MILLPOND, "init", *map(str, arguments)], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def opened(folder):
    project = Project.__new__(Project)
    project.folder, project.example = folder, None
    return project


def run_and_serve(folder, name):
    """Runs the project as init wrote it, asks its endpoint what request.json says; gives (project, evaluation)."""
    project = opened(folder)
    summary = project.run().stdout
    assert name in summary
    evaluation, _ = project.evaluation(name)
    before = project.versions()
    assert "Nothing has changed since the last run." in project.run().stdout
    assert project.versions() == before
    request = json.loads((folder / "request.json").read_text())
    server = Server(project)
    try:
        answer = server.post(f"/endpoints/{name}/invocations", request)
        assert len(answer["predictions"]) == len(request["dataframe_records"])
        assert all(0 < p < 1 for p in answer["predictions"])
        # The engine answered from rows, not from nothing: somebody unknown scores otherwise or the same, but is answered too.
        entity = next(iter(request["dataframe_records"][0]))
        features = server.post(f"/api/features/{name}_history/get", {"entities": [{entity: request["dataframe_records"][0][entity]}]})
        assert features["features"][0]["seconds_since_last"] is not None
    finally:
        server.stop()
    return project, evaluation


def test_flights_by_a_condition_on_the_row(tmp_path):
    done = init(tmp_path, "late", "--from", FLIGHTS, "--label", "arr_delay > 30")
    said = done.stdout
    assert "80,789 rows" in said and "tailnum" in said and "time_hour" in said and "'NA' is a missing value" in said
    assert "only after its outcome" in said and "--entity" in said
    project, evaluation = run_and_serve(tmp_path / "late", "late")
    prevalence = metric(evaluation, "prevalence")
    assert 0.1 < prevalence < 0.25
    # Only an aircraft's past is known: better than nothing, far from examples/flights, which knows the airport.
    assert prevalence + 0.02 < metric(evaluation, "model") < 0.42
    rows, = project.sql("SELECT count(*) FROM main.late.events")[0]
    missing, = project.sql("SELECT count(*) FROM main.late.events_quarantine")[0]
    assert rows + missing == 80789 and missing == 841  # no tail number


def test_machines_with_a_label_in_text(tmp_path):
    rows, stops = machines.write(tmp_path / "press log.csv")
    said = init(tmp_path, "presses", "--from", "press log.csv").stdout
    assert f"{rows:,} rows" in said and "stopped = 'yes'" in said and f"({stops:,} of {rows:,} rows)" in said
    project, evaluation = run_and_serve(tmp_path / "presses", "presses")
    assert metric(evaluation, "model") > metric(evaluation, "prevalence") * 1.3
    got, = project.sql("SELECT count(*) FROM main.presses.events WHERE label")
    assert got == (stops,)
    # Offsets are kept: the instants of the file, in UTC.
    first, = project.sql("SELECT min(read_at) FROM main.presses.events")[0]
    assert first.startswith("2024-02-01T")


def test_purchases_with_the_entity_alone(tmp_path):
    """CDNOW as a CSV: dates as yyyymmdd, nothing in a row is a label."""
    text = "customer_id,date,cds,dollars\n" + "".join(
        f"{int(line[1:6])},{line[7:15].decode()},{int(line[16:18])},{line[19:26].decode().strip()}\n" for _, _, line in cdnow.lines())
    (tmp_path / "cdnow.csv").write_text(text)
    said = init(tmp_path, "cdnow", "--from", "cdnow.csv", "--entity", "customer_id").stdout
    assert "inactivity" in said and "yyyymmdd" in said and "begins at 1998-07-01" in said
    _, evaluation = run_and_serve(tmp_path / "cdnow", "cdnow")
    assert metric(evaluation, "model") > metric(evaluation, "prevalence") + 0.05


def test_outcomes_of_whole_days_that_are_known_after_a_month(tmp_path):
    """The last fifth of the rows spans less than the horizon: no outcome of it is known when the data end, all are at the project's clock."""
    rows, first = [], datetime.date(2024, 1, 1)
    for day in range(160):
        for n in range(10 if day < 140 else 20):
            entity = (day * 7 + n * 3) % 40
            rows.append(f"{entity},{first + datetime.timedelta(days=day)},{'yes' if (entity + day // 3) % 5 == 0 else 'no'}\n")
    (tmp_path / "in.csv").write_text("customer_id,day,failed\n" + "".join(rows))
    said = init(tmp_path, "shop", "--from", "in.csv", "--horizon", "30 days").stdout
    assert "begins at 2024-07-09" in said and "no model" not in said
    assert "KNOWN AT day + INTERVAL 30 DAYS" in (tmp_path / "shop/features/shop.sql").read_text()
    run_and_serve(tmp_path / "shop", "shop")


def days(count, first=datetime.date(2024, 1, 1)):
    return [first + datetime.timedelta(days=day) for day in range(count)]


def test_names_and_values_that_would_end_a_text(tmp_path):
    odd = ["select", "; DROP TABLE x --", "full", "a.b", "unreadable", "say \"no\""]
    rows, late = [], 0
    for number, day in enumerate(days(120)):
        for n in range(20):
            entity = (number * 7 + n * 3) % 40
            state = "open: late" if (entity + number // 3) % 5 == 0 else "it's \"done\" # ok"
            late += state == "open: late"
            code = "x'); DROP TABLE y --" if number < 110 and n == 0 and number % 9 == 0 else number % 3
            rows.append([entity, day, *(f"v{(n + i) % 4}'\"; --" for i in range(len(odd))), code, f"first\nsecond {n % 3}", state])
    name = "bob's \"list\" *.csv"
    with open(tmp_path / name, "w", newline="") as file:
        csv.writer(file).writerows([["customer_id", "day", *odd, "zip_code", "note", "status"], *rows])
    said = init(tmp_path, "shop", "--from", name, "--label", "status").stdout
    assert "no model" not in said
    project, _ = run_and_serve(tmp_path / "shop", "shop")
    assert project.sql("SELECT count(*), count(*) FILTER (WHERE label), count(DISTINCT note) FROM main.shop.events") == [(len(rows), late, 3)]
    assert project.sql("SELECT count(*) FROM main.shop.events WHERE unreadable = 'zip_code'")[0][0] == len([r for r in rows if "y" in str(r[8])])


def test_every_word_of_sql_may_name_a_column(tmp_path):
    words = [word for word, in duckdb.sql("SELECT DISTINCT keyword_name FROM duckdb_keywords()").fetchall()]
    words += ["as_of", "entity", "known", "settle", "stream", "features", "life", "v", "n", "missing", "e", "t", "l", "unreadable", "label"]
    words = sorted(set(words) - {"at", "when"})
    (tmp_path / "in.csv").write_text(f"customer_id,seen,{','.join(words)}\n" + "".join(
        f"{n % 5},{day},{','.join(str((n + i) % 7) for i in range(len(words)))}\n" for n, day in enumerate(days(30))))
    init(tmp_path, "shop", "--from", "in.csv", "--label", "activity")
    project = opened(tmp_path / "shop")
    project.run()
    assert project.sql("SELECT count(*) FROM main.shop.events WHERE unreadable = ''") == [(30,)]


@pytest.mark.parametrize("times", ["seconds since 1970", "yyyymmdd"])
def test_blanks_around_fields_are_no_part_of_them(tmp_path, times):
    rows = []
    for number, day in enumerate(days(120)):
        at = day.strftime("%Y%m%d") if times == "yyyymmdd" else int(datetime.datetime(day.year, day.month, day.day, 12, tzinfo=datetime.timezone.utc).timestamp())
        for n in range(10):
            entity = (number * 7 + n * 3) % 40
            failed = "true" if (entity + number // 3) % 5 == 0 else "false"
            rows.append(f"c{entity:02d} , {at}, {'NA' if n == 3 else n}, {'' if n == 4 else 'NA' if n == 5 else 'x'}, {failed} ")
    (tmp_path / "in.csv").write_text("customer_id, time, amount, kind, failed\n" + "\n".join(rows) + "\n")
    said = init(tmp_path, "shop", "--from", "in.csv", "--time", "time").stdout
    assert times in said and "no model" not in said
    assert json.loads((tmp_path / "shop/request.json").read_text())["dataframe_records"][0]["customer_id"].strip().startswith("c")
    project, _ = run_and_serve(tmp_path / "shop", "shop")
    assert project.sql("SELECT count(*), count(failed), count(amount), count(kind), count(DISTINCT customer_id), max(length(customer_id)) "
                       "FROM main.shop.events WHERE unreadable = ''") == [(1200, 1200, 1080, 960, 40, 3)]


def test_a_new_file_beside_the_first_is_read(tmp_path):
    machines.write(tmp_path / "a.csv")
    init(tmp_path, "presses", "--from", "a.csv")
    project = opened(tmp_path / "presses")
    project.run()
    before, = project.sql("SELECT count(*) FROM main.presses.events")[0]
    header = (tmp_path / "a.csv").read_text().splitlines()[0]
    (project.folder / "data/b.csv").write_text(f"{header}\npress 00;2024-04-20T10:00:00+02:00;broken;steel;no\npress 00;soon;1.0;steel;no\n")
    project.run()
    assert project.sql("SELECT count(*) FROM main.presses.events")[0] == (before + 1,)
    assert project.sql("SELECT unreadable FROM main.presses.events WHERE unreadable <> ''") == [("vibration_mm_s",)]
    assert project.sql("SELECT reasons FROM main.presses.events_quarantine")[0][0] is not None


@pytest.mark.parametrize("text, arguments, message", [
    ("customer_id,amount\n1,2.5\n1,3.5\n", (), "no time column"),
    ("customer_id,at\n1,2024-01-01\n1,2024-01-02\n", ("--entity", "custmer_id"), "did you mean 'customer_id'"),
    ("customer_id,at\n", (), "no row below"),
    ("", (), "is empty"),
    ("customer_id,at\n1,2024-01-01\n1,2024-01-02,3\n", (), "in.csv"),
])
def test_what_cannot_be_a_project_is_said_and_leaves_nothing(tmp_path, text, arguments, message):
    (tmp_path / "in.csv").write_text(text)
    done = init(tmp_path, "shop", "--from", "in.csv", *arguments, code=1)
    assert message in done.stderr and "--" in done.stderr + "--" and done.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_usage(tmp_path):
    init(tmp_path, "shop", code=2)
    init(tmp_path, "shop", "--from", "x.csv", "--nonsense", code=2)
    assert "no file x.csv" in init(tmp_path, "shop", "--from", "x.csv", code=1).stderr
    (tmp_path / "half.csv.gz").write_bytes(FLIGHTS.read_bytes()[:20000])
    assert "half.csv.gz" in init(tmp_path, "shop", "--from", "half.csv.gz", code=1).stderr
    with gzip.open(FLIGHTS) as whole, open(tmp_path / "some.csv", "wb") as some:
        shutil.copyfileobj(whole, some, 1 << 16)
    assert list(tmp_path.glob("shop*")) == [] and list(tmp_path.glob(".*")) == []
