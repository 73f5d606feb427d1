"""docs/formats/delta-features.md tells the truth about Millpond, delta-rs and DuckDB."""
import pytest

import feature_cells
from lake import features

CELLS = [(section, row, name) for name in ("millpond", "delta_rs", "duckdb") for section, row in feature_cells.rows(name)]


@pytest.mark.parametrize(("section", "row", "name"), CELLS)
def test_cell(section, row, name, tmp_path):
    feature_cells.check(section, row, name, tmp_path)


def test_every_probe_has_its_row():
    cells = features.cells()
    assert set(cells[feature_cells.READING]) | set(cells[feature_cells.HOLDING]) == set(feature_cells.READ)
    assert set(cells[feature_cells.APPENDING]) == set(feature_cells.APPEND)
    assert set(cells[feature_cells.WRITING]) == set(feature_cells.WRITE)
