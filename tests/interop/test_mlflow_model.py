"""Stock MLflow opens what Millpond trained and gives the same bits as Millpond's own scoring: numbers, decimals, booleans
and categories, with and without holes, for each kind of calibration and both learners."""
import random

import mlflow.pyfunc
import mlflow.xgboost
import numpy
import pytest
import xgboost

from millpond_project import Project

FLOW = """CREATE OR REFRESH STREAMING TABLE purchases AS
SELECT customer, ts, amount FROM STREAM read_files('data', format => 'csv', header => true,
  schema => 'customer BIGINT, ts TIMESTAMP, amount DECIMAL(10, 2)');
"""
VIEW = """CREATE FEATURE VIEW buying ENTITY (customer) TIMESTAMP ts AS SELECT
  days_between(max(ts) OVER life, as_of()) AS recency_days,
  count(*) OVER w30 AS purchases_30d,
  sum(amount) OVER w30 AS amount_30d,
  avg(amount) OVER life AS basket,
  count(*) OVER w10 > 0 AS bought_lately
FROM purchases
WINDOW w10 AS (RANGE INTERVAL 10 DAYS PRECEDING), w30 AS (RANGE INTERVAL 30 DAYS PRECEDING),
  life AS (RANGE UNBOUNDED PRECEDING);
"""
REQUEST = """CASE customer % 5 WHEN 0 THEN 'gold' WHEN 1 THEN 'it''s "odd"' WHEN 2 THEN 'Zürich' WHEN 3 THEN NULL
             ELSE 'plain' END AS segment"""
MODEL = """name: {name}
label:
  sql: |
    SELECT customer, :as_of AS as_of, {request},
           count(*) FILTER (WHERE ts >= :as_of) = 0 AS label, :as_of + INTERVAL 30 DAYS AS label_known_at
    FROM purchases WHERE ts < :as_of + INTERVAL 30 DAYS GROUP BY customer HAVING min(ts) < :as_of
  entity: [customer]
  horizon: 30 days
features: {{views: [{{name: buying}}], request: [segment]}}
split: {{train: [2020-03-01, 2020-04-01], calibrate: [2020-05-15], test: [2020-07-01]}}
learner: {{kind: {learner}{params}}}
calibration: {{candidates: [{calibration}]}}
metrics: {{bootstrap: 20}}
score:
  as_of: 2020-07-01
  candidates: |
    SELECT DISTINCT customer, {scored} FROM purchases WHERE ts < :as_of
"""
MODELS = {"tree_isotonic": ("xgboost", "isotonic"), "tree_none": ("xgboost", "none"), "tree_platt": ("xgboost", "platt"),
          "linear": ("logistic", "isotonic")}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = Project(tmp_path_factory.mktemp("interop") / "p")
    (made.folder / "millpond.yml").write_text("name: p\n")
    for folder in ("transformations", "features", "models"):
        (made.folder / folder).mkdir()
    (made.folder / "transformations/purchases.sql").write_text(FLOW)
    (made.folder / "features/buying.sql").write_text(VIEW)
    for name, (learner, calibration) in MODELS.items():
        params = ", params: {num_boost_round: 30, max_depth: 4}" if learner == "xgboost" else ""
        (made.folder / f"models/{name}.yml").write_text(MODEL.format(
            name=name, learner=learner, params=params, calibration=calibration, request=REQUEST,
            scored=REQUEST.replace("'gold'", "'unseen'")))
    draw = random.Random(5)
    rows = ["customer,ts,amount"]
    for customer in range(400):
        end = draw.randrange(20, 300)
        for day in range(240):
            if day < end and draw.random() < 0.05 + customer % 7 / 30:
                rows.append(f"{customer},{date(day)}T{draw.randrange(24):02}:00:00Z,{draw.randrange(1, 99999) / 100}")
    (made.folder / "data/purchases.csv").write_text("\n".join(rows) + "\n")
    made.run()
    return made


def date(day):
    return str(numpy.datetime64("2020-01-01") + day)


@pytest.mark.parametrize("name", MODELS)
def test_pyfunc_gives_the_bits_of_the_score_table(project, name):
    features = project.delta(f"main.default.{name}_scores_features").to_pandas().sort_values("customer").reset_index()
    scores = project.delta(f"main.default.{name}_scores").to_pandas().sort_values("customer").reset_index()
    assert len(scores) == len(features) > 300
    _, folder = project.evaluation(name)
    model = mlflow.pyfunc.load_model(str(folder / "model"))
    names = [column.name for column in model.metadata.get_input_schema()]
    assert features[names].isna().any().any() and set(features["segment"].dropna()) >= {"unseen", "Zürich"}
    shuffled = features[list(reversed(names))]  # by name, not by place
    ours = scores["probability"].to_numpy()
    assert numpy.asarray(model.predict(shuffled)).tobytes() == ours.tobytes()


@pytest.mark.parametrize("name", [name for name, (learner, _) in MODELS.items() if learner == "xgboost"])
def test_the_xgboost_flavour_gives_the_raw_margin(project, name):
    features = project.delta(f"main.default.{name}_scores_features").to_pandas().sort_values("customer")
    scores = project.delta(f"main.default.{name}_scores").to_pandas().sort_values("customer")
    _, folder = project.evaluation(name)
    booster = mlflow.xgboost.load_model(str(folder / "model"))
    wrapped = mlflow.pyfunc.load_model(str(folder / "model"))._model_impl
    rows = wrapped.encoder.encode(features)
    margins = booster.predict(xgboost.DMatrix(rows, missing=numpy.nan, feature_names=booster.feature_names), output_margin=True)
    assert margins.astype(numpy.float64).tobytes() == scores["margin"].to_numpy().tobytes()


def test_a_missing_feature_is_named(project):
    _, folder = project.evaluation("tree_none")
    wrapped = mlflow.pyfunc.load_model(str(folder / "model"))._model_impl
    features = project.delta("main.default.tree_none_scores_features").to_pandas()
    with pytest.raises(KeyError, match="recency_days"):
        wrapped.predict(features.drop(columns=["recency_days"]))


def test_a_run_is_reproduced_to_the_same_bytes(project):
    for name in ("tree_isotonic", "linear"):
        _, folder = project.evaluation(name)
        assert "same bytes" in project.call("models", "reproduce", folder.parent.name).stdout
