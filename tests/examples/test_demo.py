"""examples/churn/demo, as `make demo` runs it: twice, since it empties its own folder first and nobody else's."""
import json
import os
import re
import signal
import subprocess
import urllib.request

import pytest

from millpond_project import MILLPOND, ROOT


def demo(folder):
    return subprocess.run([ROOT / "examples/churn/demo", str(folder)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env={**os.environ, "MILLPOND": MILLPOND})


def test_demo_tells_its_story(tmp_path):
    done = demo(tmp_path / "churn")
    assert done.returncode == 0, done.stderr
    parts = done.stdout.split("=== ")
    assert [part[:6] for part in parts[1:7]] == [f"{act} of 6" for act in range(1, 7)]
    assert "from 16 files" in parts[1] and "12 quarantined" in parts[1]
    assert "Nothing has changed since the last run." in parts[2]
    assert "from 1 files" in parts[3] and "1,878 rows" in parts[3]
    assert "trained on 22,047 rows, calibrated on 4,195, tested on 15,698" in parts[4]
    assert "average precision" in parts[4] and "work_list" in parts[4]
    assert (tmp_path / "churn/.millpond/report.html").is_file() and "report.html" in parts[7]
    assert "ALERT churn (population_aged" in parts[5] and "most_moved" in (tmp_path / "churn/monitor.txt").read_text()
    before = re.search(r"probability of churn ([0-9.]+)", parts[6])[1]
    after = re.search(r"ms later: ([0-9.]+)", parts[6])[1]
    assert float(after) < float(before)
    assert "stopped, since nobody is at a terminal" in parts[7] and not (tmp_path / "churn/.millpond/server.json").exists()


def test_a_second_demo_replaces_the_server_of_the_first(tmp_path):
    """At a terminal (which `script` stands in for) the server goes on; the next demo stops it first."""
    def at_terminal():
        subprocess.run(["script", "-qec", f"{ROOT}/examples/churn/demo {tmp_path / 'churn'}", "/dev/null"], check=True,
                       stdin=subprocess.DEVNULL, capture_output=True,
                       env={**{k: v for k, v in os.environ.items() if k != "CI"}, "MILLPOND": MILLPOND})
        return json.loads((tmp_path / "churn/.millpond/server.json").read_text())

    first = at_terminal()
    second = at_terminal()
    assert first["pid"] != second["pid"] and not os.path.exists(f"/proc/{first['pid']}")
    with urllib.request.urlopen(second["url"] + "/readyz", timeout=10) as answer:
        assert answer.status == 200
    os.kill(second["pid"], signal.SIGTERM)


def test_a_folder_that_is_not_its_own_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    done = demo(tmp_path / "mine")
    assert done.returncode == 1 and "is not emptied" in done.stderr
    assert (tmp_path / "mine/letter.txt").read_text() == "dear"


@pytest.mark.parametrize("name", ["churn", "flights"])
def test_examples_are_projects_as_they_stand(name):
    assert (ROOT / "examples" / name / "millpond.yml").is_file() and (ROOT / "examples" / name / "request.json").is_file()
