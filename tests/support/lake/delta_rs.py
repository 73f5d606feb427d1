"""delta-rs, by the `deltalake` package. Reading goes through its own query engine, which knows more table features
than its door to pyarrow."""
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder


class DeltaRs:
    dialect = None

    def open(self, path, version=None):
        return DeltaTable(str(path), version=version)

    def read(self, path, version=None):
        reader = QueryBuilder().register("t", self.open(path, version)).execute("SELECT * FROM t")
        return pa.table(reader.read_all())


def changes(path, first, last, columns):
    """Sorted rows of the change data feed."""
    found = pa.table(DeltaTable(str(path)).load_cdf(starting_version=first, ending_version=last).read_all())
    return sorted(tuple(row.values()) for row in found.select(columns).to_pylist())
