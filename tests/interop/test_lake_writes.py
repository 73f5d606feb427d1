"""What Millpond writes, everybody reads: after each kind of write delta-rs and DuckDB's extension (where the document
of features says that they read such a table) and Millpond give the rows that a plain database had at each version."""
import pytest

import millpond_tables
from lake import history
from lake.millpond import table_path

READERS = "millpond", "delta_rs", "duckdb"


@pytest.mark.parametrize("name", millpond_tables.TABLES)
def test_written_by_millpond(name, tmp_path):
    history.written(table_path(tmp_path, name), millpond_tables.steps(name)).check(*READERS)


@pytest.mark.parametrize("name", millpond_tables.WITH_CHECKPOINTS)
def test_without_history(name, tmp_path):
    """Of the log only the newest checkpoint and what follows it are left."""
    history.written(table_path(tmp_path, name), millpond_tables.steps(name)).forget().check(*READERS)
