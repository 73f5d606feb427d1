-- Gold: what a report reads. Sums of money are decimals; sums of doubles would not be allowed here.
CREATE OR REFRESH MATERIALIZED VIEW main.churn.sales_by_day
COMMENT 'Purchases, buyers, CDs and dollars of each day'
AS SELECT
  purchase_date,
  count(*) AS purchases,
  count(DISTINCT customer_id) AS buyers,
  CAST(sum(cds) AS BIGINT) AS cds,
  sum(dollars) AS dollars
FROM main.churn.purchases
GROUP BY purchase_date;

CREATE OR REFRESH MATERIALIZED VIEW main.churn.customers
COMMENT 'Each customer, from first to last purchase'
AS SELECT
  customer_id,
  min(purchase_date) AS first_purchase,
  max(purchase_date) AS last_purchase,
  count(*) AS purchases,
  count(DISTINCT purchase_date) AS purchase_days,
  CAST(sum(cds) AS BIGINT) AS cds,
  sum(dollars) AS dollars
FROM main.churn.purchases
GROUP BY customer_id;
