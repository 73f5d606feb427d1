"""The server on the churn example: its health, its page, an answer, and a purchase that changes it."""
import json

import pytest

from millpond_project import Project
from millpond_server import Server


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("serve"), "churn")
    project.arrive("*.txt")
    project.fewer_resamples()
    project.run()
    return project


@pytest.fixture(scope="module")
def server(project):
    server = Server(project)
    yield server
    server.stop()


def test_it_is_healthy_and_says_what_it_has(server):
    assert server.get("/healthz") == {"status": "ok"}
    assert server.get("/readyz")["status"] == "ready"
    assert "millpond_" in server.get("/metrics")
    paths = server.get("/openapi.json")["paths"]
    assert {"/healthz", "/endpoints/{name}/invocations", "/api/ingest/{table}", "/metrics"} <= set(paths)


def test_the_document_names_no_route_that_is_not_there(server):
    """Every path of the document answers something else than "no such path", every method something else than 405."""
    for path, methods in server.get("/openapi.json")["paths"].items():
        for method in methods:
            status, value = server.ask(method.upper(), path.replace("{", "").replace("}", ""), expect=None)
            assert status != 405, (method, path)
            assert not (status == 404 and "no such path" in json.dumps(value)), (method, path)


def test_the_page_shows_what_there_is(server):
    page = server.get("/")
    for text in ("churn", "winback", "champion", "main.churn.purchases", "customer_purchases", "/metrics"):
        assert text in page


def test_scores_equal_the_batch_s(project, server):
    """The same moment is another one a second later, so features that count days are what is compared: of customers whose
    windows have no edge between the project's midnight and now, the batch score and the endpoint's are the same number."""
    rows = project.sql("SELECT customer_id, probability FROM main.churn.churn_scores ORDER BY customer_id LIMIT 50")
    body = {"dataframe_records": [{"customer_id": c} for c, _ in rows]}
    answer = server.post("/endpoints/churn/invocations", body)
    assert len(answer["predictions"]) == len(rows) and answer["degraded"] == "none"
    equal = sum(p == q for p, (_, q) in zip(answer["predictions"], rows))
    assert equal >= 45, (answer["predictions"][:5], rows[:5])


def test_a_pushed_purchase_changes_the_score(project, server):
    customer, = project.sql("SELECT customer_id FROM main.churn.churn_work_list WHERE NOT holdout ORDER BY rank LIMIT 1")[0]
    before = server.score("churn", customer_id=customer)
    row = {"customer_id": customer, "purchase_date": "1998-06-30", "cds": 3, "dollars": "41.97"}
    first = server.post("/api/ingest/pushed_purchases", [row], Idempotency_Key="one")
    assert first == {"rows": 1, "duplicate": False}
    again = server.post("/api/ingest/pushed_purchases", [row], Idempotency_Key="one")
    assert again["duplicate"] is True
    changed = server.wait_until("another score", lambda: (
        answer := server.score("churn", customer_id=customer))["predictions"] != before["predictions"] and answer)
    assert changed["predictions"][0] < before["predictions"][0]
    assert project.sql(f"SELECT count(*) FROM main.churn.purchases WHERE customer_id = {customer} "
                       "AND purchase_date = DATE '1998-06-30' AND dollars = 41.97") == [(1,)]


def test_answers_are_in_the_inference_table(project, server):
    """As served, with the request's id and T, readable by another Delta reader; features and probability as they went out."""
    answer = server.score("churn", customer_id=9)
    def row():
        if "main.churn.churn_inference" not in project.tables():
            return None
        table = project.delta("main.churn.churn_inference").to_pyarrow_table()
        return next((r for r in table.to_pylist() if r["request_id"] == answer["request_id"]), None)
    found = server.wait_until("the answer's row", row)
    assert found["customer_id"] == 9 and found["probability"] == answer["predictions"][0]
    assert str(found["model_version"]) == answer["model_version"] and found["marked"] is False
    assert found["recency_days"] is not None and found["customer_purchases_source_version"] >= 0


@pytest.mark.parametrize("body, words", [
    (b"", "dataframe"), (b"{", "JSON"), (b"[]", "object"), (b'{"dataframe_records": [{"customer": 9}]}', "customer_id"),
    (b'{"dataframe_records": [{"customer_id": "nine"}]}', "customer_id"), (b'{"instances": 5}', "instances"),
    (b'{"dataframe_split": {"columns": ["customer_id"], "data": [[1, 2]]}}', "columns"), (b'{"inputs": {}}', "")])
def test_malformed_requests_are_told(server, body, words):
    status, value = server.ask("POST", "/endpoints/churn/invocations", body, expect=None)
    assert status == 400 and value["error_code"] and words in value["message"], (status, value)


def test_unknown_endpoint_and_table_are_told(server):
    assert "churn" in server.post("/endpoints/chrun/invocations", {"dataframe_records": [{}]}, expect=404)["message"]
    assert "pushed_purchases" in server.post("/api/ingest/nowhere", [{}], expect=404)["message"]


def test_a_second_server_is_refused(project, server):
    done = project.call("serve", "--port", "0", code=1)
    assert "millpond serve of this project" in done.stderr


def test_a_port_in_use_is_told(tmp_path, server):
    other = Project(tmp_path / "other")
    (other.folder / "millpond.yml").write_text("name: other\n")
    port = server.url.rsplit(":", 1)[1]
    done = other.call("serve", "--port", port, code=1)
    assert port in done.stderr and "in use" in done.stderr


def test_another_address_needs_tokens(tmp_path):
    other = Project(tmp_path / "other")
    (other.folder / "millpond.yml").write_text("name: other\n")
    done = other.call("serve", "--port", "0", "--address", "0.0.0.0", code=1)
    assert "millpond access" in done.stderr
