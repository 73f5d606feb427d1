"""What a training set is, written a second time.

This file evaluates feature views by their definition: for every label row it walks over all rows of
the source, keeps those the visibility rule lets through, sorts them by the total order and reduces
them with exact rationals. It shares no code with Millpond (nothing of it is imported, nothing of it
is called), it knows no index, no partition, no running sum and no thread, and it is slow on purpose.

Values: None is NULL; BIGINT and INTEGER are int; DECIMAL is Fraction; DOUBLE is float; VARCHAR is
str; BOOLEAN is bool; TIMESTAMP is int (microseconds since 1970, UTC); DATE is int (days).
"""

import math
import re
import struct
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Callable, Optional

DAY = 86_400_000_000
NAN = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000000))[0]


def bits(value: float) -> int:
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def canonical(value):
    """A double as the kernel keeps it: one NaN, one zero."""
    if isinstance(value, float):
        if math.isnan(value):
            return NAN
        if value == 0.0:
            return 0.0
    return value


def to_double(exact: Fraction) -> float:
    """One rounding, to nearest, ties to even; overflow becomes an infinity."""
    if exact == 0:
        return 0.0
    try:
        return exact.numerator / exact.denominator  # correctly rounded by the language definition
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def rank(value):
    """Orders values of one type; NaN is the greatest double."""
    if isinstance(value, float):
        return (1, 0.0) if math.isnan(value) else (0, value)
    if isinstance(value, str):
        return value.encode("utf-8")
    return value


def order_of(value) -> tuple:
    """Sorts as the canonical encoding does: NULL first, NaN last, text by its UTF-8 bytes."""
    return (value is not None, rank(value) if value is not None else 0)


# --- expressions: functions of a row (a dict), or of the finished features and T ------------------


@dataclass
class Expr:
    """An expression with its SQL text, its type and its meaning."""

    sql: str
    type: str
    value: Callable[[dict], Any]


def quotient(a, b):
    """a / b of SQL: exact and rounded once, but for doubles, which divide as IEEE says."""
    if a is None or b is None or b == 0:
        return None
    if not isinstance(a, float) and not isinstance(b, float):
        return to_double(Fraction(a) / Fraction(b))
    a, b = (v if isinstance(v, float) else to_double(Fraction(v)) for v in (a, b))
    if math.isnan(a) or math.isnan(b) or (math.isinf(a) and math.isinf(b)):
        return NAN
    if math.isinf(a):
        return a * math.copysign(1.0, b)
    if math.isinf(b):
        return math.copysign(0.0, a) * math.copysign(1.0, b)
    return to_double(Fraction(a) / Fraction(b))


# --- aggregates: over the rows of one window, in the total order ----------------------------------


def exact_sum(values: list, type_: str):
    values = [v for v in values if v is not None]
    if not values:
        return None
    if type_ != "DOUBLE":
        return sum((Fraction(v) for v in values), Fraction(0))  # DECIMAL(38, scale)
    plus, minus = values.count(math.inf), values.count(-math.inf)
    if any(math.isnan(v) for v in values) or (plus and minus):
        return NAN
    if plus or minus:
        return math.inf if plus else -math.inf
    return to_double(sum((Fraction(v) for v in values), Fraction(0)))


def exact_avg(values: list, type_: str):
    values = [v for v in values if v is not None]
    if not values:
        return None
    if type_ == "DOUBLE":
        plus, minus = values.count(math.inf), values.count(-math.inf)
        if any(math.isnan(v) for v in values) or (plus and minus):
            return NAN
        if plus or minus:
            return math.inf if plus else -math.inf
    return to_double(sum((Fraction(v) for v in values), Fraction(0)) / len(values))


def extreme(values: list, pick):
    values = [v for v in values if v is not None]
    return pick(values, key=rank) if values else None


def distinct(values: list) -> int:
    return len({bits(v) if isinstance(v, float) else v for v in values if v is not None})


@dataclass
class Aggregate:
    """name(arg) [FILTER (WHERE filter)] OVER window AS alias."""

    name: str
    arg: Optional[Expr]
    filter: Optional[Expr]
    window: str
    alias: str

    @property
    def type(self) -> str:
        if self.name in ("count", "count_if", "count_distinct"):
            return "BIGINT"
        if self.name in ("avg", "time_since"):
            return "DOUBLE"
        if self.name == "sum" and self.arg.type != "DOUBLE":
            return "DECIMAL(38)"
        return self.arg.type

    def sql(self) -> str:
        arg = self.arg.sql if self.arg else ("*" if self.name == "count" else "")
        where = f" FILTER (WHERE {self.filter.sql})" if self.filter else ""
        return f"{self.name}({arg}){where} OVER {self.window} AS {self.alias}"

    def evaluate(self, seen: list, at: int, tie_columns: list):
        """`seen`: (event time, known from, row) in any order."""
        if self.filter:
            seen = [s for s in seen if self.filter.value(s[2]) is True]
        # Rows that are tied in time and in all columns of the view are interchangeable.
        seen = sorted(seen, key=lambda s: (s[0], s[1], [order_of(canonical(s[2][c]))
                                                        for c in tie_columns]))
        values = [canonical(self.arg.value(row)) if self.arg else None for _, _, row in seen]
        type_ = self.arg.type if self.arg else ""
        if self.name == "count":
            return len(seen) if not self.arg else sum(v is not None for v in values)
        if self.name == "count_if":
            return sum(v is True for v in values)
        if self.name == "sum":
            return exact_sum(values, type_)
        if self.name == "avg":
            return exact_avg(values, type_)
        if self.name == "min":
            return extreme(values, min)
        if self.name == "max":
            return extreme(values, max)
        if self.name == "first":
            return values[0] if values else None
        if self.name == "last":
            return values[-1] if values else None
        if self.name == "count_distinct":
            return distinct(values)
        if self.name == "time_since":
            times = [s[0] for s, v in zip(seen, values) if not self.arg or v is not None]
            return to_double(Fraction(at - times[-1], 10**6)) if times else None
        raise AssertionError(self.name)


# --- the view ----------------------------------------------------------------------------------


@dataclass
class View:
    name: str
    table: str
    entity: list  # column names
    time: str
    known_at: Optional[Expr]  # None: the event time
    settle: int  # microseconds
    windows: dict  # name -> length in microseconds, None: unbounded
    aggregates: list
    derived: list = field(default_factory=list)  # (alias, Expr over the features before it and T)
    where: Optional[Expr] = None
    time_unit: int = 1  # microseconds in one of the time column: a DATE is its midnight

    def time_of(self, values: dict):
        time = values[self.time]
        return None if time is None else time * self.time_unit

    def read_columns(self, columns: list) -> list:
        """The columns of the source that the view reads, ascending by name, but for those that are
        equal in every tie. Found in its SQL, where no string is a column's name."""
        parts = [e for a in self.aggregates for e in (a.arg, a.filter)]
        text = " ".join(e.sql for e in [*parts, self.known_at, self.where] if e)
        words = set(re.findall(r"\w+", re.sub(r"'[^']*'", "", text)))
        return sorted((words & set(columns)) - {*self.entity, self.time})

    def sql(self, interval: Callable[[int], str]) -> str:
        lines = [f"CREATE FEATURE VIEW {self.name}", f"  ENTITY ({', '.join(self.entity)})"]
        lines.append(f"  TIMESTAMP {self.time}")
        if self.known_at:
            lines.append(f"  KNOWN AT {self.known_at.sql}")
        lines.append(f"  SETTLE {interval(self.settle)}")
        items = [a.sql() for a in self.aggregates] + [f"{e.sql} AS {n}" for n, e in self.derived]
        lines.append("AS SELECT\n  " + ",\n  ".join(items))
        lines.append(f"FROM {self.table}")
        if self.where:
            lines.append(f"WHERE {self.where.sql}")
        frames = [
            f"{n} AS (RANGE "
            + ("UNBOUNDED" if w is None else interval(w))
            + " PRECEDING)"
            for n, w in self.windows.items()
        ]
        lines.append("WINDOW " + ", ".join(frames))
        return "\n".join(lines) + ";\n"


@dataclass
class Row:
    """One row of the source: its values, and when it was committed if that was after the view's
    live version (None: committed before it, or the view has none)."""

    values: dict
    late_commit: Optional[int] = None


def known_from(view: View, row: Row):
    claim = view.known_at.value(row.values) if view.known_at else view.time_of(row.values)
    if claim is None or row.late_commit is None:
        return claim
    return max(claim, row.late_commit)


def visible(view: View, rows: list, at: int) -> list:
    horizon = at - view.settle
    found = []
    for row in rows:
        time, known = view.time_of(row.values), known_from(view, row)
        if time is None or known is None or not (time < at and known <= horizon):
            continue
        if view.where and view.where.value(row.values) is not True:
            continue
        found.append((time, known, row))
    return found


def features_of(view: View, rows: list, at: int) -> list:
    """The feature values of one entity (whose rows these are) at one moment."""
    seen = visible(view, rows, at)
    tie_columns = view.read_columns(list(rows[0].values)) if rows else []
    finished = {}
    for aggregate in view.aggregates:
        length = view.windows[aggregate.window]
        inside = [(t, k, r.values) for t, k, r in seen if length is None or at - length <= t]
        finished[aggregate.alias] = aggregate.evaluate(inside, at, tie_columns)
    finished["as_of()"] = at
    for alias, expression in view.derived:
        finished[alias] = canonical(expression.value(finished))
    del finished["as_of()"]
    return list(finished.values())


def training_set(view: View, rows: list, labels: list) -> list:
    """labels: (entity tuple, T) in order. Returns one list of feature values per label."""
    by_entity = {}
    for row in rows:
        key = tuple(canonical(row.values[c]) for c in view.entity)
        if None not in key:
            by_entity.setdefault(key, []).append(row)
    done = {}
    result = []
    for key, at in labels:
        if (key, at) not in done:
            mine = [] if None in key else by_entity.get(key, [])
            features = features_of(view, mine, at or 0)
            done[key, at] = features if at is not None else [None] * len(features)
        result.append(done[key, at])
    return result
