"""MERGE of 1, 10,000 and 1,000,000 rows, every second of them new, the others spread over the whole table."""
import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

import large_table
import measured

DELTA_RS = """
from deltalake import DeltaTable
table, source = DeltaTable(sys.argv[1]), DeltaTable(sys.argv[2]).to_pyarrow_table()
started = time.monotonic()
(table.merge(source, "t.id = s.id", source_alias="s", target_alias="t").when_matched_update_all().when_not_matched_insert_all().execute())
print(time.monotonic() - started)
"""
SPARK = """
run("MERGE INTO delta.`" + sys.argv[1] + "` AS t USING delta.`" + sys.argv[2] + "` AS s ON t.id = s.id "
    "WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *")
"""
BARS = {1: 10, 10_000: None, 1_000_000: 3}


def source(count, rows, path):
    """As many rows, half of them of the table; one row is one of the table."""
    old = np.linspace(0, rows - 1, num=max(1, count // 2), dtype="int64")
    ids = np.concatenate([old, rows + np.arange(count - len(old))])
    table = pa.table({"id": ids, "k": ids % 1000, "amount": ids / 7, "note": pa.array(["merged"] * count)})
    write_deltalake(str(path), table, mode="overwrite")


def run(project, options):
    rows = options.large
    warehouse = measured.make_project(project)
    mine, other, third, changes = warehouse / "large", project / "large_delta_rs", project / "large_spark", warehouse / "changes"
    for count, bar in BARS.items():
        measured.fresh(changes)
        source(count, rows, changes)

        def millpond():
            large_table.copy(rows, mine)
            return measured.millpond(project, ["MERGE INTO large AS t USING changes AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET * "
                                               "WHEN NOT MATCHED THEN INSERT *"])

        def delta_rs():
            large_table.copy(rows, other)
            return measured.python(DELTA_RS, other, changes)

        def delta_spark():
            large_table.copy(rows, third)
            return measured.spark(SPARK, third, changes)

        engines = {"millpond": millpond, "delta-rs": delta_rs}
        if options.spark:
            engines["delta-spark"] = delta_spark
        costs = measured.alternate(engines, options.times)
        large_table.same_rows([mine, other] + [third] * options.spark)
        yield f"MERGE of {count:,} rows into {rows:,}", costs, "delta-rs", bar
