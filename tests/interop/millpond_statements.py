"""Tables that Millpond makes, one a statement or kind of value: name -> its steps.

A step is a statement that Millpond and the oracle (plain DuckDB) both take, or a pair (for Millpond, for the oracle);
None: nothing for that side. {t} is the table. `millpond_tables.py` has these and those of its other files together.
"""
COLUMNS = "CREATE TABLE {t} (id INT, name STRING)"


def create(columns, clauses=""):
    return f"CREATE TABLE {{t}} ({columns}) {clauses}", f"CREATE TABLE {{t}} ({columns})"


def insert(*rows):
    return f"INSERT INTO {{t}} VALUES {', '.join(rows)}"


def ten(first, last):
    return f"INSERT INTO {{t}} SELECT CAST(range AS INT), concat('name ', range) FROM range({first}, {last})"


ALL_TYPES = create("b TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, small DECIMAL(9, 2), medium DECIMAL(18, 4), wide DECIMAL(38, 10), "
                   "t STRING, bin BINARY, bo BOOLEAN, da DATE, ts TIMESTAMP, ntz TIMESTAMP_NTZ")
ALL_TYPES = (ALL_TYPES[0], ALL_TYPES[1].replace("ts TIMESTAMP", "ts TIMESTAMPTZ").replace("TIMESTAMP_NTZ", "TIMESTAMP"))
TYPE_ROWS = [
    "(-128, -32768, -2147483648, -9223372036854775808, '-inf'::FLOAT, -1.5e300, -9999999.99, -12345678901234.5678, -1234567890123456789012345678.0123456789, '', ''::BLOB, "
    "false, '0001-01-01', '0001-01-01 00:00:00Z', '0001-01-01 00:00:00')",
    "(127, 32767, 2147483647, 9223372036854775807, 'inf'::FLOAT, 'nan'::DOUBLE, 9999999.99, 12345678901234.5678, 1234567890123456789012345678.0123456789, 'ä€😀 \"\\', '\\x00\\xFF'::BLOB, "
    "true, '9999-12-31', '9999-12-31 23:59:59.999999Z', '9999-12-31 23:59:59.999999')",
    "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    "(0, 0, 0, 0, 0.5, 1e-300, 0, 0, 0, 'x', 'A'::BLOB, true, '1969-12-31', '1969-12-31 23:59:59.999999Z', '2024-02-29 12:00:00.000001')",
]
NESTED = """SELECT 1 AS id, {'x': 1, 'y': {'deep': 'd'}} AS s, [{'q': 1}, NULL] AS a, MAP {'k': {'v': 1.5::DECIMAL(5, 1)}} AS m, [[1, NULL], [], NULL] AS aa
  UNION ALL SELECT 2, {'x': NULL, 'y': NULL}, [], MAP {}, [] UNION ALL SELECT 3, NULL, NULL, NULL, NULL"""

# Values that hardly repeat, enough for the writer to pack them: whole numbers, days, moments, decimals, noise, in structs, with NULLs.
DISTINCT = """SELECT CAST(range AS INT) AS id, CAST(1000003 * range %% 7919 * 1000 AS BIGINT) AS l, CAST(range * 104729 %% 65537 AS INT) AS i,
  DATE '2000-01-01' + CAST(range * 7 %% 9973 AS INT) AS da, TIMESTAMPTZ '2020-01-01 00:00:00Z' + to_microseconds(range * 982451653 %% 31536000000000) AS ts,
  TIMESTAMP '2020-01-01 00:00:00' + to_microseconds(range * 1000000) AS ntz, CAST(range * 31 %% 9001 AS DECIMAL(9, 2)) AS small,
  CASE WHEN range %% 5 > 0 THEN CAST(range * 999983 %% 1000003 AS DECIMAL(18, 4)) END AS medium, sin(range) AS noise, md5(CAST(range AS VARCHAR)) AS t,
  unhex(md5(CAST(range AS VARCHAR))) AS bin, CASE WHEN range %% 7 > 0 THEN {'x': range * 69621 %% 2147483647, 'y': sin(range)::FLOAT} END AS s FROM range(%d, %d)"""

TABLES = {
    "distinct_values": ["CREATE TABLE {t} AS " + DISTINCT % (0, 3000), "INSERT INTO {t} " + DISTINCT % (3000, 6000),
                        "DELETE FROM {t} WHERE id % 100 = 3", "UPDATE {t} SET l = -l WHERE id % 100 = 5"],
    "created": [create("id INT NOT NULL, name STRING COMMENT 'what it is called', amount DECIMAL(10, 2)", "COMMENT 'a table'")
               [:1] + ("CREATE TABLE {t} (id INT NOT NULL, name STRING, amount DECIMAL(10, 2))",)],
    "insert": [COLUMNS, insert("(1, 'a')", "(2, NULL)"), insert("(3, 'c')"), ten(10, 30)],
    "insert_some_columns": [COLUMNS, "INSERT INTO {t} (name) VALUES ('only')", "INSERT INTO {t} (name, id) VALUES ('x', 1)"],
    "insert_nothing": [COLUMNS, "INSERT INTO {t} SELECT 1, 'a' WHERE false", insert("(1, 'a')")],
    "create_as_select": ["CREATE TABLE {t} AS SELECT CAST(range AS BIGINT) AS id, 'n' || range AS name FROM range(100)"],
    "create_or_replace": [COLUMNS, ten(0, 5), "CREATE OR REPLACE TABLE {t} AS SELECT 1.5::DOUBLE AS x, 'new' AS name"],
    "create_or_replace_partitions": [COLUMNS, ten(0, 5), ("CREATE OR REPLACE TABLE {t} PARTITIONED BY (name) AS SELECT 1.5::DOUBLE AS x, 'new' AS name",
                                                          "CREATE OR REPLACE TABLE {t} AS SELECT 1.5::DOUBLE AS x, 'new' AS name"), insert("(2.5, NULL)")],
    "all_types": [ALL_TYPES, insert(*TYPE_ROWS), insert(TYPE_ROWS[2])],
    "nested": [f"CREATE TABLE {{t}} AS {NESTED}", f"INSERT INTO {{t}} {NESTED}"],
    "partitions": [tuple(text.replace("ts TIMESTAMP", kind) for text, kind in
                         zip(create("v INT, s STRING, d DATE, ts TIMESTAMP, small DECIMAL(6, 2), bo BOOLEAN, l BIGINT, f DOUBLE",
                                    "PARTITIONED BY (s, d, ts, small, bo, l, f)"), ("ts TIMESTAMP", "ts TIMESTAMPTZ"))),
                   insert("(1, 'a/b c%=ä:#?', '2020-02-29', '2020-02-29 01:02:03.000004Z', -1.05, true, -1, 0.5)",
                          "(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL)", "(3, 'x', '1000-01-01', '1900-01-01 00:00:00Z', 0, false, 0, -1e100)"),
                   insert("(4, 'x', '1000-01-01', '1900-01-01 00:00:00Z', 0, false, 0, -1e100)")],
    "partitions_many": [create("id INT, name STRING", "PARTITIONED BY (name)"), ten(0, 150)],
    "names": ["CREATE TABLE {t} (\"Größe\" INT, \"select\" STRING, \"a.b\" INT, \"UPPER\" INT, \"quo'te\" INT, \"%41\" INT)", insert("(1, 'x', 2, 3, 4, 5)", "(6, NULL, 7, 8, 9, 10)")],
    "partition_name": [create("v INT, \"ä%/b\" STRING", "PARTITIONED BY (\"ä%/b\")"), insert("(1, 'x')", "(2, NULL)", "(3, '%41')", "(4, 'a=b/c')")],
    "checkpoint": [create("id INT, name STRING", "PARTITIONED BY (name) TBLPROPERTIES ('delta.checkpointInterval' = '2')"), *(ten(n, n + 2) for n in range(0, 10, 2))],
    "checkpoint_default": [COLUMNS, *(insert(f"({n}, 'n')") for n in range(12))],
    "append_only": [create("id INT, name STRING", "TBLPROPERTIES ('delta.appendOnly' = 'true')"), ten(0, 3)],
    "many_columns": ["CREATE TABLE {t} AS SELECT " + ", ".join(f"{n} AS c{n}" for n in range(100)), insert("(" + ", ".join("NULL" for _ in range(100)) + ")")],
    "column_statistics_off": [create("id INT, name STRING", "TBLPROPERTIES ('delta.dataSkippingNumIndexedCols' = '0')"), ten(0, 3)],
    "many_rows": ["CREATE TABLE {t} AS SELECT CAST(range AS BIGINT) AS id, range % 7 AS k, concat('text ', range * 31 % 1000) AS s, range / 8 AS d FROM range(20000)"],
}

VARIANTS = {1: '{"a":[1,2.5,"x",null,true],"b":{"c":"é"}}', 2: None, 3: "null", 4: "12345678901234567890.5", 5: "[]"}


def variants(rows, change=lambda text: text):
    """One statement that inserts them, for Millpond and for the oracle, which has texts."""
    def values(of):
        return insert(*(f"({id}, {'NULL' if text is None else of(change(text))})" for id, text in rows.items()))
    return values(lambda text: f"parse_json('{text}')"), values(lambda text: f"'{text}'")


TABLES |= {
    "variant": [("CREATE TABLE {t} (id INT, v VARIANT)", "CREATE TABLE {t} (id INT, v STRING)"), variants(VARIANTS), "UPDATE {t} SET id = id + 10 WHERE id < 4",
                variants({20: "true"}), ("UPDATE {t} SET v = parse_json('[1]') WHERE id = 5", "UPDATE {t} SET v = '[1]' WHERE id = 5"), "DELETE FROM {t} WHERE id = 4"],
}

NO_DV = "TBLPROPERTIES ('delta.enableDeletionVectors' = 'false')"
MERGE = """MERGE INTO {t} AS t USING (SELECT CAST(range * 3 AS INT) AS id, 'merged ' || range AS name FROM range(12)) AS s ON t.id = s.id
  WHEN MATCHED AND s.id = 6 THEN DELETE WHEN MATCHED THEN UPDATE SET name = s.name
  WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)"""
BY_SOURCE = MERGE + " WHEN NOT MATCHED BY SOURCE AND t.id > 17 THEN DELETE WHEN NOT MATCHED BY SOURCE AND t.id < 3 THEN UPDATE SET name = 'left'"

TABLES |= {
    "delete": [COLUMNS, ten(0, 20), "DELETE FROM {t} WHERE id % 3 = 0", "DELETE FROM {t} WHERE id % 7 = 0", ten(20, 25)],
    "delete_rewriting": [create("id INT, name STRING", NO_DV), ten(0, 20), "DELETE FROM {t} WHERE id % 3 = 0", "DELETE FROM {t} WHERE id % 7 = 0"],
    "delete_all": [COLUMNS, ten(0, 20), "DELETE FROM {t}", ten(3, 4)],
    "delete_many": [COLUMNS, ten(0, 200000), "DELETE FROM {t} WHERE id % 2 = 0", "DELETE FROM {t} WHERE id BETWEEN 50000 AND 60000"],
    "delete_partition": [create("id INT, name STRING", "PARTITIONED BY (name)"), "INSERT INTO {t} SELECT range, 'p/=' || range % 3 FROM range(30)",
                         "DELETE FROM {t} WHERE name = 'p/=1'", "DELETE FROM {t} WHERE id < 5", "DELETE FROM {t} WHERE id = 6"],
    "delete_nulls": [COLUMNS, insert("(1, NULL)", "(NULL, 'b')", "(3, 'c')"), "DELETE FROM {t} WHERE id = 3 OR name = 'b'", "DELETE FROM {t} WHERE name <> 'x'"],
    "delete_by_query": [COLUMNS, ten(0, 20), "DELETE FROM {t} WHERE id IN (SELECT range * 2 FROM range(5))"],
    "update": [COLUMNS, ten(0, 20), "UPDATE {t} SET name = 'changed ' || id WHERE id > 15", "UPDATE {t} SET id = id + 100 WHERE name LIKE 'changed%'", "UPDATE {t} SET name = NULL WHERE id = 0"],
    "update_rewriting": [create("id INT, name STRING", NO_DV), ten(0, 20), "UPDATE {t} SET name = 'changed ' || id WHERE id > 15"],
    "update_partition": [create("id INT, name STRING", "PARTITIONED BY (name)"), "INSERT INTO {t} SELECT range, 'p' || range % 3 FROM range(30)",
                         "UPDATE {t} SET name = 'p9' WHERE id < 5", "UPDATE {t} SET id = id + 1"],
    "merge": [COLUMNS, ten(0, 20), MERGE],
    "merge_by_source": [COLUMNS, ten(0, 20), BY_SOURCE],
    "merge_rewriting": [create("id INT, name STRING", NO_DV), ten(0, 20), BY_SOURCE],
    "merge_insert_only": [COLUMNS, ten(0, 20), MERGE.split("WHEN MATCHED")[0] + "WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)"],
    "merge_matched_only": [COLUMNS, ten(0, 20), MERGE.split("WHEN NOT MATCHED")[0]],
    "merge_partition": [create("id INT, name STRING", "PARTITIONED BY (name)"), ten(0, 20), BY_SOURCE],
    "merge_stars": [COLUMNS, ten(0, 20), "MERGE INTO {t} AS t USING (SELECT 'x' AS name, 3 AS id UNION ALL SELECT 'y', 33) AS s ON t.id = s.id "
                    "WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)"],
    "changes_and_checkpoints": [create("id INT, name STRING", "TBLPROPERTIES ('delta.checkpointInterval' = '2')"), ten(0, 20), "DELETE FROM {t} WHERE id = 1", "UPDATE {t} SET name = 'u' WHERE id = 2",
                                MERGE, "DELETE FROM {t} WHERE id = 3", ten(50, 52), "DELETE FROM {t} WHERE id > 12"],
    "changed_types": [ALL_TYPES, insert(*TYPE_ROWS), "UPDATE {t} SET i = 1 WHERE bo", "DELETE FROM {t} WHERE b IS NULL"],
    "changed_nested": [f"CREATE TABLE {{t}} AS {NESTED}", "UPDATE {t} SET id = 22 WHERE id = 2", "DELETE FROM {t} WHERE id = 1"],
    "row_tracking": [create("id INT, name STRING", "TBLPROPERTIES ('delta.enableRowTracking' = 'true')"), ten(0, 20), "UPDATE {t} SET name = 'u' WHERE id < 4", MERGE, "DELETE FROM {t} WHERE id = 9"],
    "in_commit_timestamps": [create("id INT, name STRING", "TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')"), ten(0, 5), "UPDATE {t} SET name = 'u' WHERE id < 4"],
}

BY_NAME, BY_ID = ("TBLPROPERTIES ('delta.columnMapping.mode' = '%s')" % mode for mode in ("name", "id"))
MAP_COLUMNS = ("ALTER TABLE {t} SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')", None)
WIDEN = "TBLPROPERTIES ('delta.enableTypeWidening' = 'true')"


def alter(change, oracle=None):
    return f"ALTER TABLE {{t}} {change}", f"ALTER TABLE {{t}} {oracle or change}"


def property_set(*pairs):
    return f"ALTER TABLE {{t}} SET TBLPROPERTIES ({', '.join(pairs)})", None


TABLES |= {
    "alter_add": [COLUMNS, ten(0, 5), alter("ADD COLUMN amount DECIMAL(10, 2)"), "INSERT INTO {t} VALUES (7, 'seven', 7.5)",
                  ("ALTER TABLE {t} ALTER COLUMN amount COMMENT 'net'", None), "UPDATE {t} SET amount = 1 WHERE id = 2"],
    "alter_evolve": [COLUMNS, ten(0, 5), ("INSERT WITH SCHEMA EVOLUTION INTO {t} BY NAME SELECT 9 AS id, true AS flag", "ALTER TABLE {t} ADD COLUMN flag BOOLEAN"),
                     (None, "INSERT INTO {t} VALUES (9, NULL, true)")],
    "alter_mapped_later": [create("id INT, name STRING, k STRING", "PARTITIONED BY (k)"), insert("(1, 'a', 'p')", "(2, 'b', 'q')"), MAP_COLUMNS, alter("RENAME COLUMN name TO title"),
                           alter("RENAME COLUMN k TO part"), alter("ADD COLUMN name STRING"), "INSERT INTO {t} VALUES (3, 'c', 'p', 'new')", alter("DROP COLUMN title"),
                           "UPDATE {t} SET name = 'u' WHERE part = 'p'", "DELETE FROM {t} WHERE id = 2"],
    "alter_mapped_by_name": [create('id INT, "a b" STRING, gone INT', BY_NAME), insert("(1, 'x', 1)"), alter("DROP COLUMN gone"), alter('RENAME COLUMN "a b" TO "c d"'), insert("(2, 'y')"),
                             alter("ADD COLUMN gone INT"), insert("(3, 'z', 3)")],
    "alter_mapped_by_id": [create("id INT, a STRING, gone INT", BY_ID), insert("(1, 'x', 1)"), alter("DROP COLUMN gone"), alter("RENAME COLUMN a TO b"), insert("(2, 'y')"),
                           "CREATE OR REPLACE TABLE {t} AS SELECT b, id + 1 AS id FROM {t}", "DELETE FROM {t} WHERE id = 2"],
    "alter_mapped_nested": [("CREATE TABLE {t} " + BY_NAME + f" AS {NESTED}", f"CREATE TABLE {{t}} AS {NESTED}"), alter("RENAME COLUMN s TO r"), f"INSERT INTO {{t}} {NESTED}"],
    "alter_widened": [create("id INT, f FLOAT, d DECIMAL(4, 1), b TINYINT, day DATE", WIDEN), insert("(1, 0.5, 1.5, 1, '2024-02-29')"), alter("ALTER COLUMN id TYPE BIGINT"), alter("ALTER COLUMN f TYPE DOUBLE"),
                      alter("ALTER COLUMN d TYPE DECIMAL(10, 3)"), alter("ALTER COLUMN b TYPE SMALLINT"), insert("(5000000000, 0.1, 12.345, 300, NULL)")],
    "alter_feed_and_vectors": [COLUMNS, ten(0, 5), property_set("'delta.enableChangeDataFeed' = 'true'"), "UPDATE {t} SET name = 'u' WHERE id = 1",
                               property_set("'delta.enableRowTracking' = 'true'", "'delta.enableInCommitTimestamps' = 'true'"), "DELETE FROM {t} WHERE id = 2", ten(10, 12)],
    "alter_features_dropped": [create("id INT, name STRING", "TBLPROPERTIES ('delta.enableRowTracking' = 'true', 'delta.enableDeletionVectors' = 'true')"), ten(0, 5),
                               *(("ALTER TABLE {t} DROP FEATURE " + name, None) for name in ("rowTracking", "domainMetadata", "deletionVectors")), ten(5, 8)],
}

MAPPED = "TBLPROPERTIES ('delta.columnMapping.mode' = 'name')"
WIDENS = "TBLPROPERTIES ('delta.enableTypeWidening' = 'true')"
INSERTED = insert("(1, 'a')", "(2, NULL)")

TABLES |= {
    "add_columns": [COLUMNS, INSERTED, "ALTER TABLE {t} ADD COLUMN x DOUBLE", "INSERT INTO {t} VALUES (3, 'c', 0.5)", "ALTER TABLE {t} ADD COLUMN y STRING", "INSERT INTO {t} VALUES (4, 'd', 1.5, 'y')"],
    "add_nested_column": ["CREATE TABLE {t} AS SELECT 1 AS id, {'x': 1} AS s", "ALTER TABLE {t} ADD COLUMN s.y STRING", "INSERT INTO {t} SELECT 2, {'x': 2, 'y': 'two'}"],
    "column_mapping": [create("id INT, name STRING", MAPPED), INSERTED, "ALTER TABLE {t} RENAME COLUMN name TO title", "INSERT INTO {t} VALUES (3, 'c')",
                       "ALTER TABLE {t} DROP COLUMN id", "ALTER TABLE {t} ADD COLUMN id STRING", "INSERT INTO {t} (title, id) VALUES ('d', 'text')", "UPDATE {t} SET title = 'u' WHERE id IS NULL"],
    "column_mapping_partitions": [create("id INT, name STRING", "PARTITIONED BY (name) " + MAPPED), INSERTED, "ALTER TABLE {t} RENAME COLUMN name TO title", "INSERT INTO {t} VALUES (3, 'c')",
                                  "DELETE FROM {t} WHERE id = 1"],
    "column_mapping_names": [tuple(text.replace('@', 'a b,;{}()=') for text in create('id INT, "@" STRING', MAPPED)), INSERTED, 'ALTER TABLE {t} RENAME COLUMN id TO "x.y z"', "INSERT INTO {t} VALUES (3, 'c')"],
    "column_mapping_upgraded": [COLUMNS, INSERTED, ("ALTER TABLE {t} SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')", None), "ALTER TABLE {t} RENAME COLUMN name TO title", "INSERT INTO {t} VALUES (3, 'c')"],
    "column_mapping_nested": [tuple(f"CREATE TABLE {{t}} {mapped} AS SELECT 1 AS id, {{'x': 1, 'y': 'one'}} AS s" for mapped in (MAPPED, "")), "ALTER TABLE {t} RENAME COLUMN s.x TO z", "ALTER TABLE {t} DROP COLUMN s.y",
                              "INSERT INTO {t} SELECT 2, {'z': 2}"],
    "column_mapping_id": [create("id INT, name STRING", MAPPED.replace("'name'", "'id'")), INSERTED, "ALTER TABLE {t} RENAME COLUMN name TO title", "INSERT INTO {t} VALUES (3, 'c')", "DELETE FROM {t} WHERE id = 2"],
    "type_widening": [create("id TINYINT, i INT, f FLOAT, d DECIMAL(5, 2), da DATE", WIDENS), "INSERT INTO {t} VALUES (1, 1, 0.5, 1.05, '2020-01-01')",
                      *(f"ALTER TABLE {{t}} ALTER COLUMN {column} TYPE {kind}" for column, kind in [("id", "BIGINT"), ("i", "DOUBLE"), ("f", "DOUBLE"), ("d", "DECIMAL(20, 5)")]),
                      "INSERT INTO {t} VALUES (10000000000, 0.25, 1e300, 123456789012345.12345, '2020-01-02')", "UPDATE {t} SET id = id + 1"],
    "properties": [COLUMNS, INSERTED, ("ALTER TABLE {t} SET TBLPROPERTIES ('delta.checkpointInterval' = '3', 'owner' = 'me')", None), ten(3, 6), ("ALTER TABLE {t} UNSET TBLPROPERTIES ('owner')", None), ten(6, 9)],
}
