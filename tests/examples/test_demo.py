"""examples/churn/demo, as `make demo` runs it: twice, since it empties its own folder first and nobody else's."""
import os
import subprocess

import pytest

from millpond_project import MILLPOND, ROOT


def demo(folder):
    return subprocess.run([ROOT / "examples/churn/demo", str(folder)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env={**os.environ, "MILLPOND": MILLPOND})


def test_demo_tells_its_story(tmp_path):
    done = demo(tmp_path / "churn")
    assert done.returncode == 0, done.stderr
    parts = done.stdout.split("=== ")
    assert [part[:6] for part in parts[1:5]] == ["1 of 4", "2 of 4", "3 of 4", "4 of 4"]
    assert "from 16 files" in parts[1] and "12 quarantined" in parts[1]
    assert "Nothing has changed since the last run." in parts[2]
    assert "from 1 files" in parts[3] and "1,878 rows" in parts[3]
    assert "trained on 22,047 rows, calibrated on 4,195, tested on 15,698" in parts[4]
    assert "average precision" in parts[4] and "work_list" in parts[4]
    assert (tmp_path / "churn/.millpond/report.html").is_file() and "report.html" in parts[5]


def test_a_folder_that_is_not_its_own_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    done = demo(tmp_path / "mine")
    assert done.returncode == 1 and "is not emptied" in done.stderr
    assert (tmp_path / "mine/letter.txt").read_text() == "dear"


@pytest.mark.parametrize("name", ["churn", "flights"])
def test_examples_are_projects_as_they_stand(name):
    assert (ROOT / "examples" / name / "millpond.yml").is_file() and (ROOT / "examples" / name / "request.json").is_file()
