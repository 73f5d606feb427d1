"""DELETE of one row in a hundred, in every file: Millpond marks them by deletion vectors, delta-rs writes the files anew."""
import large_table
import measured

DELTA_RS = """
from deltalake import DeltaTable
table = DeltaTable(sys.argv[1])
started = time.monotonic()
table.delete("id % 100 = 7")
print(time.monotonic() - started)
"""
SPARK = """
run("DELETE FROM delta.`" + sys.argv[1] + "` WHERE id % 100 = 7")
"""


def run(project, options):
    count = options.large
    warehouse = measured.make_project(project)
    mine, other, third = warehouse / "large", project / "large_delta_rs", project / "large_spark"

    def millpond():
        large_table.copy(count, mine)
        return measured.millpond(project, ["DELETE FROM large WHERE id % 100 = 7"])

    def delta_rs():
        large_table.copy(count, other)
        return measured.python(DELTA_RS, other)

    def delta_spark():
        large_table.copy(count, third)
        return measured.spark(SPARK, third)

    engines = {"millpond": millpond, "delta-rs": delta_rs}
    if options.spark:
        engines["delta-spark"] = delta_spark
    costs = measured.alternate(engines, options.times)
    large_table.same_rows([mine, other] + [third] * options.spark)
    yield f"DELETE of 1 % scattered rows of {count:,}", costs, "delta-rs", 5
