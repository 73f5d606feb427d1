"""The flights example: the same program, another shape. Held against a reading of the data in DuckDB."""
import html

import mlflow.pyfunc
import numpy
import pytest

from millpond_project import ROOT, Project, metric

CSV = ROOT / "examples/flights/data/flights-2013-q1.csv.gz"


@pytest.fixture(scope="module")
def flights(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("flights"), "flights")
    project.arrive("*.csv.gz")
    project.run()
    return project


def test_every_departure_is_there_once(flights):
    assert flights.sql("SELECT count(*), count(*) FILTER (WHERE cancelled), count(arr_delay), count(DISTINCT flight_id) "
                       "FROM main.flights.departures") == [(80_789, 2_643, 77_911, 80_789)]


def test_gold_counts_everything(flights):
    assert flights.sql("SELECT count(*), sum(scheduled)::BIGINT, sum(cancelled)::BIGINT FROM main.flights.routes") == [
        (200, 80_789, 2_643)]


def test_features_use_only_what_was_known(flights):
    """One feature of each kind of claim, recomputed in DuckDB under the same rule."""
    import duckdb
    training = flights.delta("main.flights.late_training_set").to_pyarrow_table()
    departures = flights.delta("main.flights.departures").to_pyarrow_table()
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'; SET threads = 2")
    connection.register("raw_training", training)
    connection.register("departures", departures)
    time = "as_of" if "as_of" in training.schema.names else "scheduled_at"
    connection.execute(f"CREATE TABLE l AS SELECT *, {time} AS t FROM raw_training USING SAMPLE 4000 ROWS (reservoir, 7)")
    wrong, = connection.execute("""
        SELECT count(*) FROM (
          SELECT l.origin_departures_3h AS ours, count(d.dep_delay) AS theirs, l.origin_delay_3h AS our_mean, avg(d.dep_delay) AS mean
          FROM l LEFT JOIN departures d ON d.origin = l.origin AND d.scheduled_at >= l.t - INTERVAL 3 HOURS
            AND d.scheduled_at < l.t AND d.departure_known_at <= l.t - INTERVAL 1 SECOND
          GROUP BY l.flight_id, l.origin_departures_3h, l.origin_delay_3h)
        WHERE coalesce(ours, 0) <> theirs OR (mean IS NULL) <> (our_mean IS NULL) OR abs(mean - our_mean) > 1e-9""").fetchone()
    assert wrong == 0
    wrong, = connection.execute("""
        SELECT count(*) FROM (
          SELECT l.route_flights_28d AS ours, count(d.arr_delay) AS theirs
          FROM l LEFT JOIN departures d ON d.origin = l.origin AND d.dest = l.dest AND d.arr_delay IS NOT NULL
            AND d.scheduled_at >= l.t - INTERVAL 28 DAYS AND d.scheduled_at < l.t AND d.arrival_known_at <= l.t - INTERVAL 1 SECOND
          GROUP BY l.flight_id, l.route_flights_28d)
        WHERE coalesce(ours, 0) <> theirs""").fetchone()
    assert wrong == 0


def test_metrics(flights):
    evaluation, _ = flights.evaluation("late")
    assert metric(evaluation, "prevalence") == pytest.approx(0.153, abs=0.01)
    assert metric(evaluation, "model") == pytest.approx(0.42, abs=0.03)
    assert metric(evaluation, "frequency") == pytest.approx(0.41, abs=0.02)


def test_the_action_is_worth_what_its_terms_say(flights):
    """Every departure is a T of its own, so the capacity is taken by day, and the page says so."""
    evaluation, _ = flights.evaluation("late")
    action = evaluation["action"]
    days = flights.sql("SELECT count(DISTINCT as_of::DATE) FROM main.flights.late_training_set WHERE split = 'test'")
    assert [(action["periods"],)] == days and action["period"] == "day"
    rules = {rule["rule"]: rule for rule in action["rules"]}
    assert {"model", "logistic", "prevalence", "everybody"} <= set(rules)
    for rule in rules.values():
        assert rule["net_value"] == pytest.approx(150 * rule["successes"] - 40 * rule["contacts"])
        assert rule["expected_net_value"] == pytest.approx(150 * rule["expected_successes"] - 40 * rule["contacts"])
    assert rules["model"]["contacts"] == 60 * action["periods"] and rules["everybody"]["contacts"] == evaluation["splits"]["test"]["rows"]
    assert rules["model"]["net_value"] > rules["prevalence"]["net_value"]
    assert "the best 60 of each day" in action["assumes"] and action["assumes"] in html.unescape(flights.report())


def test_work_list(flights):
    rows = flights.delta("main.flights.late_work_list").to_pyarrow_table().to_pylist()
    assert sum(not row["holdout"] for row in rows) == 60


def test_stock_mlflow_opens_the_model(flights):
    _, folder = flights.evaluation("late")
    scorer = mlflow.pyfunc.load_model(str(folder / "model"))
    names = [column.name for column in scorer.metadata.get_input_schema()]
    training = flights.delta("main.flights.late_training_set").to_pandas()[names].head(500)
    probabilities = numpy.asarray(scorer.predict(training), dtype=float).ravel()
    assert ((0 <= probabilities) & (probabilities <= 1)).all()


def test_a_second_run_changes_nothing(flights):
    before = flights.versions()
    flights.run()
    assert flights.versions() == before
