-- Bronze: purchases that were pushed over HTTP, one by one as they happen:
--
--   curl localhost:5000/api/ingest/pushed_purchases -H 'Content-Type: application/json' \
--     -d '[{"customer_id": 4, "purchase_date": "1998-06-30", "cds": 2, "dollars": 29.33}]'
--
-- They come typed, and what they say is checked as the lines of the files are: what fails is in
-- main.churn.pushed_purchases_quarantine. Nothing is pushed in a run without a server, and then this table is empty.
CREATE OR REFRESH STREAMING TABLE main.churn.pushed_purchases (
  CONSTRAINT customer_is_a_number EXPECT (customer_id IS NOT NULL) ON VIOLATION QUARANTINE,
  CONSTRAINT customer_is_not_zero EXPECT (customer_id IS NULL OR customer_id > 0) ON VIOLATION QUARANTINE,
  CONSTRAINT date_exists EXPECT (purchase_date IS NOT NULL) ON VIOLATION QUARANTINE,
  CONSTRAINT date_is_past EXPECT (purchase_date IS NULL OR purchase_date < now()) ON VIOLATION QUARANTINE,
  CONSTRAINT cds_is_a_number EXPECT (cds IS NOT NULL) ON VIOLATION QUARANTINE,
  CONSTRAINT cds_is_not_zero EXPECT (cds IS NULL OR cds > 0) ON VIOLATION QUARANTINE,
  CONSTRAINT dollars_is_a_number EXPECT (dollars IS NOT NULL) ON VIOLATION QUARANTINE,
  CONSTRAINT dollars_not_negative EXPECT (dollars IS NULL OR dollars >= 0) ON VIOLATION QUARANTINE
)
COMMENT 'Purchases pushed over HTTP'
AS SELECT customer_id, purchase_date, cds, dollars
FROM STREAM read_push('main.churn.pushed_purchases',
  schema => 'customer_id BIGINT, purchase_date DATE, cds INTEGER, dollars DECIMAL(10,2)');
