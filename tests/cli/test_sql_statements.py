"""`millpond sql` with several statements: every one says what it did, in order, and the last one's rows are the result."""
import pyarrow.parquet
import pytest

from millpond_project import Project

STATEMENTS = """CREATE TABLE t (a BIGINT) TBLPROPERTIES ('delta.enableTypeWidening' = 'true');
INSERT INTO t VALUES (1), (2);
SELECT a AS before FROM t ORDER BY a;
ALTER TABLE t SET TBLPROPERTIES ('delta.enableRowTracking' = 'true');
SELECT count(*) AS n FROM t
"""
SAID = [
    "table main.default.t created; it needs the feature typeWidening",
    "2 rows inserted into main.default.t, version 1",
    "main.default.t: property set, version 2; the table now needs the features domainMetadata, rowTracking, which whoever writes it must know",
]
BEFORE = ["before", "------", "     1", "     2", ""]


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path / "p")
    (made.folder / "millpond.yml").write_text("name: p\n")
    (made.folder / "all.sql").write_text(STATEMENTS)
    return made


def said(done):
    return [line for line in done.stderr.splitlines() if line.startswith(("table ", "main.")) or "rows inserted" in line]


@pytest.mark.parametrize("of_file", [True, False])
def test_every_statement_speaks(project, of_file):
    done = project.call("sql", *(["-f", str(project.folder / "all.sql")] if of_file else [STATEMENTS]))
    assert said(done) == SAID
    assert done.stdout.splitlines() == [*BEFORE, "n", "-", "2"]


def test_a_format_for_programs_holds_the_last_result_alone(project):
    done = project.call("sql", "-f", str(project.folder / "all.sql"), "--format", "csv")
    assert done.stdout == "n\n2\n"
    lines = done.stderr.splitlines()
    assert len(said(done)) == 3
    assert lines[2:2 + len(BEFORE)] == BEFORE


def test_a_file_gets_the_last_result_alone(project):
    file = project.folder / "n.parquet"
    done = project.call("sql", "-f", str(project.folder / "all.sql"), "--format", "parquet", "-o", str(file))
    assert done.stdout == ""
    assert len(said(done)) == 3 and "before" in done.stderr
    assert pyarrow.parquet.read_table(file).to_pydict() == {"n": [2]}


def test_what_was_done_before_an_error_is_said_and_stays(project):
    done = project.call("sql", "CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1); SELECT nope FROM t; DROP TABLE t", code=1)
    assert said(done) == ["table main.default.t created", "1 rows inserted into main.default.t, version 1"]
    assert "nope" in done.stderr
    assert project.sql("SELECT a FROM t") == [(1,)]


def test_lines_of_explain_are_whole(project):
    project.call("sql", "CREATE TABLE a_table_with_quite_a_long_name_indeed (a BIGINT); INSERT INTO a_table_with_quite_a_long_name_indeed VALUES (1)")
    scan = project.call("sql", "EXPLAIN SELECT * FROM a_table_with_quite_a_long_name_indeed WHERE a = 1").stdout.splitlines()[2]
    assert scan.startswith("scan of main.default.a_table_with_quite_a_long_name_indeed version 1: 1 of 1 files")
    assert scan.endswith("1 row groups in them")
    made = project.call("sql", "SHOW CREATE TABLE a_table_with_quite_a_long_name_indeed").stdout
    assert "…" not in made and "a BIGINT" in made


def test_a_table_with_properties_that_mean_nothing_is_read(project):
    """Another writer took them over unseen."""
    project.call("sql", "CREATE TABLE t (a BIGINT) TBLPROPERTIES ('delta.targetFileSize' = '64mb', 'delta.isolationLevel' = 'WriteSerializable', "
                 "'delta.logRetentionDuration' = 'interval 7 days'); INSERT INTO t VALUES (1), (2)")
    log = project.path("main.default.t") / "_delta_log"
    for file in log.glob("*.crc"):
        file.unlink()
    first = log / f"{0:020}.json"
    first.write_text(first.read_text().replace("64mb", "potato").replace("WriteSerializable", "banana").replace("interval 7 days", "for ever"))
    assert project.sql("SELECT sum(a) AS s FROM t") == [(3,)]
    project.call("sql", "INSERT INTO t VALUES (3); DELETE FROM t WHERE a = 1")
    assert project.sql("SELECT sum(a) AS s FROM t") == [(5,)]
    assert "'128mb'" in project.call("sql", "OPTIMIZE t", code=1).stderr
    project.call("sql", "ALTER TABLE t SET TBLPROPERTIES ('delta.targetFileSize' = '64mb'); OPTIMIZE t")
