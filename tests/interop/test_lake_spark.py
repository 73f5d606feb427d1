"""Millpond and Spark side by side, by Spark itself (the kept tables of test_lake_reads.py are of one day): Spark reads
what Millpond writes, Millpond reads what Spark writes now. `test_lake_spark_*.py` have both at one table."""
import json

import pytest

import millpond_tables
import spark_statements
from lake import engine, features, history, read_rows
from lake.millpond import table_path


def check_checksums(path):
    for version in history.versions(path):
        engine("spark").check_checksum(path, version)


@pytest.mark.parametrize("name", millpond_tables.TABLES)
def test_spark_reads(name, tmp_path):
    """The rows of every version, and its checksum against what Spark makes of the log."""
    path = table_path(tmp_path, name)
    history.written(path, millpond_tables.steps(name)).check("spark")
    check_checksums(path)


@pytest.mark.parametrize("name", millpond_tables.WITH_CHECKPOINTS)
def test_spark_reads_without_history(name, tmp_path):
    """Of the log only the newest checkpoint and what follows it are left."""
    path = table_path(tmp_path, name)
    history.written(path, millpond_tables.steps(name)).forget().check("spark")
    check_checksums(path)


@pytest.mark.parametrize("name", [name for name in millpond_tables.TABLES if name.startswith("log_compaction")])
def test_spark_reads_compacted(name, tmp_path):
    """By the compacted files: Spark says which files it took, and the commits that they stand for are broken."""
    path = table_path(tmp_path, name)
    written = history.written(path, millpond_tables.steps(name))
    for compacted in (path / "_delta_log").glob("*.compacted.json"):
        first, last = (int(word) for word in compacted.name.split(".")[:2])
        for version in range(first, last):
            (path / f"_delta_log/{version:020}.json").write_text("{}\n")
    assert "compacted" in engine("spark").log_files(path)
    written.keep_from(max(written.expected))
    written.check("spark", "millpond")


def test_spark_finds_a_wrong_checksum(tmp_path):
    """What the tests above rely on."""
    path = table_path(tmp_path, "t")
    history.written(path, millpond_tables.steps("delete"))
    file = path / "_delta_log" / f"{1:020}.crc"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"numFiles": 7}) + "\n")
    engine("spark").check_checksum(path, 2)
    with pytest.raises(AssertionError, match="Number of files - Expected: 7 Computed: 1"):
        engine("spark").check_checksum(path, 1)


@pytest.mark.parametrize("name", spark_statements.TABLES)
def test_millpond_reads(name, tmp_path):
    path = table_path(tmp_path, name)
    engine("spark").execute(path, spark_statements.TABLES[name])
    if features.reads("millpond", features.features_of(path)):
        assert read_rows("millpond", path) == read_rows("spark", path)


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
    check_checksums(path)
