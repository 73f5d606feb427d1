"""The committed CDNOW files are what their README says, and the questions have the stated sizes."""
import hashlib
import re
from collections import Counter
from datetime import date

import pytest

import cdnow


@pytest.fixture(scope="module")
def all_lines():
    return [line for _, _, line in cdnow.lines()]


@pytest.fixture(scope="module")
def purchases():
    return cdnow.connect()


def test_unchanged_but_for_the_cut(all_lines):
    digest = hashlib.sha256(b"\n".join(sorted(all_lines))).hexdigest()
    assert digest in (cdnow.DATA / "README.md").read_text()
    assert digest == "2da1aa2a73dba34de6f7605f21416312cd999928408426f32fa32119fdd47ed5"


def test_eighteen_months_each_with_its_header_and_nothing_of_another_month():
    files = sorted(path.name for path in cdnow.DATA.glob("cdnow-*.txt"))
    assert files == [f"cdnow-{y}-{m:02}.txt" for y, last in ((1997, 12), (1998, 6)) for m in range(1, last + 1)]
    for name in files:
        assert (cdnow.DATA / name).read_bytes().startswith(b" customer_id  date number_of_cds  dollar_value\r\n")
    for name, number, line in cdnow.lines():
        assert line[7:13].decode() == name[6:10] + name[11:13], f"{name}:{number}"


def test_facts(all_lines):
    assert len(all_lines) == 69_659
    assert {len(line) for line in all_lines} == {26}
    assert len({line[1:6] for line in all_lines}) == 23_570
    assert sum(n - 1 for n in Counter(all_lines).values()) == 255
    assert sum(n - 1 for n in Counter(line[1:15] for line in all_lines).values()) == 2_068
    assert sum(float(line[19:]) == 0 for line in all_lines) == 80
    assert all(int(line[16:18]) > 0 and float(line[19:]) >= 0 for line in all_lines)


def test_everybody_was_acquired_in_the_first_quarter(purchases):
    first, last = purchases.execute(
        "SELECT min(first), max(first) FROM (SELECT min(purchase_date) AS first FROM purchases GROUP BY customer_id)").fetchone()
    assert (first, last) == (date(1997, 1, 1), date(1997, 3, 25))


def test_churn_has_the_stated_rows(purchases):
    found = {t: cdnow.rows_and_positives(purchases, cdnow.churn_label_sql(t)) for t in cdnow.CHURN}
    assert {t: rows for t, (rows, _) in found.items()} == cdnow.CHURN
    assert sum(found[f"1997-0{m}-01"][0] for m in (4, 5, 6, 7)) == 22_047
    test = [found[f"1998-0{m}-01"] for m in (1, 2, 3, 4)]
    assert sum(rows for rows, _ in test) == 15_698
    assert all(0.51 <= positives / rows <= 0.54 for rows, positives in test)


def test_winback_is_the_rare_case(purchases):
    parts = {"train": ["1997-07-01", "1997-08-01"],
             "calibrate": ["1997-09-01", "1997-10-01", "1997-11-01", "1997-12-01"],
             "test": [f"1998-0{m}-01" for m in range(1, 7)]}
    sizes = {}
    for part, moments in parts.items():
        found = [cdnow.rows_and_positives(purchases, cdnow.winback_label_sql(t)) for t in moments]
        rows, positives = sum(r for r, _ in found), sum(p for _, p in found)
        sizes[part] = rows
        assert 0.034 <= positives / rows <= 0.0425, part
    assert sizes == {"train": 36_951, "calibrate": 77_454, "test": 118_333}


def test_bad_lines_are_twelve_each_bad_in_its_own_way():
    header, *bad, end = (cdnow.DATA / "bad-lines.txt").read_bytes().split(b"\r\n")
    assert header == b" customer_id  date number_of_cds  dollar_value" and end == b"" and len(bad) == 12

    def complaints(line):
        if not line.strip():
            return {"blank"}
        if len(line) != 26:
            return {"short" if len(line) < 26 else "long"}
        if any(byte > 127 for byte in line):
            return {"encoding"}
        customer, day, cds, dollars = line[1:6].decode(), line[7:15].decode(), line[16:18].decode(), line[19:].decode()
        found = set()
        if not customer.isdigit():
            found.add("customer")
        elif int(customer) == 0:
            found.add("customer zero")
        try:
            if date(int(day[:4]), int(day[4:6]), int(day[6:])) >= date(1998, 7, 1):
                found.add("future")
        except ValueError:
            found.add("date")
        if not cds.strip().isdigit():
            found.add("cds missing")
        elif int(cds) == 0:
            found.add("no cds")
        if not re.fullmatch(r" *-?\d+\.\d\d", dollars):
            found.add("dollars")
        elif "-" in dollars:
            found.add("negative")
        return found

    found = [complaints(line) for line in bad]
    assert all(len(each) == 1 for each in found), found
    assert len(set.union(*found)) == 12
