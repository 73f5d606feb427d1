"""Random sources, views and labels, made to hit what is easy to get wrong: ties in every part of
the order, NULLs everywhere, T exactly on a window's edge and one microsecond beside it, rows that
became known later than they claim, doubles whose sum depends on who adds them up."""

import math
import random
from fractions import Fraction

from oracle import DAY, NAN, Aggregate, Expr, Row, View, quotient

SECOND = 1_000_000
HOUR = 3600 * SECOND
START = 1_600_000_000 * SECOND

COLUMNS = {
    "customer": "BIGINT",
    "account": "DECIMAL(10,2)",
    "shop": "VARCHAR",
    "ts": "TIMESTAMP",
    "loaded": "TIMESTAMP",
    "amount": "DOUBLE",
    "price": "DECIMAL(10,2)",
    "qty": "BIGINT",
    "small": "INTEGER",
    "item": "VARCHAR",
    "ok": "BOOLEAN",
    "day": "DATE",
}

HOSTILE = [
    0.1, 0.2, 0.3, 1e16, -1e16, 1.0, -1.0, 1e308, 1e308, -1e308, 1.7976931348623157e308, 5e-324,
    -5e-324, 2.2250738585072014e-308, 0.0, -0.0, 2.0**53, 2.0**53 + 2, -(2.0**53), 1e-300, 123.456,
]  # fmt: skip
SPECIAL = [math.inf, -math.inf, NAN]
ITEMS = ["a", "b", "", "B", "ä", "ab", "\U0001f41f", "a b", "'", "zz"]


def interval(micros: int) -> str:
    """INTERVAL … in the largest unit that is whole."""
    for name, unit in (("DAYS", DAY), ("HOURS", HOUR), ("SECONDS", SECOND)):
        if micros % unit == 0:
            return f"INTERVAL {micros // unit} {name}"
    return f"INTERVAL {micros} MICROSECONDS"


def column(name: str) -> Expr:
    return Expr(name, COLUMNS[name], lambda row, name=name: row[name])


def sql_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def compare(left, op: str, right):
    if left is None or right is None:
        return None
    if isinstance(left, float) and (math.isnan(left) or math.isnan(right)):
        left, right = ((math.isnan(v), 0.0 if math.isnan(v) else v) for v in (left, right))
    if isinstance(left, str):
        left, right = left.encode(), right.encode()
    return {
        "=": left == right, "<>": left != right, "<": left < right,
        "<=": left <= right, ">": left > right, ">=": left >= right,
    }[op]  # fmt: skip


def both(a, b):  # three-valued AND
    return False if a is False or b is False else None if a is None or b is None else True


def either(a, b):
    return True if a is True or b is True else None if a is None or b is None else False


class Generator:
    interval = staticmethod(interval)

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        r = self.random
        self.key = "account" if r.random() < 0.3 else "customer"
        self.two_keys = r.random() < 0.3
        self.special = r.random() < 0.5  # infinities and NaN among the doubles

    def account(self, customer):
        """The same entities by a DECIMAL key."""
        return None if customer is None else Fraction(customer, 4)

    # --- the source -------------------------------------------------------------------------

    def value(self, type_: str):
        r = self.random
        if r.random() < 0.12:
            return None
        if type_ == "DOUBLE":
            if self.special and r.random() < 0.03:
                return r.choice(SPECIAL)
            return r.choice(HOSTILE) if r.random() < 0.7 else r.gauss(0, 1) * 10.0 ** r.randint(-9, 9)
        if type_.startswith("DECIMAL"):
            return Fraction(r.choice([0, 1, -1, 99999999, r.randint(-10000, 10000)]), 100)
        if type_ == "BIGINT":
            return r.choice([0, 1, -1, 2**62, -(2**62), 3, r.randint(-50, 50)])
        if type_ == "INTEGER":
            return r.choice([0, 1, 2**31 - 1, -(2**31), r.randint(-50, 50)])
        if type_ == "VARCHAR":
            return r.choice(ITEMS)
        if type_ == "BOOLEAN":
            return r.random() < 0.5
        if type_ == "DATE":
            return r.randint(18000, 18010)
        raise AssertionError(type_)

    def source(self, rows: int, customers: int) -> list:
        r = self.random
        moments = [START + r.randint(0, 60) * DAY + r.choice([0, 0, 1, HOUR]) for _ in range(rows // 3)]
        result = []
        for _ in range(rows):
            values = {c: self.value(t) for c, t in COLUMNS.items() if t != "TIMESTAMP"}
            values["customer"] = r.randint(1, customers) if r.random() > 0.02 else None
            values["account"] = self.account(values["customer"])
            values["shop"] = r.choice(["x", "y"])
            values["ts"] = r.choice(moments) if r.random() > 0.02 else None  # many ties
            late = r.choice([0, 0, 1, SECOND, HOUR, 3 * DAY, -HOUR])
            values["loaded"] = None if values["ts"] is None else values["ts"] + late
            if r.random() < 0.02:
                values["loaded"] = None
            result.append(values)
            if r.random() < 0.05:
                result.append(dict(values))  # the same row twice: two events
            if r.random() < 0.1:  # equal but for one column: the order falls to the tie breaker
                twin = dict(values)
                name = r.choice(["amount", "item", "qty", "loaded"])
                if name != "loaded":
                    twin[name] = self.value(COLUMNS[name])
                elif twin["loaded"] is not None:
                    twin["loaded"] += r.choice([1, SECOND])
                result.append(twin)
        return result

    # --- the view ---------------------------------------------------------------------------

    def predicate(self, depth: int = 2) -> Expr:
        r = self.random
        if depth and r.random() < 0.45:
            a, b = self.predicate(depth - 1), self.predicate(depth - 1)
            if r.random() < 0.25:
                negated = lambda row: None if a.value(row) is None else not a.value(row)
                return Expr(f"(NOT {a.sql})", "BOOLEAN", negated)
            if r.random() < 0.5:
                return Expr(f"({a.sql} AND {b.sql})", "BOOLEAN",
                            lambda row: both(a.value(row), b.value(row)))
            return Expr(f"({a.sql} OR {b.sql})", "BOOLEAN",
                        lambda row: either(a.value(row), b.value(row)))
        kind = r.choice(["qty", "price", "item", "ok", "null", "between", "in", "amount", "day"])
        op = r.choice(["=", "<>", "<", "<=", ">", ">="])
        if kind == "qty":
            bound = r.choice([0, 1, 3])
            return Expr(f"qty {op} {bound}", "BOOLEAN", lambda row: compare(row["qty"], op, bound))
        if kind == "price":
            return Expr(f"price {op} 0.01", "BOOLEAN",
                        lambda row: compare(row["price"], op, Fraction(1, 100)))
        if kind == "amount":
            return Expr(f"amount {op} 1e0", "BOOLEAN", lambda row: compare(row["amount"], op, 1.0))
        if kind == "item":
            text = r.choice(ITEMS)
            return Expr(f"item {op} {sql_text(text)}", "BOOLEAN",
                        lambda row: compare(row["item"], op, text))
        if kind == "ok":
            return column("ok")
        if kind == "day":
            return Expr(f"day {op} DATE '2019-04-18'", "BOOLEAN",
                        lambda row: compare(row["day"], op, 18004))
        if kind == "null":
            name = r.choice(["qty", "item", "amount", "price"])
            wanted = r.random() < 0.5
            return Expr(f"{name} IS {'' if wanted else 'NOT '}NULL", "BOOLEAN",
                        lambda row: (row[name] is None) == wanted)
        if kind == "between":
            return Expr("small BETWEEN -3 AND 10", "BOOLEAN",
                        lambda row: both(compare(row["small"], ">=", -3),
                                         compare(row["small"], "<=", 10)))
        return Expr("item IN ('a', 'B', 'zz')", "BOOLEAN",
                    lambda row: None if row["item"] is None else row["item"] in ("a", "B", "zz"))

    def argument(self, name: str):
        r = self.random
        if name == "count":
            return r.choice([None, column("qty"), column("item"), column("amount")])
        if name == "count_if":
            return self.predicate()
        if name == "time_since":
            return r.choice([None, column("qty")])
        if name in ("sum", "avg"):
            if r.random() < 0.2:
                test = self.predicate(1)
                return Expr(f"CASE WHEN {test.sql} THEN price ELSE 0.00 END", "DECIMAL(10,2)",
                            lambda row: row["price"] if test.value(row) is True else Fraction(0))
            return column(r.choice(["amount", "amount", "price", "qty", "small"]))
        return column(r.choice(["amount", "price", "qty", "small", "item", "ok", "day", "ts"]))

    def view(self, name: str, table: str, names: list) -> View:
        r = self.random
        windows = {"life": None}
        for i, length in enumerate(r.sample([1, SECOND, HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY], 3)):
            windows[f"w{i}"] = length
        known_at = r.choice([
            None,
            Expr("ts + INTERVAL 1 HOUR", "TIMESTAMP",
                 lambda row: None if row["ts"] is None else row["ts"] + HOUR),
            column("loaded"),
        ])  # fmt: skip
        aggregates = []
        for kind in names + [r.choice(names) for _ in range(6)]:
            filtered = self.predicate() if r.random() < 0.4 else None
            aggregates.append(Aggregate(kind, self.argument(kind), filtered,
                                        r.choice(list(windows)), f"f{len(aggregates)}"))
        entity = [self.key, "shop"] if self.two_keys else [self.key]
        time = r.choice(["ts", "ts", "day"])
        settle = r.choice([0, 1, SECOND, HOUR])
        where = r.choice([None, None, Expr("item IS NOT NULL", "BOOLEAN",
                                           lambda row: row["item"] is not None),
                          Expr("qty <> 3 OR ok", "BOOLEAN",
                               lambda row: either(compare(row["qty"], "<>", 3), row["ok"]))])
        return View(name, table, entity, time, known_at, settle, windows, aggregates,
                    self.derived(aggregates, list(windows)), where,
                    DAY if COLUMNS[time] == "DATE" else 1)

    def derived(self, aggregates: list, windows: list) -> list:
        """Features made of features above them: by alias, with T, with an aggregate inside."""
        r = self.random
        numbers = [a for a in aggregates
                   if a.type in ("BIGINT", "DOUBLE", "INTEGER") or a.type.startswith("DECIMAL")]
        a, b, c = (r.choice(numbers).alias for _ in range(3))
        last = Aggregate("max", column("ts"), None, r.choice(windows), "last_ts")
        aggregates.append(last)
        return [
            ("ratio", Expr(f"{a} / nullif({b}, 0)", "DOUBLE", lambda f: quotient(f[a], f[b]))),
            ("age", Expr("days_between(last_ts, as_of())", "BIGINT",
                         lambda f: None if f["last_ts"] is None
                         else (f["as_of()"] - f["last_ts"]) // DAY)),
            ("known", Expr(f"coalesce({c}, ratio, 0) IS NOT NULL AND age < 30", "BOOLEAN",
                           lambda f: None if f["age"] is None else f["age"] < 30)),
        ]  # fmt: skip

    # --- the labels -------------------------------------------------------------------------

    def labels_for(self, source: "Generator", view: View, rows: list, count: int,
                   customers: int) -> list:
        """(entity, T) pairs, most T's on an edge of something."""
        r = self.random
        self.two_keys, self.key = source.two_keys, source.key
        lengths = [w or 0 for w in view.windows.values()]
        result = []
        for _ in range(count):
            if result and r.random() < 0.05:
                result.append(r.choice(result))  # a duplicate label
                continue
            row = r.choice(rows)
            anchor = view.time_of(row.values) if r.random() < 0.7 else row.late_commit
            if anchor is None:
                anchor = START + r.randint(-5, 160) * DAY
            at = anchor + r.choice([0, view.settle, HOUR, HOUR + view.settle, r.randint(0, 90 * DAY)]
                                   + lengths) + r.choice([0, 0, -1, 1])
            customer = row.values["customer"] if r.random() < 0.9 else r.randint(0, customers + 3)
            if self.key == "account":
                customer = self.account(customer)
            key = (customer, r.choice(["x", "y", "none"])) if self.two_keys else (customer,)
            result.append((key, at if r.random() > 0.02 else None))
        return result


def committed(rows: list, late: list) -> list:
    """Pairs every row with its commit time after the live version, or None."""
    return [Row(values, at) for values, at in zip(rows, late)]
