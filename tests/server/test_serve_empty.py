"""The server on an empty folder, with the stock mlflow client; tokens; a kill."""
import os
import ssl
import subprocess
import urllib.error
import urllib.request

import mlflow
import pytest
from mlflow.tracking import MlflowClient

from millpond_project import Project
from millpond_server import Server


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    project = Project.__new__(Project)
    project.folder, project.example = folder, None
    return project


def test_an_empty_folder_tracks_runs(project):
    server = Server(project)
    client = MlflowClient(tracking_uri=server.url, registry_uri=server.url)
    experiment = client.create_experiment("first")
    run = client.create_run(experiment)
    client.log_param(run.info.run_id, "depth", 3)
    client.log_metric(run.info.run_id, "loss", 0.5, step=1)
    client.set_terminated(run.info.run_id)
    server.kill()  # what was acknowledged is there again
    server = Server(project)
    client = MlflowClient(tracking_uri=server.url, registry_uri=server.url)
    found = client.search_runs([experiment], "metrics.loss < 1 AND params.depth = '3'", order_by=["metrics.loss DESC"])
    assert [r.info.run_id for r in found] == [run.info.run_id] and found[0].info.status == "FINISHED"
    server.stop()
    assert (project.folder / "millpond.yml").read_text() == 'name: "empty"\n'


def test_tokens_are_asked_for_once_there_is_one(project):
    (project.folder / "millpond.yml").write_text("name: closed\n")
    secret = project.call("access", "token", "bot").stdout.strip()
    server = Server(project, "--address", "127.0.0.1")
    assert server.get("/healthz") == {"status": "ok"}
    assert "token" in server.get("/api/access/whoami", expect=401)["message"]
    assert server.ask("GET", "/api/access/whoami", headers={"Authorization": f"Bearer {secret}"}) == {"principal": "bot"}
    os.environ["MLFLOW_TRACKING_TOKEN"] = secret
    try:
        assert MlflowClient(tracking_uri=server.url).get_experiment("0").name == "Default"
    finally:
        del os.environ["MLFLOW_TRACKING_TOKEN"]
    with pytest.raises(mlflow.exceptions.MlflowException):
        MlflowClient(tracking_uri=server.url).get_experiment("0")
    server.stop()


def test_the_first_token_closes_a_running_server(tmp_path):
    project = Project(tmp_path / "closing")
    (project.folder / "millpond.yml").write_text("name: closing\n")
    server = Server(project)
    assert server.get("/endpoints") is not None
    token = next(word for word in project.call("access", "token", "nightly").stdout.split() if word.startswith("mp_"))
    server.wait_until("nobody gets in without a token", lambda: server.ask("GET", "/endpoints", expect=None)[0] == 401, 10)
    server.ask("GET", "/endpoints", headers={"Authorization": f"Bearer {token}"})
    server.get("/healthz")
    server.stop()


def test_over_tls(tmp_path):
    project = Project(tmp_path / "secure")
    (project.folder / "millpond.yml").write_text("name: secure\n")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    project.call("serve", "--port", "0", "--tls-certificate", str(certificate), code=2)
    missing = project.call("serve", "--port", "0", "--tls-certificate", str(certificate), "--tls-key", str(tmp_path / "none"), code=1)
    assert "none" in missing.stderr
    server = Server(project, "--tls-certificate", str(certificate), "--tls-key", str(key))
    assert server.url.startswith("https://")
    trusting = ssl.create_default_context(cafile=certificate)
    with urllib.request.urlopen(server.url + "/healthz", context=trusting, timeout=30) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(server.url + "/healthz", timeout=30)
    with pytest.raises(OSError):  # plain text is not answered
        urllib.request.urlopen(server.url.replace("https", "http") + "/healthz", timeout=30)
    server.stop()
