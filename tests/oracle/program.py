"""Drives the real program for the oracle tests: one project folder, tables written in several
layouts, views, deployments at chosen moments, training sets read back with their bits."""

import json
import os
import subprocess
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from oracle import canonical

PROGRAM = os.environ.get("MILLPOND", str(Path(__file__).parents[2] / "build/bin/millpond"))

ARROW = {
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "DECIMAL(10,2)": pa.decimal128(10, 2),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us", tz="UTC"),
}


def to_arrow(values: list, type_: str) -> pa.Array:
    if type_.startswith("DECIMAL"):
        values = [None if v is None else Decimal(int(v * 100)).scaleb(-2) for v in values]
    if type_ in ("DATE", "TIMESTAMP"):
        plain = pa.int32() if type_ == "DATE" else pa.int64()
        return pa.array(values, plain).cast(ARROW[type_])
    return pa.array(values, ARROW[type_])


def write_parquet(path: Path, rows: list, columns: dict):
    arrays = [to_arrow([row[name] for row in rows], type_) for name, type_ in columns.items()]
    pq.write_table(pa.table(arrays, names=list(columns)), path)


def from_arrow(column: pa.ChunkedArray) -> list:
    type_ = column.type
    if pa.types.is_timestamp(type_) or pa.types.is_duration(type_):
        return column.cast(pa.int64()).to_pylist()
    if pa.types.is_date(type_):
        return column.cast(pa.int32()).to_pylist()
    values = column.to_pylist()
    if pa.types.is_decimal(type_):
        return [None if v is None else Fraction(v) for v in values]
    return values


class Project:
    def __init__(self, folder: Path, program: str = PROGRAM):
        self.folder = folder
        self.program = program
        folder.mkdir(parents=True)
        (folder / "features").mkdir()
        (folder / "millpond.yml").write_text(
            "name: oracle\nthreads: 4\nmode: demo\n"
            "clock: {kind: fixed, at: 2020-01-01T00:00:00Z}\n"
        )

    def run(self, *arguments: str, at: str = "", fails: bool = False) -> str:
        command = [self.program, *arguments, "--project", str(self.folder)]
        if at:
            command += ["--clock-at", at]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if (done.returncode != 0) != fails:
            raise AssertionError(f"{command}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stderr if fails else done.stdout

    def sql(self, text: str, at: str = "") -> str:
        return self.run("sql", text, at=at)

    def create(self, table: str, columns: dict):
        self.sql(f"CREATE TABLE {table} ({', '.join(f'{n} {t}' for n, t in columns.items())})")

    def append(self, table: str, files: list, columns: dict, at: str = ""):
        """Every list of rows becomes one commit, and so at least one data file."""
        statements = []
        for i, rows in enumerate(files):
            path = self.folder / f"{table}-{len(list(self.folder.glob('*.parquet')))}-{i}.parquet"
            write_parquet(path, rows, columns)
            names = ", ".join(columns)
            statements.append(
                f"INSERT INTO {table} SELECT {names} FROM "
                f"read_files('{path.name}', format => 'parquet')"
            )
        self.sql(";\n".join(statements), at=at)

    def define(self, name: str, text: str):
        (self.folder / "features" / f"{name}.sql").write_text(text)

    def training_set(self, labels: Path, view: str, threads: int, *more: str) -> pa.Table:
        out = self.folder / "training.parquet"
        self.run("features", "training-set", "--labels", str(labels), "--view", view,
                 "--threads", str(threads), "--format", "parquet", "-o", str(out), *more)  # fmt: skip
        return pq.read_table(out)

    def record(self, labels: Path, view: str) -> dict:
        path = self.folder / "record.json"
        self.training_set(labels, view, 1, "--record", str(path))
        return json.loads(path.read_text())


def same(expected, actual) -> bool:
    """Bit for bit, but that every NaN is one."""
    expected = canonical(expected)
    if type(expected) is not type(actual):
        return False
    if isinstance(expected, float):
        return expected.hex() == actual.hex()
    return expected == actual
