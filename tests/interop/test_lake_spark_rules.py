"""Rules for rows and columns that both Millpond and Spark keep, whoever made them: each writes, each refuses."""
import pytest

from lake import engine, read_rows
from lake.delta_rs import changes
from spark_turns import DV, IN_TURNS, NO_DV, Turns


@IN_TURNS
def test_constraints(first, second, tmp_path):
    turns = Turns(tmp_path, first, "id INT NOT NULL, name STRING")
    for writer in (first, second):
        turns.refuses(writer, "INSERT INTO {t} VALUES (NULL, 'x')", "(?i)not null")
    turns.by(first, "ALTER TABLE {t} ADD CONSTRAINT positive CHECK (id >= 0 AND name <> 'bad')", None)
    turns.insert(second, 0, 3).insert(first, 3, 6)
    for writer in (first, second):
        turns.refuses(writer, "INSERT INTO {t} VALUES (-1, 'x')", "(?i)positive")
        turns.refuses(writer, "INSERT INTO {t} VALUES (1, NULL)", "(?i)positive")
        turns.refuses(writer, "UPDATE {t} SET id = -id WHERE id = 2", "(?i)positive")
        turns.refuses(writer, "MERGE INTO {t} USING (SELECT 50 AS id, 'bad' AS name) s ON {t}.id = s.id WHEN NOT MATCHED THEN INSERT *", "(?i)positive")
        turns.refuses(writer, "ALTER TABLE {t} ADD CONSTRAINT small CHECK (id < 3)", "(?i)small|id < 3")
    turns.by(second, "UPDATE {t} SET id = id + 100 WHERE id = 2")
    turns.by(second, "ALTER TABLE {t} ADD CONSTRAINT few CHECK (id % 100 < 50)", None)
    turns.refuses(first, "INSERT INTO {t} VALUES (99, 'x')", "(?i)few")
    turns.by(first, "ALTER TABLE {t} DROP CONSTRAINT positive", None).by(first, "ALTER TABLE {t} ALTER COLUMN id DROP NOT NULL")
    turns.by(second, "INSERT INTO {t} VALUES (-1, NULL)").by(first, "INSERT INTO {t} VALUES (-2, 'bad')")
    turns.holds()


COMPUTED = "UPDATE {t} SET twice = id * 2, day = CAST(timezone('UTC', moment) AS DATE), label = name || '!'"


@IN_TURNS
def test_generated(first, second, tmp_path):
    turns = Turns(tmp_path, first, "id INT, name STRING, moment TIMESTAMP, twice BIGINT GENERATED ALWAYS AS (CAST(id * 2 AS BIGINT)), day DATE GENERATED ALWAYS AS (CAST(moment AS DATE)), "
                  "label STRING GENERATED ALWAYS AS (concat(name, '!'))", clauses="PARTITIONED BY (day)", oracle="id INT, name STRING, moment TIMESTAMPTZ, twice BIGINT, day DATE, label STRING")

    def by(writer, text):
        turns.by(writer, text, f"{text}; {COMPUTED}")
    for writer, n in ((second, 1), (first, 4)):
        by(writer, f"INSERT INTO {{t}} (id, name, moment) VALUES ({n}, 'a', TIMESTAMP '2020-02-29 23:59:59.999999Z'), ({n + 1}, NULL, NULL), ({n + 2}, 'ä', TIMESTAMP '1969-12-31 00:00:00Z')")
        by(writer, f"UPDATE {{t}} SET id = id + 100 WHERE id = {n}")
        by(writer, f"MERGE INTO {{t}} USING (SELECT {n + 1} AS id, 'm' AS name) s ON {{t}}.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name")
        by(writer, f"DELETE FROM {{t}} WHERE id = {n + 2}")
    for writer in (first, second):
        turns.refuses(writer, "INSERT INTO {t} (id, twice) VALUES (1, 3)", "(?i)twice|generated")
        turns.refuses(writer, "INSERT INTO {t} (moment, day) VALUES (NULL, DATE '2020-01-01')", "(?i)day|generated")
    turns.holds()


@IN_TURNS
@pytest.mark.parametrize("kind", ["ALWAYS", "BY DEFAULT"])
def test_identity(kind, first, second, tmp_path):
    """Each goes on after the other's values: all differ, in the given steps, later ones are greater."""
    start, step = 10, 5
    turns = Turns(tmp_path, first, f"k BIGINT GENERATED {kind} AS IDENTITY (START WITH {start} INCREMENT BY {step}), turn INT", oracle="k BIGINT, turn INT")
    for turn in range(6):
        writer = (first, second)[turn % 2]
        engine(writer).execute(turns.path, [f"INSERT INTO {{t}} (turn) VALUES ({turn}), ({turn}), ({turn})"])
        if turn == 2:
            engine(second).execute(turns.path, ["UPDATE {t} SET turn = 2 WHERE turn = 2", "OPTIMIZE {t}"])
            if kind == "BY DEFAULT":
                engine(second).execute(turns.path, ["INSERT INTO {t} (k, turn) VALUES (-5, -1)"])
    turns.database.connection.register("given", engine("spark").read(turns.path))
    turns.by(None, None, "INSERT INTO {t} SELECT k, turn FROM given")
    given = [(turn, k) for k, turn in read_rows("spark", turns.path).rows]
    assert len({k for _, k in given}) == len(given) == 18 + (kind == "BY DEFAULT")
    own = [k for _, k in sorted(given) if k > 0]
    assert own == sorted(own) and all((k - start) % step == 0 for k in own)
    if kind == "ALWAYS":
        for writer in (first, second):
            turns.refuses(writer, "INSERT INTO {t} (k, turn) VALUES (7, 7)", "(?i)identity|generated")
    turns.expected = {max(turns.expected): turns.expected[max(turns.expected)]}
    turns.holds()


@IN_TURNS
def test_defaults(first, second, tmp_path):
    turns = Turns(tmp_path, first, "id INT, name STRING DEFAULT 'it''s', day DATE DEFAULT DATE '2020-01-01', x DOUBLE", "'delta.feature.allowColumnDefaults' = 'supported'")
    for writer in (second, first):
        turns.by(writer, "INSERT INTO {t} (id) VALUES (1)").by(writer, "INSERT INTO {t} VALUES (2, DEFAULT, NULL, 0.5)").by(writer, "INSERT INTO {t} VALUES (3, 'c', DEFAULT, DEFAULT)")
    turns.by(second, "ALTER TABLE {t} ALTER COLUMN name SET DEFAULT 'other'").by(first, "INSERT INTO {t} (id) VALUES (4)")
    turns.by(first, "ALTER TABLE {t} ALTER COLUMN day DROP DEFAULT").by(second, "INSERT INTO {t} (id) VALUES (5)")
    turns.holds()


MERGE = """MERGE INTO {t} USING (SELECT 1 AS id, 'merged' AS name UNION ALL SELECT 2, 'gone' UNION ALL SELECT %d, 'new') s ON {t}.id = s.id
  WHEN MATCHED AND s.name = 'gone' THEN DELETE WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT *"""
ORACLE_MERGE = "DELETE FROM {t} WHERE id = 2; INSERT INTO {t} SELECT %d, 'new'; UPDATE {t} SET name = 'merged' WHERE id = 1"


@IN_TURNS
@pytest.mark.parametrize("vectors", [DV, NO_DV])
def test_change_feed(vectors, first, second, tmp_path):
    """table_changes of both, from every version on, with the times of the commits; delta-rs's as well where it reads."""
    turns = Turns(tmp_path, first, "id INT, name STRING", "'delta.enableChangeDataFeed' = 'true'", vectors)
    for writer, n in ((second, 10), (first, 20)):
        turns.insert(writer, 0, 8).by(writer, "UPDATE {t} SET name = 'u' WHERE id > 5").by(writer, "DELETE FROM {t} WHERE id = 4").by(writer, MERGE.replace("%d", str(n)), ORACLE_MERGE.replace("%d", str(n)))
        turns.by(writer, "OPTIMIZE {t}", None)
        if writer == second:
            turns.by(writer, "DELETE FROM {t} WHERE id IS NOT NULL")
    turns.holds()
    last = max(turns.expected)
    for begin in range(1, last + 1):
        text = f"SELECT id, name, _change_type, _commit_version, _commit_timestamp FROM table_changes('{{t}}', {begin}, {last})"
        by_spark = rows("spark", turns.path, text)
        assert rows("millpond", turns.path, text) == by_spark, f"from version {begin}"
        if vectors == NO_DV:
            assert changes(turns.path, begin, last, ["id", "name", "_change_type", "_commit_version"]) == [row[:4] for row in by_spark]
    assert {row[2] for row in rows("spark", turns.path, text.replace(f"{begin}, {last}", f"1, {last}"))} == {"insert", "delete", "update_preimage", "update_postimage"}


def rows(name, path, text):
    found = engine(name).query(path, text)
    return sorted(tuple(row.values()) for row in found.to_pylist())


@IN_TURNS
def test_row_tracking(first, second, tmp_path):
    """A row has one id, the same for both, as long as it lives, and the version that changed it last."""
    turns = Turns(tmp_path, first, "id INT, name STRING", "'delta.enableRowTracking' = 'true'", DV)
    ids = {}
    for writer, n in ((first, 0), (second, 10), (first, 20)):
        other = second if writer == first else first
        turns.insert(writer, n, n + 5)
        ids |= tracked(turns, ids)
        turns.by(writer, f"UPDATE {{t}} SET name = 'u{n}' WHERE id % 10 = 3")
        ids |= tracked(turns, ids)
        turns.by(writer, f"MERGE INTO {{t}} USING (SELECT {n + 4} AS id, 'm' AS name) s ON {{t}}.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name", f"UPDATE {{t}} SET name = 'm' WHERE id = {n + 4}")
        turns.by(other, "OPTIMIZE {t}", None).by(other, f"DELETE FROM {{t}} WHERE id = {n + 1}")
        ids |= tracked(turns, ids)
    turns.holds()


def tracked(turns, before):
    by_spark = rows("spark", turns.path, "SELECT id, _metadata.row_id AS r, _metadata.row_commit_version AS v FROM {t}")
    assert rows("millpond", turns.path, "SELECT id, _row_id AS r, _row_commit_version AS v FROM {t}") == by_spark
    found = {key: row for key, row, _ in by_spark}
    assert len(set(found.values())) == len(found) and all(before.get(key, row) == row for key, row in found.items())
    return found


@IN_TURNS
@pytest.mark.parametrize("kept", ["in commits", "in commits later", "in files"])
def test_timestamps(kept, first, second, tmp_path):
    """The same history with the same times, by which both find the same rows."""
    enabled = "'delta.enableInCommitTimestamps' = 'true'"
    turns = Turns(tmp_path, first, "id INT, name STRING", *([enabled] if kept == "in commits" else []))
    for n, writer in enumerate((first, second, second, first, first)):
        if n == 2 and kept == "in commits later":
            turns.by(second, f"ALTER TABLE {{t}} SET TBLPROPERTIES ({enabled})", None)
        turns.insert(writer, n, n + 1)
    times, by_millpond = ({row["version"]: row["timestamp"] for row in engine(name).query(turns.path, "DESCRIBE HISTORY {t}").to_pylist()} for name in ("spark", "millpond"))
    assert by_millpond == times
    for version, expected in turns.expected.items():
        text = f"SELECT * FROM {{t}} TIMESTAMP AS OF '{times[version]:%Y-%m-%d %H:%M:%S.%f}'"
        for reader in (first, second):
            assert rows(reader, turns.path, text) == [tuple(row) for row in expected.rows], (reader, version)
    turns.holds()


@IN_TURNS
def test_columns(first, second, tmp_path):
    turns = Turns(tmp_path, first, "id INT, name STRING, gone DOUBLE", "'delta.columnMapping.mode' = 'name'", "'delta.enableTypeWidening' = 'true'")
    turns.by(second, "INSERT INTO {t} VALUES (1, 'a', 0.5)").by(first, "ALTER TABLE {t} RENAME COLUMN name TO title").by(second, "INSERT INTO {t} VALUES (2, 'b', NULL)")
    turns.by(second, "ALTER TABLE {t} DROP COLUMN gone").by(first, "INSERT INTO {t} VALUES (3, 'c')")
    turns.by(first, "ALTER TABLE {t} ADD COLUMN gone STRING").by(second, "INSERT INTO {t} VALUES (4, 'd', 'back')")
    turns.by(second, "ALTER TABLE {t} ALTER COLUMN id TYPE BIGINT").by(first, "INSERT INTO {t} VALUES (5000000000, 'large', NULL)")
    turns.by(first, "ALTER TABLE {t} ALTER COLUMN title FIRST", None).by(second, "INSERT INTO {t} VALUES ('moved', 6, 'x')", "INSERT INTO {t} (title, id, gone) VALUES ('moved', 6, 'x')")
    turns.by(second, "ALTER TABLE {t} ADD COLUMN s STRUCT<x: SMALLINT>", "ALTER TABLE {t} ADD COLUMN s STRUCT(x SMALLINT)")
    turns.by("spark", "INSERT INTO {t} VALUES ('nested', 7, NULL, named_struct('x', 7S))", "INSERT INTO {t} (title, id, s) VALUES ('nested', 7, {'x': 7})")
    turns.by(first, "ALTER TABLE {t} ADD COLUMN s.y STRING", "ALTER TABLE {t} ADD COLUMN s.y STRING").by(second, "ALTER TABLE {t} ALTER COLUMN s.x TYPE INT", "ALTER TABLE {t} ALTER s TYPE STRUCT(x INT, y STRING)")
    turns.by("millpond", "INSERT INTO {t} VALUES ('nested', 8, NULL, {'x': 100000, 'y': 'y'})", "INSERT INTO {t} (title, id, s) VALUES ('nested', 8, {'x': 100000, 'y': 'y'})")
    turns.by(second, "ALTER TABLE {t} RENAME COLUMN s.y TO z").by(first, "ALTER TABLE {t} DROP COLUMN s.x").by(second, "UPDATE {t} SET title = 'u' WHERE id < 3").by(first, "DELETE FROM {t} WHERE id = 6")
    turns.holds()


# Texts as each writer gives them, for the same rows: Millpond cuts spaces that are too many, and all of a CHAR; Spark
# refuses the former, and stores a CHAR as it is given.
CHARS = {"spark": ("'äöü'", "'ä'", "named_struct('t', '{}')"), "millpond": ("'äöü  '", "'ä  '", "{{'t': '{}'}}")}


@IN_TURNS
def test_char_varchar(first, second, tmp_path):
    """Whoever made the table, both refuse what is too long."""
    turns = Turns(tmp_path, first, "id INT, v VARCHAR(3), c CHAR(3), s STRUCT<t: CHAR(2)>", oracle="id INT, v VARCHAR, c VARCHAR, s STRUCT(t VARCHAR)")
    too_long = "(?i)exceed|characters"
    filled_up = [2] if second == "spark" else []  # Spark's MERGE does so to rows that it copies (there are no vectors yet)
    for writer, n in ((second, 1), (first, 4)):
        v, c, s = CHARS[writer]
        turns.by(writer, f"INSERT INTO {{t}} VALUES ({n}, {v}, {c}, {s.format('xy')}), ({n + 1}, 'ab ', '😀😀😀', NULL), ({n + 2}, NULL, NULL, NULL)",
                 f"INSERT INTO {{t}} VALUES ({n}, 'äöü', 'ä', {{'t': 'xy'}}), ({n + 1}, 'ab ', '😀😀😀', NULL), ({n + 2}, NULL, NULL, NULL)")
        turns.by(writer, f"UPDATE {{t}} SET v = 'u', c = {c} WHERE id = {n + 1}", f"UPDATE {{t}} SET v = 'u', c = 'ä' WHERE id = {n + 1}")
        copied = f" WHEN id = {n + 1} THEN 'ä  '" if n + 1 in filled_up else ""
        turns.by(writer, f"MERGE INTO {{t}} USING (SELECT {n + 2} AS id, {c} AS c) s ON {{t}}.id = s.id WHEN MATCHED THEN UPDATE SET c = s.c",
                 f"UPDATE {{t}} SET c = CASE WHEN id = {n + 2} THEN 'ä'{copied} ELSE c END")
    for writer in (first, second):
        turns.refuses(writer, "INSERT INTO {t} (id, v) VALUES (9, 'äöüß')", too_long)
        turns.refuses(writer, "UPDATE {t} SET c = 'long' WHERE id = 1", too_long)
        turns.refuses(writer, f"INSERT INTO {{t}} (id, s) VALUES (9, {CHARS[writer][2].format('abc')})", too_long)
    turns.by(first, "ALTER TABLE {t} ADD COLUMN w VARCHAR(2)", "ALTER TABLE {t} ADD COLUMN w VARCHAR")
    turns.by(second, "ALTER TABLE {t} ALTER COLUMN v TYPE VARCHAR(5)", None)
    for writer in (first, second):
        turns.by(writer, "INSERT INTO {t} (id, v, c, w) VALUES (20, 'fives', 'abc', 'xy')")
        for column, text in (("v", "sixsix"), ("w", "abc")):
            turns.refuses(writer, f"INSERT INTO {{t}} (id, {column}) VALUES (9, '{text}')", too_long)
        for change in "v TYPE VARCHAR(4)", "v TYPE CHAR(5)", "c TYPE CHAR(4)", "c TYPE VARCHAR(2)":
            turns.refuses(writer, f"ALTER TABLE {{t}} ALTER COLUMN {change}", "(?i)cannot become|not.supported")
    padding = "spark.sql.readSideCharPadding"  # as they are stored, then as Spark shows them
    engine("spark").session.conf.set(padding, "false")
    try:
        turns.holds()
    finally:
        engine("spark").session.conf.unset(padding)

    def found(reader, text):
        return engine(reader).query(turns.path, f"SELECT id, c FROM {{t}} WHERE c = '{text}' ORDER BY id").to_pydict()

    engine("spark").execute(turns.path, ["INSERT INTO {t} (id, c) VALUES (30, 'a'), (31, 'b  ')"])
    for text, ids in (("a", [30]), ("ä", [1, 2, 3, 4, 5, 6])):
        assert found("spark", text) == {"id": ids, "c": [text.ljust(3)] * len(ids)}
        ids = [n for n in ids if n not in filled_up]
        assert found("millpond", text) == {"id": ids, "c": [text] * len(ids)}
    assert found("millpond", "ä  ")["id"] == filled_up
    # Spaces that Spark stored are there until the row is written anew.
    assert found("spark", "b")["id"] == found("millpond", "b  ")["id"] == [31] and not found("millpond", "b")["id"]
    engine("millpond").execute(turns.path, ["UPDATE {t} SET v = 'new' WHERE id = 31"])
    assert found("spark", "b")["id"] == found("millpond", "b")["id"] == [31] and not found("millpond", "b  ")["id"]
    turns.keep_from(max(turns.expected) + 1)
    turns.by(first, "ALTER TABLE {t} ALTER COLUMN c TYPE VARCHAR(4)", "INSERT INTO {t} (id, v, c) VALUES (30, NULL, 'a'), (31, 'new', 'b')").by(second, "ALTER TABLE {t} ALTER COLUMN v TYPE STRING", None)
    for writer in (first, second):
        turns.by(writer, "INSERT INTO {t} (id, v, c) VALUES (40, 'as long as it likes', 'four')")
        turns.refuses(writer, "INSERT INTO {t} (id, c) VALUES (9, 'fives')", too_long)
        turns.refuses(writer, "ALTER TABLE {t} ALTER COLUMN v TYPE VARCHAR(99)", "(?i)cannot become|not.supported")
    turns.holds()
