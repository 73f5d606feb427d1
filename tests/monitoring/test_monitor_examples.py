"""millpond monitor on the examples: the alerts that their monitors/expected.md state, and every statistic against numpy and
scikit-learn (oracle.py)."""
import math
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy
import pytest
from sklearn.metrics import average_precision_score, log_loss

from millpond_project import MILLPOND, ROOT, Project

sys.path.insert(0, str(Path(__file__).parent))
import oracle

PARTS = ("millpond.yml", "transformations", "features", "models", "monitors")
TABLES = ["drift", "quality", "expectations", "alerts"]


def make(tmp_path_factory, example, *files):
    project = Project(tmp_path_factory.mktemp(example), example, PARTS)
    project.arrive(*files)
    project.run()
    project.call("monitor")
    return project


@pytest.fixture(scope="module")
def churn(tmp_path_factory):
    return make(tmp_path_factory, "churn", "*.txt")


@pytest.fixture(scope="module")
def flights(tmp_path_factory):
    return make(tmp_path_factory, "flights", "*.csv.gz")


def rows(project, table):
    return project.delta(f"main.monitoring.{table}").to_pyarrow_table().to_pylist()


def columns(project, table, version=None):
    delta = project.delta(table)
    if version is not None:
        delta.load_as_version(version)
    return delta.to_pyarrow_table()


def numbers(table, name):
    return numpy.array([math.nan if v is None else float(v) for v in table[name].to_pylist()])


def stated(example):
    """The table of alerts of monitors/expected.md."""
    text = (ROOT / "examples" / example / "monitors/expected.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| ---", "| monitor"))]
    return sorted(tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines)


def found(project, digits):
    return sorted((a["monitor"], a["population"], a["cause"], a["object"], a["transition"], a["period_start"].isoformat()[:digits])
                  for a in rows(project, "alerts"))


@pytest.mark.parametrize("example, digits", [("churn", 7), ("flights", 10)])
def test_the_alerts_are_those_that_are_written_down(example, digits, request):
    project = request.getfixturevalue(example)
    assert found(project, digits) == stated(example)


@pytest.mark.parametrize("example", ["churn", "flights"])
def test_the_first_command_of_each_alert_runs(example, request):
    project = request.getfixturevalue(example)
    for command in {alert["command"] for alert in rows(project, "alerts")}:
        program, *arguments = shlex.split(command)
        assert program == "millpond"
        assert project.call(*arguments).stdout


@pytest.mark.parametrize("example", ["churn", "flights"])
def test_a_second_run_writes_nothing(example, request):
    project = request.getfixturevalue(example)
    before = project.versions()
    done = project.call("monitor")
    assert "nothing new: no table was written" in done.stderr
    assert project.versions() == before


def test_exit_code_tells_of_alerts_only_if_asked(churn):
    done = churn.call("monitor", "--fail-on-alert", code=1)
    assert "1 alert(s) fire" in done.stderr
    assert "first: millpond sql" in done.stderr
    assert "population_aged" in churn.call("monitor", "alerts").stdout


def test_labels_are_pending_until_they_are_known(churn):
    quality = {(r["monitor"], r["period_start"].isoformat()[:7]): r for r in rows(churn, "quality")}
    for month in (1, 2, 3, 4):
        row = quality["churn", f"1998-0{month}"]
        assert row["status"] == "known" and row["labelled_rows"] == row["rows"] and row["replayed"]
    for month, known in ((5, "1998-07-30"), (6, "1998-08-30"), (7, "1998-09-29")):
        row = quality["churn", f"1998-0{month}"]
        assert row["status"] == "label pending" and row["average_precision"] is None
        assert row["label_known_at"].isoformat()[:10] == known
    assert not quality["churn", "1998-07"]["replayed"]
    assert "label pending until 1998-09-29" in churn.call("monitor").stdout


def check_drift(project, monitor, model, period, cohort=None):
    """psi, psi_within and matched_share of a scored period, from its Delta tables."""
    table = f"main.{project.example.name}.{model}"
    training = columns(project, f"{table}_training_set")
    split = numpy.array(training["split"].to_pylist())
    training = training.filter(split == "train")
    now = columns(project, f"{table}_scores_features")
    if period:
        inside = numpy.array([period[0] <= t.isoformat()[:10] < period[1] for t in now["as_of"].to_pylist()])
        now = now.filter(inside)
    checked = 0
    for row in rows(project, "drift"):
        if row["monitor"] != monitor or row["kind"] != "feature" or row["period_start"].isoformat()[:10] != period[0]:
            continue
        name = row["name"]
        if isinstance(training[name][0].as_py(), str):
            values = training[name].to_pylist()
            known = sorted(sorted(set(v for v in values if v), key=lambda v: (-values.count(v), v))[:20])
            bins = lambda t, mask: oracle.category_counts([v for v, m in zip(t[name].to_pylist(), mask) if m], known)
        else:
            cuts = oracle.edges(numbers(training, name))
            bins = lambda t, mask: oracle.counts(numbers(t, name)[mask], cuts)
        every = lambda t: numpy.ones(t.num_rows, dtype=bool)
        assert row["rows"] == now.num_rows and row["reference_rows"] == training.num_rows
        assert row["psi"] == pytest.approx(oracle.psi(bins(now, every(now)), bins(training, every(training))), rel=1e-9, abs=1e-12)
        if cohort:
            groups = lambda t: {c: bins(t, numbers(t, cohort) == c) for c in set(t[cohort].to_pylist())}
            within, share = oracle.psi_within(groups(now), groups(training))
            assert row["matched_share"] == pytest.approx(share)
            assert row["psi_within"] == pytest.approx(within, rel=1e-9, abs=1e-12)
        checked += 1
    return checked


def test_drift_of_churn_equals_the_oracle(churn):
    assert check_drift(churn, "churn", "churn", ("1998-07-01", "1998-08-01")) == 16
    drift = [r for r in rows(churn, "drift") if r["monitor"] == "churn"]
    assert len(drift) == 7 * 17
    assert {r["matched_share"] for r in drift} == {0}
    assert max(r["psi_step"] for r in drift if r["psi_step"] is not None) < 0.13


def test_drift_of_flights_equals_the_oracle(flights):
    assert check_drift(flights, "late", "late", ("2013-03-25", "2013-04-01"), "weekday") > 15


def test_replayed_features_equal_a_training_set(churn):
    """June 1998 was scored for watching only; the same rows through `features training-set`, and the step to July."""
    labels = churn.folder / "june.csv"
    labels.write_text(churn.call("sql", "--format", "csv", """
        SELECT customer_id, TIMESTAMP '1998-06-01 00:00:00' AS purchased_at FROM main.churn.purchases
        WHERE purchase_date < DATE '1998-06-01' GROUP BY customer_id
        HAVING count(DISTINCT purchase_date) >= 2 AND max(purchase_date) >= DATE '1998-06-01' - INTERVAL 90 DAYS""").stdout)
    churn.call("features", "training-set", "--labels", str(labels), "--view", "customer_purchases", "--format", "parquet",
               "-o", str(churn.folder / "june.parquet"))
    import pyarrow.parquet
    june = pyarrow.parquet.read_table(churn.folder / "june.parquet")
    july = columns(churn, "main.churn.churn_scores_features")
    training = columns(churn, "main.churn.churn_training_set")
    training = training.filter(numpy.array(training["split"].to_pylist()) == "train")
    drift = {(r["period_start"].month, r["name"]): r for r in rows(churn, "drift") if r["monitor"] == "churn"}
    for name in ("recency_days", "gap_mean_days", "dollars_30d", "trend_30_90"):
        cuts = oracle.edges(numbers(training, name))
        assert drift[6, name]["psi"] == pytest.approx(
            oracle.psi(oracle.counts(numbers(june, name), cuts), oracle.counts(numbers(training, name), cuts)), rel=1e-9)
        # Ages match from June to July but for the youngest and the oldest: like with like needs the ages.
        assert drift[7, name]["step_matched_share"] > 0.5


def test_quality_is_judged_once_labels_are_known(tmp_path_factory):
    """Scored on 1 April with what was there then; on 1 July the labels are known. Earlier scorings are read from the score table's
    history; a model without a monitors file is watched by default."""
    project = Project(tmp_path_factory.mktemp("later"), "churn")
    project.arrive("cdnow-1997-*.txt", "cdnow-1998-0[123].txt")
    project.run("--clock-at", "1998-04-01T00:00:00Z")
    done = project.call("monitor", "churn", "--clock-at", "1998-04-01T06:00:00Z")
    assert "label pending until 1998-06-30" in done.stdout
    scored_version = project.delta("main.churn.churn_scores").version()
    project.arrive("cdnow-1998-0[456].txt")
    project.run("--clock-at", "1998-07-01T00:00:00Z")
    project.call("monitor", "churn", "--clock-at", "1998-07-01T06:00:00Z")
    april, july = sorted(rows(project, "quality"), key=lambda r: r["period_start"])
    assert (april["status"], july["status"]) == ("known", "label pending")
    assert july["model_version"] > april["model_version"] >= 1

    scores = columns(project, "main.churn.churn_scores", scored_version)
    bought = {c for c, in project.sql("SELECT DISTINCT customer_id FROM main.churn.purchases WHERE purchase_date >= DATE '1998-04-01' "
                                      "AND purchase_date < DATE '1998-06-30'")}
    labels = numpy.array([0.0 if c in bought else 1.0 for c in scores["customer_id"].to_pylist()])
    margins, probabilities = numbers(scores, "margin"), numbers(scores, "probability")
    assert april["rows"] == april["labelled_rows"] == len(labels) == 3817
    assert april["prevalence"] == pytest.approx(labels.mean())
    assert april["average_precision"] == pytest.approx(average_precision_score(labels, margins), rel=1e-12)
    assert april["calibration_gap"] == pytest.approx(labels.mean() - probabilities.mean(), abs=1e-12)
    gaps = labels - probabilities
    half = 1.959963984540054 * math.sqrt(((gaps - gaps.mean()) ** 2).sum()) / len(gaps)  # one row a customer
    assert april["calibration_gap_high"] - april["calibration_gap"] == pytest.approx(half, rel=1e-9)
    assert april["log_loss"] == pytest.approx(log_loss(labels, probabilities), rel=1e-9)
    assert april["calibration_error"] == pytest.approx(oracle.calibration_error(probabilities, labels), rel=1e-9)
    assert april["average_precision_low"] < april["average_precision"] < april["average_precision_high"]


def settled(project):
    """What monitoring says, without the moment at which it was said."""
    return {table: sorted(str({k: v for k, v in row.items() if k != "at"}) for row in rows(project, table)) for table in TABLES}


def test_killed_at_any_moment_it_is_finished_by_the_next_run(churn, tmp_path):
    expected = settled(churn)
    for table in TABLES:
        shutil.rmtree(churn.path(f"main.monitoring.{table}"))
    begin = time.monotonic()
    churn.call("monitor")
    seconds = time.monotonic() - begin
    assert settled(churn) == expected
    killed = 0
    for moment in range(8):
        for table in TABLES:
            shutil.rmtree(churn.path(f"main.monitoring.{table}"), ignore_errors=True)
        process = subprocess.Popen([MILLPOND, "monitor", "--project", str(churn.folder)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            process.wait(seconds * (moment + 0.5) / 8)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.wait()
        churn.call("monitor")
        assert settled(churn) == expected, f"killed at {moment} of 8"
    assert killed >= 4


def test_bad_input_names_file_line_and_nearest_key(churn):
    path = churn.folder / "monitors/winback.yml"
    path.write_text("model: winback\nperiode: DAY\n")
    try:
        assert re.search(r"monitors/winback.yml:2:\d+: unknown key 'periode'; did you mean 'period'\?",
                         churn.call("monitor", code=1).stderr)
    finally:
        path.unlink()
    assert "there is no monitor 'chrun'" in churn.call("monitor", "chrun", code=1).stderr
