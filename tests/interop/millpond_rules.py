"""Tables of Millpond with rules for their rows (CHECK, NOT NULL, generated, identity and default columns), and columns
that move; steps as in millpond_statements.py."""
from millpond_statements import COLUMNS, MERGE, WIDENS, alter, create, insert, ten

CHECKED = ("CREATE TABLE {t} (id INT NOT NULL, name STRING, CONSTRAINT positive CHECK (id >= 0), CONSTRAINT named CHECK (length(name) > 1))",
           "CREATE TABLE {t} (id INT NOT NULL, name STRING)")
GENERATED = ("CREATE TABLE {t} (id INT, twice BIGINT GENERATED ALWAYS AS (id * 2), moment TIMESTAMP, day DATE GENERATED ALWAYS AS (CAST(moment AS DATE))) PARTITIONED BY (day)",
             "CREATE TABLE {t} (id INT, twice BIGINT, moment TIMESTAMPTZ, day DATE)")
COMPUTED = "UPDATE {t} SET twice = id * 2, day = CAST(timezone('UTC', moment) AS DATE)"
IDENTITY = ("CREATE TABLE {t} (k BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5), id INT, name STRING)", "CREATE TABLE {t} (k BIGINT, id INT, name STRING)")
BY_DEFAULT = (IDENTITY[0].replace("ALWAYS", "BY DEFAULT"), IDENTITY[1])
NUMBER = "UPDATE {t} SET k = 10 + 5 * id WHERE k IS NULL"


def computed(text):
    """A statement after which the oracle works out what the table generates."""
    return text, f"{text}; {COMPUTED}"


def numbered(text):
    return text, f"{text}; {NUMBER}"


TABLES = {
    "constraints": [CHECKED, ten(0, 5), "UPDATE {t} SET name = 'changed' WHERE id = 1", MERGE, "DELETE FROM {t} WHERE id = 3", ("ALTER TABLE {t} DROP CONSTRAINT positive", None), insert("(-1, 'minus')")],
    "constraints_added": [COLUMNS, ten(0, 5), ("ALTER TABLE {t} ADD CONSTRAINT few CHECK (id < 100)", None), ten(5, 7), alter("ALTER COLUMN id SET NOT NULL"), insert("(9, NULL)"),
                          ("ALTER TABLE {t} ALTER COLUMN id DROP NOT NULL", "ALTER TABLE {t} ALTER COLUMN id DROP NOT NULL"), ("ALTER TABLE {t} DROP CONSTRAINT few", None), insert("(NULL, 'x')")],
    "generated": [GENERATED, computed("INSERT INTO {t} (id, moment) VALUES (1, '2020-02-29 23:59:59.999999Z'), (2, NULL)"), computed("INSERT INTO {t} (id, moment) VALUES (3, '1969-12-31 00:00:00Z')"),
                  computed("UPDATE {t} SET id = id + 100 WHERE id < 3"), computed("DELETE FROM {t} WHERE id = 102"),
                  computed("MERGE INTO {t} AS t USING (SELECT 3 AS id, 33 AS other UNION ALL SELECT 4, 44) AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET id = s.other WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)")],
    "identity": [IDENTITY, numbered("INSERT INTO {t} (id, name) VALUES (0, 'a'), (1, 'b')"), "UPDATE {t} SET name = 'u' WHERE id = 1", numbered("INSERT INTO {t} (id, name) VALUES (2, 'c')"), "DELETE FROM {t} WHERE id = 0",
                 numbered("MERGE INTO {t} AS t USING (SELECT 2 AS id UNION ALL SELECT 3) AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = 'm' WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)")],
    "identity_by_default": [BY_DEFAULT, numbered("INSERT INTO {t} (id) VALUES (0)"), insert("(777, 1, 'own')"), numbered("INSERT INTO {t} (id, name) VALUES (1, 'given')")],
    "defaults": [create("id INT, name STRING DEFAULT 'none', day DATE DEFAULT DATE '2020-01-01'"), "INSERT INTO {t} (id) VALUES (1)", "INSERT INTO {t} VALUES (2, DEFAULT, NULL)",
                 ("ALTER TABLE {t} ALTER COLUMN name SET DEFAULT 'other'", "ALTER TABLE {t} ALTER COLUMN name SET DEFAULT 'other'"), "INSERT INTO {t} (id) VALUES (3)", "UPDATE {t} SET name = 'u' WHERE id = 1"],
    "columns_moved": [COLUMNS, ten(0, 3), alter("ADD COLUMN x INT FIRST", "ADD COLUMN x INT"), ("INSERT INTO {t} VALUES (7, 3, 'c')", "INSERT INTO {t} (x, id, name) VALUES (7, 3, 'c')"), ("ALTER TABLE {t} ALTER COLUMN name FIRST", None),
                      ("INSERT INTO {t} VALUES ('d', 8, 4)", "INSERT INTO {t} (name, x, id) VALUES ('d', 8, 4)"), ("ALTER TABLE {t} ALTER COLUMN x AFTER id", None), "DELETE FROM {t} WHERE x = 7"],
    "nested_widened": [create("id INT, s STRUCT(x SMALLINT), a INT[], m MAP(STRING, SMALLINT)", WIDENS), "INSERT INTO {t} VALUES (1, {'x': 1}, [1, NULL], MAP {'k': 1})",
                       ("ALTER TABLE {t} ALTER COLUMN s.x TYPE INT", "ALTER TABLE {t} ALTER s TYPE STRUCT(x INT)"), ("ALTER TABLE {t} ALTER COLUMN a.element TYPE BIGINT", "ALTER TABLE {t} ALTER a TYPE BIGINT[]"),
                       ("ALTER TABLE {t} ALTER COLUMN m.value TYPE INT", "ALTER TABLE {t} ALTER m TYPE MAP(STRING, INT)"), "INSERT INTO {t} VALUES (2, {'x': 100000}, [5000000000], MAP {'k': 100000})", "DELETE FROM {t} WHERE id = 1"],
}
