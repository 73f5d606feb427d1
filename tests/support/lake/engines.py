"""The engines, by name. Each has
  read(path, version=None) -> pyarrow.Table       the table's rows
  execute(path, statements)                       statements with {t} for the table; SQL engines only
  dialect                                         "millpond", "spark" or None
An engine is made at its first use and lives as long as the process.
"""
import functools
import importlib

from lake.rows import Rows, rows_of

CLASSES = {
    "millpond": ("lake.millpond", "Millpond"),
    "spark": ("lake.spark", "Spark"),
    "delta_rs": ("lake.delta_rs", "DeltaRs"),
    "duckdb": ("lake.duckdb_delta", "DuckDbDelta"),
}


@functools.cache
def engine(name):
    module, kind = CLASSES[name]
    return getattr(importlib.import_module(module), kind)()


def read_rows(name, path, version=None) -> Rows:
    return rows_of(engine(name).read(path, version))
