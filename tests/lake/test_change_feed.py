"""table_changes beside delta-rs's load_cdf: the same rows, types of change and versions, whoever wrote the table."""
import subprocess

import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from millpond_project import MILLPOND

FEED = {"delta.enableChangeDataFeed": "true"}
COLUMNS = "id, v, p, _change_type, _commit_version"


def millpond(folder, text, *options):
    done = subprocess.run([MILLPOND, "sql", "--project", str(folder), *options, text], capture_output=True, text=True)
    assert done.returncode == 0, f"{text}\n{done.stderr}"
    return done.stdout


def of_millpond(folder, table, first, last):
    target = folder / "changes.parquet"
    millpond(folder, f"SELECT {COLUMNS} FROM table_changes('{table}', {first}, {last})", "--format", "parquet", "-o", str(target))
    return duckdb.sql(f"SELECT * FROM '{target}' ORDER BY ALL").fetchall()


def of_delta_rs(path, first, last):
    changes = pa.table(DeltaTable(str(path)).load_cdf(starting_version=first, ending_version=last).read_all())  # noqa: F841
    return duckdb.sql(f"SELECT {COLUMNS} FROM changes ORDER BY ALL").fetchall()


def compare(folder, name, path):
    last = DeltaTable(str(path)).version()
    for first in range(last + 1):
        expected = of_delta_rs(path, first, last)
        assert of_millpond(folder, name, first, last) == expected, f"from version {first}"
        assert of_millpond(folder, name, first, first) == of_delta_rs(path, first, first), f"version {first}"
    assert len(of_delta_rs(path, 0, last)) > 10


def rows(first, count):
    ids = list(range(first, first + count))
    return pa.table({"id": pa.array(ids, pa.int64()), "v": [f"v{i}" for i in ids], "p": [f"p{i % 2}" for i in ids]})


def test_of_a_table_of_delta_rs(tmp_path):
    (tmp_path / "millpond.yml").write_text("name: feed\n")
    path = tmp_path / "lake" / "t"
    write_deltalake(str(path), rows(0, 6), partition_by=["p"], configuration=FEED)
    write_deltalake(str(path), rows(6, 4), mode="append")
    DeltaTable(str(path)).update(predicate="id < 3", updates={"v": "'changed'"})
    DeltaTable(str(path)).delete("id = 7")
    DeltaTable(str(path)).delete("p = 'p0'")
    write_deltalake(str(path), rows(20, 3), mode="overwrite")
    compare(tmp_path, str(path), path)


def test_of_a_table_of_millpond(tmp_path):
    (tmp_path / "millpond.yml").write_text("name: feed\n")
    for text in [
        "CREATE TABLE t (id BIGINT, v STRING, p STRING) PARTITIONED BY (p) TBLPROPERTIES "
        "('delta.enableChangeDataFeed' = 'true', 'delta.enableDeletionVectors' = 'false')",
        "INSERT INTO t SELECT i, 'v' || i, 'p' || i % 2 FROM range(10) r(i)",
        "UPDATE t SET v = 'changed' WHERE id < 3",
        "DELETE FROM t WHERE id = 7",
        "DELETE FROM t WHERE p = 'p0'",
        "INSERT OVERWRITE t PARTITION (p = 'p1') VALUES (20, 'n')",
        "INSERT INTO t REPLACE WHERE id = 20 VALUES (20, 'm', 'p3')",
        "RESTORE TABLE t TO VERSION AS OF 2",
        "TRUNCATE TABLE t",
    ]:
        millpond(tmp_path, text)
    compare(tmp_path, "t", tmp_path / ".millpond" / "warehouse" / "main" / "default" / "t")
