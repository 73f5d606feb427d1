// The window evaluator against a naive one that reads the visibility rule word for word and feeds
// the permanent aggregate states row by row.
#include "kernel/evaluate.h"

#include "base/testing/result_matchers.h"
#include "kernel/evaluate_test_rows.h"

namespace millpond::kernel {
namespace {

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
    // The columns of the view but entity and timestamp, ascending by name.
    std::string tie;
    for (const Value& value :
         {row.amount, Value::Interval(row.delay), row.kind, row.units, row.weight}) {
      AppendCanonical(value, &tie);
    }
    state->Add(argument, row.event_time, known_from, tie);
  }
  // Through the bytes and back, so that those are tested too.
  auto read = AggregateState::Deserialize(state->Serialize());
  EXPECT_TRUE(read.has_value());
  return read->Finish(at);
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
