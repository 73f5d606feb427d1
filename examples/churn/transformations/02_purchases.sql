-- Silver: one purchase a row, typed. A line is 26 characters wide: customer id (5), date (8, yyyymmdd),
-- number of CDs (2), dollars (7), each after one blank. Lines that are no purchase go to
-- main.churn.purchases_quarantine with the names of all expectations they break. The line itself stays
-- with the row, so that every number can be held against its origin; a pushed purchase has none.
--
-- Equal lines are distinct purchases (docs/decisions/001). Dollars are decimals from here to gold.
CREATE OR REFRESH STREAMING TABLE main.churn.purchases (
  CONSTRAINT line_not_blank EXPECT (line IS NULL OR trim(line) <> '') ON VIOLATION QUARANTINE,
  CONSTRAINT line_is_utf8 EXPECT (line IS NULL OR NOT contains(line, chr(65533))) ON VIOLATION QUARANTINE,
  CONSTRAINT line_is_26_wide EXPECT (line IS NULL OR length(line) = 26) ON VIOLATION QUARANTINE,
  CONSTRAINT customer_is_a_number EXPECT (customer_id IS NOT NULL) ON VIOLATION QUARANTINE,
  CONSTRAINT customer_is_not_zero EXPECT (customer_id IS NULL OR customer_id > 0) ON VIOLATION QUARANTINE,
  CONSTRAINT date_exists EXPECT (purchase_date IS NOT NULL) ON VIOLATION QUARANTINE,
  CONSTRAINT date_is_past EXPECT (purchase_date IS NULL OR purchase_date < now()) ON VIOLATION QUARANTINE,
  CONSTRAINT cds_is_a_number EXPECT (cds IS NOT NULL) ON VIOLATION QUARANTINE,
  CONSTRAINT cds_is_not_zero EXPECT (cds IS NULL OR cds > 0) ON VIOLATION QUARANTINE,
  CONSTRAINT dollars_is_a_number EXPECT (dollars IS NOT NULL) ON VIOLATION QUARANTINE,
  CONSTRAINT dollars_not_negative EXPECT (dollars IS NULL OR dollars >= 0) ON VIOLATION QUARANTINE,
  CONSTRAINT dollars_not_zero EXPECT (dollars IS NULL OR dollars <> 0)
)
COMMENT 'Checked purchases'
AS SELECT
  try_cast(substr(line, 2, 5) AS BIGINT) AS customer_id,
  CAST(try_strptime(substr(line, 8, 8), '%Y%m%d') AS DATE) AS purchase_date,
  CAST(try_strptime(substr(line, 8, 8), '%Y%m%d') AS TIMESTAMPTZ) AS purchased_at,
  try_cast(substr(line, 17, 2) AS INTEGER) AS cds,
  try_cast(substr(line, 20, 7) AS DECIMAL(10, 2)) AS dollars,
  line,
  file,
  line_number
FROM STREAM(main.churn.purchase_lines)
-- A file begins with a line of column names. One that begins with a purchase loses nothing.
WHERE NOT (line_number = 1 AND starts_with(trim(line), 'customer_id'))
UNION ALL
SELECT customer_id, purchase_date, CAST(purchase_date AS TIMESTAMPTZ), cds, dollars, NULL, NULL, NULL
FROM STREAM(main.churn.pushed_purchases);
