-- Bronze: the file as it came; "NA" is a missing value. Cancelled flights have no times.
CREATE OR REFRESH STREAMING TABLE main.flights.raw_departures
COMMENT 'Departures from New York, as published'
AS SELECT *
FROM STREAM read_files('data/*.csv.gz', format => 'csv', header => true, nullstr => 'NA',
  schema => 'year INT, month INT, day INT, dep_time INT, sched_dep_time INT, dep_delay INT, arr_time INT,
             sched_arr_time INT, arr_delay INT, carrier STRING, flight INT, tailnum STRING, origin STRING,
             dest STRING, air_time INT, distance INT, hour INT, minute INT, time_hour TIMESTAMP');

-- Bronze: departures pushed over HTTP as they become known, in the file's columns:
--
--   curl localhost:5000/api/ingest/pushed_departures -H 'Content-Type: application/json' -d '[{…}]'
--
-- Silver makes dates of the numbers, and a date that there is none of would stop it: such rows stay here, in quarantine.
CREATE OR REFRESH STREAMING TABLE main.flights.pushed_departures (
  CONSTRAINT date_exists EXPECT (try_cast(concat(year, '-', month, '-', day) AS DATE) IS NOT NULL) ON VIOLATION QUARANTINE,
  CONSTRAINT time_exists EXPECT (hour BETWEEN 0 AND 23 AND minute BETWEEN 0 AND 59) ON VIOLATION QUARANTINE,
  CONSTRAINT carrier_is_named EXPECT (carrier IS NOT NULL AND flight IS NOT NULL) ON VIOLATION QUARANTINE,
  CONSTRAINT departure_delay EXPECT (dep_delay IS NULL OR dep_delay BETWEEN -120 AND 2880) ON VIOLATION QUARANTINE,
  CONSTRAINT arrival_delay EXPECT (arr_delay IS NULL OR arr_delay BETWEEN -240 AND 2880) ON VIOLATION QUARANTINE,
  CONSTRAINT air_time EXPECT (air_time IS NULL OR air_time BETWEEN 1 AND 1440) ON VIOLATION QUARANTINE
)
COMMENT 'Departures pushed over HTTP'
AS SELECT *
FROM STREAM read_push('main.flights.pushed_departures',
  schema => 'year INT, month INT, day INT, dep_time INT, sched_dep_time INT, dep_delay INT, arr_time INT,
             sched_arr_time INT, arr_delay INT, carrier STRING, flight INT, tailnum STRING, origin STRING,
             dest STRING, air_time INT, distance INT, hour INT, minute INT, time_hour TIMESTAMP');

-- Silver: one scheduled departure a row, in UTC, with the moments from which its outcome may be used.
--
-- What is known when: the delay of a departure at the moment of departure; an arrival at the latest
-- three hours after departure plus air time (taxiing out and in took 165 minutes at most in these data; the
-- arrival itself is published in the destination's local time only). A cancellation counts as known twelve
-- hours after the scheduled departure.
CREATE OR REFRESH STREAMING TABLE main.flights.departures (
  CONSTRAINT scheduled EXPECT (scheduled_at IS NOT NULL) ON VIOLATION QUARANTINE,
  CONSTRAINT has_a_route EXPECT (origin IS NOT NULL AND dest IS NOT NULL AND origin <> dest) ON VIOLATION QUARANTINE,
  CONSTRAINT departed_or_cancelled EXPECT (cancelled OR dep_delay IS NOT NULL) ON VIOLATION QUARANTINE,
  CONSTRAINT delay_below_two_days EXPECT (dep_delay IS NULL OR dep_delay BETWEEN -120 AND 2880) ON VIOLATION QUARANTINE,
  CONSTRAINT aircraft_is_named EXPECT (tailnum IS NOT NULL),
  CONSTRAINT not_diverted EXPECT (cancelled OR arr_delay IS NOT NULL)
)
COMMENT 'Scheduled departures with their outcomes and when these were known'
AS SELECT
  concat(carrier, flight, '-', origin, '-', strftime(make_date(year, month, day), '%Y%m%d'), '-', sched_dep_time) AS flight_id,
  carrier,
  tailnum,
  origin,
  dest,
  distance,
  hour AS sched_hour,
  CAST(dayofweek(make_date(year, month, day)) AS INTEGER) AS weekday,
  time_hour + to_minutes(minute) AS scheduled_at,
  dep_time IS NULL AS cancelled,
  dep_delay,
  arr_delay,
  coalesce(time_hour + to_minutes(minute + dep_delay),
           time_hour + to_minutes(minute) + INTERVAL 12 HOURS) AS departure_known_at,
  coalesce(time_hour + to_minutes(minute + dep_delay + air_time) + INTERVAL 3 HOURS,
           time_hour + to_minutes(minute) + INTERVAL 24 HOURS) AS arrival_known_at
FROM (
  SELECT * FROM STREAM(main.flights.raw_departures)
  UNION ALL
  SELECT * FROM STREAM(main.flights.pushed_departures)
);
