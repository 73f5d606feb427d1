"""The champion moved every five seconds under load: no request fails, no connection is dropped, and every answer is of one of
the two versions, whole."""
import http.client
import json
import threading

import pytest

from millpond_project import Project
from millpond_server import Server

ASKERS, SWAPS, EVERY_S = 4, 4, 5
MODEL = {"churn": ("churn", "churn.yml", {"customer_id": 9}), "flights": ("late", "late.yml", None)}


class Asker(threading.Thread):
    """Asks over one connection until it is told to stop."""

    def __init__(self, address, endpoint, body, stop):
        super().__init__()
        self.address, self.path, self.body, self.stop = address, f"/endpoints/{endpoint}/invocations", json.dumps(body), stop
        self.answers, self.problem = [], None

    def run(self):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            connection.connect()
            socket = connection.sock
            while not self.stop.is_set():
                connection.request("POST", self.path, self.body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                assert answer.status == 200, text
                assert connection.sock is socket, "the connection was closed"
                value = json.loads(text)
                self.answers.append((value["model_version"], value["request_id"]))
        except Exception as problem:  # told by the test's own thread
            self.problem = problem


@pytest.mark.parametrize("example", ["churn", "flights"])
def test_no_request_fails_while_the_champion_moves(tmp_path, example):
    endpoint, file, row = MODEL[example]
    project = Project(tmp_path / example, example)
    project.arrive("*")
    project.fewer_resamples()
    project.run()
    path = project.folder / "models" / file
    path.write_text(path.read_text().replace("seed: ", "seed: 1"))
    project.call("models", "train", endpoint, "--force")
    body = {"dataframe_records": [row]} if row else json.loads((project.example / "request.json").read_text())
    server = Server(project)
    stop = threading.Event()
    askers = [Asker(server.url.removeprefix("http://"), endpoint, body, stop) for _ in range(ASKERS)]
    for asker in askers:
        asker.start()
    for swap in range(SWAPS):
        version = "1" if swap % 2 == 0 else "2"
        project.call("models", "promote", endpoint, version)
        server.wait_until(f"version {version} answers", lambda: all(
            asker.problem or (asker.answers and asker.answers[-1][0] == version) for asker in askers), 10)
        stop.wait(EVERY_S)
    stop.set()
    for asker in askers:
        asker.join()
    assert not [asker.problem for asker in askers if asker.problem]
    answers = [answer for asker in askers for answer in asker.answers]
    assert {version for version, _ in answers} == {"1", "2"}
    assert len({request for _, request in answers}) == len(answers) > 1000
    server.stop()  # commits what waits
    table = f"main.{example}.{endpoint}_inference"
    rows = project.delta(table).to_pyarrow_table(columns=["request_id", "model_version"]).to_pylist()
    logged = {row["request_id"]: str(row["model_version"]) for row in rows}
    assert all(logged.get(request) == version for version, request in answers)
    print(f"{example}: {len(answers)} answers, {SWAPS} swaps, 0 errors")
