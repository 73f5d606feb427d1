"""A full scan with aggregates: Millpond over the Delta table, DuckDB over the table's bare Parquet files. What is compared
is one query more in a process that has run one already, so that no start counts."""
import append
import measured

SELECT = ("SELECT country, count(*) AS n, sum(amount) AS amount, sum(price) AS price, max(quantity) AS quantity, min(\"at\") AS first, "
          "count(DISTINCT day) AS days FROM {} GROUP BY country ORDER BY country")
DUCKDB = """
import duckdb
connection = duckdb.connect()
for _ in range(int(sys.argv[2])):
    connection.execute(sys.argv[1]).fetchall()
print(0)
"""
QUERIES = 5


def run(project, options):
    count = options.rows
    source = append.source_table(project, count)

    def millpond():
        query = SELECT.format(f"source_{count}")
        one, more = measured.millpond(project, [query]), measured.millpond(project, [query] * (1 + QUERIES))
        return measured.Cost((more.seconds - one.seconds) / QUERIES, more.peak_bytes)

    def duckdb():
        query = SELECT.format(f"read_parquet('{source}/*.parquet')")
        one, more = (measured.process([measured.sys.executable, "-c", "import sys, time\n" + DUCKDB, query, str(n)])
                     for n in (1, 1 + QUERIES))
        return measured.Cost((more.seconds - one.seconds) / QUERIES, more.peak_bytes)

    costs = measured.alternate({"millpond": millpond, "duckdb": duckdb}, options.times)
    yield f"full scan with aggregates, {count:,} rows", costs, "duckdb", 0.9
