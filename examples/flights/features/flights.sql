-- What is known at a scheduled departure. Three views, one for each thing that delays a flight: the
-- airport now, the aircraft on its way here, the route.

CREATE FEATURE VIEW origin_departures
  ENTITY (origin)
  TIMESTAMP scheduled_at
  KNOWN AT departure_known_at
  SETTLE 1 SECOND
AS SELECT
  count(dep_delay) OVER h3 AS origin_departures_3h,
  avg(dep_delay) OVER h1 AS origin_delay_1h,
  avg(dep_delay) OVER h3 AS origin_delay_3h,
  max(dep_delay) OVER h3 AS origin_delay_max_3h,
  count_if(dep_delay > 15) OVER h3 / nullif(origin_departures_3h, 0) AS origin_late_share_3h,
  count_if(cancelled) OVER h24 AS origin_cancelled_24h,
  count(*) OVER h24 AS origin_scheduled_24h
FROM main.flights.departures
WINDOW
  h1 AS (RANGE INTERVAL 1 HOUR PRECEDING),
  h3 AS (RANGE INTERVAL 3 HOURS PRECEDING),
  h24 AS (RANGE INTERVAL 24 HOURS PRECEDING);

CREATE FEATURE VIEW tail_flights
  ENTITY (tailnum)
  TIMESTAMP scheduled_at
  KNOWN AT arrival_known_at
  SETTLE 1 SECOND
AS SELECT
  last(arr_delay) OVER d7 AS tail_last_arr_delay,
  last(dep_delay) OVER d7 AS tail_last_dep_delay,
  count(*) OVER d1 AS tail_flights_1d,
  count(*) OVER d7 AS tail_flights_7d,
  count_if(arr_delay > 30) OVER d7 / nullif(tail_flights_7d, 0) AS tail_late_share_7d
FROM main.flights.departures
WHERE arr_delay IS NOT NULL
WINDOW
  d1 AS (RANGE INTERVAL 1 DAY PRECEDING),
  d7 AS (RANGE INTERVAL 7 DAYS PRECEDING);

CREATE FEATURE VIEW route_flights
  ENTITY (origin, dest)
  TIMESTAMP scheduled_at
  KNOWN AT arrival_known_at
  SETTLE 1 SECOND
AS SELECT
  count(*) OVER d28 AS route_flights_28d,
  avg(arr_delay) OVER d1 AS route_delay_1d,
  count_if(arr_delay > 30) OVER d7 / nullif(count(*) OVER d7, 0) AS route_late_share_7d,
  count_if(arr_delay > 30) OVER d28 / nullif(route_flights_28d, 0) AS route_late_share_28d
FROM main.flights.departures
WHERE arr_delay IS NOT NULL
WINDOW
  d1 AS (RANGE INTERVAL 1 DAY PRECEDING),
  d7 AS (RANGE INTERVAL 7 DAYS PRECEDING),
  d28 AS (RANGE INTERVAL 28 DAYS PRECEDING);
