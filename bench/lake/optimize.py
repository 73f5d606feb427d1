"""OPTIMIZE of 1,000 small files of 10,000 rows each, and once more: the second run must rewrite nothing."""
import os

import deltalake
import pyarrow.parquet as pq

import large_table
import measured
from rows import KEPT

FILES, ROWS = 1_000, 10_000

DELTA_RS = """
from deltalake import DeltaTable
table = DeltaTable(sys.argv[1])
started = time.monotonic()
table.optimize.compact()
print(time.monotonic() - started)
"""
SPARK = """
spark.conf.set("spark.databricks.delta.optimize.repartition.enabled", "false")
run("OPTIMIZE delta.`" + sys.argv[1] + "`")
"""


def small_files(path):
    """The kept table's files under a log of their own."""
    kept = KEPT / f"small-{FILES}x{ROWS}"
    if not (kept / "done").exists():
        measured.fresh(kept).mkdir(parents=True)
        for number in range(FILES):
            pq.write_table(large_table.piece(number * ROWS, ROWS), kept / f"part-{number:05}.parquet", compression="zstd")
        (kept / "done").touch()
    measured.fresh(path).mkdir(parents=True)
    for file in kept.glob("*.parquet"):
        os.link(file, path / file.name)
    deltalake.convert_to_deltalake(str(path))
    return path


def versions(path):
    return deltalake.DeltaTable(str(path)).version()


def run(project, options):
    tables = {"millpond": measured.make_project(project) / "small_files", "delta-rs": project / "small_delta_rs"}
    work = {"millpond": lambda: measured.millpond(project, ["OPTIMIZE small_files"]),
            "delta-rs": lambda: measured.python(DELTA_RS, tables["delta-rs"])}
    if options.spark:
        tables["delta-spark"] = project / "small_spark"
        work["delta-spark"] = lambda: measured.spark(SPARK, tables["delta-spark"])

    def first(name):
        small_files(tables[name])
        return work[name]()

    costs = measured.alternate({name: lambda name=name: first(name) for name in work}, options.times)
    large_table.same_rows(tables.values())
    for name, path in tables.items():
        costs[name].note = f"{len(deltalake.DeltaTable(str(path)).file_uris())} files left"
    yield f"OPTIMIZE of {FILES:,} files of {ROWS:,} rows", costs, "delta-rs", 2
    before = {name: versions(path) for name, path in tables.items()}
    again = measured.alternate({name: work[name] for name in work}, options.times)
    for name, path in tables.items():
        again[name].note = "nothing rewritten" if versions(path) == before[name] else "files rewritten"
    yield "OPTIMIZE once more", again, "delta-rs", None
