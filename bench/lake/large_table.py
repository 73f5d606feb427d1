"""A large table to change: (id, k, amount, note), a million rows a file, made once a size; each run works on a copy of its
log over the same data files. `same_rows` refuses figures of engines that do not leave the same rows."""
import os
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import measured
from rows import KEPT, PIECE


def piece(start, count):
    draw = np.random.default_rng(start)
    ids = np.arange(start, start + count)
    return pa.table({"id": ids, "k": draw.integers(0, 1000, count), "amount": draw.normal(100, 30, count),
                     "note": pc.binary_join_element_wise("note", pa.array(ids % 100_000).cast(pa.string()), "-")})


# In a process of its own: what makes the table must not count as memory of what is measured, nor stay in this one.
MAKE = """
import sys
sys.path.insert(0, sys.argv[1])
import large_table, pyarrow as pa
from deltalake import write_deltalake
for start in range(0, int(sys.argv[3]), large_table.PIECE):
    write_deltalake(sys.argv[2], large_table.piece(start, min(large_table.PIECE, int(sys.argv[3]) - start)), mode="append")
print(0)
"""


def kept(rows):
    path = KEPT / f"large-{rows}"
    if not (path / "done").exists():
        shutil.rmtree(path, ignore_errors=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        measured.python(MAKE, os.path.dirname(__file__), path, rows)
        (path / "done").touch()
    return path


def copy(rows, path):
    """The same table once more: its own log, the same data files."""
    measured.fresh(path)
    path.mkdir(parents=True)
    source = kept(rows)
    shutil.copytree(source / "_delta_log", path / "_delta_log")
    for file in source.glob("*.parquet"):
        os.link(file, path / file.name)
    return path


def same_rows(paths, select="count(*), sum(id), sum(hash(note))"):
    """All the tables at `paths` hold the same rows, by DuckDB's extension."""
    text = f"""
import duckdb, duckdb_extension_delta, pathlib
connection = duckdb.connect()
connection.execute("LOAD '" + str(next(pathlib.Path(duckdb_extension_delta.__file__).parent.glob("extensions/*/delta.duckdb_extension"))) + "'")
found = [connection.execute("SELECT {select} FROM delta_scan('" + path + "')").fetchall() for path in sys.argv[1:]]
assert all(each == found[0] for each in found), found
print(0)
"""
    measured.python(text, *paths)
