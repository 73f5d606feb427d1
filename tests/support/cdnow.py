"""The CDNOW purchases read without Millpond: what the churn example must come to."""
from pathlib import Path

import duckdb

DATA = Path(__file__).resolve().parents[2] / "examples/churn/data"

# Rows per T as the issue of the example states them; the splits are those of models/*.yml.
CHURN = {"1997-04-01": 4843, "1997-05-01": 6037, "1997-06-01": 5845, "1997-07-01": 5322, "1997-10-01": 4195,
         "1998-01-01": 4176, "1998-02-01": 3983, "1998-03-01": 3722, "1998-04-01": 3817}


def lines():
    """(file name, line number, bytes without CRLF) of every purchase line, in order of the months."""
    for path in sorted(DATA.glob("cdnow-*.txt")):
        parts = path.read_bytes().split(b"\r\n")
        assert parts[-1] == b"", f"{path.name} does not end in CRLF"
        for number, line in enumerate(parts[1:-1], 2):
            yield path.name, number, line


def connect():
    """A DuckDB connection with the table `purchases`."""
    connection = duckdb.connect()
    connection.execute("SET threads = 1; CREATE TABLE purchases (customer_id BIGINT, purchase_date DATE, cds INTEGER, "
                       "dollars DECIMAL(10, 2))")
    columns = list(zip(*((int(l[1:6]), f"{l[7:11].decode()}-{l[11:13].decode()}-{l[13:15].decode()}", int(l[16:18]),
                          l[19:26].decode().strip()) for _, _, l in lines())))
    import pyarrow
    raw = pyarrow.table({name: list(values) for name, values in zip("abcd", columns)})  # noqa: F841
    connection.execute("INSERT INTO purchases SELECT a, b::DATE, c, d::DECIMAL(10, 2) FROM raw")
    return connection


def churn_label_sql(as_of):
    """Customers with two purchase days before T, the last within 90 days, and whether they left."""
    return f"""
        WITH before AS (
          SELECT customer_id, count(DISTINCT purchase_date) AS days, max(purchase_date) AS latest
          FROM purchases WHERE purchase_date < DATE '{as_of}' GROUP BY customer_id)
        SELECT customer_id, NOT EXISTS (
          SELECT 1 FROM purchases p WHERE p.customer_id = before.customer_id
            AND p.purchase_date >= DATE '{as_of}' AND p.purchase_date < DATE '{as_of}' + 90) AS label
        FROM before WHERE days >= 2 AND latest >= DATE '{as_of}' - 90"""


def winback_label_sql(as_of):
    return f"""
        WITH before AS (
          SELECT customer_id, max(purchase_date) AS latest
          FROM purchases WHERE purchase_date < DATE '{as_of}' GROUP BY customer_id)
        SELECT customer_id, EXISTS (
          SELECT 1 FROM purchases p WHERE p.customer_id = before.customer_id
            AND p.purchase_date >= DATE '{as_of}' AND p.purchase_date < DATE '{as_of}' + 30) AS label
        FROM before WHERE latest < DATE '{as_of}' - 90"""


def rows_and_positives(connection, sql):
    return connection.execute(f"SELECT count(*), sum(label::INTEGER) FROM ({sql})").fetchone()
