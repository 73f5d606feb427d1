"""Endpoints through other people's clients: mlflow's deployments and scoring clients, deltalake and duckdb on the inference
table, and the pyfunc flavour on the features as they were served."""
import json

import mlflow.pyfunc
import pandas
import pytest
from mlflow.deployments import get_deploy_client
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

from millpond_project import Project
from millpond_server import Server

ROWS = {
    "churn": [{"customer_id": customer} for customer in (9, 25, 23551, 1)],
    "flights": [
        {"tailnum": "N14228", "carrier": "UA", "origin": "EWR", "dest": "IAH", "distance": 1400, "sched_hour": 5, "weekday": 2},
        {"tailnum": "N619AA", "carrier": None, "origin": "JFK", "dest": "MIA", "distance": 1089, "sched_hour": 17, "weekday": 0}],
}
ENDPOINT = {"churn": "churn", "flights": "late"}


@pytest.fixture(scope="module", params=["churn", "flights"])
def example(request, tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("clients"), request.param)
    project.arrive("*")
    project.fewer_resamples()
    project.run()
    server = Server(project)
    project.rows, project.endpoint = ROWS[request.param], ENDPOINT[request.param]
    yield project, server
    server.stop()


def test_the_example_s_request_is_answered(example):
    project, server = example
    body = json.loads((project.example / "request.json").read_text())
    answer = server.post(f"/endpoints/{project.endpoint}/invocations", body)
    assert len(answer["predictions"]) == len(body["dataframe_records"])
    assert answer["model"] == project.endpoint and answer["model_version"] == "1" and answer["degraded"] == "none"


def test_mlflow_s_deployments_client_lists_and_predicts(example):
    project, server = example
    client = get_deploy_client(server.url)
    assert project.endpoint in [endpoint.name for endpoint in client.list_endpoints()]
    assert client.get_endpoint(project.endpoint).endpoint_url.endswith(f"/endpoints/{project.endpoint}/invocations")
    answer = client.predict(endpoint=project.endpoint, inputs={"dataframe_records": project.rows, "params": {"reasons": 2}})
    assert len(answer["predictions"]) == len(project.rows) and all(0 <= p <= 1 for p in answer["predictions"])
    assert all(len(reasons) == 2 and {"feature", "value", "contribution"} == set(reasons[0]) for reasons in answer["reasons"])


def test_mlflow_s_scoring_client_sends_a_frame(example):
    project, server = example
    host, port = server.url.rsplit(":", 1)
    client = ScoringServerClient(host.removeprefix("http://"), int(port))
    client.ping()
    client.url_prefix = f"{server.url}/endpoints/{project.endpoint}"
    frame = pandas.DataFrame(project.rows)
    answer = client.invoke(frame.astype(object).where(frame.notna(), None))
    assert answer.get_predictions().shape[0] == len(project.rows)


def test_the_inference_table_opens_elsewhere_and_pyfunc_says_the_same(example):
    project, server = example
    answer = server.post(f"/endpoints/{project.endpoint}/invocations", {"dataframe_records": project.rows},
                         X_Request_Id="to-be-found")
    assert answer["request_id"] == "to-be-found"
    schema = "churn" if project.endpoint == "churn" else "flights"
    table = f"main.{schema}.{project.endpoint}_inference"

    def logged():
        if table not in project.tables():
            return None
        found = project.delta(table).to_pandas(filters=[("request_id", "=", "to-be-found")])
        return [found] if len(found) == len(project.rows) else None

    [rows] = server.wait_until("the answer in the inference table", logged)
    rows = rows.sort_values("row")
    assert rows["probability"].tolist() == answer["predictions"]
    assert not rows["marked"].any() and set(rows["degraded"]) == {"none"}
    [folder] = [path for path in (project.folder / ".millpond/artifacts").glob("*/*/artifacts/model")
                if json.loads((path / "features.json").read_text())["model"] == project.endpoint]
    features = json.loads((folder / "features.json").read_text())["columns"]
    assert mlflow.pyfunc.load_model(str(folder)).predict(rows[features]).tolist() == answer["predictions"]
    assert project.sql(f"SELECT count(*) FROM {table} WHERE request_id = 'to-be-found'") == [(len(project.rows),)]
