"""What Spark wrote, Millpond reads: every kept table at every version gives the rows that Spark read from it, or is
refused where the document of features says so, and then the refusal names the feature."""
import pytest

from lake import features, kept, read_rows
from lake.millpond import Refused, table_path


@pytest.mark.parametrize("name", kept.names())
def test_written_by_spark(name, tmp_path):
    path = table_path(tmp_path, name)
    expected = kept.unpack(name, path)
    assert expected
    for version, rows in expected.items():
        needed = features.features_of(path, version) | features.features_of(path)
        missing = [feature for feature in sorted(needed) if not features.reads("millpond", {feature})]
        if missing:
            with pytest.raises(Refused, match="|".join(feature.removeprefix("columns of type ") for feature in missing)):
                read_rows("millpond", path, version)
        else:
            assert read_rows("millpond", path, version) == rows, f"version {version}"
