"""What people and machines send that no server should choke on: a 4xx that says what is wrong, in MLflow's form where it is MLflow's
API; and the server goes on."""
import json
import socket
import time
import urllib.parse

import pytest

from millpond_project import Project
from millpond_server import Server

MLFLOW = "/api/2.0/mlflow/"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("bad") / "flights", "flights")
    project.arrive("*")
    project.fewer_resamples()
    project.run()
    (project.folder / "secret.txt").write_text("the project's own")
    server = Server(project)
    yield server
    assert server.get("/readyz")["status"] == "ready"  # whatever came
    server.stop()


def refused(server, method, path, body=None, status=400, headers=None):
    got, value = server.ask(method, path, body, headers, expect=None)
    assert got == status, (got, value)
    assert isinstance(value, dict) and value["error_code"] and value["message"], value
    return value["message"]


@pytest.mark.parametrize("path", ["../secret.txt", "a/../../../../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "/etc/passwd",
                                  "%2fetc%2fpasswd", "a%00b"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_artifact_names_stay_inside(server, method, path):
    status, value = server.ask(method, ARTIFACTS + path, b"x" if method == "PUT" else None, expect=None)
    assert 400 <= status < 500 and "the project's own" not in json.dumps(value) and "root:" not in json.dumps(value), (status, value)
    assert (server.project.folder / "secret.txt").read_text() == "the project's own"


@pytest.mark.parametrize("text", [
    "params.a = 'x'; DROP TABLE tracking_runs; --", "metrics.a > 1 OR 1 = 1", "params.a = 'x' UNION SELECT 1", "'", "metrics.\"a\"\" > 1",
    "params.a = '" + "x" * 100_000 + "' AND AND", "attributes.nothing = 'x'", "metrics.a > 'x'", "\u0000", "tags.`a", "params.a LIKE 5"])
def test_sql_in_filters_is_a_filter(server, text):
    refused(server, "POST", MLFLOW + "runs/search", {"experiment_ids": ["0"], "filter": text})
    assert server.post(MLFLOW + "experiments/search", {"max_results": 10})["experiments"]


@pytest.mark.parametrize("order", ["metrics.a; DROP TABLE x", "nothing", "metrics.a UP", "params.`x", ""])
def test_orders_too(server, order):
    refused(server, "POST", MLFLOW + "runs/search", {"experiment_ids": ["0"], "order_by": [order]})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"a":' * 2000, b"\xff\xfe", b'{"run_id": 5}', b'{"run_id": null}'])
def test_bodies_that_are_none(server, body):
    for path in ("runs/log-metric", "runs/log-batch", "registered-models/create", "experiments/create"):
        refused(server, "POST", MLFLOW + path, body)
    refused(server, "POST", "/endpoints/late/invocations", body)
    if body != b"[]":  # no rows are some
        refused(server, "POST", "/api/ingest/main.flights.pushed_departures", body)


def test_oversized_bodies_are_refused_before_they_are_read(server):
    host, port = server.url.removeprefix("http://").split(":")
    for path in ("/endpoints/late/invocations", MLFLOW + "runs/log-batch", "/api/ingest/main.flights.pushed_departures"):
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                               f"Content-Length: {1 << 40}\r\n\r\n".encode())
            answer = connection.recv(65536).decode()
        assert answer.startswith("HTTP/1.1 413 "), answer
        assert json.loads(answer.split("\r\n\r\n", 1)[1])["error_code"]


def test_slow_clients_hold_nothing_up(server):
    """Half a header line and silence, many times over; others are answered meanwhile, and no thread waits."""
    host, port = server.url.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port)), timeout=60) for _ in range(200)]
    for connection in slow:
        connection.sendall(b"POST /endpoints/late/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Len")
    body = json.loads((server.project.example / "request.json").read_text())
    started = time.monotonic()
    for _ in range(20):
        server.post("/endpoints/late/invocations", body)
    assert time.monotonic() - started < 20
    for connection in slow:
        connection.close()


@pytest.mark.parametrize("change, words", [
    ({"no_such_column": 1}, "no_such_column"), ({"distance": "far"}, "distance"), ({"distance": [1]}, "distance"),
    ({"distance": 1e400}, "1e400"), ({"sched_hour": 1.5}, "sched_hour"), ({"origin": 5}, "origin"), ({"weekday": True}, "weekday")])
def test_columns_and_types_of_a_request(server, change, words):
    row = json.loads((server.project.example / "request.json").read_text())["dataframe_records"][0]
    text = json.dumps({"dataframe_records": [{**row, **change}]}).replace("Infinity", "1e400")
    message = refused(server, "POST", "/endpoints/late/invocations", text.encode())
    assert words in message, message


def test_unknown_entities_are_answered_as_new_ones(server):
    row = json.loads((server.project.example / "request.json").read_text())["dataframe_records"][0]
    answer = server.score("late", **{**row, "tailnum": "N0NE", "carrier": "??"})
    assert len(answer["predictions"]) == 1 and answer["degraded"] == "none"


@pytest.mark.parametrize("path", ["/nothing", "/endpoints/none/invocations", "/api/features/none/get", MLFLOW + "nothing",
                                  "/api/ingest/none", "/%ff%fe", "/endpoints/" + urllib.parse.quote("' OR 1=1 --") + "/invocations"])
def test_paths_that_are_not_there(server, path):
    status, value = server.ask("POST", path, {}, expect=None)
    assert status in (400, 404) and value["error_code"], (status, value)


def test_many_rows_at_once_are_refused_by_number(server):
    row = json.loads((server.project.example / "request.json").read_text())["dataframe_records"][0]
    assert "1000" in refused(server, "POST", "/endpoints/late/invocations", {"dataframe_records": [row] * 1001}, 413)
