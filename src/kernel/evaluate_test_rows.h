// A view with every aggregate over every type, rows that try to break it, and comparison by bits:
// for the tests that hold two ways of computing values equal.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "kernel/canonical.h"
#include "kernel/evaluate.h"

namespace millpond::kernel {

struct Row {
  Value key;
  int64_t event_time;
  int64_t delay;  // known_from = event_time + delay
  Micros known_to;
  Value amount;  // DECIMAL(10,2)
  Value weight;  // DOUBLE
  Value units;   // BIGINT
  Value kind;    // VARCHAR
};

inline Expr Over(std::string name, std::vector<Expr> arguments, std::string window,
                 std::optional<Expr> filter = {}) {
  return Aggregate(std::move(name), std::move(arguments), std::move(window), std::move(filter));
}

inline FeatureViewDefinition MakeView(Micros settle) {
  FeatureViewDefinition view;
  view.name = "v";
  view.source = "main.default.t";
  view.columns = {
      {"id", kBigint},     {"ts", kTimestamp}, {"delay", kInterval}, {"amount", Decimal(10, 2)},
      {"weight", kDouble}, {"units", kBigint}, {"kind", kVarchar}};
  view.entity = {"id"};
  view.timestamp = "ts";
  view.known_at = Call("+", {ColumnRef("ts"), ColumnRef("delay")});
  view.settle = settle;
  view.windows = {{"short", 7}, {"long", 40}, {"life", {}}};
  Expr big = Call(">", {ColumnRef("units"), Literal(Value::Bigint(2))});
  int number = 0;
  for (const std::string window : {"short", "long", "life"}) {
    auto add = [&](Expr expr) {
      view.outputs.push_back({"f" + std::to_string(number++), std::move(expr)});
    };
    add(Over("count", {}, window));
    add(Over("count", {}, window, big));
    add(Over("count_if", {big}, window));
    add(Over("time_since", {}, window));
    add(Over("time_since", {ColumnRef("units")}, window, big));
    for (const std::string column : {"amount", "weight", "units", "kind"}) {
      for (const std::string function :
           {"count", "min", "max", "first", "last", "count_distinct"}) {
        add(Over(function, {ColumnRef(column)}, window));
        add(Over(function, {ColumnRef(column)}, window, big));
      }
      if (column == "kind") continue;
      add(Over("sum", {ColumnRef(column)}, window));
      add(Over("avg", {ColumnRef(column)}, window));
      add(Over("avg", {ColumnRef(column)}, window, big));
    }
  }
  return view;
}

inline double AdversarialDouble(RandomSource& random) {
  switch (NextBelow(random, 12)) {
    case 0:
      return 1e300;
    case 1:
      return -1e300;
    case 2:
      return 5e-324;
    case 3:
      return -0.0;
    case 4:
      return NextBelow(random, 20) == 0 ? std::numeric_limits<double>::infinity() : 0.1;
    case 5:
      return NextBelow(random, 20) == 0 ? std::numeric_limits<double>::quiet_NaN() : 0.2;
    case 6:
      return std::numeric_limits<double>::max();
    case 7:
      return -std::numeric_limits<double>::max();
    default:
      return std::ldexp(static_cast<double>(NextBelow(random, 1'000'003)) - 500'000,
                        static_cast<int>(NextBelow(random, 60)) - 30);
  }
}

inline std::vector<Row> MakeRows(RandomSource& random, int count, int keys, int64_t span) {
  std::vector<Row> rows;
  auto maybe = [&](Value value) {
    return NextBelow(random, 8) == 0 ? Value::Null(value.type()) : value;
  };
  for (int i = 0; i < count; ++i) {
    Row row;
    row.key = maybe(Value::Bigint(static_cast<int64_t>(NextBelow(random, keys))));
    row.event_time = static_cast<int64_t>(NextBelow(random, span));
    row.delay = NextBelow(random, 3) == 0 ? static_cast<int64_t>(NextBelow(random, 30)) : 1;
    row.known_to = NextBelow(random, 10) == 0
                       ? row.event_time + static_cast<int64_t>(NextBelow(random, 60))
                       : kForever;
    auto cents = static_cast<int64_t>(NextBelow(random, 2000)) - 500;
    row.amount = maybe(Value::MakeDecimal(cents, 10, 2));
    row.weight = maybe(Value::Double(AdversarialDouble(random)));
    row.units = maybe(Value::Bigint(static_cast<int64_t>(NextBelow(random, 6))));
    row.kind = maybe(Value::Varchar(std::string(NextBelow(random, 4), 'x')));
    rows.push_back(row);
    if (NextBelow(random, 4) > 0) continue;  // a twin that ties, and differs in one column
    row.weight = maybe(Value::Double(AdversarialDouble(random)));
    if (NextBelow(random, 2) == 0) row.units = maybe(Value::Bigint(7));
    rows.push_back(row);
  }
  return rows;
}

struct Source {
  std::vector<Column> columns;
  std::vector<Micros> known_to;
};

inline Source MakeSource(const FeatureProgram& program, std::span<const Row> rows) {
  Source source;
  for (const SourceColumn& wanted : program.used_columns) {
    Column column(wanted.type);
    for (const Row& row : rows) {
      if (wanted.name == "id") column.Append(row.key);
      if (wanted.name == "ts") column.Append(Value::Timestamp(row.event_time));
      if (wanted.name == "delay") column.Append(Value::Interval(row.delay));
      if (wanted.name == "amount") column.Append(row.amount);
      if (wanted.name == "weight") column.Append(row.weight);
      if (wanted.name == "units") column.Append(row.units);
      if (wanted.name == "kind") column.Append(row.kind);
    }
    source.columns.push_back(std::move(column));
  }
  for (const Row& row : rows) source.known_to.push_back(row.known_to);
  return source;
}

inline bool SameBits(const Value& a, const Value& b) {
  std::string left;
  std::string right;
  AppendCanonical(a, &left);
  AppendCanonical(b, &right);
  bool same = a.type() == b.type() && left == right;
  if (same && a.type().id == TypeId::kDouble && !a.is_null()) {
    return std::bit_cast<uint64_t>(a.number()) ==
           std::bit_cast<uint64_t>(CanonicalDouble(b.number()));
  }
  return same;
}

inline void ExpectSame(const Batch& a, const Batch& b) {
  ASSERT_EQ(a.rows, b.rows);
  for (size_t i = 0; i < a.columns.size(); ++i) {
    for (int64_t row = 0; row < a.rows; ++row) {
      ASSERT_TRUE(SameBits(a.columns[i].ValueAt(row), b.columns[i].ValueAt(row)))
          << a.names[i] << " row " << row << ": " << a.columns[i].ValueAt(row).ToString() << " and "
          << b.columns[i].ValueAt(row).ToString();
    }
  }
}

struct Labels {
  Column key{kBigint};
  Column at{kTimestamp};
};

inline Labels MakeLabels(RandomSource& random, int count, int keys, int64_t span) {
  Labels labels;
  for (int i = 0; i < count; ++i) {
    bool null_key = NextBelow(random, 20) == 0;
    auto key = static_cast<int64_t>(NextBelow(random, keys + 1));
    labels.key.Append(null_key ? Value::Null(kBigint) : Value::Bigint(key));
    labels.at.Append(Value::Timestamp(static_cast<int64_t>(NextBelow(random, span + 50))));
  }
  return labels;
}

}  // namespace millpond::kernel
