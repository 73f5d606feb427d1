"""What Millpond writes, everybody reads: after each kind of write delta-rs and DuckDB's extension (where the document
of features says that they read such a table) and Millpond give the rows that a plain database has."""
import pytest

import millpond_statements
from lake import engine, features, oracle, read_rows
from lake.millpond import table_path


@pytest.mark.parametrize("name", millpond_statements.TABLES)
def test_written_by_millpond(name, tmp_path):
    path = table_path(tmp_path, name)
    engine("millpond").execute(path, millpond_statements.of("millpond", name))
    expected = oracle.rows_after(millpond_statements.of("oracle", name))
    assert read_rows("millpond", path) == expected
    for reader in ("delta_rs", "duckdb"):
        needed = features.features_of(path)
        if reader == "delta_rs" and "variantType" in needed:  # gives the binary form; the rows are counted
            assert len(read_rows(reader, path)) == len(expected)
        elif features.reads(reader, needed):
            assert read_rows(reader, path) == expected, reader
