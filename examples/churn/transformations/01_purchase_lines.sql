-- Bronze: every line of every file as it came, with its place. New files are read once, as they arrive.
CREATE OR REFRESH STREAMING TABLE main.churn.purchase_lines
COMMENT 'Raw lines of the purchase files'
AS SELECT line, file, line_number
FROM STREAM read_files('data/*.txt', format => 'text');
