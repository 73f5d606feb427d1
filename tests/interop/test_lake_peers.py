"""What delta-rs and DuckDB's extension write, Millpond reads; then Millpond writes to it, and they read that."""
import datetime
import decimal

import deltalake
import pyarrow as pa
import pytest

from lake import engine, read_rows, rows_of
from lake.millpond import table_path

DAY, MOMENT = datetime.date(2020, 2, 29), datetime.datetime(2020, 2, 29, 1, 2, 3, 4, tzinfo=datetime.timezone.utc)
ALL = pa.table({
    "id": pa.array([1, 2], pa.int64()), "b": pa.array([-1, None], pa.int8()), "s": pa.array([2, None], pa.int16()), "i": pa.array([3, None], pa.int32()),
    "f": pa.array([0.5, None], pa.float32()), "d": pa.array([float("nan"), None], pa.float64()), "dec": pa.array([decimal.Decimal("-1.05"), None], pa.decimal128(9, 2)),
    "wide": pa.array([decimal.Decimal("-12345678901234567890.1234"), None], pa.decimal128(38, 4)), "t": ["ä€😀", None], "bin": pa.array([b"\x00\xff", None]),
    "bo": pa.array([True, None]), "da": pa.array([DAY, None]), "ts": pa.array([MOMENT, None], pa.timestamp("us", "UTC")),
    "ntz": pa.array([MOMENT.replace(tzinfo=None), None], pa.timestamp("us")),
    "st": pa.array([{"x": 1, "y": None}, None], pa.struct([("x", pa.int32()), ("y", pa.string())])), "a": pa.array([[1, None], None], pa.list_(pa.int32())),
    "m": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
})
PLAIN = pa.table({"id": pa.array(range(20), pa.int64()), "name": [f"name {n}" for n in range(20)]})


def wrote(path, data, **options):
    deltalake.write_deltalake(str(path), data, **options)
    return deltalake.DeltaTable(str(path))


def merged(table):
    source = pa.table({"id": pa.array([3, 30], pa.int64()), "name": ["new", "thirty"]})
    (table.merge(source, "t.id = s.id", source_alias="s", target_alias="t").when_matched_update_all().when_not_matched_insert_all()
     .when_not_matched_by_source_delete("t.id > 15").execute())


STEPS = {
    "all types": [lambda path: wrote(path, ALL)],
    "partitions": [lambda path: wrote(path, ALL.select(["id", "da", "ts", "t", "i"]), partition_by=["da", "ts", "t", "i"])],
    "overwrite": [lambda path: wrote(path, PLAIN), lambda path: wrote(path, PLAIN.slice(3, 2), mode="overwrite")],
    "schema overwrite": [lambda path: wrote(path, PLAIN), lambda path: wrote(path, ALL.select(["id", "f"]), mode="overwrite", schema_mode="overwrite")],
    "schema merge": [lambda path: wrote(path, PLAIN), lambda path: wrote(path, ALL.select(["id", "f"]), mode="append", schema_mode="merge")],
    "replace where": [lambda path: wrote(path, PLAIN), lambda path: wrote(path, PLAIN.slice(3, 2), mode="overwrite", predicate="id < 5")],
    "delete": [lambda path: wrote(path, PLAIN).delete("id % 3 = 0")],
    "update": [lambda path: wrote(path, PLAIN).update(updates={"name": "'u'"}, predicate="id > 10")],
    "merge": [lambda path: merged(wrote(path, PLAIN))],
    "optimize": [lambda path: wrote(path, PLAIN), lambda path: wrote(path, PLAIN, mode="append").optimize.compact()],
    "z-order": [lambda path: wrote(path, PLAIN), lambda path: wrote(path, PLAIN, mode="append").optimize.z_order(["name"])],
    "restore": [lambda path: wrote(path, PLAIN).delete("id > 3"), lambda path: deltalake.DeltaTable(str(path)).restore(0)],
    "checkpoint": [lambda path: wrote(path, PLAIN).delete("id > 3"), lambda path: deltalake.DeltaTable(str(path)).create_checkpoint()],
    "log compaction": [lambda path: wrote(path, PLAIN).delete("id > 3"), lambda path: wrote(path, PLAIN, mode="append"),
                       lambda path: deltalake.DeltaTable(str(path)).compact_logs(0, 2)],
    "vacuum": [lambda path: wrote(path, PLAIN).delete("id > 3"),
               lambda path: deltalake.DeltaTable(str(path)).vacuum(0, dry_run=False, enforce_retention_duration=False)],
    "change feed": [lambda path: wrote(path, PLAIN, configuration={"delta.enableChangeDataFeed": "true"}).update(updates={"name": "'u'"}, predicate="id > 10")],
    "constraint": [lambda path: wrote(path, PLAIN).alter.add_constraint({"c": "id >= 0"})],
    "new column": [lambda path: wrote(path, PLAIN).alter.add_columns([deltalake.Field("x", deltalake.schema.PrimitiveType("integer"))])],
    "appended by DuckDB": [lambda path: wrote(path, PLAIN), lambda path: engine("duckdb").append(path, {"id": 99, "name": "duck"})],
}


@pytest.mark.parametrize("name", STEPS)
def test_written_by_peers(name, tmp_path):
    path = table_path(tmp_path, "peer")
    for step in STEPS[name]:
        step(path)
    expected = read_rows("delta_rs", path)
    assert len(expected)
    assert read_rows("millpond", path) == expected
    assert read_rows("duckdb", path) == expected
    for version in range(deltalake.DeltaTable(str(path)).version() if name != "vacuum" else 0):
        assert read_rows("millpond", path, version) == read_rows("delta_rs", path, version)


@pytest.mark.parametrize("name", STEPS)
def test_then_written_by_millpond(name, tmp_path):
    path = table_path(tmp_path, "peer")
    for step in STEPS[name]:
        step(path)
    before = read_rows("delta_rs", path)
    engine("millpond").execute(path, ["INSERT INTO {t} SELECT * FROM {t}"])
    for reader in ("millpond", "delta_rs", "duckdb"):
        after = read_rows(reader, path)
        assert after.types == before.types and after.rows == tuple(sorted(before.rows * 2, key=repr)), reader


def test_all_types_as_given(tmp_path):
    """The rows themselves, not only that the readers agree."""
    path = table_path(tmp_path, "peer")
    wrote(path, ALL)
    assert read_rows("millpond", path) == rows_of(ALL)


RULES = {"CHECK": "id INT, name STRING, CONSTRAINT positive CHECK (id > 0)", "NOT NULL": "id INT NOT NULL, name STRING", "generated": "id INT, name STRING, twice INT GENERATED ALWAYS AS (id * 2)"}


@pytest.mark.parametrize("rule", RULES)
def test_delta_rs_keeps_rules_of_millpond(rule, tmp_path):
    path = table_path(tmp_path, "rules")
    engine("millpond").execute(path, [f"CREATE TABLE {{t}} ({RULES[rule]})", "INSERT INTO {t} (id, name) VALUES (1, 'a')"])
    rows = {name: pa.table({"id": pa.array([n], pa.int32()), "name": ["b"]} | ({"twice": pa.array([twice], pa.int32())} if rule == "generated" else {}))
            for name, n, twice in (("good", 2, 4), ("bad", None if rule == "NOT NULL" else -1, 3))}
    wrote(path, rows["good"], mode="append")
    with pytest.raises(Exception):
        wrote(path, rows["bad"], mode="append")
    for reader in ("millpond", "delta_rs"):
        assert len(read_rows(reader, path)) == 2, reader
