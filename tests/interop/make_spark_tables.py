#!/usr/bin/env python3
"""Makes tests/interop/spark_tables/NAME.tar.zst: tables that Spark wrote, each with the rows that Spark read from it.

Usage: make_spark_tables.py [NAME ...]      (default: those of spark_statements.py that are not there yet)

Wants Spark (tools/setup --tests --long) and the environment of the tests. An archive unpacks as those of tests/golden
do: NAME/delta/, and NAME/expected/VERSION.parquet for every version that can be read.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from lake import engine
from spark_statements import TABLES

KEPT = Path(__file__).parent / "spark_tables"


def expected_rows(path, folder):
    folder.mkdir()
    versions = sorted(int(file.name[:20]) for file in (path / "_delta_log").glob("[0-9]*.json") if file.name[20:] == ".json")
    for version in versions:
        try:
            rows = engine("spark").read(path, version)
        except Exception:  # a vacuumed version
            if version == versions[-1]:
                raise
            continue
        if rows.num_columns:
            pq.write_table(rows, folder / f"{version}.parquet", compression="zstd")


def make(name):
    with tempfile.TemporaryDirectory(prefix="lake-") as scratch:
        path = Path(scratch) / name / "delta"
        engine("spark").execute(path, TABLES[name])
        expected_rows(path, Path(scratch) / name / "expected")
        for side in [*path.rglob(".*.crc"), *path.rglob("_SUCCESS")]:
            side.unlink()
        KEPT.mkdir(exist_ok=True)
        subprocess.run(["tar", "--sort=name", "--owner=0", "--group=0", "-I", "zstd -19", "-cf", KEPT / f"{name}.tar.zst", name], cwd=scratch, check=True)


def main():
    failed = []
    for name in sys.argv[1:] or [name for name in TABLES if not (KEPT / f"{name}.tar.zst").exists()]:
        try:
            make(name)
            print(f"{name}: {(KEPT / f'{name}.tar.zst').stat().st_size} bytes", flush=True)
        except Exception as error:
            print(f"{name}: {str(error)[:600]}", flush=True)
            failed.append(name)
    sys.exit(f"not made: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
