"""Bad input ends in exit 1 (usage: 2) and a message that names the object, the place and the remedy; state stays whole."""
import random
import resource
import signal
import subprocess

import pytest

from millpond_project import MILLPOND, Project

LINES = "a,b,seen\n1,x,2024-01-01T00:00:00Z\n2,y,2024-01-02T00:00:00Z\n"
FLOW = """CREATE OR REFRESH STREAMING TABLE t AS
SELECT * FROM STREAM read_files('data', format => 'csv', header => true, schema => 'a BIGINT, b STRING, seen TIMESTAMP');
"""


MODEL = """name: {name}
label:
  sql: SELECT b, seen AS as_of, a > 1 AS label, seen AS label_known_at FROM t
  entity: [b]
  horizon: 1 day
features: {{views: [{{name: v}}]}}
split: {{train: [2024-01-01], calibrate: [2024-02-01], test: [2024-03-01]}}
learner: {{kind: xgboost}}
{more}
"""


def model(name="m", more="", score="candidates: SELECT b FROM t"):
    return MODEL.format(name=name, more=f"score: {{{score}}}\n{more}")


def given(project, **models):
    (project.folder / "models").mkdir(exist_ok=True)
    for name, text in models.items():
        (project.folder / f"models/{name}.yml").write_text(text)


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path / "p")
    (made.folder / "millpond.yml").write_text("name: p\n")
    (made.folder / "transformations").mkdir()
    (made.folder / "transformations/t.sql").write_text(FLOW)
    (made.folder / "data/1.csv").write_text(LINES)
    return made


def refused(project, *arguments, code=1):
    done = project.call(*arguments, code=code)
    assert "terminate called" not in done.stderr and "Traceback" not in done.stderr and "#0 " not in done.stderr
    return done.stderr


def test_the_project_itself_is_sound(project):
    project.run()
    assert project.sql("SELECT a, b FROM t ORDER BY a") == [(1, "x"), (2, "y")]


def test_no_project(tmp_path):
    text = refused(Project(tmp_path / "empty"), "run")
    assert "millpond.yml" in text


@pytest.mark.parametrize("yaml, words", [
    ("name: [p\n", ["millpond.yml:"]),
    ("name: p\nstroage: x\n", ["millpond.yml:2", "stroage", "storage"]),
    ("storage: x\n", ["millpond.yml", "name"]),
    ("name: ''\n", ["millpond.yml:1:7", "name: shop"]),
    ("name: p\nname: q\n", ["millpond.yml:2:1", "name", "millpond.yml:1:1"]),
])
def test_bad_yaml(project, yaml, words):
    (project.folder / "millpond.yml").write_text(yaml)
    text = refused(project, "run")
    assert all(word in text for word in words), text


@pytest.mark.parametrize("sql, words", [
    ("SELEC 1", ["<sql>:1:1"]),
    ("SELECT a\nFROM t\nWHERE c = 1", [":3:", "c"]),
    ("SELECT * FROM tt", ["tt", "t"]),
    ("SELECT * FROM read_files('none', format => 'csv')", ["none"]),
    ("SELECT * FROM read_files('/etc/passwd', format => 'text')", ["/etc/passwd"]),
    ("SELECT * FROM read_csv('/etc/passwd')", ["read_csv"]),
    ("SELECT a + b FROM t", []),
    ("DROP TABLE nothing_here", ["nothing_here"]),
])
def test_bad_sql(project, sql, words):
    project.run()
    text = refused(project, "sql", sql)
    assert all(word in text for word in words), text
    assert project.sql("SELECT count(*) FROM t") == [(2,)]


def test_usage_is_exit_2(project):
    refused(project, "nonsense", code=2)
    refused(project, "sql", "SELECT 1", "--no-such-option", code=2)


@pytest.mark.parametrize("flow, words", [
    ("CREATE OR REFRESH STREAMING TABLE t AS\nSELECT nope FROM STREAM read_files('data', format => 'csv', header => true);",
     ["t.sql:2", "nope"]),
    ("CREATE OR REFRESH STREAMING TABLE t AS SELECT * FROM STREAM read_files('gone', format => 'csv');", ["gone"]),
    ("CREATE OR REFRESH MATERIALIZED VIEW m AS\nSELECT sum(a::DOUBLE) AS s FROM read_files('data', format => 'csv');",
     ["DECIMAL", "t.sql:2"]),
    ("CREATE OR REFRESH STREAMING TABEL t AS SELECT 1;", ["t.sql:1"]),
    ("CREATE OR REFRESH MATERIALIZED VIEW a AS SELECT * FROM b;\nCREATE OR REFRESH MATERIALIZED VIEW b AS SELECT * FROM a;", ["a", "b"]),
])
def test_bad_flow(project, flow, words):
    (project.folder / "transformations/t.sql").write_text(flow)
    text = refused(project, "run")
    assert all(word in text for word in words), text


def test_wrong_type_in_a_file_names_file_and_line(project):
    (project.folder / "data/2.csv").write_text("a,b,seen\n3,z,2024-01-01T00:00:00Z\nthree,z,2024-01-01T00:00:00Z\n")
    text = refused(project, "run")
    assert "2.csv" in text and "three" in text


def test_a_corrupt_log_is_named(project):
    project.run()
    log = project.path("main.default.t") / "_delta_log"
    entry = next(log.glob("*0.json"))
    entry.write_text(entry.read_text()[:40])
    assert entry.name in refused(project, "sql", "SELECT * FROM t")


def test_a_corrupt_parquet_file_is_named(project):
    project.run()
    file = next(project.path("main.default.t").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-20])
    assert file.name in refused(project, "sql", "SELECT * FROM t")


def test_a_missing_data_file_is_named(project):
    project.run()
    file = next(project.path("main.default.t").glob("*.parquet"))
    file.unlink()
    assert file.name in refused(project, "sql", "SELECT * FROM t")


@pytest.mark.parametrize("yaml, words", [
    ("name: m\nlabel: {sql: 'SELECT 1'}\n", ["m.yml"]),
    ("name: m\nlable: 1\n", ["m.yml:2", "lable"]),
    ("name: other\n", ["m.yml"]),
    ("name: m\nseed: 1\nseed: 2\n", ["m.yml:3:1", "seed", "m.yml:2:1"]),
    ("name: ''\n", ["m.yml:1:7", "name: m"]),
    (model().replace("kind: xgboost", "kind: xgboost, params: {max_leafs: 3}"), ["m.yml:8:", "max_leafs", "max_leaves"]),
    (model().replace("kind: xgboost", "kind: xgboost, params: {early_stopping_rounds: 3}"), ["m.yml:8:", "num_boost_round"]),
    (model().replace("[2024-02-01]", "2024-02-01"), ["m.yml:7:", "want a list of T", "[2024-02-01]"]),
    (model(more="training_set: a-b"), ["m.yml:10:15", "training_set", "a-b"]),
    (model(more="metrics: {precision_at: [nan]}"), ["m.yml:10:26", "nan"]),
    (model().replace("{name: v}", "{name: vv}"), ["m.yml:6:", "vv", "features/*.sql"]),
])
def test_bad_model(project, yaml, words):
    (project.folder / "models").mkdir()
    (project.folder / "models/m.yml").write_text(yaml)
    text = refused(project, "run")
    assert all(word in text for word in words), text


QUARANTINES = FLOW.replace("TABLE t AS", "TABLE t (CONSTRAINT c EXPECT (a > 0) ON VIOLATION QUARANTINE) AS")


@pytest.mark.parametrize("models, words", [
    ({"m": model(more="training_set: main.default.t")},
     ["m.yml:10:15", "training_set of model m", "main.default.t", "streaming table", "t.sql:1"]),
    ({"m": model(score="candidates: SELECT b FROM t, work_list: T")}, ["m.yml:9:", "score.work_list", "streaming table"]),
    ({"m": model(score="candidates: SELECT b FROM t, table: t")}, ["m.yml:9:", "score.table", "streaming table"]),
    ({"m": model(more="training_set: t_quarantine")}, ["m.yml:10:15", "quarantine of main.default.t"]),
    ({"m": model(score="candidates: SELECT b FROM t, table: x, work_list: default.x")}, ["score.work_list", "score.table of model m"]),
    ({"m": model(score="candidates: SELECT b FROM t, table: x, work_list: x_features")}, ["score.work_list", "with _features"]),
    ({"m": model(more="training_set: shared"), "n": model("n", "training_set: main.default.SHARED")},
     ["n.yml:10:15", "training_set of model m", "m.yml:10:15"]),
    ({"m": model(), "n": model("n", "training_set: m_work_list")}, ["n.yml:10:15", "score.work_list of model m"]),
])
def test_a_model_overwrites_no_table_of_others(project, models, words):
    """Before anything is written: not even the tables of the flows are there."""
    (project.folder / "transformations/t.sql").write_text(QUARANTINES)
    given(project, **models)
    for arguments in (["run"], ["models", "train", "m"]):
        text = refused(project, *arguments)
        assert all(word in text for word in words), text
        assert project.tables() == []


@pytest.mark.parametrize("more, score, table", [
    ("training_set: precious", "", "precious"),
    ("", "candidates: SELECT b FROM t, table: precious", "precious"),
    ("", "candidates: SELECT b FROM t, table: precious", "precious_features"),
    ("", "candidates: SELECT b FROM t, work_list: precious", "precious"),
])
def test_a_model_overwrites_no_table_that_is_there(project, more, score, table):
    project.run()
    project.call("sql", f"CREATE TABLE {table} AS SELECT 7 AS a")
    given(project, m=model(more=more, score=score))
    for arguments in (["run"], ["models", "train"]):
        text = refused(project, *arguments)
        assert all(word in text for word in ["models/m.yml:", f"main.default.{table}", "model m", f"DROP TABLE main.default.{table}"]), text
    assert project.sql(f"SELECT a FROM {table}") == [(7,)]


def test_features_of_a_materialized_view_are_refused_unless_accepted(project):
    (project.folder / "transformations/m.sql").write_text("CREATE MATERIALIZED VIEW latest AS SELECT b, max(seen) AS seen FROM t GROUP BY b;")
    (project.folder / "features").mkdir()
    (project.folder / "features/v.sql").write_text(
        "CREATE FEATURE VIEW v ENTITY (b) TIMESTAMP seen AS SELECT count(*) OVER w AS n FROM latest WINDOW w AS (RANGE UNBOUNDED PRECEDING);")
    given(project, m=model())
    text = refused(project, "run")
    assert all(word in text for word in ["m.yml:6:", "feature view v", "main.default.latest", "materialized view", "accept_restate: [v]"]), text
    given(project, m=model(more="leak_check: {accept_restate: [v]}"))
    assert "accept_restate" not in refused(project, "run")  # but two rows are too few to learn from


def test_a_folder_is_no_model(project):
    (project.folder / "models/m.yml").mkdir(parents=True)
    assert "models/m.yml is a folder" in refused(project, "run")


@pytest.mark.parametrize("view, words", [
    ("CREATE FEATURE VIEW v ENTITY (b) TIMESTAMP ts AS SELECT count(*) OVER w AS n FROM t WINDOW w AS (RANGE UNBOUNDED PRECEDING);",
     ["v.sql:1", "ts"]),
    ("CREATE FEATURE VIEW v ENTITY (b) TIMESTAMP seen AS\nSELECT ln(max(a) OVER w) AS n FROM t WINDOW w AS (RANGE UNBOUNDED PRECEDING);",
     ["v.sql:", "ln"]),
])
def test_bad_feature_view(project, view, words):
    (project.folder / "features").mkdir()
    (project.folder / "features/v.sql").write_text(view)
    text = refused(project, "run")
    assert all(word in text for word in words), text


def test_a_full_disk_is_said_and_nothing_is_half_written(project):
    """A limit on the size of files fails writes as a full disk does, in the middle and without root."""
    project.run()
    noise = random.Random(1)
    (project.folder / "data/2.csv").write_text("a,b,seen\n" + "".join(
        f"{i},{noise.randbytes(12).hex()},2024-01-01T00:00:00Z\n" for i in range(200_000)))

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = subprocess.run([MILLPOND, "run", "--project", str(project.folder)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, preexec_fn=limit)
    assert done.returncode == 1 and "File too large" in done.stderr, done.stderr
    project.run()
    assert project.sql("SELECT count(*) FROM t") == [(200_002,)]
