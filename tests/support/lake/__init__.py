"""Delta tables under several engines: the same call, the same shape of answer.

    engine("spark").execute(path, ["INSERT INTO {t} VALUES (1)"])
    read_rows("delta_rs", path, version=3) == read_rows("millpond", path, version=3)

An engine knows a table by its folder. `rows.py` says what makes two answers equal, `engines.py` lists the
engines, `features.py` tells by docs/formats/delta-features.md which of them can read a table.
"""
from lake import kept
from lake.engines import engine, read_rows
from lake.rows import Rows, rows_of

__all__ = ["Rows", "engine", "kept", "read_rows", "rows_of"]
