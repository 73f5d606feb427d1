"""docs/formats/delta-features.md tells the truth about delta-spark."""
import pytest

import feature_cells


@pytest.mark.parametrize(("section", "row"), list(feature_cells.rows("spark")))
def test_cell(section, row, tmp_path):
    feature_cells.check(section, row, "spark", tmp_path)
