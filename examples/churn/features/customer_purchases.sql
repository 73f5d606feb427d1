-- What is known of a customer's purchases at a moment T. Both models read this one view.
--
-- A day's file is loaded by 23:00 of that day, so that is when its rows may first be used. Tenure is
-- left out: its range in training and in use do not even overlap (docs/decisions/003).
CREATE FEATURE VIEW customer_purchases
  ENTITY (customer_id)
  TIMESTAMP purchased_at
  KNOWN AT purchase_date + INTERVAL 23 HOURS
  SETTLE 1 SECOND
AS SELECT
  days_between(max(purchased_at) OVER life, as_of()) AS recency_days,
  count_distinct(purchase_date) OVER life AS purchase_days,
  count(*) OVER w30 AS orders_30d,
  count(*) OVER w90 AS orders_90d,
  count(*) OVER w180 AS orders_180d,
  coalesce(sum(dollars) OVER w30, 0) AS dollars_30d,
  coalesce(sum(dollars) OVER w90, 0) AS dollars_90d,
  coalesce(sum(dollars) OVER w180, 0) AS dollars_180d,
  count_distinct(purchase_date) OVER w30 AS days_30d,
  count_distinct(purchase_date) OVER w90 AS days_90d,
  count_distinct(purchase_date) OVER w180 AS days_180d,
  avg(dollars) OVER life AS basket_mean,
  max(dollars) OVER life AS basket_max,
  days_between(min(purchased_at) OVER life, max(purchased_at) OVER life)
    / nullif(purchase_days - 1, 0) AS gap_mean_days,
  recency_days / gap_mean_days AS recency_over_gap,
  orders_30d / nullif(orders_90d, 0) AS trend_30_90
FROM main.churn.purchases
WINDOW
  w30 AS (RANGE INTERVAL 30 DAYS PRECEDING),
  w90 AS (RANGE INTERVAL 90 DAYS PRECEDING),
  w180 AS (RANGE INTERVAL 180 DAYS PRECEDING),
  life AS (RANGE UNBOUNDED PRECEDING);
