"""Tables that Spark makes, one a table feature or statement: name -> the statements that make it.

{t} is the table, {location} its folder; a line `SET key = value` holds for the rest of its table. Tables stay small
(a dozen files of a few rows): `make_spark_tables.py` keeps them, packed, with the rows that Spark read from them.
"""
EVERY_TWO = "'delta.checkpointInterval' = '2'"


def create(columns, *properties, clauses=""):
    listed = f" TBLPROPERTIES ({', '.join(properties)})" if properties else ""
    return f"CREATE TABLE {{t}} ({columns}) USING delta {clauses} LOCATION '{{location}}'{listed}"


def insert(*rows):
    return f"INSERT INTO {{t}} VALUES {', '.join(rows)}"


# Rows {0} to {1}, without the latter.
TEN = "INSERT INTO {t} SELECT CAST(id AS INT), concat('name ', id) FROM range({0}, {1}, 1, 1)"


def ten(first, last):
    return TEN.replace("{0}", str(first)).replace("{1}", str(last))


DV = "'delta.enableDeletionVectors' = 'true'"
NAME = "'delta.columnMapping.mode' = 'name'"
ID = "'delta.columnMapping.mode' = 'id'"
MERGE = """MERGE INTO {t} USING (SELECT CAST(id AS INT) AS id, concat('new ', id) AS name FROM range(5, 25, 5, 1)) s ON {t}.id = s.id
  WHEN MATCHED AND s.id = 5 THEN DELETE WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *
  WHEN NOT MATCHED BY SOURCE AND {t}.id < 2 THEN UPDATE SET name = 'alone'"""
ALL_TYPES = """b BYTE, s SHORT, i INT, l BIGINT, f FLOAT, d DOUBLE, dec DECIMAL(9, 2), wide DECIMAL(38, 10), t STRING, bin BINARY,
  bo BOOLEAN, da DATE, ts TIMESTAMP, ntz TIMESTAMP_NTZ"""
TYPE_ROWS = [
    "(-128, -32768, -2147483648, -9223372036854775808, float('-inf'), double('nan'), -9999999.99, -1234567890123456789012345678.0123456789, '', X'', "
    "false, DATE'0001-01-01', TIMESTAMP'0001-01-01 00:00:00Z', TIMESTAMP_NTZ'0001-01-01 00:00:00')",
    "(127, 32767, 2147483647, 9223372036854775807, float('inf'), -0.0D, 9999999.99, 1234567890123456789012345678.0123456789, 'ä€😀', X'00FF', "
    "true, DATE'9999-12-31', TIMESTAMP'9999-12-31 23:59:59.999999Z', TIMESTAMP_NTZ'9999-12-31 23:59:59.999999')",
    "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    "(0, 0, 0, 0, 0.5, 1e-300, 0, 0, 'x', X'41', true, DATE'1969-12-31', TIMESTAMP'1969-12-31 23:59:59.999999Z', TIMESTAMP_NTZ'2024-02-29 12:00:00.000001')",
]
NESTED = "id INT, s STRUCT<x: INT, y_z: STRUCT<deep: STRING>>, a ARRAY<STRUCT<q: INT>>, m MAP<STRING, STRUCT<v: DECIMAL(5, 1)>>, aa ARRAY<ARRAY<INT>>"
NESTED_ROWS = [
    "(1, named_struct('x', 1, 'y_z', named_struct('deep', 'd')), array(named_struct('q', 1), NULL), map('k', named_struct('v', 1.5)), array(array(1, NULL), array(), NULL))",
    "(2, named_struct('x', NULL, 'y_z', NULL), array(), map(), array())",
    "(3, NULL, NULL, NULL, NULL)",
]

TABLES = {
    # Data
    "all_types": [create(ALL_TYPES), insert(*TYPE_ROWS)],
    "all_types_legacy_parquet": ["SET spark.sql.parquet.writeLegacyFormat = true",
                                 create(ALL_TYPES + ", a ARRAY<INT>, m MAP<STRING, INT>"),
                                 insert(*(row[:-1] + ", array(1, NULL), map('k', 1))" for row in TYPE_ROWS[2:]))],
    "all_types_pages_v2": ["SET parquet.writer.version = v2", create(ALL_TYPES), insert(*TYPE_ROWS[2:])],
    "all_types_mapped": [create(ALL_TYPES, NAME), insert(*TYPE_ROWS), "ALTER TABLE {t} RENAME COLUMN wide TO `wide one`", insert(*TYPE_ROWS)],
    "nested": [create(NESTED), insert(*NESTED_ROWS), insert(NESTED_ROWS[0])],
    "partitions": [create("v INT, s STRING, d DATE, ts TIMESTAMP, dec DECIMAL(6, 2), bo BOOLEAN, l BIGINT, f DOUBLE", clauses="PARTITIONED BY (s, d, ts, dec, bo, l, f)"),
                   insert("(1, 'a/b c%=ä:#?', DATE'2020-02-29', TIMESTAMP'2020-02-29 01:02:03.000004Z', -1.05, true, -1, 0.5)",
                          "(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL)", "(3, 'x', DATE'1000-01-01', TIMESTAMP'1900-01-01 00:00:00Z', 0, false, 0, -1e100)")],
    "partitions_ntz": [create("id INT, ntz TIMESTAMP_NTZ, p TIMESTAMP_NTZ", clauses="PARTITIONED BY (p)"),
                       "INSERT INTO {t} VALUES (1, TIMESTAMP_NTZ'2024-02-29 12:00:00.000001', TIMESTAMP_NTZ'1969-12-31 23:59:59.999999'), (2, NULL, NULL)"],
    "void_column": [create("id INT, nothing VOID"), "INSERT INTO {t} (id) VALUES (1)", "INSERT INTO {t} (id) VALUES (2)"],
    "variant": [create("id INT, v VARIANT"), """INSERT INTO {t} SELECT 1, parse_json('{"a": [1, 2.5, "x", null, true]}')""", "INSERT INTO {t} VALUES (2, NULL)",
                "INSERT INTO {t} SELECT 3, parse_json('12')"],
    "variant_types": [create("id INT, v VARIANT"), """INSERT INTO {t} SELECT 1, to_variant_object(named_struct('b', true, 'i1', CAST(-7 AS TINYINT), 'i2', 300S, 'i4', 70000, 'i8', 5000000000L,
                      'f', CAST(0.1 AS FLOAT), 'd', 1e100D, 'dd', 0.00012D, 'whole', 7D, 'dec', 1.50BD, 'wide', CAST('-12345678901234567890.1234567890' AS DECIMAL(38, 10)), 's', 'ä"\\n', 'bin', X'00FF10',
                      'day', DATE'2024-02-29', 'ts', TIMESTAMP'1969-12-31 23:59:59.999999Z', 'ntz', TIMESTAMP_NTZ'2024-02-29 12:00:00', 'none', CAST(NULL AS INT), 'list', array(1, NULL), 'map', map('k', 'v')))""",
                      "INSERT INTO {t} SELECT 2, parse_json('null')", "INSERT INTO {t} SELECT 3, parse_json('[1e3, 12345678.5, 0.1, -0, 123456789012345678901234567890123456789, {\"z\": {}, \"a\": []}]')",
                      "UPDATE {t} SET id = 4 WHERE id = 2"],
    # Rows that change
    "delete": [create("id INT, name STRING", "'delta.enableDeletionVectors' = 'false'"), ten(0, 20), "DELETE FROM {t} WHERE id % 3 = 0"],
    "dv_delete": [create("id INT, name STRING", DV), ten(0, 20), "DELETE FROM {t} WHERE id % 3 = 0", "DELETE FROM {t} WHERE id % 7 = 0", ten(20, 25)],
    "dv_update": [create("id INT, name STRING", DV), ten(0, 20), "UPDATE {t} SET name = 'changed' WHERE id > 15"],
    "dv_merge": [create("id INT, name STRING", DV), ten(0, 20), MERGE],
    "dv_large": [create("id INT, name STRING", DV), ten(0, 5000), "DELETE FROM {t} WHERE id % 2 = 0"],
    "dv_partitions": [create("id INT, name STRING", DV, EVERY_TWO, clauses="PARTITIONED BY (name)"),
                      "INSERT INTO {t} SELECT CAST(id AS INT), concat('p=', id % 3) FROM range(0, 30, 1, 1)",
                      "DELETE FROM {t} WHERE id < 10", "DELETE FROM {t} WHERE id = 20", "UPDATE {t} SET name = 'p=9' WHERE id = 21"],
    "dv_optimized": [create("id INT, name STRING", DV), ten(0, 10), ten(10, 20), "DELETE FROM {t} WHERE id = 3", "OPTIMIZE {t}", "REORG TABLE {t} APPLY (PURGE)"],
    "insert_overwrite": [create("id INT, name STRING", clauses="PARTITIONED BY (id)"), ten(0, 5), "INSERT OVERWRITE {t} VALUES (1, 'only')"],
    "replace_where": [create("id INT, name STRING"), ten(0, 20), "INSERT INTO {t} REPLACE WHERE id >= 10 VALUES (10, 'ten'), (11, 'eleven')"],
    "truncate": [create("id INT, name STRING"), ten(0, 5), "DELETE FROM {t}", ten(5, 7)],
    "restore": [create("id INT, name STRING", DV), ten(0, 10), "DELETE FROM {t} WHERE id = 4", ten(10, 20), "RESTORE TABLE {t} TO VERSION AS OF 2"],
    "optimize_zorder": [create("id INT, name STRING"), *(ten(n, n + 3) for n in range(0, 12, 3)), "OPTIMIZE {t} ZORDER BY (name)"],
    "clustered": [create("id INT, name STRING", clauses="CLUSTER BY (id, name)"), ten(0, 10), ten(10, 20), "OPTIMIZE {t}", "ALTER TABLE {t} CLUSTER BY (name)", ten(20, 30)],
    "vacuumed": ["SET spark.sql.sources.parallelPartitionDiscovery.parallelism = 2", create("id INT, name STRING"), ten(0, 10), "UPDATE {t} SET name = 'new'", "VACUUM {t} RETAIN 0 HOURS"],
    "replaced": [create("id INT, name STRING"), ten(0, 5), "CREATE OR REPLACE TABLE {t} USING delta LOCATION '{location}' AS SELECT 1.5D AS x, 'new' AS name"],
    # Schemas
    "mapping_name": [create("id INT, name STRING", NAME, clauses="PARTITIONED BY (name)"), insert("(1, 'a')"), "ALTER TABLE {t} RENAME COLUMN name TO `new, name`", insert("(2, 'b')"),
                     "ALTER TABLE {t} ADD COLUMN (s STRUCT<x: INT, y: INT>)", "INSERT INTO {t} (id, `new, name`, s) VALUES (3, 'c', named_struct('x', 1, 'y', 2))",
                     "ALTER TABLE {t} RENAME COLUMN s.x TO z", "ALTER TABLE {t} DROP COLUMN s.y"],
    "mapping_id": [create("id INT, s STRUCT<x: INT, y: STRING>, a ARRAY<STRUCT<e: INT>>", ID), insert("(1, named_struct('x', 1, 'y', 'y'), array(named_struct('e', 1)))"),
                   "ALTER TABLE {t} RENAME COLUMN s.x TO renamed", "ALTER TABLE {t} DROP COLUMN id", "ALTER TABLE {t} ADD COLUMN id INT FIRST", insert("(9, named_struct('renamed', 2, 'y', NULL), NULL)")],
    "mapping_upgraded": [create("id INT, name STRING, gone DOUBLE"), insert("(1, 'a', 0.5)"), "ALTER TABLE {t} SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
                         "ALTER TABLE {t} RENAME COLUMN name TO title", "ALTER TABLE {t} DROP COLUMN gone", insert("(2, 'b')"), "ALTER TABLE {t} ADD COLUMN gone STRING", insert("(3, 'c', 'back')")],
    "mapping_dv": [create("id INT, name STRING", NAME, DV, EVERY_TWO), ten(0, 20), "ALTER TABLE {t} RENAME COLUMN id TO key", "DELETE FROM {t} WHERE key > 17", "UPDATE {t} SET name = 'u' WHERE key = 1"],
    "columns_added": [create("id INT"), insert("(1)"), "ALTER TABLE {t} ADD COLUMNS (s STRING, n STRUCT<x: INT>)", "INSERT INTO {t} VALUES (2, 'b', named_struct('x', 1))",
                      "ALTER TABLE {t} ADD COLUMN n.y STRING AFTER x", "INSERT INTO {t} VALUES (3, 'c', named_struct('x', 2, 'y', 'y'))", "ALTER TABLE {t} ALTER COLUMN s FIRST"],
    "type_widening": [create("b BYTE, s SHORT, i INT, l INT, f FLOAT, dec DECIMAL(5, 2), d DATE, n STRUCT<x: BYTE>, a ARRAY<SHORT>, m MAP<BYTE, INT>, p INT", "'delta.enableTypeWidening' = 'true'", "'delta.feature.timestampNtz' = 'supported'", clauses="PARTITIONED BY (p)"),
                      insert("(1, 1, 1, 1, 0.1, 1.05, DATE'2020-01-01', named_struct('x', 1), array(1), map(1, 1), 7)"),
                      *(f"ALTER TABLE {{t}} ALTER COLUMN {column} TYPE {kind}" for column, kind in [
                          ("b", "INT"), ("s", "BIGINT"), ("i", "DOUBLE"), ("l", "DECIMAL(12, 1)"), ("f", "DOUBLE"), ("dec", "DECIMAL(20, 5)"), ("d", "TIMESTAMP_NTZ"),
                          ("n.x", "SHORT"), ("a.element", "BIGINT"), ("m.key", "INT"), ("m.value", "BIGINT"), ("p", "BIGINT")]),
                      insert("(100000, 10000000000, 0.5, 12345678901.5, 1e300, 123456789012345.12345, TIMESTAMP_NTZ'2020-01-01 00:00:01', named_struct('x', 300), array(10000000000), map(300, 10000000000), 8000000000)")],
    "widened": [create("id INT, name STRING", "'delta.enableTypeWidening' = 'true'"), ten(0, 3), "ALTER TABLE {t} ALTER COLUMN id TYPE BIGINT"],
    "generated": [create("id INT, twice INT GENERATED ALWAYS AS (id * 2), day DATE GENERATED ALWAYS AS (CAST(at AS DATE)), at TIMESTAMP", clauses="PARTITIONED BY (day)"),
                  "INSERT INTO {t} (id, at) VALUES (1, TIMESTAMP'2020-01-01 10:00:00Z'), (2, TIMESTAMP'2021-01-01 10:00:00Z')"],
    "identity": [create("id BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5), k BIGINT GENERATED BY DEFAULT AS IDENTITY, name STRING"),
                 "INSERT INTO {t} (name) VALUES ('a'), ('b')", "INSERT INTO {t} (k, name) VALUES (77, 'c')"],
    "defaults": [create("id INT, name STRING DEFAULT 'none', at DATE DEFAULT DATE'2020-01-01'", "'delta.feature.allowColumnDefaults' = 'supported'"), "INSERT INTO {t} (id) VALUES (1)", "INSERT INTO {t} VALUES (2, DEFAULT, NULL)"],
    "constraints": [create("id INT NOT NULL, name STRING"), "ALTER TABLE {t} ADD CONSTRAINT positive CHECK (id > 0)", insert("(1, 'a')"), insert("(2, NULL)")],
    "append_only": [create("id INT, name STRING", "'delta.appendOnly' = 'true'"), ten(0, 3)],
    # The log
    "change_feed": [create("id INT, name STRING", "'delta.enableChangeDataFeed' = 'true'"), ten(0, 10), "UPDATE {t} SET name = 'new' WHERE id = 3", "DELETE FROM {t} WHERE id = 4", MERGE],
    "row_tracking": [create("id INT, name STRING", "'delta.enableRowTracking' = 'true'", DV), ten(0, 10), "UPDATE {t} SET name = 'new' WHERE id = 3", "OPTIMIZE {t}", "REORG TABLE {t} APPLY (PURGE)"],
    "row_tracking_backfilled": [create("id INT, name STRING"), ten(0, 5), "ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableRowTracking' = 'true')", ten(5, 7)],
    "in_commit_timestamps": [create("id INT, name STRING"), ten(0, 5), "ALTER TABLE {t} SET TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')", ten(5, 7)],
    "checkpoint_classic": [create("id INT, name STRING", EVERY_TWO), *(ten(n, n + 1) for n in range(5))],
    "checkpoint_parts": ["SET spark.databricks.delta.checkpoint.partSize = 2", create("id INT, name STRING", EVERY_TWO, "'delta.checkpointPolicy' = 'classic'"), *(ten(n, n + 1) for n in range(6))],
    "checkpoint_struct_stats": [create("id INT, name STRING", EVERY_TWO, "'delta.checkpoint.writeStatsAsJson' = 'false'", "'delta.checkpoint.writeStatsAsStruct' = 'true'", clauses="PARTITIONED BY (name)"),
                                *(ten(n, n + 1) for n in range(5))],
    "checkpoint_v2_parquet": ["SET spark.databricks.delta.checkpointV2.topLevelFileFormat = parquet", create("id INT, name STRING", EVERY_TWO, "'delta.checkpointPolicy' = 'v2'", DV),
                              *(ten(n * 4, n * 4 + 4) for n in range(5)), "DELETE FROM {t} WHERE id = 6"],
    "checkpoint_v2_json": ["SET spark.databricks.delta.checkpointV2.topLevelFileFormat = json", "SET spark.databricks.delta.checkpoint.partSize = 2",
                           create("id INT, name STRING", EVERY_TWO, "'delta.checkpointPolicy' = 'v2'"), *(ten(n * 4, n * 4 + 4) for n in range(5)), "DELETE FROM {t} WHERE id = 6"],
    "feature_dropped": [create("id INT, name STRING", DV), ten(0, 10), "DELETE FROM {t} WHERE id = 3", "ALTER TABLE {t} DROP FEATURE deletionVectors"],
    "vacuum_protocol_check": [create("id INT, name STRING", "'delta.feature.vacuumProtocolCheck' = 'supported'"), ten(0, 3)],
    "domain_metadata": [create("id INT, name STRING", "'delta.feature.domainMetadata' = 'supported'"), ten(0, 3)],
    "everything": [create("id INT, name STRING, at TIMESTAMP_NTZ", NAME, DV, EVERY_TWO, "'delta.checkpointPolicy' = 'v2'", "'delta.enableRowTracking' = 'true'", "'delta.enableInCommitTimestamps' = 'true'",
                          "'delta.enableChangeDataFeed' = 'true'", "'delta.enableTypeWidening' = 'true'", clauses="CLUSTER BY (id)"),
                   "INSERT INTO {t} SELECT CAST(id AS INT), concat('name ', id), TIMESTAMP_NTZ'2020-01-01 00:00:00' FROM range(0, 20, 1, 1)",
                   "ALTER TABLE {t} RENAME COLUMN name TO title", "ALTER TABLE {t} ALTER COLUMN id TYPE BIGINT", "DELETE FROM {t} WHERE id % 5 = 0", "UPDATE {t} SET title = 'u', id = 10000000000 WHERE id = 3", "OPTIMIZE {t}"],
}
