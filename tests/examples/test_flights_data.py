"""The committed flights are what their README says, and the claims of when things are known hold."""
import gzip
from pathlib import Path

import duckdb
import pytest

DATA = Path(__file__).resolve().parents[2] / "examples/flights/data/flights-2013-q1.csv.gz"


@pytest.fixture(scope="module")
def flights():
    connection = duckdb.connect()
    connection.execute(f"""
        CREATE TABLE flights AS SELECT *, time_hour >= '2013-03-10 07:00' AS summer
        FROM read_csv('{DATA}', nullstr = 'NA', types = {{'time_hour': 'TIMESTAMP'}})""")
    return connection


def test_header_and_rows(flights):
    with gzip.open(DATA, "rt") as file:
        assert file.readline().startswith("year,month,day,dep_time,sched_dep_time,dep_delay,")
    assert flights.execute("SELECT count(*) FROM flights").fetchone() == (80_789,)


def test_facts(flights):
    assert flights.execute("""
        SELECT count(*) FILTER (WHERE dep_time IS NULL),
               count(*) FILTER (WHERE dep_time IS NOT NULL AND arr_delay IS NULL),
               count(*) FILTER (WHERE tailnum IS NULL),
               count(arr_delay), round(avg((arr_delay > 30)::INTEGER), 3)
        FROM flights""").fetchone() == (2_643, 235, 841, 77_911, 0.146)


def test_arrivals_are_known_three_hours_after_departure_plus_air_time(flights):
    """Local clock times give the minutes between departure and arrival up to whole hours of time zone; the zone of a
    destination is the one in which its median time on the ground is nearest to 28 minutes."""
    longest, = flights.execute("""
        WITH elapsed AS (
          SELECT dest, summer, ((arr_time // 100 * 60 + arr_time % 100) - (dep_time // 100 * 60 + dep_time % 100)
                                - air_time + 2880 + 720) % 1440 - 720 AS minutes
          FROM flights WHERE arr_delay IS NOT NULL),
        zones AS (SELECT dest, summer, round((median(minutes) - 28) / 60) * 60 AS zone FROM elapsed GROUP BY ALL)
        SELECT max(minutes - zone) FROM elapsed JOIN zones USING (dest, summer)""").fetchone()
    assert longest == 165
