"""Several programs change one table at the same time. Every acknowledged statement counts once, every
refused one not at all, and a conflict names the version that won."""
import json
import re
import subprocess
import threading

import pytest

from millpond_project import MILLPOND

WRITERS = 4
STATEMENTS = 8


def millpond(folder, text):
    return subprocess.run([MILLPOND, "sql", "--project", str(folder), text], capture_output=True, text=True)


def rows(folder, query):
    done = subprocess.run([MILLPOND, "sql", "--project", str(folder), "--format", "json", query], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [tuple(row.values()) for row in json.loads(done.stdout)]


def race(folder, statement):
    """Each writer runs its statements one after the other; gives how many of each were acknowledged."""
    acknowledged, refused = [0] * WRITERS, []

    def work(writer):
        for number in range(STATEMENTS):
            done = millpond(folder, statement(writer, number))
            if done.returncode == 0:
                acknowledged[writer] += 1
            else:
                refused.append(done.stderr)

    threads = [threading.Thread(target=work, args=(w,)) for w in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for message in refused:
        assert re.search(r"another writer committed version \d+ of table|other writers committed versions", message), message
    return acknowledged, refused


@pytest.fixture
def table(tmp_path):
    (tmp_path / "millpond.yml").write_text("name: race\n")
    assert millpond(tmp_path, "CREATE TABLE t AS SELECT range AS id, 0 AS n FROM range(41)").returncode == 0
    # Turning deletion vectors on is a change of the table that only one of many writers can make.
    assert millpond(tmp_path, "DELETE FROM t WHERE id = 40").returncode == 0
    return tmp_path


def test_writers_of_different_rows_of_one_file_all_win(table):
    acknowledged, refused = race(table, lambda writer, number: f"UPDATE t SET n = n + 1 WHERE id = {writer * STATEMENTS + number}")
    assert not refused, refused[0]
    assert rows(table, "SELECT sum(n) AS n, count(*) AS c FROM t") == [(WRITERS * STATEMENTS, 40)]


def test_writers_of_one_row_lose_no_increment(table):
    acknowledged, refused = race(table, lambda writer, number: "UPDATE t SET n = n + 1 WHERE id = 7")
    assert sum(acknowledged) + len(refused) == WRITERS * STATEMENTS
    assert rows(table, "SELECT n FROM t WHERE id = 7") == [(sum(acknowledged),)]
    assert rows(table, "SELECT count(*) AS c FROM t") == [(40,)]


def test_merges_never_insert_one_key_twice(table):
    acknowledged, refused = race(table, lambda writer, number: (
        f"MERGE INTO t USING (SELECT {100 + number} AS id) AS s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET n = t.n + 1 WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, 1)"))
    found = rows(table, "SELECT id, count(*) AS c, sum(n) AS n FROM t WHERE id >= 100 GROUP BY id")
    assert all(count == 1 for _, count, _ in found)
    assert sum(n for _, _, n in found) == sum(acknowledged)


def test_appends_and_deletes_go_together(table):
    def statement(writer, number):
        if writer % 2 == 0:
            return f"INSERT INTO t VALUES ({1000 + writer * 100 + number}, 5)"
        return f"DELETE FROM t WHERE id = {writer * STATEMENTS + number}"

    acknowledged, refused = race(table, statement)
    assert not refused, refused[0]
    inserted, deleted = acknowledged[0] + acknowledged[2], acknowledged[1] + acknowledged[3]
    assert rows(table, "SELECT count(*) AS c FROM t") == [(40 + inserted - deleted,)]


def test_a_subquery_over_the_table_itself_sees_no_half(table):
    # Each writer moves the maximum up by one: whoever read an old maximum must not win.
    acknowledged, refused = race(table, lambda writer, number: f"UPDATE t SET n = (SELECT max(n) FROM t) + 1 WHERE id = {writer}")
    assert rows(table, "SELECT max(n) AS n FROM t") == [(sum(acknowledged),)]
