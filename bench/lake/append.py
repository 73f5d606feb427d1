"""Append of many rows: both read the same Parquet files (Millpond as a Delta table over them, delta-rs by pyarrow's
threaded scanner) and commit them to a new table in one commit."""
import shutil

import deltalake

import measured
import rows

DELTA_RS = """
import pyarrow.dataset as ds
from deltalake import write_deltalake
scan = ds.dataset(sys.argv[1], format="parquet", exclude_invalid_files=True).scanner()
started = time.monotonic()
write_deltalake(sys.argv[2], scan.to_reader(), mode="append")
print(time.monotonic() - started)
"""
SPARK = """
run("CREATE TABLE delta.`" + sys.argv[1] + "` USING delta AS SELECT * FROM parquet.`" + sys.argv[2] + "/*.parquet`")
"""
MEMORY = """
import pyarrow.dataset as ds
from deltalake import write_deltalake
table = ds.dataset(sys.argv[1], format="parquet", exclude_invalid_files=True).to_table()
started = time.monotonic()
write_deltalake(sys.argv[2], table, mode="append")
print(time.monotonic() - started)
"""


def source_table(project, count):
    """The rows as a Delta table whose data files are those that pyarrow wrote."""
    path = measured.make_project(project) / f"source_{count}"
    if not (path / "_delta_log").exists():
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        for file in rows.parquet_files(count).glob("*.parquet"):
            (path / file.name).hardlink_to(file)
        deltalake.convert_to_deltalake(str(path))
    return path


def run(project, options):
    count = options.rows
    warehouse = measured.make_project(project)
    source = source_table(project, count)
    target, other, third = warehouse / "appended", project / "delta_rs", project / "spark"

    def millpond():
        measured.fresh(target)
        like = f"CREATE TABLE appended AS SELECT * FROM source_{count} WHERE false"
        return measured.millpond(project, [like, f"INSERT INTO appended SELECT * FROM source_{count}"])

    def delta_rs(program):
        measured.fresh(other)
        return measured.python(program, source, other)

    def delta_spark():
        measured.fresh(third)
        return measured.spark(SPARK, third, rows.parquet_files(count))

    engines = {"millpond": millpond, "delta-rs": lambda: delta_rs(DELTA_RS), "delta-rs, rows in memory": lambda: delta_rs(MEMORY)}
    sizes = {"millpond": target, "delta-rs": other}
    if options.spark:
        engines["delta-spark"], sizes["delta-spark"] = delta_spark, third
    costs = measured.alternate(engines, options.times)
    for name, folder in sizes.items():
        files = list(folder.glob("*.parquet"))
        costs[name].note = f"{sum(f.stat().st_size for f in files) / 1e6:.0f} MB in {len(files)} files"
    yield f"append of {count:,} rows x 10 columns", costs, "delta-rs", 1.5
