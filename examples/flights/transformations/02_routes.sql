-- Gold: how routes fared.
CREATE OR REFRESH MATERIALIZED VIEW main.flights.routes
COMMENT 'Flights, cancellations and late arrivals by route'
AS SELECT
  origin,
  dest,
  count(*) AS scheduled,
  count(*) FILTER (WHERE cancelled) AS cancelled,
  count(*) FILTER (WHERE arr_delay > 30) AS late,
  CAST(sum(arr_delay) AS BIGINT) AS arrival_delay_minutes
FROM main.flights.departures
GROUP BY origin, dest;
