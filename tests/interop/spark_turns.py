"""What the test_lake_spark_*.py share: both engines, in either order, at one table, whose every version everybody reads."""
import pytest

from lake import engine, history
from lake.millpond import table_path

READERS = "millpond", "spark", "delta_rs", "duckdb"
IN_TURNS = pytest.mark.parametrize("first, second", [("millpond", "spark"), ("spark", "millpond")])
DV = "'delta.enableDeletionVectors' = 'true'"
NO_DV = "'delta.enableDeletionVectors' = 'false'"


class Turns(history.History):
    def __init__(self, folder, maker, columns, *properties, clauses="", oracle=None):
        super().__init__(table_path(folder, "turns"))
        location = " LOCATION '{location}'" if maker == "spark" else ""
        listed = f" TBLPROPERTIES ({', '.join(properties)})" if properties else ""
        self.by(maker, f"CREATE TABLE {{t}} ({columns}) USING delta{location} {clauses}{listed}", f"CREATE TABLE {{t}} ({oracle or columns})")

    def insert(self, writer, first, last):
        """Rows of `id INT, name STRING`."""
        return self.by(writer, "INSERT INTO {t} (id, name) VALUES " + ", ".join(f"({n}, 'name {n}')" for n in range(first, last)))

    def holds(self):
        """Every version for everybody, and every checksum, Spark's as well, against the log."""
        self.check(*READERS)
        for version in history.versions(self.path):
            engine("spark").check_checksum(self.path, version)
        return self
