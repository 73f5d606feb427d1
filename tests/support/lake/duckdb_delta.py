"""DuckDB's delta extension, from the package index: INSTALL would fetch it from a site that a build must not need."""
from pathlib import Path

import duckdb
import duckdb_extension_delta


def extension_path():
    return next(Path(duckdb_extension_delta.__file__).parent.glob("extensions/*/delta.duckdb_extension"))


def quoted(text):
    return "'" + str(text).replace("'", "''") + "'"


class DuckDbDelta:
    dialect = None

    def __init__(self):
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute(f"LOAD {quoted(extension_path())}")

    def read(self, path, version=None):
        at = "" if version is None else f", version => {version}"
        return self.connection.execute(f"SELECT * FROM delta_scan({quoted(path)}{at})").to_arrow_table()

    def append(self, path, row):
        """INSERT is the one statement that the extension writes; columns that `row` does not name get NULL. A connection
        of its own, since some failures leave the database unusable."""
        other = DuckDbDelta()
        names = [name for name, *_ in other.connection.execute(f"DESCRIBE SELECT * FROM delta_scan({quoted(path)})").fetchall()]
        other.connection.execute(f"ATTACH {quoted(path)} AS target (TYPE delta)")
        other.connection.execute(f"INSERT INTO target VALUES ({', '.join('?' for _ in names)})", [row.get(name) for name in names])
