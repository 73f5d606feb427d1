"""Random INSERT, UPDATE, DELETE and MERGE statements, run by Millpond and by plain DuckDB: after each
the tables hold the same rows, and every version can still be read as it was."""
import random
import subprocess

import duckdb
import pytest

from millpond_project import MILLPOND

ROWS = "(id BIGINT, k INTEGER, v STRING, amount DECIMAL(12, 2), day DATE)"
STATEMENTS = 30

KINDS = {
    "plain": "",
    "rewritten": "TBLPROPERTIES ('delta.enableDeletionVectors' = 'false')",
    "partitioned": "PARTITIONED BY (k)",
    "change_feed": "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
    "row_tracking": "TBLPROPERTIES ('delta.enableRowTracking' = 'true')",
    "mapped": "TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
    "rewritten_and_tracked": "TBLPROPERTIES ('delta.enableDeletionVectors' = 'false', 'delta.enableRowTracking' = 'true')",
    "v2_checkpoint": "TBLPROPERTIES ('delta.checkpointPolicy' = 'v2', 'delta.checkpointInterval' = '3')",
}


class Statements:
    """The same text for both programs: DuckDB's own MERGE is the oracle of ours."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.next_id = 0

    def row(self, new_id):
        r = self.random
        value = "NULL" if r.random() < 0.2 else f"'v{r.randrange(9)}'"
        amount = "NULL" if r.random() < 0.2 else f"{r.randrange(100000) / 100:.2f}"
        return f"({new_id}, {r.randrange(4)}, {value}, {amount}, DATE '2024-01-01' + {r.randrange(400)})"

    def insert(self):
        count = self.random.randrange(1, 60)
        ids = range(self.next_id, self.next_id + count)
        self.next_id += count
        return "INSERT INTO t VALUES " + ", ".join(self.row(i) for i in ids)

    def condition(self):
        r = self.random
        return r.choice([
            f"id % {r.randrange(2, 9)} = 0",
            f"id BETWEEN {r.randrange(self.next_id + 1)} AND {r.randrange(self.next_id + 1)}",
            f"k = {r.randrange(5)}",
            f"v IS NULL AND amount > {r.randrange(1000)}",
            f"v IN ('v{r.randrange(9)}', 'v{r.randrange(9)}')",
            f"day >= DATE '2024-06-01' AND k <> {r.randrange(4)}",
            f"amount < (SELECT avg(amount) FROM t) AND id > {r.randrange(self.next_id + 1)}",
        ])

    def delete(self):
        return f"DELETE FROM t WHERE {self.condition()}"

    def update(self):
        what = self.random.choice([
            "v = 'u' || id", "amount = amount * 2, v = NULL", "k = (k + 1) % 4",
            "day = day + 1, amount = coalesce(amount, 0) + 1", "id = id",
        ])
        return f"UPDATE t SET {what} WHERE {self.condition()}"

    def source(self):
        r = self.random
        old = r.sample(range(self.next_id), min(self.next_id, r.randrange(0, 20)))
        new = list(range(self.next_id, self.next_id + r.randrange(0, 5)))
        self.next_id += len(new)
        rows = ", ".join(self.row(i) for i in old + new) or "(NULL, NULL, NULL, NULL, NULL)"
        return f"(SELECT * FROM (VALUES {rows}) AS q(id, k, v, amount, day) WHERE id IS NOT NULL)"

    def merge(self):
        r = self.random
        clauses = r.choice([
            ["WHEN MATCHED THEN UPDATE SET v = s.v, amount = s.amount + 1", "WHEN NOT MATCHED THEN INSERT (id, k, v) VALUES (s.id, s.k, s.v)"],
            ["WHEN MATCHED AND s.k = 1 THEN DELETE", "WHEN MATCHED AND s.k = 2 THEN UPDATE SET day = s.day", "WHEN NOT MATCHED AND s.k > 0 THEN INSERT (id, k, day) VALUES (s.id, s.k, s.day)"],
            ["WHEN NOT MATCHED THEN INSERT (id, k, v, amount, day) VALUES (s.id, s.k, s.v, s.amount, s.day)"],
            ["WHEN MATCHED THEN DELETE"],
            ["WHEN MATCHED THEN UPDATE SET k = s.k", f"WHEN NOT MATCHED BY SOURCE AND t.id % {r.randrange(3, 9)} = 0 THEN UPDATE SET v = 'left'"],
            ["WHEN NOT MATCHED THEN INSERT (id, k) VALUES (s.id, s.k)", f"WHEN NOT MATCHED BY SOURCE AND t.k = {r.randrange(9)} THEN DELETE"],
        ])
        on = r.choice(["t.id = s.id", "t.id = s.id", f"t.id = s.id AND t.k < {r.randrange(1, 5)}"])
        return f"MERGE INTO t USING {self.source()} AS s ON {on} " + " ".join(clauses)

    def next(self):
        kind = self.random.choices([self.insert, self.delete, self.update, self.merge], [3, 3, 4, 5])[0]
        return self.insert() if self.next_id == 0 else kind()


def millpond(folder, text, *options):
    done = subprocess.run([MILLPOND, "sql", "--project", str(folder), *options, text], capture_output=True, text=True)
    assert done.returncode == 0, f"{text}\n{done.stderr}"
    return done.stdout


def rows_of_millpond(folder, version=None):
    at = "" if version is None else f" VERSION AS OF {version}"
    target = folder / "rows.parquet"
    millpond(folder, f"SELECT id, k, v, amount, day FROM t{at}", "--format", "parquet", "-o", str(target))
    return duckdb.sql(f"SELECT * FROM '{target}' ORDER BY ALL").fetchall()


@pytest.mark.parametrize("kind", KINDS)
def test_the_rows_are_those_of_duckdb(kind, tmp_path):
    (tmp_path / "millpond.yml").write_text("name: random\n")
    oracle = duckdb.connect()
    oracle.execute(f"CREATE TABLE t {ROWS}")
    millpond(tmp_path, f"CREATE TABLE t {ROWS} {KINDS[kind]}")
    statements = Statements(f"seed of {kind}")
    versions = {}
    for number in range(STATEMENTS):
        text = statements.next()
        oracle.execute(text)
        millpond(tmp_path, text)
        expected = oracle.execute("SELECT * FROM t ORDER BY ALL").fetchall()
        assert rows_of_millpond(tmp_path) == expected, f"after statement {number}: {text}"
        history = millpond(tmp_path, "DESCRIBE HISTORY t", "--format", "csv").splitlines()
        versions[int(history[1].split(",")[0])] = expected
    for version, expected in versions.items():
        assert rows_of_millpond(tmp_path, version) == expected, f"version {version}"
