"""What proves a cell of docs/formats/delta-features.md.

READ: row -> the kept table that an engine must read, at its newest version, to deserve its yes.
WRITE: row -> a Write: SQL in Spark's spelling, for Millpond and Spark alike; delta-rs and DuckDB have theirs in
`other_probes.py`. A probe has worked when its last rows are right and the log shows what the row is about.
"""
import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

READ = {
    "columnMapping": ["mapping_dv", "mapping_id", "mapping_upgraded"],
    "deletionVectors": ["dv_delete", "dv_merge", "dv_large", "dv_partitions"],
    "timestampNtz": ["partitions_ntz"],
    "typeWidening": ["type_widening"],
    "v2Checkpoint": ["checkpoint_v2_parquet", "checkpoint_v2_json"],
    "vacuumProtocolCheck": ["vacuum_protocol_check"],
    "variantType": ["variant"],
    "columns of type void": ["void_column"],
    "INT96 timestamps before 1677": ["all_types"],
    "two-level lists of old Parquet writers": ["all_types_legacy_parquet"],
    "Parquet data pages v2": ["all_types_pages_v2"],
    "nested types": ["nested"],
    "partition values of every type": ["partitions"],
    "partitions beside renamed columns": ["mapping_name"],
    "checkpoint in parts": ["checkpoint_parts"],
    "checkpoint with statistics as structs only": ["checkpoint_struct_stats"],
    "files of another folder (shallow clones)": ["delete"],
    "all of these features in one table": ["everything"],
}


def last_commit(path):
    file = max((Path(path) / "_delta_log").glob("[0-9]*.json"))
    return [json.loads(line) for line in file.read_text().splitlines()]


def protocol(path):
    found = {}
    for file in sorted((Path(path) / "_delta_log").glob("[0-9]*.json")):
        for line in file.read_text().splitlines():
            found = json.loads(line).get("protocol", found)
    return found


def has_feature(name):
    """Listed, or by the version that stands for it: Millpond raises old versions while they can say it."""
    legacy = {"columnMapping": 2}.get(name)
    return lambda path: name in protocol(path).get("writerFeatures", ()) or protocol(path).get("minReaderVersion") == legacy


def by_deletion_vector(path):
    """The last commit marks rows in files that stay."""
    return any("deletionVector" in action.get("add", {}) for action in last_commit(path))


def mentions(text):
    return lambda path: any(text in file.read_text() for file in (Path(path) / "_delta_log").glob("[0-9]*.json"))


def has_file(pattern):
    return lambda path: any((Path(path) / "_delta_log").glob(pattern))


@dataclass
class Write:
    sql: list
    ids: list  # of column id afterwards, sorted
    shows: Callable = field(default=lambda path: True)
    query: str = "SELECT id FROM {t} ORDER BY id"


def made(*properties, columns="id INT, name STRING", clauses=""):
    """CREATE TABLE and the rows 0 to 9."""
    listed = f" TBLPROPERTIES ({', '.join(properties)})" if properties else ""
    return [f"CREATE TABLE {{t}} ({columns}) USING delta {clauses}{listed}",
            "INSERT INTO {t} (id, name) VALUES " + ", ".join(f"({n}, 'name {n}')" for n in range(10))]


TEN = list(range(10))
DV = "'delta.enableDeletionVectors' = 'true'"
NO_DV = "'delta.enableDeletionVectors' = 'false'"
NAME = "'delta.columnMapping.mode' = 'name'"
MERGE = """MERGE INTO {t} USING (SELECT 9 AS id, 'new' AS name UNION ALL SELECT 10, 'ten') s ON {t}.id = s.id
  WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT * WHEN NOT MATCHED BY SOURCE AND {t}.id < 2 THEN DELETE"""
MORE = "INSERT INTO {t} (id, name) VALUES (10, 'ten')"

WRITE = {
    "CREATE TABLE, INSERT": Write(made(), TEN),
    "CREATE TABLE AS SELECT": Write(["CREATE TABLE {t} USING delta AS SELECT 1 AS id"], [1]),
    "CREATE OR REPLACE TABLE": Write([*made(), "CREATE OR REPLACE TABLE {t} USING delta AS SELECT 1 AS id"], [1]),
    "partitions": Write(made(clauses="PARTITIONED BY (name)"), TEN),
    "DELETE": Write([*made(NO_DV), "DELETE FROM {t} WHERE id = 3"], [n for n in TEN if n != 3]),
    "DELETE by deletion vector": Write([*made(DV), "DELETE FROM {t} WHERE id = 3"], [n for n in TEN if n != 3], by_deletion_vector),
    "UPDATE": Write([*made(NO_DV), "UPDATE {t} SET id = 33 WHERE id = 3"], sorted([*(n for n in TEN if n != 3), 33])),
    "UPDATE by deletion vector": Write([*made(DV), "UPDATE {t} SET id = 33 WHERE id = 3"], sorted([*(n for n in TEN if n != 3), 33]), by_deletion_vector),
    "MERGE": Write([*made(NO_DV), MERGE], list(range(2, 11))),
    "MERGE by deletion vector": Write([*made(DV), MERGE], list(range(2, 11)), by_deletion_vector),
    "INSERT OVERWRITE": Write([*made(), "INSERT OVERWRITE {t} VALUES (1, 'x')"], [1]),
    "INSERT … REPLACE WHERE": Write([*made(), "INSERT INTO {t} REPLACE WHERE id > 5 VALUES (7, 'x')"], [0, 1, 2, 3, 4, 5, 7]),
    "TRUNCATE": Write([*made(), "TRUNCATE TABLE {t}"], []),
    "RESTORE": Write([*made(), MORE, "RESTORE TABLE {t} TO VERSION AS OF 1"], TEN),
    "OPTIMIZE": Write([*made(), MORE, "OPTIMIZE {t}"], list(range(11))),
    "OPTIMIZE … ZORDER BY": Write([*made(), MORE, "OPTIMIZE {t} ZORDER BY (name)"], list(range(11))),
    "CLUSTER BY (liquid clustering)": Write([*made(clauses="CLUSTER BY (id)"), MORE, "OPTIMIZE {t}"], list(range(11)), mentions('"domain":"delta.clustering"')),
    "VACUUM": Write([*made(), MORE, "VACUUM {t}"], list(range(11))),
    "ALTER TABLE ADD COLUMN": Write([*made(), "ALTER TABLE {t} ADD COLUMN x INT", "INSERT INTO {t} VALUES (10, 'ten', 1)"], list(range(11))),
    "ALTER TABLE RENAME COLUMN": Write([*made(NAME), "ALTER TABLE {t} RENAME COLUMN id TO key", "ALTER TABLE {t} RENAME COLUMN name TO id"],
                                       sorted(f"name {n}" for n in TEN)),
    "ALTER TABLE DROP COLUMN": Write([*made(NAME), "ALTER TABLE {t} DROP COLUMN name"], TEN),
    "ALTER COLUMN … TYPE (type widening)": Write([*made("'delta.enableTypeWidening' = 'true'"), "ALTER TABLE {t} ALTER COLUMN id TYPE BIGINT",
                                                  "INSERT INTO {t} VALUES (10000000000, 'x')"], [*TEN, 10**10], has_feature("typeWidening")),
    "CHECK constraints": Write([*made(), "ALTER TABLE {t} ADD CONSTRAINT c CHECK (id < 100)", MORE], list(range(11)),
                               mentions("delta.constraints.c")),
    "generated columns": Write([*made(columns="id INT, name STRING, twice INT GENERATED ALWAYS AS (id * 2)")], [2 * n for n in TEN],
                               query="SELECT twice FROM {t} ORDER BY twice"),
    "identity columns": Write([*made(columns="k BIGINT GENERATED ALWAYS AS IDENTITY, id INT, name STRING")], TEN, query="SELECT DISTINCT k - 1 FROM {t} WHERE id < 10 AND k BETWEEN 1 AND 10 ORDER BY 1"),
    "default columns": Write([*made("'delta.feature.allowColumnDefaults' = 'supported'", columns="id INT, name STRING, x INT DEFAULT 7"), ], [7],
                             query="SELECT DISTINCT x FROM {t}"),
    "column mapping (new table)": Write(made(NAME), TEN, has_feature("columnMapping")),
    "change data feed": Write([*made("'delta.enableChangeDataFeed' = 'true'"), "UPDATE {t} SET name = 'x' WHERE id = 3"], [3, 3],
                              query="SELECT id FROM table_changes('{t}', 2) ORDER BY id"),
    "row tracking": Write(made("'delta.enableRowTracking' = 'true'"), TEN,
                          lambda path: any("baseRowId" in action.get("add", {}) for action in last_commit(path))),
    "in-commit timestamps": Write(made("'delta.enableInCommitTimestamps' = 'true'"), TEN,
                                  lambda path: "inCommitTimestamp" in last_commit(path)[0].get("commitInfo", {})),
    "v2 checkpoints": Write([*made("'delta.checkpointPolicy' = 'v2'", "'delta.checkpointInterval' = '2'"), MORE], list(range(11)), has_file("*.checkpoint.*-*.*")),
    "checkpoints": Write([*made("'delta.checkpointInterval' = '2'"), MORE], list(range(11)), has_file("*.checkpoint.*parquet")),
    "version checksums (.crc)": Write(made(), TEN, has_file("[0-9]*.crc")),
    "SHALLOW CLONE": Write([*made(), "CREATE TABLE {t}_clone SHALLOW CLONE {t}"], TEN, query="SELECT id FROM {t}_clone ORDER BY id"),
    "timestamp_ntz": Write(["CREATE TABLE {t} (id INT, at TIMESTAMP_NTZ) USING delta", "INSERT INTO {t} VALUES (1, NULL)"], [1], has_feature("timestampNtz")),
    "variant": Write(["CREATE TABLE {t} (id INT, v VARIANT) USING delta", "INSERT INTO {t} SELECT 1, parse_json('{\"a\": 1}')"], [1]),
    "time travel by version": Write([*made(), MORE], TEN, query="SELECT id FROM {t} VERSION AS OF 1 ORDER BY id"),
}

# INSERT into a table that Spark made with a feature: row -> the kept table, and the columns of one row more.
X = {"id": 100, "name": "x"}
APPEND = {
    "appendOnly": ("append_only", X),
    "checkConstraints and NOT NULL": ("constraints", X),
    "changeDataFeed": ("change_feed", X),
    "generatedColumns": ("generated", {"id": 100, "at": datetime.datetime(2022, 2, 2, tzinfo=datetime.timezone.utc)}),
    "identityColumns": ("identity", {"name": "x"}),
    "allowColumnDefaults": ("defaults", {"id": 100}),
    "columnMapping by name": ("mapping_dv", {"key": 100, "name": "x"}),
    "columnMapping by id": ("mapping_id", {"id": 100}),
    "deletionVectors": ("dv_delete", X),
    "rowTracking": ("row_tracking_backfilled", X),
    "domainMetadata": ("domain_metadata", X),
    "clustering": ("clustered", X),
    "v2Checkpoint": ("checkpoint_v2_parquet", X),
    "inCommitTimestamp": ("in_commit_timestamps", X),
    "typeWidening": ("widened", X),
    "timestampNtz": ("partitions_ntz", {"id": 100}),
    "vacuumProtocolCheck": ("vacuum_protocol_check", X),
    "variantType": ("variant", {"id": 100}),
    "columns of type void": ("void_column", {"id": 100}),
}


def insert_of(row):
    """(columns) VALUES (…) of a row of APPEND."""
    def text(value):
        return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S}'" if isinstance(value, datetime.datetime) else repr(value)
    return f"({', '.join(row)}) VALUES ({', '.join(map(text, row.values()))})"
