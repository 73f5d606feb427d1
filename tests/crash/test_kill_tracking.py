"""The server killed by SIGKILL while many clients log: whatever was answered is there when it has started again, and nothing is
half there."""
import http.client
import json
import threading

from millpond_project import Project
from millpond_server import Server

WRITERS = 24


class Writer(threading.Thread):
    """Logs to a run of its own until the server goes; keeps what was answered."""

    def __init__(self, server, run):
        super().__init__()
        self.address, self.run_id = server.url.removeprefix("http://"), run
        self.metrics, self.params, self.aliases = [], [], []

    def run(self):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            for step in range(1_000_000):
                self.post(connection, "runs/log-metric",
                          {"run_id": self.run_id, "key": "loss", "value": step / 2, "timestamp": 1000 + step, "step": step})
                self.metrics.append(step)
                if step % 5 == 0:
                    self.post(connection, "runs/log-batch", {
                        "run_id": self.run_id, "params": [{"key": f"p{step}", "value": str(step)}],
                        "metrics": [{"key": f"m{step}", "value": i, "timestamp": 1, "step": i} for i in range(3)]})
                    self.params.append(step)
                if step % 7 == 0:
                    self.post(connection, "registered-models/create", {"name": f"{self.run_id}-{step}"})
                    self.aliases.append(step)
        except (OSError, http.client.HTTPException):
            pass

    def post(self, connection, path, body):
        connection.request("POST", f"/api/2.0/mlflow/{path}", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text


def test_nothing_that_was_answered_is_lost(tmp_path):
    project = Project(tmp_path / "p")
    (project.folder / "millpond.yml").write_text("name: p\n")
    server = Server(project)
    runs = [server.post("/api/2.0/mlflow/runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"] for _ in range(WRITERS)]
    for _ in range(3):
        writers = [Writer(server, run) for run in runs]
        for writer in writers:
            writer.start()
        server.wait_until("every writer was answered", lambda: all(len(w.metrics) > 20 for w in writers), 120)
        server.kill()
        for writer in writers:
            writer.join()
        server = Server(project)
        for writer in writers:
            check(server, writer)
        runs = [server.post("/api/2.0/mlflow/runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
                for _ in range(WRITERS)]
    server.stop()


def check(server, writer):
    run = server.get(f"/api/2.0/mlflow/runs/get?run_id={writer.run_id}")["run"]
    history = server.get(f"/api/2.0/mlflow/metrics/get-history?run_id={writer.run_id}&metric_key=loss")["metrics"]
    steps = {metric["step"]: metric["value"] for metric in history}
    assert set(writer.metrics) <= set(steps)
    assert all(value == step / 2 for step, value in steps.items())
    assert len(steps) - len(writer.metrics) <= 1  # at most the one that was under way
    params = {param["key"] for param in run["data"].get("params", [])}
    metrics = {metric["key"]: metric["step"] for metric in run["data"]["metrics"]}
    assert {f"p{step}" for step in writer.params} <= params
    for key in params:  # a batch is all there or not at all
        assert metrics["m" + key[1:]] == 2
    for step in writer.aliases[-3:]:
        server.get(f"/api/2.0/mlflow/registered-models/get?name={writer.run_id}-{step}")
