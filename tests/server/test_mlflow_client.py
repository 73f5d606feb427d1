"""The stock mlflow client on `millpond serve`: a day's work of its own, and what `millpond run` trained."""
import os

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import mlflow.pyfunc  # noqa: E402
import mlflow.xgboost  # noqa: E402
import numpy  # noqa: E402
import pandas  # noqa: E402
import pytest  # noqa: E402
import requests  # noqa: E402
import xgboost  # noqa: E402
from mlflow import MlflowClient  # noqa: E402

import mlflow_session  # noqa: E402
from millpond_project import Project  # noqa: E402
from millpond_server import Server  # noqa: E402


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("mlflow") / "p", "churn")
    project.arrive("*.txt")
    project.run()
    project.call("models", "train", "churn", "--force")  # a second version
    started = Server(project, "--clock-at", "1998-07-01T00:00:00Z")
    mlflow.set_tracking_uri(started.url)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def client(server):
    return MlflowClient(server.url)


def test_a_days_work(server):
    mlflow_session.day(server.url)


def test_runs_that_millpond_trained_are_found_with_their_evidence(client):
    experiment = client.get_experiment_by_name("churn")
    runs = client.search_runs([experiment.experiment_id], "metrics.average_precision > 0 AND attributes.status = 'FINISHED'",
                              order_by=["attributes.start_time DESC"])
    assert len(runs) == 2
    assert {d.dataset.source_type for d in runs[0].inputs.dataset_inputs} == {"delta"}
    assert {"model", "evaluation.json", "run_record.json"} <= {f.path for f in client.list_artifacts(runs[0].info.run_id)}
    assert mlflow.artifacts.load_dict(f"runs:/{runs[0].info.run_id}/evaluation.json")["model"] == "churn"


def test_the_champion_loads_in_both_flavours(client):
    version = client.get_model_version_by_alias("churn", "champion")
    assert version.version == "2" and version.source.startswith("mlflow-artifacts:/")
    booster = mlflow.xgboost.load_model("models:/churn@champion")
    calibrated = mlflow.pyfunc.load_model("models:/churn@champion")
    frame = pandas.DataFrame({column.name: numpy.arange(20).astype(column.type.to_numpy())
                              for column in calibrated.metadata.signature.inputs})
    features = booster.feature_names
    margin = booster.predict(xgboost.DMatrix(numpy.zeros((1, len(features))), feature_names=features), output_margin=True)
    assert numpy.isfinite(margin).all()
    probability = calibrated.predict(frame)
    assert ((probability >= 0) & (probability <= 1)).all()


def test_the_pyfunc_flavour_equals_the_endpoint_given_the_features_as_served(server, client):
    entities = [{"customer_id": c} for c in (1, 2, 3, 9, 100, 2357)]
    version = client.get_model_version_by_alias("churn", "champion")
    rows = [{} for _ in entities]
    for view in mlflow.artifacts.load_dict(f"{version.source}/features.json")["views"]:
        answer = server.post(f"/api/features/{view['name']}/get", {"entities": entities})
        for row, features in zip(rows, answer["features"]):
            row.update(features)
    calibrated = mlflow.pyfunc.load_model("models:/churn@champion")
    names = [column.name for column in calibrated.metadata.signature.inputs]
    expected = calibrated.predict(pandas.DataFrame(rows)[names])
    answer = server.post("/endpoints/churn/invocations", {"dataframe_records": entities, "params": {"margins": True}})
    assert answer["model_version"] == version.version
    assert answer["predictions"] == list(expected)


def serves(server, version):
    return server.score("churn", customer_id=9)["model_version"] == version


def test_promotion_by_hand_reaches_the_client_and_the_server(server, client):
    said = server.project.call("models", "promote", "churn", "1").stdout
    assert said == "churn@champion is version 1 (was version 2); running servers follow\n"
    assert client.get_model_version_by_alias("churn", "champion").version == "1"
    server.wait_until("version 1 serves", lambda: serves(server, "1"), 10)
    assert "is version 2 (was version 1)" in server.project.call("models", "rollback", "churn").stdout
    server.wait_until("version 2 serves", lambda: serves(server, "2"), 10)
    client.set_registered_model_alias("churn", "champion", "1")
    server.wait_until("the client's alias serves", lambda: serves(server, "1"), 10)
    assert "is version 2 (was version 1)" in server.project.call("models", "rollback", "churn").stdout
    history = server.project.call("models", "history", "churn", "--format", "csv").stdout.splitlines()
    assert [line.split(",")[2] for line in history[1:5]] == ["rollback", "set_alias", "rollback", "promote"]
    assert history[2].split(",")[1] == "local"


def test_promotion_that_cannot_be_is_refused(server):
    assert "(name=churn, version=9) not found" in server.project.call("models", "promote", "churn", "9", code=1).stderr
    assert "name=nobody not found" in server.project.call("models", "rollback", "nobody", code=1).stderr
    assert "there is no model 'nobody'" in server.project.call("models", "history", "nobody", code=1).stderr
    server.project.call("models", "promote", "churn", code=2)


def test_files_of_a_registered_version_stay(client):
    version = client.get_model_version("churn", "1")
    run = client.get_run(version.run_id)
    with pytest.raises(requests.HTTPError, match="RESOURCE_CONFLICT"):
        client.log_text(run.info.run_id, "x", "model/MLmodel")
    assert mlflow.artifacts.load_text(f"{version.source}/MLmodel").startswith("artifact_path")
