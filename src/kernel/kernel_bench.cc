// Window values a second on one core: entities of several sizes, labels spread over their history,
// six windows of seven aggregates. Prints one line a case; run by hand (build/bin/kernel_bench).
#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "base/random.h"
#include "kernel/evaluate.h"

namespace millpond::kernel {
namespace {

using Seconds = std::chrono::duration<double>;

FeatureViewDefinition MakeView() {
  FeatureViewDefinition view;
  view.name = "bench";
  view.source = "main.default.bench";
  view.columns = {
      {"id", kBigint}, {"ts", kTimestamp}, {"amount", Decimal(10, 2)}, {"weight", kDouble}};
  view.entity = {"id"};
  view.timestamp = "ts";
  int number = 0;
  for (int64_t days : {7, 30, 90, 180, 365, 0}) {
    std::string name = fmt::format("w{}", days);
    std::optional<Micros> range;
    if (days > 0) range = days * kMicrosPerDay;
    view.windows.push_back({name, range, -1});
    auto add = [&](const char* function, std::vector<Expr> arguments) {
      view.outputs.push_back(
          {fmt::format("f{}", number++), Aggregate(function, std::move(arguments), name), -1});
    };
    add("count", {});
    add("sum", {ColumnRef("amount")});
    add("avg", {ColumnRef("amount")});
    add("max", {ColumnRef("amount")});
    add("sum", {ColumnRef("weight")});
    add("avg", {ColumnRef("weight")});
    add("last", {ColumnRef("amount")});
  }
  return view;
}

struct Data {
  Column id{kBigint};
  Column ts{kTimestamp};
  Column amount{Decimal(10, 2)};
  Column weight{kDouble};
};

Data MakeRows(int64_t entities, int64_t rows_each) {
  SeededRandom random(1);
  Data data;
  for (int64_t entity = 0; entity < entities; ++entity) {
    for (int64_t row = 0; row < rows_each; ++row) {
      data.id.Append(Value::Bigint(entity));
      auto at = static_cast<int64_t>(NextBelow(random, 730 * kMicrosPerDay));
      data.ts.Append(Value::Timestamp(at));
      auto cents = static_cast<int64_t>(NextBelow(random, 100'000));
      data.amount.Append(Value::MakeDecimal(cents, 10, 2));
      data.weight.Append(Value::Double(static_cast<double>(NextBelow(random, 1'000'000)) * 1e-3));
    }
  }
  return data;
}

void Run(int64_t entities, int64_t rows_each, int64_t labels_each, WindowMethod method,
         const char* method_name) {
  auto program = Compile(MakeView());
  Data data = MakeRows(entities, rows_each);
  std::vector<const Column*> columns;
  for (const SourceColumn& column : (*program)->used_columns) {
    columns.push_back(column.name == "id"       ? &data.id
                      : column.name == "ts"     ? &data.ts
                      : column.name == "amount" ? &data.amount
                                                : &data.weight);
  }
  auto start = std::chrono::steady_clock::now();
  auto source = PrepareSource(**program, columns, entities * rows_each);
  double prepare = Seconds(std::chrono::steady_clock::now() - start).count();
  SeededRandom random(2);
  Column key(kBigint);
  Column at(kTimestamp);
  for (int64_t i = 0; i < entities * labels_each; ++i) {
    key.Append(Value::Bigint(i % entities));
    at.Append(Value::Timestamp(static_cast<int64_t>(NextBelow(random, 800 * kMicrosPerDay))));
  }
  const Column* entity = &key;
  start = std::chrono::steady_clock::now();
  auto batch = EvaluateFeatures(**program, *source, {&entity, 1}, at, {method});
  double seconds = Seconds(std::chrono::steady_clock::now() - start).count();
  auto values = static_cast<double>(batch->rows) * static_cast<double>(batch->columns.size());
  fmt::print(
      "{:>7} entities x {:>7} rows, {:>6} labels each, {}: {:6.2f} M window values/s "
      "({:.0f} values, {:.3f} s; prepare {:.2f} M rows/s)\n",
      entities, rows_each, labels_each, method_name, values / seconds / 1e6, values, seconds,
      static_cast<double>(entities * rows_each) / prepare / 1e6);
}

}  // namespace
}  // namespace millpond::kernel

int main() {
  using millpond::kernel::Run;
  using millpond::kernel::WindowMethod;
  Run(20'000, 5, 2, WindowMethod::kAuto, "auto");
  Run(2'000, 100, 20, WindowMethod::kAuto, "auto");
  Run(100, 2'000, 400, WindowMethod::kAuto, "auto");
  Run(100, 2'000, 400, WindowMethod::kScan, "scan");
  Run(1, 200'000, 20'000, WindowMethod::kAuto, "auto");
  return 0;
}
