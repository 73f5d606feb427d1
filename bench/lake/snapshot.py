#!/usr/bin/env python3
"""Opening a table of many files, listing them, and following 100 commits: Millpond beside its peers; see README.md.

Usage: bench/lake/snapshot.py [--files N ...] [--times N] [--folder DIR]; also a question of bench/lake/run.
"""
import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PYTHON = Path(os.environ.get("LAKE_PYTHON", ROOT / ".deps/venv/bin/python"))
PROGRAM = ROOT / "build/bin/lake_snapshot"
COLUMNS, WITH_STATS = 100, 16  # about 1 KB of statistics a file
FOLLOWED = 100

DELTA_RS = """
import json, resource, sys, time
from deltalake import DeltaTable
begin = time.perf_counter()
table = DeltaTable(sys.argv[1])
opened = time.perf_counter() - begin
files = len(table.file_uris())
answer = {"seconds": time.perf_counter() - begin, "open_seconds": opened, "files": files}
if len(sys.argv) > 2:
    import os
    for name in sorted(os.listdir(sys.argv[2])):
        os.rename(f"{sys.argv[2]}/{name}", f"{sys.argv[1]}/_delta_log/{name}")
    begin = time.perf_counter()
    table.update_incremental()
    answer["follow_seconds"] = time.perf_counter() - begin
answer["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps(answer))
"""

DUCKDB = """
import json, resource, sys, time
import duckdb
connection = duckdb.connect()
connection.execute("LOAD delta")
begin = time.perf_counter()
files = connection.execute("SELECT count(*) FROM delta_list_files(?)", [sys.argv[1]]).fetchone()[0]
answer = {"seconds": time.perf_counter() - begin, "files": files}
answer["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps(answer))
"""


def stats(i):
    """Statistics of one file, as writers write them."""
    low, high, nulls = {}, {}, {}
    for column in range(WITH_STATS):
        value, name = (i * 977 + column * 31) % 1_000_000, f"column_{column:03d}"
        low[name], high[name] = (value, value + 1000) if column % 3 else (f"key-{value:08d}", f"key-{value + 1000:08d}")
        nulls[name] = column
    return json.dumps({"numRecords": 100_000 + i % 7, "minValues": low, "maxValues": high, "nullCount": nulls}, separators=(",", ":"))


def path(rnd, i):
    return f"part-{i % 200:05d}-{uuid.UUID(int=rnd.getrandbits(128))}-c000.snappy.parquet"


def make_table(folder, files):
    """A table at version 10 that is one checkpoint, written as delta-spark's writer would."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    log = Path(folder) / "_delta_log"
    log.mkdir(parents=True)
    rnd = random.Random(7)
    text_map = pa.map_(pa.string(), pa.string())
    fields = [{"name": f"column_{c:03d}", "type": "long" if c % 3 else "string", "nullable": True, "metadata": {}} for c in range(COLUMNS)]
    protocol = pa.array([{"minReaderVersion": 1, "minWriterVersion": 2}], pa.struct([("minReaderVersion", pa.int32()), ("minWriterVersion", pa.int32())]))
    metadata = pa.StructArray.from_arrays(
        [pa.array([str(uuid.UUID(int=1))]), pa.StructArray.from_arrays([pa.array(["parquet"]), pa.array([[]], text_map)], ["provider", "options"]),
         pa.array([json.dumps({"type": "struct", "fields": fields})]), pa.array([[]], pa.list_(pa.string())), pa.array([[]], text_map),
         pa.array([0], pa.int64())], ["id", "format", "schemaString", "partitionColumns", "configuration", "createdTime"])
    writer = None
    for first in range(0, files, 100_000):
        part = range(first, min(first + 100_000, files))
        add = pa.StructArray.from_arrays(
            [pa.array([path(rnd, i) for i in part]), pa.array([[]] * len(part), text_map), pa.array([1_000_000 + i % 1000 for i in part], pa.int64()),
             pa.array([1_700_000_000_000 + i for i in part], pa.int64()), pa.array([False] * len(part)), pa.array([stats(i) for i in part])],
            ["path", "partitionValues", "size", "modificationTime", "dataChange", "stats"])
        head = 2 if first == 0 else 0
        pad = lambda array, before, after: pa.concat_arrays([pa.nulls(before, array.type), array, pa.nulls(after, array.type)])
        table = pa.table({"protocol": pad(protocol, 0, len(part) + 1) if head else pa.nulls(len(part), protocol.type),
                          "metaData": pad(metadata, 1, len(part)) if head else pa.nulls(len(part), metadata.type),
                          "add": pad(add, head, 0)})
        writer = writer or pq.ParquetWriter(log / f"{10:020d}.checkpoint.parquet", table.schema, compression="snappy")
        writer.write_table(table, row_group_size=100_002)
    writer.close()
    (log / f"{10:020d}.json").write_text('{"commitInfo":{"timestamp":1}}\n')
    (log / "_last_checkpoint").write_text(json.dumps({"version": 10, "size": files + 2}))
    return Path(folder)


def make_commits(folder, files):
    """FOLLOWED commits of ten new files each, one in ten removed again."""
    folder = Path(folder)
    folder.mkdir()
    rnd = random.Random(8)
    for version in range(11, 11 + FOLLOWED):
        lines = [json.dumps({"commitInfo": {"timestamp": version}})]
        for i in range(10):
            lines.append(json.dumps({"add": {"path": path(rnd, i), "partitionValues": {}, "size": 1000 + i, "modificationTime": 1, "dataChange": True,
                                             "stats": stats(i)}}))
        (folder / f"{version:020d}.json").write_text("\n".join(lines) + "\n")
    return folder


def ask(command):
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def engines():
    found = {"millpond": [PROGRAM], "delta-rs": [PYTHON, "-c", DELTA_RS]}
    probe = subprocess.run([str(PYTHON), "-c", "import duckdb; duckdb.connect().execute('LOAD delta')"], capture_output=True)
    if probe.returncode == 0:
        found["duckdb"] = [PYTHON, "-c", DUCKDB]
    return found


def measure(folder, files, times):
    """{engine: medians of what it answers}, runs alternating."""
    table = make_table(folder / f"table-{files}", files)
    answers = {}
    for turn in range(times):
        for name, command in engines().items():
            answers.setdefault(name, []).append(ask([*command, table]))
    for name, command in engines().items():
        if name == "duckdb":
            continue  # it has no way to go on from a snapshot
        for _ in range(times):
            commits = make_commits(folder / "commits", files)
            answer = ask([*command, table, commits])
            answers[name][0].setdefault("follow", []).append(answer["follow_seconds"])
            commits.rmdir()
            for version in range(11, 11 + FOLLOWED):
                (table / "_delta_log" / f"{version:020d}.json").unlink()
    shutil.rmtree(table)
    medians = {}
    for name, each in answers.items():
        medians[name] = {key: statistics.median(answer[key] for answer in each) for key in each[0] if key != "follow"}
        if "follow" in each[0]:
            medians[name]["follow_seconds"] = statistics.median(each[0]["follow"])
        assert medians[name]["files"] == files, (name, medians[name])
    return medians


def run(folder, options):
    """Rows for bench/lake/run."""
    from measured import Cost
    rows = []
    for files in getattr(options, "files", None) or [300_000, 1_000_000]:
        medians = measure(Path(folder), files, options.times)
        peers = {name: answer["seconds"] for name, answer in medians.items() if name != "millpond"}
        best = min(peers, key=peers.get)
        note = f"{medians['millpond']['bytes_per_file']:.0f} bytes a file"
        rows.append((f"snapshot and list of {files:,} files",
                     {name: Cost(answer["seconds"], answer["peak_bytes"], note if name == "millpond" else "") for name, answer in medians.items()},
                     best, 2))
        rows.append((f"follow {FOLLOWED} commits on {files:,} files",
                     {name: Cost(answer["follow_seconds"]) for name, answer in medians.items() if "follow_seconds" in answer}, "delta-rs", 2))
    return rows


def main():
    parser = argparse.ArgumentParser(description="Millpond beside delta-rs and DuckDB on the log of a Delta table")
    parser.add_argument("--files", type=int, nargs="+", default=[300_000, 1_000_000])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--folder", help="where the tables lie (default: a temporary folder in build/)")
    options = parser.parse_args()
    print("| files | engine | snapshot + list | x Millpond | 100 new commits | peak memory | bytes a file |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=options.folder or ROOT / "build", prefix="lake-") as folder:
        for files in options.files:
            medians = measure(Path(folder), files, options.times)
            own = medians["millpond"]
            for name, answer in medians.items():
                follow = f"{answer['follow_seconds'] * 1000:.1f} ms" if "follow_seconds" in answer else ""
                size = f"{answer['bytes_per_file']:.0f}" if "bytes_per_file" in answer else ""
                print(f"| {files:,} | {name} | {answer['seconds']:.3f} s | {answer['seconds'] / own['seconds']:.2f} | {follow} | "
                      f"{answer['peak_bytes'] / 2**20:.0f} MiB | {size} |", flush=True)
            print(f"  bounds of one column, first time: {own['first_bounds_seconds']:.3f} s, then {own['bytes_per_file_with_bounds']:.0f} bytes a file")


if __name__ == "__main__":
    if Path(sys.prefix) != PYTHON.parents[1]:
        os.execv(PYTHON, [str(PYTHON), __file__, *sys.argv[1:]])
    main()
