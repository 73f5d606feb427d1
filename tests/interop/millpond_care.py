"""Tables of Millpond whose rows are overwritten, loaded, restored or cloned, and whose files are cared for; steps as in
millpond_statements.py."""
from millpond_statements import COLUMNS, MERGE, create, insert, ten

NOW = "'delta.deletedFileRetentionDuration' = 'interval 0 hours'"
FEED = "'delta.enableChangeDataFeed' = 'true'"
EVERY_TWO = "'delta.checkpointInterval' = '2'"
V2 = "'delta.checkpointPolicy' = 'v2'"
PARTS = create("id INT, p STRING", "PARTITIONED BY (p)")
KEEP = None, "CREATE TABLE kept AS FROM {t}"


def made(*properties, clauses=""):
    return create("id INT, name STRING", f"{clauses} TBLPROPERTIES ({', '.join(properties)})")


def quiet(text):
    """Changes no row."""
    return text, None


def over(text, *oracle):
    return text, "; ".join(oracle)


RESTORED = "RESTORE TABLE {t} TO VERSION AS OF %d", "DELETE FROM {t}; INSERT INTO {t} FROM kept"
SOURCE = [quiet("CREATE TABLE source (id INT, name STRING) LOCATION 'in'"), quiet("INSERT INTO source VALUES (1, 'a'), (2, NULL)")]

TABLES = {
    "insert_overwrite": [COLUMNS, ten(0, 5), over("INSERT OVERWRITE {t} VALUES (1, 'only')", "DELETE FROM {t}", insert("(1, 'only')")), ten(5, 7),
                         over("INSERT OVERWRITE {t} SELECT id + 100, name FROM {t} WHERE id > 5", "DELETE FROM {t} WHERE id <= 5", "UPDATE {t} SET id = id + 100")],
    "insert_overwrite_partitions": [PARTS, "INSERT INTO {t} SELECT range, 'p' || range % 3 FROM range(9)", over("INSERT OVERWRITE {t} PARTITION (p = 'p1') SELECT 100", "DELETE FROM {t} WHERE p = 'p1'", insert("(100, 'p1')")),
                                    over("INSERT OVERWRITE {t} WITH ('partitionOverwriteMode' = 'dynamic') VALUES (200, 'p2'), (NULL, NULL)", "DELETE FROM {t} WHERE p = 'p2'", insert("(200, 'p2')", "(NULL, NULL)"))],
    "replace_where": [COLUMNS, ten(0, 20), over("INSERT INTO {t} REPLACE WHERE id >= 10 VALUES (10, 'ten'), (11, NULL)", "DELETE FROM {t} WHERE id >= 10", insert("(10, 'ten')", "(11, NULL)")),
                      over("INSERT INTO {t} REPLACE WHERE id = 3 SELECT 3, 'three'", "UPDATE {t} SET name = 'three' WHERE id = 3")],
    "replace_where_partition": [PARTS, "INSERT INTO {t} SELECT range, 'p' || range % 3 FROM range(9)", over("INSERT INTO {t} REPLACE WHERE p = 'p1' OR p = 'p2' VALUES (10, 'p1')", "DELETE FROM {t} WHERE p <> 'p0'", insert("(10, 'p1')"))],
    "truncate": [made(FEED), ten(0, 5), over("TRUNCATE TABLE {t}", "DELETE FROM {t}"), ten(5, 7)],
    "restore": [COLUMNS, ten(0, 10), "DELETE FROM {t} WHERE id = 4", KEEP, ten(10, 20), (RESTORED[0] % 2, RESTORED[1]), "UPDATE {t} SET name = 'u' WHERE id = 5"],
    "restore_schema": [COLUMNS, ten(0, 10), KEEP, "ALTER TABLE {t} ADD COLUMN x INT", "INSERT INTO {t} VALUES (10, 'ten', 1)", over(RESTORED[0] % 1, "CREATE OR REPLACE TABLE {t} AS FROM kept"), "DELETE FROM {t} WHERE id = 1"],
    "copy_into": [COLUMNS, *SOURCE, over("COPY INTO {t} FROM 'in' FILEFORMAT = PARQUET", insert("(1, 'a')", "(2, NULL)")), quiet("COPY INTO {t} FROM 'in' FILEFORMAT = PARQUET"), quiet("INSERT INTO source VALUES (3, 'c')"),
                  over("COPY INTO {t} FROM 'in' FILEFORMAT = PARQUET", insert("(3, 'c')")), "DELETE FROM {t} WHERE id = 1"],
    "clone": [*SOURCE, quiet("DELETE FROM source WHERE id = 2"), over("CREATE TABLE {t} SHALLOW CLONE source", *(text for text in (COLUMNS, insert("(1, 'a')")))), ten(5, 8), "UPDATE {t} SET name = 'u' WHERE id = 1", "DELETE FROM {t} WHERE id = 6"],
    "optimize": [COLUMNS, *(ten(n, n + 3) for n in range(0, 12, 3)), "DELETE FROM {t} WHERE id IN (1, 2, 5)", quiet("OPTIMIZE {t}"), "UPDATE {t} SET name = 'u' WHERE id = 7", ten(20, 22), quiet("OPTIMIZE {t}")],
    "optimize_partition": [PARTS, *(f"INSERT INTO {{t}} SELECT range, 'p' || range % 2 FROM range({n}, {n + 4})" for n in (0, 4, 8)), quiet("OPTIMIZE {t} WHERE p = 'p1'"), "DELETE FROM {t} WHERE id = 3"],
    "optimize_zorder": [COLUMNS, *(ten(n, n + 3) for n in range(0, 12, 3)), quiet("OPTIMIZE {t} ZORDER BY (name, id)"), "DELETE FROM {t} WHERE id = 3"],
    "reorg": [COLUMNS, ten(0, 100), "DELETE FROM {t} WHERE id = 3", quiet("REORG TABLE {t} APPLY (PURGE)"), ten(100, 103)],
    "optimize_row_tracking": [made("'delta.enableRowTracking' = 'true'"), ten(0, 5), ten(5, 10), "DELETE FROM {t} WHERE id = 3", quiet("OPTIMIZE {t}"), "UPDATE {t} SET name = 'u' WHERE id = 4"],
    "clustered": [create("id INT, name STRING", "CLUSTER BY (id, name)"), ten(0, 10), ten(10, 20), quiet("OPTIMIZE {t}"), "DELETE FROM {t} WHERE id = 3", quiet("ALTER TABLE {t} CLUSTER BY (name)"), ten(20, 30), quiet("OPTIMIZE {t}"),
                  quiet("ALTER TABLE {t} CLUSTER BY NONE"), ten(30, 32)],
    "vacuum": [made(NOW), ten(0, 10), ten(10, 20), "UPDATE {t} SET name = 'u' WHERE id < 3", quiet("OPTIMIZE {t}"), quiet("VACUUM {t}"), "DELETE FROM {t} WHERE id = 5"],
    "vacuum_full": [made(NOW), ten(0, 10), "DELETE FROM {t} WHERE id = 3", quiet("REORG TABLE {t} APPLY (PURGE)"), quiet("VACUUM {t} FULL RETAIN 0 HOURS"), "DELETE FROM {t} WHERE id = 5"],
    "vacuum_protocol_check": [made(NOW, "'delta.feature.vacuumProtocolCheck' = 'supported'"), ten(0, 3), "UPDATE {t} SET name = 'u'", quiet("OPTIMIZE {t}"), quiet("VACUUM {t}")],
    "log_compaction": [made("'millpond.logCompactionInterval' = '3'"), ten(0, 10), "DELETE FROM {t} WHERE id = 1", "UPDATE {t} SET name = 'u' WHERE id = 2", MERGE, "DELETE FROM {t} WHERE id = 3", ten(50, 52), "DELETE FROM {t} WHERE id > 12"],
    "log_compaction_and_checkpoint": [made("'millpond.logCompactionInterval' = '2'", "'delta.checkpointInterval' = '5'"), ten(0, 10), *(f"UPDATE {{t}} SET name = 'u{n}' WHERE id = {n}" for n in range(7))],
    "checkpoint_v2": [made(V2, EVERY_TWO), ten(0, 10), "DELETE FROM {t} WHERE id = 1", MERGE, ten(50, 52), "UPDATE {t} SET name = 'u' WHERE id > 12"],
    "checkpoint_v2_classic_name": [made(V2, "'delta.checkpointInterval' = '1'"), *(ten(n, n + 2) for n in range(0, 8)), "DELETE FROM {t} WHERE id = 1", MERGE],
    "checkpoint_v2_everything": [create("id INT, name STRING", f"CLUSTER BY (name) TBLPROPERTIES ({V2}, {EVERY_TWO}, {FEED}, 'delta.columnMapping.mode' = 'name', 'delta.enableRowTracking' = 'true', "
                                                               "'delta.enableInCommitTimestamps' = 'true', 'delta.enableTypeWidening' = 'true')"), ten(0, 10), "ALTER TABLE {t} RENAME COLUMN name TO title",
                                 "ALTER TABLE {t} ALTER COLUMN id TYPE BIGINT", "INSERT INTO {t} VALUES (5000000000, 'large')", "DELETE FROM {t} WHERE id = 1", quiet("OPTIMIZE {t}")],
    "checkpoint_struct_stats": [create("id INT, name STRING, day DATE", f"PARTITIONED BY (day) TBLPROPERTIES ({EVERY_TWO}, 'delta.checkpoint.writeStatsAsJson' = 'false', 'delta.checkpoint.writeStatsAsStruct' = 'true')"),
                                insert("(1, 'a', '2020-02-29')", "(2, NULL, NULL)"), "DELETE FROM {t} WHERE id = 2", insert("(3, 'c', '2020-02-29')")],
    "change_feed": [made(FEED), ten(0, 10), "UPDATE {t} SET name = 'u' WHERE id = 3", "DELETE FROM {t} WHERE id = 4", MERGE, quiet("OPTIMIZE {t}")],
}
