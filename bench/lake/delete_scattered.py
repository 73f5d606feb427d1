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


def run(project, options):
    count = options.large
    warehouse = measured.make_project(project)
    mine, other = warehouse / "large", project / "large_delta_rs"

    def millpond():
        large_table.copy(count, mine)
        return measured.millpond(project, ["DELETE FROM large WHERE id % 100 = 7"])

    def delta_rs():
        large_table.copy(count, other)
        return measured.python(DELTA_RS, other)

    costs = measured.alternate({"millpond": millpond, "delta-rs": delta_rs}, options.times)
    large_table.same_rows([mine, other])
    yield f"DELETE of 1 % scattered rows of {count:,}", costs, "delta-rs", 5
