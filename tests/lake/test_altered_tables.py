"""Tables that ALTER TABLE changed are read by delta-rs and DuckDB's extension as Millpond reads them."""
import csv
import io
import subprocess
from pathlib import Path

import deltalake
import duckdb
import duckdb_extension_delta
import pytest

from millpond_project import MILLPOND

EXTENSION = next(Path(duckdb_extension_delta.__file__).parent.rglob("delta.duckdb_extension"))

MAPPED = "TBLPROPERTIES ('delta.columnMapping.mode' = '{}')"
CASES = {
    "columns added and moved": """
        CREATE TABLE t (id BIGINT, name STRING);
        INSERT INTO t VALUES (1, 'a');
        ALTER TABLE t ADD COLUMNS (first INT FIRST, last DATE COMMENT 'x');
        ALTER TABLE t ALTER COLUMN name FIRST;
        INSERT INTO t BY NAME SELECT 2 AS id, 7 AS first, DATE '2024-02-29' AS last;
        INSERT WITH SCHEMA EVOLUTION INTO t BY NAME SELECT 3 AS id, true AS flag""",
    "columns mapped later": """
        CREATE TABLE t (id BIGINT, name STRING, k STRING) PARTITIONED BY (k);
        INSERT INTO t VALUES (1, 'a', 'p'), (2, 'b', 'q');
        ALTER TABLE t SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name');
        ALTER TABLE t RENAME COLUMN name TO title;
        ALTER TABLE t RENAME COLUMN k TO part;
        ALTER TABLE t ADD COLUMN name STRING;
        INSERT INTO t VALUES (3, 'c', 'p', 'new');
        ALTER TABLE t DROP COLUMN title""",
    "columns mapped by name": f"""
        CREATE TABLE t (id BIGINT, "a b" STRING, gone INT) {MAPPED.format('name')};
        INSERT INTO t VALUES (1, 'x', 1);
        ALTER TABLE t DROP COLUMN gone;
        ALTER TABLE t RENAME COLUMN "a b" TO "c d";
        INSERT INTO t VALUES (2, 'y')""",
    "columns mapped by id": f"""
        CREATE TABLE t (id BIGINT, a STRING, gone INT) {MAPPED.format('id')};
        INSERT INTO t VALUES (1, 'x', 1);
        ALTER TABLE t DROP COLUMN gone;
        ALTER TABLE t RENAME COLUMN a TO b;
        INSERT INTO t VALUES (2, 'y');
        CREATE OR REPLACE TABLE t AS SELECT b, id + 1 AS id FROM t""",
    "features dropped": """
        CREATE TABLE t (id BIGINT) TBLPROPERTIES ('delta.enableRowTracking' = 'true', 'delta.enableDeletionVectors' = 'true');
        INSERT INTO t VALUES (1), (2);
        ALTER TABLE t DROP FEATURE rowTracking;
        ALTER TABLE t DROP FEATURE domainMetadata;
        ALTER TABLE t DROP FEATURE deletionVectors;
        INSERT INTO t VALUES (3)""",
    "types widened": """
        CREATE TABLE t (id INT, f FLOAT, d DECIMAL(4, 1), day DATE, b TINYINT) TBLPROPERTIES ('delta.enableTypeWidening' = 'true');
        INSERT INTO t VALUES (1, 0.5, 1.5, DATE '2024-02-29', 1);
        ALTER TABLE t ALTER COLUMN id TYPE BIGINT, f TYPE DOUBLE, d TYPE DECIMAL(10, 3), b TYPE DOUBLE;
        INSERT INTO t VALUES (5000000000, 0.1, 12.345, DATE '2024-03-01', 0.25)""",
}
# delta-rs does not read type widening.
NOT_READ_BY_DELTA_RS = {"types widened"}


def millpond(folder, text):
    done = subprocess.run([MILLPOND, "sql", "--project", str(folder), "--format", "csv", text], capture_output=True, text=True)
    assert done.returncode == 0, f"{text}\n{done.stderr}"
    return list(csv.reader(io.StringIO(done.stdout)))


def as_text(rows):
    return [["" if value is None else str(value).lower() if isinstance(value, bool) else str(value) for value in row] for row in rows]


@pytest.mark.parametrize("case", CASES)
def test_others_read_the_same(case, tmp_path):
    (tmp_path / "millpond.yml").write_text("name: altered\n")
    millpond(tmp_path, CASES[case])
    names, *rows = millpond(tmp_path, "SELECT * FROM t ORDER BY id")
    table = str(tmp_path / ".millpond" / "warehouse" / "main" / "default" / "t")
    rows = [[value[:-2] if value.endswith(".0") else value for value in row] for row in rows]

    db = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    db.execute(f"LOAD '{EXTENSION}'")
    db.execute(f"SELECT * FROM delta_scan('{table}') ORDER BY id")
    assert [column[0] for column in db.description] == names
    assert as_text(db.fetchall()) == rows

    if case in NOT_READ_BY_DELTA_RS:
        return
    read = deltalake.QueryBuilder().register("t", deltalake.DeltaTable(table)).execute("SELECT * FROM t ORDER BY id").read_all()
    columns = [read.column(name) for name in names]
    values = [[column[i].as_py() for column in columns] for i in range(read.num_rows)]
    assert as_text(values) == rows
