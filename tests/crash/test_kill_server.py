"""A server killed by SIGKILL while purchases are pushed, models promoted and endpoints asked: what was acknowledged is there when it has
started again, once; nothing is half there; and it is ready again at once."""
import http.client
import itertools
import json
import threading
import time

import pytest

from millpond_project import Project
from millpond_server import Server

ROUNDS, PUSHERS = 3, 4
FIRST_CUSTOMER = 900_000  # nobody of the data


class Client(threading.Thread):
    """Does the same again until the server goes; `acknowledged` has what was answered, `begun` what may have been done."""

    def __init__(self, server, requests):
        super().__init__()
        self.address, self.requests = server.url.removeprefix("http://"), requests
        self.acknowledged, self.begun, self.refused = [], [], []

    def run(self):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        try:
            for what, path, body, headers in self.requests:
                self.begun.append(what)
                connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 429:
                    self.begun.pop()
                    time.sleep(0.05)
                elif answer.status == 200:
                    self.acknowledged.append(what)
                else:
                    self.refused.append((answer.status, text))
                    return
        except (OSError, http.client.HTTPException):
            pass


def purchases(numbers):
    for number in numbers:
        row = {"customer_id": number, "purchase_date": "1998-06-30", "cds": 1, "dollars": "1.25"}
        yield number, "/api/ingest/pushed_purchases", [row], {"Idempotency-Key": f"k{number}"}


def promotions():
    for version in itertools.cycle("12"):
        yield version, "/api/2.0/mlflow/registered-models/alias", {"name": "churn", "alias": "champion", "version": version}, {}


def questions():
    for number in itertools.count():
        yield number, "/endpoints/churn/invocations", {"dataframe_records": [{"customer_id": number % 20_000 + 1}]}, {}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("killed") / "churn", "churn")
    project.arrive("*.txt")
    project.fewer_resamples()
    project.run()
    project.call("models", "train", "churn", "--force")
    return project


def test_what_was_acknowledged_is_there_again_once(project):
    numbers = itertools.count(FIRST_CUSTOMER)
    lock = threading.Lock()

    def fresh():
        while True:
            with lock:
                number = next(numbers)
            yield number

    server, acknowledged, begun, ready = Server(project), set(), set(), []
    for _ in range(ROUNDS):
        pushers = [Client(server, purchases(fresh())) for _ in range(PUSHERS)]
        promoter, asker = Client(server, promotions()), Client(server, questions())
        clients = [*pushers, promoter, asker]
        for client in clients:
            client.start()
        server.wait_until("everybody is at work", lambda: not any(c.is_alive() is False for c in clients) and all(
            len(c.acknowledged) > 20 for c in clients), 120)
        server.kill()
        for client in clients:
            client.join()
            assert not client.refused, client.refused
        for pusher in pushers:
            acknowledged |= set(pusher.acknowledged)
            begun |= set(pusher.begun)
        started = time.monotonic()
        server = Server(project)
        server.wait_until("ready", lambda: server.ask("GET", "/readyz", expect=None)[0] == 200, 30)
        ready.append(time.monotonic() - started)
        check_promotions(server, promoter)
    # A push whose answer was lost may be sent again with its key, and is still there once.
    for number in sorted(begun - acknowledged):
        _, path, body, headers = next(purchases([number]))
        server.ask("POST", path, body, headers)
    expected = begun
    server.wait_until("all purchases are in silver", lambda: count(project) >= len(expected), 60)
    rows = project.sql(f"SELECT customer_id, count(*)::BIGINT FROM main.churn.purchases WHERE customer_id >= {FIRST_CUSTOMER} GROUP BY 1")
    assert {number: times for number, times in rows} == {number: 1 for number in expected}
    server.stop()
    print(f"{len(acknowledged)} pushes acknowledged in {ROUNDS} rounds; ready after {', '.join(f'{s * 1000:.0f} ms' for s in ready)}")


def count(project):
    return project.sql(f"SELECT count(*) FROM main.churn.purchases WHERE customer_id >= {FIRST_CUSTOMER}")[0][0]


def check_promotions(server, promoter):
    version = server.get("/api/2.0/mlflow/registered-models/alias?name=churn&alias=champion")["model_version"]["version"]
    assert version in (promoter.acknowledged[-1], promoter.begun[-1])
    answer = server.score("churn", customer_id=9)
    assert answer["model_version"] == version
    history = server.project.call("models", "history", "churn", "--format", "csv").stdout.splitlines()[1:]
    moves = sum(line.split(",")[2] == "set_alias" for line in history)
    done = getattr(check_promotions, "done", 2) + len(promoter.acknowledged)  # two by training
    assert moves in (done, done + 1)
    check_promotions.done = moves
