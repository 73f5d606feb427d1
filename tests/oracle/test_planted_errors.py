"""The oracle must find an off-by-one in the kernel: programs with one planted (CMakeLists.txt here)
have to fail the comparison that the product passes."""

import os
from pathlib import Path

import pytest
from test_training_sets import check_seed

BUILD = Path(os.environ.get("MILLPOND_BUILD", Path(__file__).parents[2] / "build"))


@pytest.mark.parametrize("name", ["window_start", "window_end", "settle", "tree"])
def test_an_off_by_one_is_found(tmp_path, name):
    program = BUILD / "bin" / f"millpond_off_by_one_{name}"
    assert program.exists()
    for seed in range(8):
        try:
            check_seed(tmp_path / str(seed), seed, str(program))
        except AssertionError as error:
            assert "differences, the first" in str(error)
            return
    pytest.fail("8 seeds did not find it")
