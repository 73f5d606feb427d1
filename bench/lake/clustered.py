"""A selective query after clustering by two columns into at least 2,500 files: the share of files whose statistics do not
rule them out, and the query's time. delta-rs orders by Z-order; DuckDB's extension reads its table."""
import math

import deltalake
import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

import measured

FILES, SELECTIVITY, RANGE = 2_500, 0.01, 1_000_000

DELTA_RS = """
from deltalake import DeltaTable
table = DeltaTable(sys.argv[1])
started = time.monotonic()
table.optimize.z_order(["a", "b"], target_size=int(sys.argv[2]))
print(time.monotonic() - started)
"""
DUCKDB = """
import duckdb, duckdb_extension_delta, pathlib
connection = duckdb.connect()
connection.execute("LOAD '" + str(next(pathlib.Path(duckdb_extension_delta.__file__).parent.glob("extensions/*/delta.duckdb_extension"))) + "'")
started = time.monotonic()
connection.execute("SELECT count(*), sum(c) FROM delta_scan('" + sys.argv[1] + "') WHERE " + sys.argv[2]).fetchall()
print(time.monotonic() - started)
"""


def fill(path, rows):
    draw = np.random.default_rng(7)
    measured.fresh(path)
    write_deltalake(str(path), pa.table({"a": draw.integers(0, RANGE, rows), "b": draw.integers(0, RANGE, rows), "c": draw.normal(0, 1, rows)}))


def shares(path):
    """Of files that a range of 1 % on either column may touch: the mean over a hundred places."""
    adds = pa.table(deltalake.DeltaTable(str(path)).get_add_actions(flatten=True))
    width = int(RANGE * SELECTIVITY)
    found = []
    for column in "ab":
        low, high = (np.array(adds.column(f"{side}.{column}").to_pylist()) for side in ("min", "max"))
        starts = np.linspace(0, RANGE - width, 100)
        found.append(float(np.mean([np.mean((high >= start) & (low < start + width)) for start in starts])))
    return len(low), found


def run(project, options):
    rows = options.rows
    mine, other = measured.make_project(project) / "clustered", project / "clustered_delta_rs"
    bytes_a_file = max(4096, rows * 20 // (FILES * 5 // 4))

    def millpond():
        fill(mine, rows)
        return measured.millpond(project, [f"ALTER TABLE clustered SET TBLPROPERTIES ('delta.targetFileSize' = '{bytes_a_file}')",
                                           "ALTER TABLE clustered CLUSTER BY (a, b)", "OPTIMIZE clustered"])

    def delta_rs():
        fill(other, rows)
        return measured.python(DELTA_RS, other, bytes_a_file)

    costs = measured.alternate({"millpond": millpond, "delta-rs": delta_rs}, options.times)
    for name, path in (("millpond", mine), ("delta-rs", other)):
        files, (a, b) = shares(path)
        bound = 1.3 * (SELECTIVITY + 1 / math.sqrt(files))
        costs[name].note = f"{files} files; of them read for 1 % of a: {a:.3f}, of b: {b:.3f}; bound {bound:.3f}"
    yield f"clustering {rows:,} rows by two columns", costs, "delta-rs", None
    where = f"b BETWEEN {RANGE // 3} AND {RANGE // 3 + int(RANGE * SELECTIVITY)}"
    query = [f"SELECT count(*), sum(c) FROM clustered WHERE {where}"]
    asked = measured.alternate({"millpond": lambda: measured.millpond(project, query),
                                "DuckDB on delta-rs's": lambda: measured.python(DUCKDB, other, where)}, options.times)
    yield "1 % of it by the second column", asked, "DuckDB on delta-rs's", None
