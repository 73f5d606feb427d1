"""Small commits by one writer: one row an INSERT, all in one process. Whether each engine syncs is counted, not assumed."""
import sys

import measured

DELTA_RS = """
import pyarrow as pa
from deltalake import write_deltalake
path, count = sys.argv[1], int(sys.argv[2])
row = pa.table({"id": pa.array([1], pa.int32()), "name": ["x"]})
write_deltalake(path, row.slice(0, 0))
started = time.monotonic()
for _ in range(count):
    write_deltalake(path, row, mode="append")
print(time.monotonic() - started)
"""


def run(project, options):
    count = options.commits
    warehouse = measured.make_project(project)
    other = project / "delta_rs_small"

    def millpond(commits=count):
        measured.fresh(warehouse / "small")
        return measured.millpond(project, ["CREATE TABLE small (id INT, name STRING)"] + ["INSERT INTO small VALUES (1, 'x')"] * commits)

    def delta_rs(commits=count):
        measured.fresh(other)
        return measured.python(DELTA_RS, other, commits)

    costs = measured.alternate({"millpond": millpond, "delta-rs": delta_rs}, options.times)
    for cost in costs.values():
        cost.note = f"{count / cost.seconds:.0f} commits/s"
    one = measured.fsync_seconds(project)
    script = project / "statements.sql"
    per_commit = {}
    for name, command in (("millpond", [measured.MILLPOND, "sql", "-f", script, "--project", project]),
                          ("delta-rs", [sys.executable, "-c", "import sys, time\n" + DELTA_RS, other])):
        counts = []
        for commits in (0, 10):
            measured.fresh(warehouse / "small")
            measured.fresh(other)
            script.write_text(";\n".join(["CREATE TABLE small (id INT, name STRING)"] + ["INSERT INTO small VALUES (1, 'x')"] * commits))
            counts.append(measured.syncs([*command, *([str(commits)] if name == "delta-rs" else [])]))
        per_commit[name] = (counts[1] - counts[0]) / 10
        costs[name].note += f", {per_commit[name]:.1f} syncs a commit"
    floor = 0.8 / (4 * one)
    costs["millpond"].note += f" (one fsync here: {one * 1e3:.2f} ms; bar by it: {floor:.0f} commits/s)"
    yield f"{count} commits of one row, fsync on", costs, "delta-rs", 2
