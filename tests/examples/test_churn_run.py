"""The churn example from raw files to scores, in the instalments of the demo, held against what is known of the data
(cdnow.py reads them without Millpond) and opened with other people's readers."""
import hashlib
import html
import json
import re
import sqlite3
from decimal import Decimal

import duckdb
import duckdb_extension_delta
import mlflow.pyfunc
import mlflow.xgboost
import numpy
import pandas
import pytest
import xgboost

import cdnow
from millpond_project import Project, metric

REASONS = {  # line of bad-lines.txt → expectations that it breaks
    2: {"customer_is_a_number"}, 3: {"date_exists"}, 4: {"dollars_not_negative"}, 5: {"cds_is_a_number"},
    6: {"dollars_is_a_number"}, 7: {"line_is_26_wide"}, 8: {"line_not_blank"}, 9: {"line_is_26_wide"},
    10: {"customer_is_not_zero"}, 11: {"line_is_utf8"}, 12: {"date_is_past"}, 13: {"cds_is_not_zero"}}


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    """The project after all instalments, with what was seen between them."""
    project = Project(tmp_path_factory.mktemp("churn"), "churn")
    project.arrive("cdnow-1997-*.txt", "cdnow-1998-0[1-3].txt", "bad-lines.txt")
    project.first = project.run("--clock-at", "1998-04-01T00:00:00Z")
    project.before = project.versions()
    project.again = project.run("--clock-at", "1998-04-01T00:00:00Z")
    project.after_again = project.versions()
    project.arrive("cdnow-1998-04.txt")
    project.april = project.run("--clock-at", "1998-05-01T00:00:00Z")
    project.after_april = project.versions()
    project.april_report = project.report()
    project.arrive("cdnow-1998-05.txt", "cdnow-1998-06.txt")
    project.last = project.run()
    return project


def test_a_second_run_without_new_data_changes_nothing(year):
    assert year.after_again == year.before


def test_only_the_new_file_is_read(year):
    table = "main.churn.purchase_lines"
    before, after = (f"SELECT * FROM {table} VERSION AS OF {versions[table]}" for versions in (year.before, year.after_april))
    assert year.after_april[table] == year.before[table] + 1
    april = len((year.example / "data/cdnow-1998-04.txt").read_bytes().split(b"\r\n")) - 1
    assert year.sql(f"SELECT file, count(*), min(line_number), max(line_number) FROM ({after} EXCEPT ALL {before}) GROUP BY file") == [
        ("data/cdnow-1998-04.txt", april, 1, april)]
    assert year.sql(f"SELECT count(*) FROM ({before} EXCEPT ALL {after})") == [(0,)]
    assert re.search(rf"{table} .* {april:,} rows written from 1 files", year.april.stdout)
    # And no more than that was opened: the epoch's record says what it read.
    epochs = sqlite3.connect(year.folder / ".millpond/meta.db").execute(
        "SELECT inputs, rows_in FROM pipeline_epochs WHERE flow = ? AND version = ?", (table, year.after_april[table])).fetchall()
    assert [(each["files"], rows) for inputs, rows in epochs for each in json.loads(inputs)] == [(["data/cdnow-1998-04.txt"], april)]


def test_every_line_is_in_bronze_once(year):
    assert year.sql("SELECT count(*), count(DISTINCT (file, line_number)) FROM main.churn.purchase_lines") == [
        (69_659 + 18 + 13, 69_659 + 18 + 13)]


def test_silver_equals_the_files(year):
    silver = year.delta("main.churn.purchases").to_pyarrow_table(  # noqa: F841
        columns=["customer_id", "purchase_date", "cds", "dollars"])
    assert str(silver.schema.field("dollars").type) == "decimal128(10, 2)"
    ours = cdnow.connect()
    ours.register("silver", silver)
    assert ours.execute("SELECT count(*) FROM silver").fetchone() == (69_659,)
    assert ours.execute("SELECT count(*) FROM (SELECT * FROM silver EXCEPT ALL SELECT * FROM purchases)").fetchone() == (0,)
    assert ours.execute("SELECT count(*) FROM (SELECT * FROM purchases EXCEPT ALL SELECT * FROM silver)").fetchone() == (0,)


def test_the_twelve_bad_lines_are_in_quarantine_with_their_reasons(year):
    rows = year.delta("main.churn.purchases_quarantine").to_pyarrow_table().to_pylist()
    found = {row["line_number"]: set(row["reasons"]) for row in rows}
    assert len(rows) == 12 and all(row["file"].endswith("bad-lines.txt") for row in rows)
    for line, reasons in REASONS.items():
        assert reasons <= found[line], f"line {line}: {found[line]}"
    for line in (2, 3, 4, 5, 6, 10, 12, 13):  # the fields of these lines are where they belong
        assert found[line] - {"dollars_not_zero"} == REASONS[line], f"line {line}: {found[line]}"


def test_zero_dollars_are_a_warning(year):
    assert year.sql("SELECT count(*) FROM main.churn.purchases WHERE dollars = 0") == [(80,)]


def test_gold_is_exact(year):
    ours = cdnow.connect()
    expected = ours.execute("SELECT sum(dollars), count(DISTINCT purchase_date) FROM purchases").fetchone()
    sales = year.delta("main.churn.sales_by_day").to_pyarrow_table().to_pylist()
    assert sum((row["dollars"] for row in sales), Decimal(0)) == expected[0]
    assert (len(sales), sum(row["purchases"] for row in sales)) == (expected[1], 69_659)


def test_tables_open_in_duckdb(year):
    folder = next(p for p in duckdb_extension_delta.__path__)
    extension = f"{folder}/extensions/v{duckdb.__version__}/delta.duckdb_extension"
    other = duckdb.connect(config={"allow_unsigned_extensions": True})
    other.execute(f"LOAD '{extension}'")
    for table in year.tables():
        count, = other.execute(f"SELECT count(*) FROM delta_scan('{year.path(table)}')").fetchone()
        assert count == year.delta(table).to_pyarrow_table().num_rows, table


@pytest.mark.parametrize("model, sql, moments", [
    ("churn", cdnow.churn_label_sql, list(cdnow.CHURN)),
    ("winback", cdnow.winback_label_sql, [f"1997-{m:02}-01" for m in range(7, 13)] + [f"1998-0{m}-01" for m in range(1, 7)])])
def test_training_sets_have_the_stated_rows_and_labels(year, model, sql, moments):
    ours = cdnow.connect()
    expected = {t: cdnow.rows_and_positives(ours, sql(t)) for t in moments}
    found = year.sql(f"SELECT strftime(purchased_at, '%Y-%m-%d'), count(*), sum(label::INTEGER) "
                     f"FROM main.churn.{model}_training_set GROUP BY 1") if "purchased_at" in columns(year, model) else \
        year.sql(f"SELECT strftime(as_of, '%Y-%m-%d'), count(*), sum(label::INTEGER) FROM main.churn.{model}_training_set GROUP BY 1")
    assert {t: (int(rows), int(positives)) for t, rows, positives in found} == expected


def columns(project, model):
    return [field.name for field in project.delta(f"main.churn.{model}_training_set").schema().fields]


@pytest.mark.parametrize("model, expected", [
    ("churn", {"prevalence": 0.53, "recency": 0.60, "frequency": 0.69, "logistic": 0.71, "model": 0.70}),
    ("winback", {"recency": 0.10, "logistic": 0.124, "model": 0.115})])
def test_metrics_are_where_they_should_be(year, model, expected):
    evaluation, _ = year.evaluation(model)
    found = {name: metric(evaluation, name) for name in expected}
    assert found == pytest.approx(expected, abs=0.02)
    for difference in evaluation["differences"]:
        if difference["metric"] == "average_precision":
            assert difference["low"] <= difference["value"] <= difference["high"]


@pytest.mark.parametrize("model", ["churn", "winback"])
def test_the_report_says_that_boosting_loses(year, model):
    verdict = year.evaluation(model)[0]["verdict"]
    assert "xgboost LOSES to logistic by average precision" in verdict
    section = year.report().split(f'<h2 id="model-{model}">')[1].split("<h2 ")[0]
    assert f'<p class="verdict mind">{verdict}</p>' in section
    assert "src=\"http" not in year.report()


def test_the_report_draws_every_feature_and_explains_accuracy_where_it_misleads(year):
    sections = {name: year.report().split(f'<h2 id="model-{name}">')[1].split("<h2 ")[0] for name in ("churn", "winback")}
    for name, section in sections.items():
        features = [feature["name"] for feature in year.evaluation(name)[0]["features"]]
        assert len(features) == 16
        assert all(f'aria-label="{feature}"' in section for feature in features)
        assert "Leak check" in section and "What the action is worth" in section
    assert "Why not accuracy at 0.5" in sections["winback"] and "Why not accuracy at 0.5" not in sections["churn"]


SPLITS = {"churn": {"train": 22_047, "calibrate": 4_195, "test": 15_698},
          "winback": {"train": 36_951, "calibrate": 77_454, "test": 118_333}}


@pytest.mark.parametrize("model", ["churn", "winback"])
def test_the_splits_have_the_stated_rows(year, model):
    evaluation, _ = year.evaluation(model)
    assert {name: split["rows"] for name, split in evaluation["splits"].items()} == SPLITS[model]
    assert {(split["waiting"], split["purged"]) for split in evaluation["splits"].values()} == {(0, 0)}
    stored = year.sql(f"SELECT split, count(*), sum(label::INTEGER)::BIGINT, min(as_of)::DATE::VARCHAR, max(as_of)::DATE::VARCHAR "
                      f"FROM main.churn.{model}_training_set GROUP BY 1")
    assert {row[0]: tuple(row[1:]) for row in stored} == {
        name: (split["rows"], split["positives"], split["from"][:10], split["to"][:10]) for name, split in evaluation["splits"].items()}
    clusters = year.sql(f"SELECT count(DISTINCT customer_id) FROM main.churn.{model}_training_set WHERE split = 'test'")
    assert [(evaluation["clusters"]["count"],)] == clusters


def test_features_that_change_at_label_time_are_warned_of(year):
    lines = [line for line in year.last.stdout.splitlines() if "between T and the moment the label is known" in line]
    for model, line in zip(("churn", "winback"), lines, strict=True):
        changes = year.evaluation(model)[0]["leak_check"]["changes_at_label_time"]
        assert changes and all(change["feature"] in line for change in changes)


@pytest.mark.parametrize("model, capacity, value, cost", [("churn", 500, 20, 1.5), ("winback", 1000, 12, 0.4)])
def test_the_action_is_worth_what_its_terms_say(year, model, capacity, value, cost):
    """Recomputed with stock mlflow: the best of each T, equal margins by a fair share."""
    evaluation, folder = year.evaluation(model)
    rows = year.delta(f"main.churn.{model}_training_set").to_pandas().query("split == 'test'")
    scorer = mlflow.pyfunc.load_model(str(folder / "model"))
    names = [column.name for column in scorer.metadata.get_input_schema()]
    rows = rows.assign(p=numpy.asarray(scorer.predict(rows[names]), dtype=float).ravel(),
                       margin=mlflow.xgboost.load_model(str(folder / "model")).predict(
                           xgboost.DMatrix(rows[names].astype("float32")), output_margin=True))
    contacts = successes = expected = 0
    for _, period in rows.groupby("as_of"):
        left = capacity
        for _, tie in sorted(period.groupby("margin"), reverse=True):
            taken = min(left, len(tie))
            contacts, left = contacts + taken, left - taken
            successes += taken * tie["label"].mean()
            expected += taken * tie["p"].mean()
    found = evaluation["action"]
    ours = found["rules"][0]
    assert ours["rule"] == "model" and found["periods"] == rows["as_of"].nunique()
    assert (ours["contacts"], ours["successes"]) == pytest.approx((contacts, successes))
    assert ours["net_value"] == pytest.approx(value * successes - cost * contacts)
    assert ours["expected_net_value"] == pytest.approx(value * expected - cost * contacts, rel=1e-5)
    assert "ASSUMED" in found["assumes"] and found["assumes"] in html.unescape(year.report())


def assert_report_is_current(project):
    report = project.report()
    for model in ("churn", "winback"):
        assert f"run {project.evaluation(model)[1].parent.name}," in report
    for table, version in project.versions().items():
        assert f"<tr><td>{table}</td><td>{version}</td>" in report, table


def test_the_report_shows_expectations_of_all_tables(year):
    """Also after a run that read nothing new: they come from the epochs that made the tables."""
    year.run()
    assert "<h3>Expectations</h3>" in year.report()
    assert re.search(r"<td>dollars_not_zero</td><td>main.churn.purchases</td><td>warn</td><td>\d+</td><td>[\d,]+</td>"
                     r"<td>80</td><td>69,671</td>", year.report())


def test_a_stale_report_is_made_anew(year):
    """As a kill between the last table and the report leaves it, and as a deleted model leaves it."""
    path = year.folder / ".millpond/report.html"
    current = path.read_text()
    assert_report_is_current(year)
    path.write_text(year.april_report)
    assert "Nothing has changed" in year.run().stdout
    assert_report_is_current(year)
    winback = year.folder / "models/winback.yml"
    text = winback.read_text()
    winback.unlink()
    year.run()
    assert "Model winback" not in year.report() and "Model churn" in year.report()
    winback.write_text(text)
    year.run()
    assert_report_is_current(year)
    written = path.stat().st_mtime_ns
    year.run()
    assert path.stat().st_mtime_ns == written and path.read_text() == current


def test_never_is_accurate_and_useless_for_winback(year):
    threshold = year.evaluation("winback")[0]["threshold"]
    assert threshold["never"]["accuracy"] == pytest.approx(0.965, abs=0.002)


@pytest.mark.parametrize("model, capacity", [("churn", 500), ("winback", 1000)])
def test_the_work_list_is_cut_by_capacity_with_a_holdout(year, model, capacity):
    rows = year.delta(f"main.churn.{model}_work_list").to_pyarrow_table().to_pylist()
    held = [row for row in rows if row["holdout"]]
    assert len(rows) - len(held) == capacity
    assert 0.01 * len(rows) < len(held) < 0.1 * len(rows)
    assert all(row["propensity"] == 0 for row in held)
    assert all(0 < row["propensity"] <= 1 for row in rows if not row["holdout"])
    assert len({row["customer_id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("model, campaign", [("churn", "save-1998-07"), ("winback", "winback-1998-07")])
def test_who_is_held_out_is_a_hash_of_customer_and_campaign(year, model, campaign):
    """As docs/formats/work_list.md says, computed without Millpond."""
    rows = year.delta(f"main.churn.{model}_work_list").to_pyarrow_table().to_pylist()

    def draw(customer):
        text = f"{len(str(customer))}:{customer}"
        digest = hashlib.sha256(b"\0".join(part.encode() for part in ("millpond.holdout", campaign, text))).digest()
        return (int.from_bytes(digest[:8], "big") >> 11) / 2**53

    assert {row["campaign"] for row in rows} == {campaign}
    assert [row["holdout"] for row in rows] == [draw(row["customer_id"]) < 0.05 for row in rows]


@pytest.mark.parametrize("model", ["churn", "winback"])
def test_reasons_are_the_largest_contributions(year, model):
    """XGBoost attributes the same, from the features that lie beside the scores."""
    _, folder = year.evaluation(model)
    booster = mlflow.xgboost.load_model(str(folder / "model"))
    rows = year.delta(f"main.churn.{model}_scores_features").to_pandas().set_index("customer_id").sort_index().head(2000)
    scores = year.delta(f"main.churn.{model}_scores").to_pandas().set_index("customer_id").loc[rows.index]
    names = booster.feature_names
    theirs = booster.predict(xgboost.DMatrix(rows[names].astype("float32")), pred_contribs=True, approx_contribs=True)[:, :-1]
    for customer, reasons, parts in zip(rows.index, scores["reasons"], theirs):
        ours = {reason["feature"]: reason["contribution"] for reason in json.loads(reasons)}
        parts = dict(zip(names, parts))
        assert len(ours) == 3 and ours == pytest.approx({name: parts[name] for name in ours}, abs=2e-5), customer
        rest = max(abs(part) for name, part in parts.items() if name not in ours)
        sizes = [abs(part) for part in ours.values()]
        assert sizes == sorted(sizes, reverse=True) and sizes[-1] >= rest - 2e-5, customer
        for reason in json.loads(reasons):
            value = rows.loc[customer, reason["feature"]]
            assert pandas.isna(value) if reason["value"] is None else float(value) == reason["value"]


@pytest.mark.parametrize("model", ["churn", "winback"])
def test_stock_mlflow_opens_the_model(year, model):
    evaluation, folder = year.evaluation(model)
    training = year.delta(f"main.churn.{model}_training_set").to_pandas()
    scorer = mlflow.pyfunc.load_model(str(folder / "model"))
    names = [column.name for column in scorer.metadata.get_input_schema()]
    probabilities = numpy.asarray(scorer.predict(training[names].head(500)), dtype=float).ravel()
    assert ((0 <= probabilities) & (probabilities <= 1)).all() and len(set(probabilities)) > 10
    booster = mlflow.xgboost.load_model(str(folder / "model"))
    assert isinstance(booster, xgboost.Booster) and booster.num_boosted_rounds() == 100
    assert isinstance(training, pandas.DataFrame) and evaluation["learner"] == "xgboost"


def test_reproduce_gives_the_same_bytes(year):
    _, folder = year.evaluation("churn")
    run = folder.parent.name
    text = year.call("models", "reproduce", run)
    assert "same" in (text.stdout + text.stderr).lower() or "equal" in (text.stdout + text.stderr).lower()


def test_in_one_piece_gives_the_same_training_sets(year, tmp_path):
    whole = Project(tmp_path / "whole", "churn")
    whole.arrive("*.txt")
    whole.run()
    for model in ("churn", "winback"):
        table = f"main.churn.{model}_training_set"
        a, b = (p.delta(table).to_pyarrow_table() for p in (year, whole))
        connection = duckdb.connect()
        connection.register("a", a)
        connection.register("b", b)
        assert a.num_rows == b.num_rows
        assert connection.execute("SELECT count(*) FROM (SELECT * FROM a EXCEPT ALL SELECT * FROM b)").fetchone() == (0,)
    assert metric(year.evaluation("churn")[0], "model") == metric(whole.evaluation("churn")[0], "model")
