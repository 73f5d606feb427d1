"""Four processes append to one table; again with one of them killed. delta-rs reads the same rows,
of every type, and the other way round."""
import datetime
import decimal
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest

PROGRAM = str(Path(os.environ["MILLPOND_BUILD"]) / "bin" / "delta_append")
WRITERS = ["a", "b", "c", "d"]
COUNT = 250


@pytest.fixture
def table(tmp_path):
    path = str(tmp_path / "table")
    subprocess.run([PROGRAM, "create", path], check=True)
    return path


def start(table, writer):
    return subprocess.Popen([PROGRAM, "append", table, writer, str(COUNT)],
                            stdout=subprocess.PIPE, text=True)


def acknowledged(lines):
    """seq -> version of what a writer was told."""
    return {int(seq): int(version) for seq, version in (line.split() for line in lines if line.endswith("\n"))}


def versions(table):
    names = os.listdir(Path(table) / "_delta_log")
    return sorted(int(name[:20]) for name in names if re.fullmatch(r"\d{20}\.json", name))


def rows_by_millpond(table):
    lines = subprocess.run([PROGRAM, "dump", table], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    rows = Counter((writer, int(seq)) for writer, seq in (line.rsplit(" ", 1) for line in lines[1:]))
    return int(lines[0]), rows


def rows_by_delta_rs(table):
    delta = deltalake.DeltaTable(table)
    read = delta.to_pyarrow_table().to_pylist()
    return delta.version(), Counter((row["writer"], row["seq"]) for row in read)


def check(table, told):
    there = versions(table)
    assert there == list(range(len(there)))
    mine = rows_by_millpond(table)
    assert mine == rows_by_delta_rs(table)
    version, rows = mine
    assert version == len(there) - 1 == sum(rows.values())
    assert set(rows.values()) == {1}
    for writer, acks in told.items():
        for seq in acks:
            assert (writer, seq) in rows
    all_versions = [v for acks in told.values() for v in acks.values()]
    assert len(all_versions) == len(set(all_versions))
    return rows


def test_four_writers(table):
    processes = {writer: start(table, writer) for writer in WRITERS}
    told = {}
    for writer, process in processes.items():
        told[writer] = acknowledged(process.stdout.readlines())
        assert process.wait() == 0
        assert sorted(told[writer]) == list(range(COUNT))
    rows = check(table, told)
    assert len(rows) == len(WRITERS) * COUNT
    assert versions(table)[-1] == len(WRITERS) * COUNT


def test_four_writers_one_killed(table):
    processes = {writer: start(table, writer) for writer in WRITERS}
    victim = processes["b"]
    heard = [victim.stdout.readline() for _ in range(COUNT // 3)]
    victim.kill()
    heard += victim.stdout.readlines()
    victim.wait()
    told = {"b": acknowledged(heard)}
    for writer in ("a", "c", "d"):
        told[writer] = acknowledged(processes[writer].stdout.readlines())
        assert processes[writer].wait() == 0
        assert sorted(told[writer]) == list(range(COUNT))
    rows = check(table, told)
    of_victim = [seq for writer, seq in rows if writer == "b"]
    # What it was told, and at most the one commit whose answer the kill swallowed.
    assert len(told["b"]) <= len(of_victim) <= len(told["b"]) + 1 < COUNT


def test_delta_rs_reads_all_types(tmp_path):
    path = str(tmp_path / "types")
    subprocess.run([PROGRAM, "types", path], check=True)
    assert (Path(path) / "_delta_log" / f"{2:020}.checkpoint.parquet").exists()
    delta = deltalake.DeltaTable(path)
    full = {
        "part": "a/b c%=ä", "day": datetime.date(2022, 1, 8), "s": "x", "l": -1, "i": 2, "sh": 3,
        "b": 4, "f": 0.5, "d": 1e300, "small": decimal.Decimal("-1.05"),
        "large": decimal.Decimal("-12345678901234567890.1234"), "bo": True,
        "da": datetime.date(1970, 1, 2),
        "ts": datetime.datetime(2024, 1, 1, 0, 0, 0, 1, tzinfo=datetime.timezone.utc),
        "st": {"x": 7}, "a": ["p", None], "m": [("k", 1)],
    }
    empty = {name: None for name in full} | {"day": datetime.date(2022, 1, 9)}
    rows = delta.to_pyarrow_table().to_pylist()
    assert sorted(rows, key=lambda row: row["day"]) == [full, full, empty, empty]
    # Its file skipping, by our statistics and partition values, loses nothing.
    for filters in ([("l", "=", -1)], [("small", "<", decimal.Decimal("0"))], [("s", "=", "x")],
                    [("part", "=", "a/b c%=ä")]):
        assert delta.to_pyarrow_table(filters=filters).num_rows == 2


def test_tables_of_delta_rs(tmp_path):
    path = str(tmp_path / "foreign")
    batch = pa.table({"writer": ["r", "r"], "seq": pa.array([0, 1], pa.int64())})
    deltalake.write_deltalake(path, batch, partition_by=["writer"])
    for seq in range(2, 5):
        more = pa.table({"writer": ["ä/ %"], "seq": pa.array([seq], pa.int64())})
        deltalake.write_deltalake(path, more, mode="append")
    deltalake.DeltaTable(path).create_checkpoint()
    deltalake.DeltaTable(path).delete("seq = 1")
    subprocess.run([PROGRAM, "append", path, "mine", "2"], check=True, capture_output=True)
    mine = rows_by_millpond(path)
    assert mine == rows_by_delta_rs(path)
    assert set(mine[1]) == {("r", 0), ("ä/ %", 2), ("ä/ %", 3), ("ä/ %", 4), ("mine", 0), ("mine", 1)}
