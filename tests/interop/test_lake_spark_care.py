"""Rows overwritten, restored and cloned, files and logs cared for, by Millpond and Spark in turns at one table."""
import pytest

from lake import engine, read_rows
from lake.millpond import table_path
from spark_turns import DV, IN_TURNS, READERS, Turns

COLUMNS = "id INT, name STRING"
NOW = "'delta.deletedFileRetentionDuration' = 'interval 0 hours'"
PARTITIONED = "DELETE FROM {t} WHERE name = 'name 2'; INSERT INTO {t} VALUES (20, 'name 2')"


@IN_TURNS
def test_inserts(first, second, tmp_path):
    """Plain ones, ten each, and checkpoints of both among them."""
    turns = Turns(tmp_path, first, COLUMNS, "'delta.checkpointInterval' = '3'")
    for n in range(0, 20, 2):
        turns.insert("millpond", n, n + 1).insert("spark", n + 1, n + 2)
    turns.holds()


@IN_TURNS
def test_overwrites(first, second, tmp_path):
    turns = Turns(tmp_path, first, COLUMNS, DV)
    for writer in (second, first):
        turns.insert(writer, 0, 6).by(writer, "INSERT OVERWRITE {t} VALUES (1, 'only')", "DELETE FROM {t}; INSERT INTO {t} VALUES (1, 'only')").insert(writer, 5, 9)
        turns.by(writer, "INSERT INTO {t} REPLACE WHERE id > 6 VALUES (7, 'seven'), (100, NULL)", "DELETE FROM {t} WHERE id > 6; INSERT INTO {t} VALUES (7, 'seven'), (100, NULL)")
        turns.by(writer, "DELETE FROM {t} WHERE id = 5")
    turns.by(first, "TRUNCATE TABLE {t}", "DELETE FROM {t}").insert(second, 0, 2).by(second, "TRUNCATE TABLE {t}", "DELETE FROM {t}").insert(first, 0, 3)
    turns.holds()


@IN_TURNS
def test_partitions_overwritten(first, second, tmp_path):
    turns = Turns(tmp_path, first, COLUMNS, clauses="PARTITIONED BY (name)")
    for writer in (second, first):
        turns.insert(writer, 0, 4)
        turns.by(writer, "INSERT OVERWRITE {t} PARTITION (name = 'name 2') SELECT 20", PARTITIONED)
        turns.by(writer, "INSERT INTO {t} REPLACE WHERE name = 'name 3' VALUES (30, 'name 3')", PARTITIONED.replace("2", "3"))
    turns.by("millpond", "INSERT OVERWRITE {t} WITH ('partitionOverwriteMode' = 'dynamic') VALUES (20, 'name 2')", PARTITIONED)
    engine("spark").session.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
    try:
        turns.by("spark", "INSERT OVERWRITE {t} VALUES (30, 'name 3')", PARTITIONED.replace("2", "3"))
    finally:
        engine("spark").session.conf.unset("spark.sql.sources.partitionOverwriteMode")
    turns.holds()


@IN_TURNS
def test_changes(first, second, tmp_path):
    """Deletion vectors upon deletion vectors of the other."""
    turns = Turns(tmp_path, first, COLUMNS, DV, "'delta.checkpointInterval' = '4'")
    turns.insert(first, 0, 20)
    for n, writer in enumerate((second, first, second, first)):
        turns.by(writer, f"DELETE FROM {{t}} WHERE id = {n}").by(writer, f"UPDATE {{t}} SET name = 'u{n}' WHERE id = {n + 10}")
        turns.by(writer, f"MERGE INTO {{t}} USING (SELECT {n + 5} AS id, 'm' AS name UNION ALL SELECT {n + 100}, 'new') s ON {{t}}.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT *",
                 f"UPDATE {{t}} SET name = 'm' WHERE id = {n + 5}; INSERT INTO {{t}} VALUES ({n + 100}, 'new')")
    turns.by(first, "OPTIMIZE {t}", None).by(second, "DELETE FROM {t} WHERE id > 100").by(second, "REORG TABLE {t} APPLY (PURGE)", None).by(first, "UPDATE {t} SET id = id + 1").by(second, "OPTIMIZE {t} ZORDER BY (name)", None)
    turns.insert(first, 0, 2).by(first, "OPTIMIZE {t} ZORDER BY (id)", None).by(first, "REORG TABLE {t} APPLY (PURGE)", None).by(second, "DELETE FROM {t} WHERE id = 100")
    turns.holds()


@IN_TURNS
def test_clustering(first, second, tmp_path):
    """Each clusters what the other clustered; both know the columns, and what is in order stays as it is."""
    turns = Turns(tmp_path, first, COLUMNS, clauses="CLUSTER BY (id, name)")
    for writer, other, n in ((first, second, 0), (second, first, 20)):
        turns.insert(writer, n, n + 5).insert(other, n + 5, n + 10)
        for care in (other, writer):
            turns.by(care, "OPTIMIZE {t}", None)
        turns.by(other, f"DELETE FROM {{t}} WHERE id = {n + 1}")
    turns.by(second, "ALTER TABLE {t} CLUSTER BY (name)", None).insert(first, 50, 55).by(first, "OPTIMIZE {t}", None)
    assert clustered_by(turns) == ["name"]
    turns.by(first, "ALTER TABLE {t} CLUSTER BY (id)", None).insert(second, 60, 65).by(second, "OPTIMIZE {t}", None)
    assert clustered_by(turns) == ["id"]
    turns.by(second, "ALTER TABLE {t} CLUSTER BY NONE", None).insert(first, 70, 72)
    assert clustered_by(turns) == []
    turns.holds()


def clustered_by(turns):
    return engine("spark").query(turns.path, "DESCRIBE DETAIL {t}").column("clusteringColumns").to_pylist()[0]


def files(path):
    return {str(file.relative_to(path)) for kind in ("*.parquet", "deletion_vector*.bin") for file in path.rglob(kind) if "_delta_log" not in file.parts}


@IN_TURNS
@pytest.mark.parametrize("mode", ["LITE", "FULL", "RETAIN 0 HOURS"])
def test_vacuum(mode, first, second, tmp_path):
    """Each vacuums what the other left: what is needed stays, what is not goes."""
    turns = Turns(tmp_path, first, COLUMNS, NOW, DV, "'delta.enableChangeDataFeed' = 'true'", "'delta.checkpointInterval' = '4'", clauses="PARTITIONED BY (name)")
    for writer, cleaner in ((first, second), (second, first)):
        turns.insert(writer, 0, 6).by(writer, "DELETE FROM {t} WHERE id = 3").by(writer, "UPDATE {t} SET id = 50 WHERE id = 5").by(writer, "OPTIMIZE {t}", None)
        turns.insert(writer, 6, 8).by(writer, "DELETE FROM {t} WHERE id = 6").by(writer, "REORG TABLE {t} APPLY (PURGE)", None)
        turns.by(writer, "UPDATE {t} SET id = id + 100 WHERE id = 7")
        before = files(turns.path)
        turns.by(cleaner, f"VACUUM {{t}} {mode}" if cleaner == "spark" or mode != "FULL" else "VACUUM {t} FULL RETAIN 0 HOURS", None)
        turns.keep_from(max(turns.expected))
        assert files(turns.path) < before
        turns.check(*READERS)
        turns.by(writer, "DELETE FROM {t} WHERE id = 1").by(cleaner, "UPDATE {t} SET id = id + 1")
    turns.holds()


@IN_TURNS
def test_restore(first, second, tmp_path):
    turns = Turns(tmp_path, first, COLUMNS, DV)
    turns.insert(first, 0, 5).by(second, "DELETE FROM {t} WHERE id = 1").by(None, None, "CREATE TABLE two AS FROM {t}")
    turns.by(first, "UPDATE {t} SET name = 'u' WHERE id = 2").insert(second, 5, 8).by(None, None, "CREATE TABLE four AS FROM {t}")
    turns.by(first, "OPTIMIZE {t}", None)
    turns.by(second, "RESTORE TABLE {t} TO VERSION AS OF 2", "DELETE FROM {t}; INSERT INTO {t} FROM two").by(first, "DELETE FROM {t} WHERE id = 3")
    turns.by(first, "RESTORE TABLE {t} TO VERSION AS OF 4", "DELETE FROM {t}; INSERT INTO {t} FROM four").by(second, "UPDATE {t} SET name = 'v' WHERE id > 6")
    turns.by(first, "ALTER TABLE {t} ADD COLUMN x INT").by(second, "INSERT INTO {t} VALUES (9, 'n', 9)")
    turns.by(second, "RESTORE TABLE {t} TO VERSION AS OF 4", "CREATE OR REPLACE TABLE {t} AS FROM four").insert(first, 9, 10)
    turns.holds()


@IN_TURNS
def test_clone(first, second, tmp_path):
    """A clone by the second of a table of the first, with deletion vectors; then each changes it."""
    turns = Turns(tmp_path, first, COLUMNS, DV)
    turns.insert(first, 0, 6).by(first, "DELETE FROM {t} WHERE id = 3")
    clone = table_path(tmp_path, "copied")
    if second == "spark":
        engine("spark").session.sql(f"CREATE TABLE delta.`{clone}` SHALLOW CLONE delta.`{turns.path}`")
    else:
        engine("millpond").run(turns.path, "CREATE TABLE copied SHALLOW CLONE {t}")
    source, turns.path = turns.path, clone
    turns.expected, turns.needed = {}, {}
    turns.by(None, None, "DELETE FROM {t} WHERE false")
    for writer in (first, second):
        turns.by(writer, "DELETE FROM {t} WHERE id = 1").insert(writer, 1, 2).by(writer, "UPDATE {t} SET name = 'u' WHERE id = 2").by(writer, "OPTIMIZE {t}", None)
    turns.holds()
    assert [row[0] for row in read_rows("spark", source).rows] == [0, 1, 2, 4, 5]


@pytest.mark.parametrize("form", ["json", "parquet"])
@IN_TURNS
def test_v2_checkpoints(form, first, second, tmp_path):
    """Each goes on from the other's checkpoints, the log before them gone."""
    spark = engine("spark").session.conf
    spark.set("spark.databricks.delta.checkpointV2.topLevelFileFormat", form)
    spark.set("spark.databricks.delta.checkpoint.partSize", "2")
    try:
        turns = Turns(tmp_path, first, COLUMNS, "'delta.checkpointPolicy' = 'v2'", "'delta.checkpointInterval' = '3'", DV, "'delta.enableRowTracking' = 'true'", clauses="CLUSTER BY (id)")
        for n, writer in enumerate([first, second] * 4):  # a checkpoint by each in turn
            turns.insert(writer, 2 * n, 2 * n + 2)
            if n > 3:
                turns.by(writer, f"DELETE FROM {{t}} WHERE id = {2 * n - 5}")
            if n > 5:
                turns.forget()
        turns.holds()
    finally:
        spark.unset("spark.databricks.delta.checkpointV2.topLevelFileFormat")
        spark.unset("spark.databricks.delta.checkpoint.partSize")
    assert len(list((turns.path / "_delta_log/_sidecars").iterdir())) > 1


def test_copied_from_spark(tmp_path):
    """COPY INTO of Parquet files that Spark wrote, each once."""
    turns = Turns(tmp_path, "millpond", "id INT, name STRING, moment TIMESTAMP_NTZ", oracle="id INT, name STRING, moment TIMESTAMP")
    session = engine("spark").session
    for n in range(3):
        session.sql(f"SELECT {n} AS id, concat('name ', {n}) AS name, TIMESTAMP_NTZ'2020-02-29 01:02:03.000004' AS moment").write.mode("append").parquet(str(tmp_path / "in"))
        turns.by("millpond", "COPY INTO {t} FROM 'in' FILEFORMAT = PARQUET PATTERN = '*.parquet'", f"INSERT INTO {{t}} VALUES ({n}, 'name {n}', '2020-02-29 01:02:03.000004')")
    turns.by("millpond", "COPY INTO {t} FROM 'in' FILEFORMAT = PARQUET PATTERN = '*.parquet'", None)
    assert max(turns.expected) == 3
    turns.holds()
