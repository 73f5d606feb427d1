"""The oracle must find an off-by-one in the kernel: programs with one planted (CMakeLists.txt here)
have to fail the comparison that the product passes. And a kernel that looks into the future must be
stopped by the leak check of training, which knows no oracle."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from test_training_sets import check_seed

BUILD = Path(os.environ.get("MILLPOND_BUILD", Path(__file__).parents[2] / "build"))


@pytest.mark.parametrize("name", ["window_start", "window_end", "settle", "tree"])
def test_an_off_by_one_is_found(tmp_path, name):
    program = BUILD / "bin" / f"millpond_off_by_one_{name}"
    assert program.exists()
    for seed in range(40):  # most are found by the first few
        try:
            check_seed(tmp_path / str(seed), seed, str(program))
        except AssertionError as error:
            assert "differences, the first" in str(error)
            return
    pytest.fail("40 seeds did not find it")


def test_training_stops_at_a_kernel_that_looks_ahead(tmp_path):
    project = tmp_path / "flights"  # where rows are known long after their event
    example = Path(__file__).parents[2] / "examples" / "flights"
    shutil.copytree(example, project, ignore=shutil.ignore_patterns(".millpond"))
    program = BUILD / "bin" / "millpond_off_by_one_future"
    done = subprocess.run([program, "run", "--project", project], capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "leak check failed" in done.stderr, done.stderr
