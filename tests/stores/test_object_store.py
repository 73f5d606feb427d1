"""Delta tables on an object store: writers that race, a store that fails, delta-rs on the same table, keys that stay secret.
MILLPOND_STORE names the server: versitygw, or minio as a second opinion."""
import os
import re
import subprocess
import urllib.request
from collections import Counter
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest
from object_store import KEY, SECRET, Fault, FaultProxy, ObjectStore

BIN = Path(os.environ["MILLPOND_BUILD"]) / "bin"
KIND = os.environ.get("MILLPOND_STORE", "versitygw")
COMMIT = r"_delta_log/\d{20}\.json"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with ObjectStore(tmp_path_factory.mktemp("store"), KIND) as running:
        yield running


@pytest.fixture
def proxy(store):
    with FaultProxy(store) as running:
        yield running


@pytest.fixture
def table(request, store):
    path = "s3://lake/" + re.sub(r"\W+", "_", request.node.name)
    append(store.environment(), "create", path)
    return path


def append(environment, *arguments, code=0):
    done = subprocess.run([BIN / "delta_append", *arguments], env=environment, capture_output=True, text=True)
    assert SECRET not in done.stdout + done.stderr
    assert done.returncode == code, done.stderr
    return done


def start(environment, table, writer, count):
    return subprocess.Popen([BIN / "delta_append", "append", table, writer, str(count)], env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(processes):
    """writer -> the sequence numbers it was told are written."""
    told = {}
    for writer, process in processes.items():
        out, err = process.communicate(timeout=600)
        told[writer] = [int(line.split()[0]) for line in out.splitlines()]
        assert process.returncode == 0, err
        assert SECRET not in err
    return told


def check(store, table, told):
    """Every acknowledged row is there, once, as both read it; each commit is one row and one version."""
    lines = append(store.environment(), "dump", table).stdout.splitlines()
    mine = Counter(tuple(line.rsplit(" ", 1)) for line in lines[1:])
    delta = deltalake.DeltaTable(table, storage_options=store.options())
    theirs = Counter((row["writer"], str(row["seq"])) for row in delta.to_pyarrow_table().to_pylist())
    assert mine == theirs
    assert set(mine.values()) <= {1}
    assert {(writer, str(seq)) for writer, seqs in told.items() for seq in seqs} == set(mine)
    assert int(lines[0]) == delta.version() == sum(mine.values())


class Project:
    def __init__(self, folder, environment, config=""):
        self.folder, self.environment = folder, environment
        folder.mkdir()
        (folder / "millpond.yml").write_text("name: stores\n" + config)

    def sql(self, text, code=0, environment=None):
        done = subprocess.run([BIN / "millpond", "sql", text, "--format", "csv", "--project", str(self.folder)],
                              env=environment or self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert SECRET not in done.stdout + done.stderr
        assert done.returncode == code, done.stderr
        self.said = done.stderr
        return done.stdout


def test_the_file_seam(store):
    (store.folder / "data" / "seam").mkdir()
    done = subprocess.run([BIN / "s3_filesystem_test", "--gtest_brief=1"], capture_output=True, text=True,
                          env={**store.environment(), "MILLPOND_TEST_BUCKET": "seam"})
    assert done.returncode == 0, done.stdout[-5000:]


def test_two_writers_race(store, table):
    told = finish({writer: start(store.environment(), table, writer, 40) for writer in "ab"})
    assert told == {"a": list(range(40)), "b": list(range(40))}
    check(store, table, told)


@pytest.mark.parametrize("kind", ["refuse", "drop", "lose", "lie", "cut"])
@pytest.mark.parametrize("method, pattern", [("PUT", COMMIT), ("PUT", r"\.parquet"), ("GET", COMMIT), ("GET", r"list-type"),
                                             ("HEAD", COMMIT)])
def test_a_request_that_fails(store, proxy, table, kind, method, pattern):
    proxy.faults = [Fault(kind, method, pattern, times=2)]
    told = finish({"a": start(proxy.environment(), table, "a", 3)})
    assert told == {"a": [0, 1, 2]}
    check(store, table, told)
    if kind != "cut" or method == "GET":
        assert sum(proxy.done.values()) > 0


def test_one_in_five_requests_fails_under_two_writers(store, proxy, table):
    proxy.chance = 0.2
    told = finish({writer: start(proxy.environment(), table, writer, 15) for writer in "ab"})
    assert told == {"a": list(range(15)), "b": list(range(15))}
    check(store, table, told)
    assert len(proxy.done) == 5


def test_a_writer_that_is_killed_leaves_whole_versions(store, table):
    first = start(store.environment(), table, "a", 1000)
    for _ in range(5):
        assert first.stdout.readline()
    first.kill()
    seen = 5 + len(first.stdout.read().splitlines())
    first.wait()
    told = finish({"b": start(store.environment(), table, "b", 5)})
    lines = append(store.environment(), "dump", table).stdout.splitlines()
    rows = Counter(tuple(line.rsplit(" ", 1)) for line in lines[1:])
    assert set(rows.values()) == {1}
    assert sum(1 for writer, _ in rows if writer == "b") == len(told["b"])
    # What it was told is there; one more may be, whose answer it did not live to hear.
    assert sum(1 for writer, _ in rows if writer == "a") - seen in (0, 1)


def test_delta_rs_and_back(store, tmp_path):
    path = "s3://lake/interop"
    rows = pa.table({"id": pa.array([1, 2], pa.int64()), "part": ["a b", "c%"]})
    deltalake.write_deltalake(path, rows, partition_by=["part"], storage_options=store.options())
    project = Project(tmp_path / "p", store.environment(), "readable: ['s3://lake']\n")
    assert project.sql(f"SELECT id, part FROM delta.`{path}` ORDER BY id") == "id,part\n1,a b\n2,c%\n"
    assert project.sql(f"SELECT count(*) AS n FROM delta_scan('{path}')") == "n\n2\n"
    assert project.sql(f"SELECT count(*) AS n FROM delta_scan('s3a://lake/interop/')") == "n\n2\n"

    mine = Project(tmp_path / "q", store.environment(), "warehouse: s3://lake/house/\n")
    mine.sql("CREATE TABLE t (id BIGINT, part STRING) PARTITIONED BY (part)")
    mine.sql("INSERT INTO t VALUES (1, 'x/y ä'), (2, NULL)")
    there = "s3://lake/house/main/default/t"
    delta = deltalake.DeltaTable(there, storage_options=store.options())
    assert sorted(delta.to_pyarrow_table().to_pylist(), key=lambda r: r["id"]) == [{"id": 1, "part": "x/y ä"}, {"id": 2, "part": None}]
    deltalake.write_deltalake(delta, pa.table({"id": pa.array([3], pa.int64()), "part": ["z"]}), mode="append")
    assert mine.sql("SELECT id FROM t ORDER BY id") == "id\n1\n2\n3\n"
    for i in range(10):  # over a checkpoint
        mine.sql(f"INSERT INTO t VALUES ({10 + i}, 'p')")
    assert any(name.endswith(".checkpoint.parquet") for name in store.objects("house")) or KIND == "minio"
    assert not any("._tmp." in name for name in store.objects("house"))
    delta = deltalake.DeltaTable(there, storage_options=store.options())
    assert len(delta.to_pyarrow_table()) == 13
    assert mine.sql("SELECT count(*) AS n FROM t VERSION AS OF 2") == "n\n3\n"
    mine.sql("DROP TABLE t")
    assert store.objects("house") == [] or KIND == "minio"
    assert mine.sql("SHOW TABLES").count("\n") <= 1


def test_a_large_file_is_uploaded_in_parts(store, proxy, tmp_path):
    project = Project(tmp_path / "p", proxy.environment(), "warehouse: s3://lake/large\n")
    project.sql("CREATE TABLE t (s STRING)")
    proxy.faults = [Fault("drop", "PUT", "partNumber=1"), Fault("lose", "PUT", "partNumber=2"), Fault("lose", "POST", "uploadId=", 2)]
    project.sql("INSERT INTO t SELECT md5(range::VARCHAR) || md5((range + 7)::VARCHAR) FROM range(300000)")
    assert proxy.done == {"drop": 1, "lose": 3}
    assert re.search(r"object store: \d+ requests \(.*PUT.*POST.*retried\), \d+ bytes in, \d{8} out", project.said), project.said
    assert store.unfinished_uploads() == []
    assert project.sql("SELECT count(DISTINCT s) AS n FROM t") == "n\n300000\n"
    proxy.faults = [Fault("cut", "GET", r"\.parquet", 3)]
    assert project.sql("SELECT count(DISTINCT s) AS n FROM t") == "n\n300000\n"
    assert proxy.done["cut"] == 3


def test_requests_are_counted(store, tmp_path):
    project = Project(tmp_path / "p", store.environment(), "warehouse: s3://lake/counted\n")
    project.sql("CREATE TABLE t AS SELECT range AS i, range * 2 AS j FROM range(1000)")
    assert project.sql("SELECT sum(i) AS s FROM t WHERE j < 100") == "s\n1225\n"
    total, kinds = re.search(r"object store: (\d+) requests \((.*)\), \d+ bytes in, 0 out", project.said).groups()
    assert sum(int(part.split()[0]) for part in kinds.split(", ")) == int(total) <= 20, project.said
    local = Project(tmp_path / "q", store.environment(), "")
    local.sql("SELECT 1")
    assert "object store" not in local.said


def test_a_store_that_ignores_conditions_is_refused(proxy, tmp_path):
    project = Project(tmp_path / "p", proxy.environment(), "warehouse: s3://lake/unsafe\n")
    proxy.faults = [Fault("fake", "PUT", "probe", 2)]
    project.sql("CREATE TABLE t (i BIGINT)", code=1)
    assert "two writers could both win" in project.said


def test_paths_outside_the_declared_roots_are_refused(store, table, tmp_path):
    project = Project(tmp_path / "p", store.environment(), "readable: ['s3://lake/open']\n")
    for path in (table, "s3://lake/openly/t", "s3://lake/open/../secret", "s3://other/open/t"):
        project.sql(f"SELECT * FROM delta_scan('{path}')", code=1)
        assert "lies outside the folders that SQL may read" in project.said or "no '.' or '..'" in project.said, project.said
        assert "object store:" not in project.said


def test_keys_that_are_missing_or_bad(store, table, tmp_path):
    project = Project(tmp_path / "p", store.environment(), "readable: ['s3://lake']\n")
    query, good = f"SELECT * FROM delta_scan('{table}')", store.environment()

    def with_keys(**changes):
        changed = {**good, **changes}
        return {name: value for name, value in changed.items() if value is not None}

    project.sql(query, 1, with_keys(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None))
    assert "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in project.said
    wrong = "WRONGsecretWRONGsecret"
    project.sql(query, 1, with_keys(AWS_SECRET_ACCESS_KEY=wrong))
    assert "403 SignatureDoesNotMatch" in project.said and "AWS_ACCESS_KEY_ID: check them" in project.said
    token = "TOKENtokenTOKENtoken"
    project.sql(query, 1, with_keys(AWS_SESSION_TOKEN=token))
    assert "the keys are those of AWS_ACCESS_KEY_ID" in project.said, project.said
    everything = project.said + "".join(p.read_text(errors="replace") for p in project.folder.rglob("*") if p.is_file())
    assert not any(secret in everything for secret in (SECRET, wrong, token))

    (store.folder / ".aws").mkdir(exist_ok=True)
    (store.folder / ".aws/credentials").write_text(f"[dev]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    from_file = with_keys(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, AWS_PROFILE="dev")
    assert project.sql(query, environment=from_file) == "writer,seq\n"
    project.sql("SELECT * FROM delta_scan('s3://lake/nothing')", 1)
    assert "no Delta table" in project.said


def test_a_server_shows_its_requests(store, tmp_path):
    project = Project(tmp_path / "p", store.environment(), "warehouse: s3://lake/served\n")
    project.sql("CREATE TABLE t AS SELECT 1 AS i")
    server = subprocess.Popen([BIN / "millpond", "serve", "--project", str(project.folder), "--port", "0"], env=store.environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().split(" at ")[1].split()[0]
        page = urllib.request.urlopen(url + "/metrics", timeout=60).read().decode()
        assert re.search(r'millpond_store_requests_total\{kind="LIST"\} \d', page), page[:2000]
        assert SECRET not in page
    finally:
        server.terminate()
        _, err = server.communicate(timeout=60)
    assert SECRET not in err
