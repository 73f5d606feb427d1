"""What a table should hold: the same statements run over a plain DuckDB table, which knows nothing of Delta."""
import duckdb

from lake.rows import rows_of


def rows_after(statements):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for statement in statements:
        connection.execute(statement.replace("{t}", "t"))
    return rows_of(connection.execute("SELECT * FROM t").to_arrow_table())
