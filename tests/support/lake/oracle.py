"""What a table should hold: the same statements run over a plain DuckDB table, which knows nothing of Delta."""
import duckdb

from lake.rows import rows_of


class Database:
    def __init__(self):
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")

    def run(self, text):
        self.connection.execute(text.replace("{t}", "t"))

    def rows(self):
        return rows_of(self.connection.execute("SELECT * FROM t").to_arrow_table())
