"""The probes of feature_probes.py for engines without Spark's SQL: row -> a function that does it to the table at a
path and gives the ids that it should hold then. DuckDB's extension has INSERT and nothing else."""
import deltalake
import pyarrow as pa
from deltalake import DeltaTable, Field, write_deltalake
from deltalake.schema import PrimitiveType

TEN = pa.table({"id": pa.array(range(10), pa.int32()), "name": [f"name {n}" for n in range(10)]})
ONE = pa.table({"id": pa.array([10], pa.int32()), "name": ["ten"]})
DV = {"delta.enableDeletionVectors": "true"}


def made(path, **options):
    write_deltalake(str(path), TEN, **options)
    return DeltaTable(str(path))


def more(path):
    write_deltalake(str(path), ONE, mode="append")
    return DeltaTable(str(path))


def merged(table):
    source = pa.table({"id": pa.array([9, 10], pa.int32()), "name": ["new", "ten"]})
    (table.merge(source, "t.id = s.id", source_alias="s", target_alias="t").when_matched_update_all().when_not_matched_insert_all()
     .when_not_matched_by_source_delete("t.id < 2").execute())
    return list(range(2, 11))


def after(step, ids):
    """A probe: rows 0 to 9, then `step(table, path)`."""
    def probe(path):
        step(made(path), path)
        return ids
    return probe


def created(configuration, **options):
    def probe(path):
        DeltaTable.create(str(path), deltalake.Schema.from_arrow(TEN.schema), configuration=configuration, **options)
        write_deltalake(str(path), TEN, mode="append")
        return list(range(10))
    return probe


def interval(path):
    table = made(path)
    table.create_checkpoint()
    return list(range(10))


def change_feed(path):
    table = made(path, configuration={"delta.enableChangeDataFeed": "true"})
    table.update(updates={"name": "'x'"}, predicate="id = 3")
    changes = pa.table(table.load_cdf(starting_version=1).read_all())
    assert changes["id"].to_pylist() == [3, 3]
    return list(range(10))


WITHOUT_THREE = [n for n in range(10) if n != 3]
DELTA_RS = {
    "CREATE TABLE, INSERT": created({}),
    "CREATE TABLE AS SELECT": lambda path: made(path) and list(range(10)),
    "CREATE OR REPLACE TABLE": after(lambda table, path: write_deltalake(str(path), ONE, mode="overwrite", schema_mode="overwrite"), [10]),
    "partitions": lambda path: made(path, partition_by=["name"]) and list(range(10)),
    "DELETE": after(lambda table, path: table.delete("id = 3"), WITHOUT_THREE),
    "DELETE by deletion vector": lambda path: made(path, configuration=DV).delete("id = 3") and WITHOUT_THREE,
    "UPDATE": after(lambda table, path: table.update(updates={"id": "33"}, predicate="id = 3"), [*WITHOUT_THREE, 33]),
    "UPDATE by deletion vector": lambda path: made(path, configuration=DV).update(updates={"id": "33"}, predicate="id = 3") and [*WITHOUT_THREE, 33],
    "MERGE": lambda path: merged(made(path)),
    "MERGE by deletion vector": lambda path: merged(made(path, configuration=DV)),
    "INSERT OVERWRITE": after(lambda table, path: write_deltalake(str(path), ONE, mode="overwrite"), [10]),
    "INSERT … REPLACE WHERE": after(lambda table, path: write_deltalake(str(path), TEN.slice(7, 1), mode="overwrite", predicate="id > 5"), [0, 1, 2, 3, 4, 5, 7]),
    "TRUNCATE": after(lambda table, path: table.delete(), []),
    "RESTORE": after(lambda table, path: more(path).restore(0), list(range(10))),
    "OPTIMIZE": after(lambda table, path: more(path).optimize.compact(), list(range(11))),
    "OPTIMIZE … ZORDER BY": after(lambda table, path: more(path).optimize.z_order(["name"]), list(range(11))),
    "VACUUM": after(lambda table, path: more(path).vacuum(dry_run=False), list(range(11))),
    "ALTER TABLE ADD COLUMN": after(lambda table, path: table.alter.add_columns([Field("x", PrimitiveType("integer"))]), list(range(10))),
    "CHECK constraints": after(lambda table, path: table.alter.add_constraint({"c": "id < 100"}), list(range(10))),
    "change data feed": change_feed,
    "column mapping (new table)": created({"delta.columnMapping.mode": "name"}),
    "row tracking": created({"delta.enableRowTracking": "true"}),
    "in-commit timestamps": created({"delta.enableInCommitTimestamps": "true"}),
    "ALTER COLUMN … TYPE (type widening)": created({"delta.enableTypeWidening": "true"}),
    "v2 checkpoints": created({"delta.checkpointPolicy": "v2", "delta.checkpointInterval": "1"}),
    "checkpoints": interval,
    "version checksums (.crc)": created({}),
    "timestamp_ntz": lambda path: write_deltalake(str(path), pa.table({"id": [1], "at": pa.array([0], pa.timestamp("us"))})) or [1],
    "time travel by version": after(lambda table, path: DeltaTable(str(path), version=0), list(range(10))),
}


def appended_by_delta_rs(path, row):
    """One row more: what `row` does not name is null, and what the table generates is left to delta-rs."""
    schema = DeltaTable(str(path)).schema()
    generated = {field.name for field in schema.fields if "delta.generationExpression" in field.metadata}
    arrow = pa.schema(schema.to_arrow())
    columns = {field.name: pa.array([row.get(field.name)], field.type) for field in arrow if field.name not in generated}
    write_deltalake(str(path), pa.table(columns), mode="append", **({"schema_mode": "merge"} if generated else {}))
