"""import millpond: SQL to Arrow, training sets, errors as classes."""
import json

import pyarrow as pa
import pytest

import millpond


@pytest.fixture
def project(tmp_path):
    (tmp_path / "millpond.yml").write_text("name: shop\n")
    (tmp_path / "features").mkdir()
    (tmp_path / "features/orders.sql").write_text("""
        CREATE FEATURE VIEW customer_orders ENTITY (customer_id) TIMESTAMP order_ts SETTLE 1 SECOND
        AS SELECT count(*) OVER w AS orders_7d, sum(amount) OVER w AS amount_7d
        FROM orders WINDOW w AS (RANGE INTERVAL 7 DAYS PRECEDING);""")
    opened = millpond.Project(tmp_path)
    opened.sql("""
        CREATE TABLE orders (customer_id BIGINT, order_ts TIMESTAMP, amount DECIMAL(10, 2));
        INSERT INTO orders VALUES (1, '2024-01-01 10:00:00', 10.00), (1, '2024-01-05 10:00:00', 5.50),
                                  (2, '2024-01-02 10:00:00', 7.25);""")
    return opened


def test_sql_gives_a_pyarrow_table(project):
    rows = project.sql("SELECT customer_id, sum(amount) AS amount FROM orders GROUP BY ALL ORDER BY 1")
    assert isinstance(rows, pa.Table)
    assert [(row["customer_id"], str(row["amount"])) for row in rows.to_pylist()] == [(1, "15.50"), (2, "7.25")]


def test_a_statement_without_rows_gives_its_message(project):
    rows = project.sql("INSERT INTO orders VALUES (3, '2024-01-03 10:00:00', 1.00)")
    assert rows.num_rows == 1 and rows.column_names == ["message"]


def labels():
    stamps = pa.array(["2024-01-08 09:00:00", "2024-01-01 10:00:00", "2024-01-08 09:00:00", "2024-01-08 09:00:00"]).cast(
        pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    return pa.table({"customer_id": pa.array([1, 1, 9, 1], pa.int64()), "order_ts": stamps, "label": [True, False, True, True]})


def test_training_set_keeps_rows_and_order(project):
    rows = project.training_set(labels(), views=["customer_orders"])
    assert rows.column("customer_id").to_pylist() == [1, 1, 9, 1]
    assert rows.column("label").to_pylist() == [True, False, True, True]
    assert rows.column("orders_7d").to_pylist() == [2, 0, 0, 2]
    assert [str(v) for v in rows.column("amount_7d").to_pylist()] == ["15.50", "None", "None", "15.50"]


def test_training_set_says_what_it_was_made_of(project):
    rows = project.training_set(labels(), views=["customer_orders"])
    record = json.loads(rows.schema.metadata[b"millpond"])
    assert len(record["views"]) == 1 and "hash" in json.dumps(record)


def test_training_set_from_pandas_and_from_a_file(project, tmp_path):
    import pyarrow.parquet
    expected = project.training_set(labels(), views=["customer_orders"]).column("orders_7d").to_pylist()
    assert project.training_set(labels().to_pandas(), views=["customer_orders"]).column("orders_7d").to_pylist() == expected
    pyarrow.parquet.write_table(labels(), tmp_path / "labels.parquet")
    from_file = project.training_set(tmp_path / "labels.parquet", views=["customer_orders"])
    assert from_file.column("orders_7d").to_pylist() == expected


def test_errors_are_classes(project, tmp_path):
    with pytest.raises(millpond.errors.NotFound, match="nowhere"):
        project.sql("SELECT * FROM nowhere")
    with pytest.raises(millpond.errors.InvalidArgument, match="<sql>:1:"):
        project.sql("SELEC 1")
    with pytest.raises(LookupError):
        millpond.Project(tmp_path / "nothing")
    assert issubclass(millpond.errors.Unsupported, millpond.Error)


def test_a_result_outlives_its_project(tmp_path):
    (tmp_path / "millpond.yml").write_text("name: shop\n")
    rows = millpond.Project(tmp_path).sql("SELECT * FROM range(100000) AS r(n)")
    assert rows.num_rows == 100_000


def test_threads_may_share_a_project(project):
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: project.sql(f"SELECT {n} + count(*) AS n FROM orders").column("n").to_pylist(), range(40)))
    assert found == [[n + 3] for n in range(40)]
