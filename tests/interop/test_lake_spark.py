"""Millpond and Spark side by side, by Spark itself (the kept tables of test_lake_reads.py are of one day): Spark reads
what Millpond writes, Millpond reads what Spark writes now, and they write one table in turns."""
import pytest

import millpond_statements
import spark_statements
from lake import engine, features, oracle, read_rows
from lake.millpond import table_path


@pytest.mark.parametrize("name", millpond_statements.TABLES)
def test_spark_reads(name, tmp_path):
    path = table_path(tmp_path, name)
    engine("millpond").execute(path, millpond_statements.of("millpond", name))
    assert read_rows("spark", path) == oracle.rows_after(millpond_statements.of("oracle", name))


@pytest.mark.parametrize("name", spark_statements.TABLES)
def test_millpond_reads(name, tmp_path):
    path = table_path(tmp_path, name)
    engine("spark").execute(path, spark_statements.TABLES[name])
    if features.reads("millpond", features.features_of(path)):
        assert read_rows("millpond", path) == read_rows("spark", path)


@pytest.mark.parametrize("first", ["millpond", "spark"])
def test_in_turns(first, tmp_path):
    """Ten commits each, checkpoints of both among them."""
    path = table_path(tmp_path, "turns")
    location = " LOCATION '{location}'" if first == "spark" else ""
    interval = "TBLPROPERTIES ('delta.checkpointInterval' = '3')"
    engine(first).execute(path, [f"CREATE TABLE {{t}} (id INT, name STRING) USING delta{location} {interval}"])
    for turn in range(10):
        engine("millpond").execute(path, [f"INSERT INTO {{t}} VALUES ({turn}, 'millpond')"])
        engine("spark").execute(path, [f"INSERT INTO {{t}} VALUES ({turn}, 'spark')"])
    expected = tuple(sorted(((turn, name) for turn in range(10) for name in ("millpond", "spark")), key=repr))
    for reader in ("millpond", "spark", "delta_rs", "duckdb"):
        assert read_rows(reader, path).rows == expected, reader


@pytest.mark.parametrize("name", ["partitions", "nested", "all_types", "in_commit_timestamps", "row_tracking_backfilled", "domain_metadata",
                                  "checkpoint_parts", "vacuum_protocol_check", "variant_types", "void_column"])
def test_millpond_appends_to_spark(name, tmp_path):
    """A row of the table once more, by Millpond, into a table that Spark made with a feature."""
    path = table_path(tmp_path, name)
    engine("spark").execute(path, spark_statements.TABLES[name])
    before = read_rows("spark", path)
    engine("millpond").execute(path, ["INSERT INTO {t} SELECT * FROM {t} LIMIT 1"])
    after = read_rows("spark", path)
    assert len(after) == len(before) + 1 and set(map(repr, after.rows)) == set(map(repr, before.rows))
    assert read_rows("millpond", path) == after
