// The window evaluator against a naive one that reads the visibility rule word for word and feeds
// the permanent aggregate states row by row.
#include "kernel/evaluate.h"

#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "base/testing/result_matchers.h"
#include "kernel/canonical.h"

namespace millpond::kernel {
namespace {

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

Expr Over(std::string name, std::vector<Expr> arguments, std::string window,
          std::optional<Expr> filter = {}) {
  return Aggregate(std::move(name), std::move(arguments), std::move(window), std::move(filter));
}

FeatureViewDefinition MakeView(Micros settle) {
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

double AdversarialDouble(RandomSource& random) {
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

std::vector<Row> MakeRows(RandomSource& random, int count, int keys, int64_t span) {
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
  }
  return rows;
}

struct Source {
  std::vector<Column> columns;
  std::vector<Micros> known_to;
};

Source MakeSource(const FeatureProgram& program, std::span<const Row> rows) {
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

Result<Batch> Evaluate(const FeatureProgram& program, std::span<const Row> rows, const Column& key,
                       const Column& at, WindowMethod method) {
  Source source = MakeSource(program, rows);
  std::vector<const Column*> columns;
  for (const Column& column : source.columns) columns.push_back(&column);
  MP_ASSIGN_OR_RETURN(
      SourceRows prepared,
      PrepareSource(program, columns, static_cast<int64_t>(rows.size()), {{}, source.known_to}));
  const Column* entity = &key;
  return EvaluateFeatures(program, prepared, {&entity, 1}, at, {method});
}

Value ArgumentOf(const Row& row, const std::string& column) {
  if (column == "amount") return row.amount;
  if (column == "weight") return row.weight;
  if (column == "units") return row.units;
  return row.kind;
}

bool IsBig(const Row& row) {
  return !row.units.is_null() && row.units.int64() > 2;
}

// One output of MakeView, by the words of the design.
Value Naive(const FeatureViewDefinition& view, const Expr& expr, std::span<const Row> rows,
            const Value& key, Micros at) {
  std::optional<Micros> range;
  for (const auto& window : view.windows) {
    if (window.name == expr.window) range = window.range;
  }
  bool is_condition = expr.name == "count_if";
  std::string column = expr.children.empty() ? "" : is_condition ? "units" : expr.children[0].name;
  Type type = kNullType;
  for (const auto& source : view.columns) {
    if (source.name == column) type = source.type;
  }
  if (is_condition) type = kBoolean;
  auto function = FindAggregate(expr.name, !column.empty(), false);
  auto state = AggregateState::Make(*function, type);
  for (const Row& row : rows) {
    if (row.key.is_null() || key.is_null() || row.key != key) continue;
    if (row.event_time >= at || (range.has_value() && row.event_time < at - *range)) continue;
    Micros known_from = row.event_time + row.delay;
    if (known_from > at - view.settle || at - view.settle >= row.known_to) continue;
    if (!expr.filter.empty() && !IsBig(row)) continue;
    Value argument;
    if (is_condition) {
      argument = row.units.is_null() ? Value::Null(kBoolean) : Value::Boolean(IsBig(row));
    } else if (!column.empty()) {
      argument = ArgumentOf(row, column);
    }
    state->Add(argument, row.event_time, known_from);
  }
  // Through the bytes and back, so that those are tested too.
  auto read = AggregateState::Deserialize(state->Serialize());
  EXPECT_TRUE(read.has_value());
  return read->Finish(at);
}

bool SameBits(const Value& a, const Value& b) {
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

void ExpectSame(const Batch& a, const Batch& b) {
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

Labels MakeLabels(RandomSource& random, int count, int keys, int64_t span) {
  Labels labels;
  for (int i = 0; i < count; ++i) {
    bool null_key = NextBelow(random, 20) == 0;
    auto key = static_cast<int64_t>(NextBelow(random, keys + 1));
    labels.key.Append(null_key ? Value::Null(kBigint) : Value::Bigint(key));
    labels.at.Append(Value::Timestamp(static_cast<int64_t>(NextBelow(random, span + 50))));
  }
  return labels;
}

class EvaluateRandom : public ::testing::TestWithParam<int> {};

TEST_P(EvaluateRandom, EqualsTheNaiveReadingOfTheRule) {
  SeededRandom random(GetParam());
  Micros settle = static_cast<Micros>(NextBelow(random, 4));
  FeatureViewDefinition view = MakeView(settle);
  MP_ASSERT_OK_AND_ASSIGN(auto program, Compile(view));
  int keys = 1 + static_cast<int>(NextBelow(random, 4));
  int64_t span = 20 + static_cast<int64_t>(NextBelow(random, 300));
  std::vector<Row> rows = MakeRows(random, 20 + GetParam() * 23, keys, span);
  Labels labels = MakeLabels(random, 12, keys, span);
  MP_ASSERT_OK_AND_ASSIGN(Batch scan,
                          Evaluate(*program, rows, labels.key, labels.at, WindowMethod::kScan));
  for (size_t i = 0; i < view.outputs.size(); ++i) {
    for (int64_t row = 0; row < scan.rows; ++row) {
      Value expected = Naive(view, view.outputs[i].expression, rows, labels.key.ValueAt(row),
                             labels.at.int64s()[row]);
      ASSERT_TRUE(SameBits(scan.columns[i].ValueAt(row), expected))
          << view.outputs[i].expression.name << " " << program->outputs[i].canonical_text << " row "
          << row << ": " << scan.columns[i].ValueAt(row).ToString() << " expected "
          << expected.ToString();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, EvaluateRandom, ::testing::Range(0, 25));

TEST(Evaluate, TreeEqualsScanBitForBit) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SeededRandom random(seed);
    FeatureViewDefinition view = MakeView(1);
    view.windows = {{"short", 900}, {"long", 9'000}, {"life", {}}};
    MP_ASSERT_OK_AND_ASSIGN(auto program, Compile(view));
    std::vector<Row> rows = MakeRows(random, 6'000, 2, 20'000);
    // One entity without retraction and with claims in order: its visible rows are a prefix.
    for (Row& row : rows) {
      if (row.key.is_null() || row.key.int64() != 0) continue;
      row.delay = 3;
      row.known_to = seed % 2 == 0 ? kForever : row.known_to;
    }
    Labels labels = MakeLabels(random, 60, 2, 20'000);
    MP_ASSERT_OK_AND_ASSIGN(Batch scan,
                            Evaluate(*program, rows, labels.key, labels.at, WindowMethod::kScan));
    MP_ASSERT_OK_AND_ASSIGN(Batch tree,
                            Evaluate(*program, rows, labels.key, labels.at, WindowMethod::kTree));
    MP_ASSERT_OK_AND_ASSIGN(Batch automatic,
                            Evaluate(*program, rows, labels.key, labels.at, WindowMethod::kAuto));
    ExpectSame(scan, tree);
    ExpectSame(scan, automatic);
  }
}

TEST(Evaluate, RowOrderAndSplitOfLabelsDoNotMatter) {
  SeededRandom random(77);
  MP_ASSERT_OK_AND_ASSIGN(auto program, Compile(MakeView(0)));
  std::vector<Row> rows = MakeRows(random, 400, 3, 60);  // many ties
  Labels labels = MakeLabels(random, 40, 3, 60);
  MP_ASSERT_OK_AND_ASSIGN(Batch before,
                          Evaluate(*program, rows, labels.key, labels.at, WindowMethod::kAuto));
  for (size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[NextBelow(random, i)]);
  MP_ASSERT_OK_AND_ASSIGN(Batch after,
                          Evaluate(*program, rows, labels.key, labels.at, WindowMethod::kTree));
  ExpectSame(before, after);
  std::vector<int64_t> half;
  for (int64_t row = 1; row < before.rows; row += 2) half.push_back(row);
  MP_ASSERT_OK_AND_ASSIGN(Batch part, Evaluate(*program, rows, labels.key.Take(half),
                                               labels.at.Take(half), WindowMethod::kAuto));
  Batch expected = before;
  expected.rows = part.rows;
  for (Column& column : expected.columns) column = column.Take(half);
  ExpectSame(expected, part);
}

}  // namespace
}  // namespace millpond::kernel
