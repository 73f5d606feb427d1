"""What the stock mlflow client does in a day's work, against a server's address. Used by tests/interop/test_mlflow_client.py
on `millpond serve`, and by itself (`mlflow_session.py ADDRESS`) on any server that speaks MLflow's REST API."""
import math
import os
import sys
import tempfile
from pathlib import Path

import mlflow
import mlflow.pyfunc
import mlflow.xgboost
import numpy
import pandas
import xgboost
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException


def refused(code, call, *arguments, **named):
    """The call fails with this code; gives the message."""
    try:
        call(*arguments, **named)
    except MlflowException as error:
        assert error.error_code == code, f"{error.error_code} in place of {code}: {error}"
        return str(error)
    raise AssertionError(f"{call.__name__} was not refused")


class Squares(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input["x"] ** 2


def experiments(client):
    made = client.create_experiment("day", tags={"team": "blue"})
    assert client.get_experiment(made).name == "day"
    assert client.get_experiment_by_name("day").tags == {"team": "blue"}
    assert client.get_experiment_by_name("none") is None
    refused("RESOURCE_ALREADY_EXISTS", client.create_experiment, "day")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_experiment, "4711")
    client.set_experiment_tag(made, "mode", "slow")
    client.rename_experiment(made, "a day")
    assert [e.name for e in client.search_experiments(filter_string="tags.mode = 'slow'")] == ["a day"]
    client.delete_experiment(made)
    assert client.get_experiment(made).lifecycle_stage == "deleted"
    client.restore_experiment(made)
    client.rename_experiment(made, "day")
    return mlflow.set_experiment("day").experiment_id


def logging(client, experiment, folder):
    with mlflow.start_run(run_name="first", tags={"kind": "demo"}) as run:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({f"p{i}": i for i in range(120)})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"auc": 0.9, "nan": math.nan, "inf": math.inf}, step=3)
        mlflow.log_metric("later", 7, synchronous=False).wait()
        mlflow.set_tag("note", "it's \"quoted\", größer")
        mlflow.log_dict({"a": [1, 2]}, "plots/a.json")
        mlflow.log_text("hello", "notes/hello world.txt")
        big = Path(folder) / "big.bin"
        big.write_bytes(os.urandom(3_000_000))
        mlflow.log_artifact(str(big), "files")
        (Path(folder) / "empty.txt").write_text("")
        mlflow.log_artifact(str(Path(folder) / "empty.txt"))
        frame = pandas.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
        mlflow.log_input(mlflow.data.from_pandas(frame, name="frame", targets="y"), context="training", tags={"owner": "ada"})
        with mlflow.start_run(nested=True) as child:
            mlflow.log_metric("auc", 0.5)
    read = client.get_run(run.info.run_id)
    assert read.info.status == "FINISHED" and read.info.end_time >= read.info.start_time
    assert read.info.artifact_uri == f"mlflow-artifacts:/{experiment}/{run.info.run_id}/artifacts"
    assert read.data.params["lr"] == "0.1" and len(read.data.params) == 121
    assert read.data.metrics["loss"] == 0.2 and read.data.metrics["later"] == 7
    assert math.isnan(read.data.metrics["nan"]) and read.data.metrics["inf"] == math.inf
    assert read.data.tags["note"] == "it's \"quoted\", größer"
    assert read.inputs.dataset_inputs[0].dataset.name == "frame"
    assert {t.key: t.value for t in read.inputs.dataset_inputs[0].tags} == {"mlflow.data.context": "training", "owner": "ada"}
    assert [m.step for m in client.get_metric_history(run.info.run_id, "loss")] == [0, 1, 2, 3, 4]
    assert {f.path for f in client.list_artifacts(run.info.run_id)} == {"empty.txt", "files", "notes", "plots"}
    assert client.list_artifacts(run.info.run_id, "files")[0].file_size == 3_000_000
    copy = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="files/big.bin", dst_path=folder)
    assert Path(copy).read_bytes() == big.read_bytes()
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/hello world.txt") == "hello"
    assert mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/plots/a.json") == {"a": [1, 2]}
    assert "Changing param values is not allowed" in refused(
        "INVALID_PARAMETER_VALUE", client.log_param, run.info.run_id, "lr", 0.2)
    assert "may only contain alphanumerics" in refused(
        "INVALID_PARAMETER_VALUE", client.log_metric, run.info.run_id, "a*b", 1)
    client.delete_tag(run.info.run_id, "note")
    refused("RESOURCE_DOES_NOT_EXIST", client.delete_tag, run.info.run_id, "note")
    client.update_run(run.info.run_id, name="renamed")
    assert client.get_run(run.info.run_id).info.run_name == "renamed"
    client.delete_run(child.info.run_id)
    assert client.get_run(child.info.run_id).info.lifecycle_stage == "deleted"
    client.restore_run(child.info.run_id)
    refused("RESOURCE_DOES_NOT_EXIST", client.get_run, "f" * 32)
    return run.info.run_id, child.info.run_id


def searching(client, experiment, first, child):
    def found(filter_string="", order_by=None, **named):
        return [r.info.run_id for r in client.search_runs([experiment], filter_string, order_by=order_by, **named)]

    assert found("metrics.auc > 0.4", ["metrics.auc DESC"]) == [first, child]
    assert found("metrics.auc > 0.4", ["metrics.auc ASC"], max_results=1) == [child]
    assert found("params.lr = '0.1' AND tags.kind LIKE 'de%' AND attributes.status = 'FINISHED'") == [first]
    assert found("attributes.run_name ILIKE 'RENAMED'") == [first]
    assert found("dataset.name = 'frame' AND tags.nothing IS NULL") == [first]
    assert found(f"attributes.run_id IN ('{child}')") == [child]
    assert found(f"tags.`mlflow.parentRunId` = '{first}'") == [child]
    frame = mlflow.search_runs([experiment], filter_string="metrics.auc < 1", order_by=["metrics.auc"])
    assert list(frame["metrics.auc"]) == [0.5, 0.9]
    page = client.search_runs([experiment], max_results=1)
    assert client.search_runs([experiment], max_results=1, page_token=page.token)[0].info.run_id != page[0].info.run_id
    assert "Invalid clause(s) in filter string" in refused(
        "INVALID_PARAMETER_VALUE", client.search_runs, [experiment], "metrics.a > 1 OR metrics.b > 1")
    refused("INVALID_PARAMETER_VALUE", client.search_runs, [experiment], "params.a = 'x'; DROP TABLE tracking_runs; --")


def models(client, experiment):
    draw = numpy.random.default_rng(7)
    x = draw.normal(size=(500, 4))
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0).astype(int)
    columns = list("abcd")
    frame = pandas.DataFrame(x, columns=columns)
    data = xgboost.DMatrix(frame, label=y)
    booster = xgboost.train({"max_depth": 3, "objective": "binary:logistic", "nthread": 1}, data, num_boost_round=10)
    with mlflow.start_run() as run:
        logged = mlflow.xgboost.log_model(booster, name="model", registered_model_name="leavers", input_example=frame.head(3))
        client.log_metric(run.info.run_id, "auc", 0.8, model_id=logged.model_id, dataset_name="holdout", dataset_digest="1")
    assert client.get_logged_model(logged.model_id).status == "READY"
    assert client.get_run(run.info.run_id).outputs.model_outputs[0].model_id == logged.model_id
    client.set_registered_model_alias("leavers", "champion", 1)
    assert client.get_model_version_by_alias("leavers", "champion").version == "1"
    want = booster.predict(data)
    for uri in ("models:/leavers@champion", "models:/leavers/1", f"models:/{logged.model_id}", f"runs:/{run.info.run_id}/model"):
        assert numpy.array_equal(mlflow.xgboost.load_model(uri).predict(data), want), uri
    assert numpy.array_equal(mlflow.pyfunc.load_model("models:/leavers@champion").predict(frame), want)
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(name="squares", python_model=Squares(), input_example=pandas.DataFrame({"x": [1.0]}))
    version = mlflow.register_model(info.model_uri, "squares")
    assert version.version == "1"
    assert list(mlflow.pyfunc.load_model("models:/squares/1").predict(pandas.DataFrame({"x": [3.0]}))) == [9.0]
    found = client.search_logged_models([experiment], filter_string="metrics.auc > 0.5", datasets=[{"dataset_name": "holdout"}])
    assert [m.model_id for m in found] == [logged.model_id]
    return run.info.run_id


def registry(client):
    model = client.get_registered_model("leavers")
    assert model.aliases == {"champion": "1"} and model.latest_versions[0].version == "1"
    copied = client.copy_model_version("models:/leavers@champion", "copies")
    assert copied.name == "copies" and copied.version == "1"
    assert mlflow.xgboost.load_model("models:/copies/1").num_boosted_rounds() == 10
    client.update_registered_model("leavers", "who leaves")
    client.set_registered_model_tag("leavers", "team", "blue")
    client.update_model_version("leavers", "1", "the first")
    client.set_model_version_tag("leavers", "1", "ok", "yes")
    assert [m.name for m in client.search_registered_models("name LIKE 'leav%' AND tags.team = 'blue'")] == ["leavers"]
    assert [v.version for v in client.search_model_versions("name = 'leavers' AND tags.ok = 'yes'")] == ["1"]
    assert client.get_model_version("leavers", "1").description == "the first"
    assert client.get_latest_versions("leavers")[0].version == "1"
    refused("NOT_IMPLEMENTED", client.transition_model_version_stage, "leavers", "1", "Production")
    refused("RESOURCE_ALREADY_EXISTS", client.create_registered_model, "leavers")
    refused("INVALID_PARAMETER_VALUE", client.get_model_version_by_alias, "leavers", "none")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, "leavers", "9")
    refused("INVALID_PARAMETER_VALUE", client.set_registered_model_alias, "leavers", "latest", "1")
    refused("INVALID_PARAMETER_VALUE", client.create_model_version, "leavers", "/etc")
    client.rename_registered_model("copies", "copied")
    client.delete_model_version("copied", "1")
    refused("RESOURCE_DOES_NOT_EXIST", client.get_model_version, "copied", "1")
    client.delete_registered_model("copied")
    client.delete_model_version_tag("leavers", "1", "ok")
    client.delete_registered_model_tag("leavers", "team")
    client.delete_registered_model_alias("leavers", "champion")
    assert client.get_registered_model("leavers").aliases == {}


def autologging(client):
    draw = numpy.random.default_rng(1)
    data = xgboost.DMatrix(draw.normal(size=(100, 3)), label=draw.integers(0, 2, 100))
    mlflow.xgboost.autolog(log_datasets=False, log_models=True)
    try:
        with mlflow.start_run() as run:
            xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, num_boost_round=5, evals=[(data, "train")],
                          verbose_eval=False)
    finally:
        mlflow.xgboost.autolog(disable=True)
    read = client.get_run(run.info.run_id)
    assert "train-logloss" in read.data.metrics and read.data.params["num_boost_round"] == "5"
    assert len(client.get_metric_history(run.info.run_id, "train-logloss")) == 5
    assert mlflow.xgboost.load_model(f"runs:/{run.info.run_id}/model").num_boosted_rounds() == 5


def day(address):
    """Everything above, on a server that has no experiment `day` yet."""
    mlflow.set_tracking_uri(address)
    client = MlflowClient(address)
    with tempfile.TemporaryDirectory() as folder:
        experiment = experiments(client)
        first, child = logging(client, experiment, folder)
        searching(client, experiment, first, child)
        models(client, experiment)
        registry(client)
        autologging(client)


if __name__ == "__main__":
    day(sys.argv[1])
    print("the day went well")
