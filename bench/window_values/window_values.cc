// Window values per second of the feature kernel, on one thread: bench/window_values/README.md.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "kernel/canonical.h"
#include "kernel/evaluate.h"

namespace millpond::kernel {
namespace {

struct Shape {
  const char* name;
  int64_t entities;
  int64_t rows;    // an entity
  int64_t labels;  // an entity
};

constexpr Micros kDays = 400;

Expr Over(std::string name, std::vector<Expr> arguments, std::string window) {
  return Aggregate(std::move(name), std::move(arguments), std::move(window));
}

FeatureViewDefinition View() {
  FeatureViewDefinition view;
  view.name = "orders";
  view.source = "main.shop.orders";
  view.columns = {{"customer", kBigint},
                  {"at", kTimestamp},
                  {"amount", Decimal(12, 2)},
                  {"weight", kDouble},
                  {"shop", kVarchar}};
  view.entity = {"customer"};
  view.timestamp = "at";
  view.known_at = Call("+", {ColumnRef("at"), Literal(Value::Interval(kMicrosPerHour))});
  view.windows = {{"w30", 30 * kMicrosPerDay}, {"w90", 90 * kMicrosPerDay}, {"life", std::nullopt}};
  auto output = [&](std::string name, Expr expression) {
    view.outputs.push_back({std::move(name), std::move(expression)});
  };
  output("n30", Over("count", {}, "w30"));
  output("n90", Over("count", {}, "w90"));
  output("n", Over("count", {}, "life"));
  output("spent90", Over("sum", {ColumnRef("amount")}, "w90"));
  output("mean", Over("avg", {ColumnRef("amount")}, "life"));
  output("weight90", Over("sum", {ColumnRef("weight")}, "w90"));
  output("mean_weight", Over("avg", {ColumnRef("weight")}, "life"));
  output("last_shop", Over("last", {ColumnRef("shop")}, "life"));
  output("shops", Over("count_distinct", {ColumnRef("shop")}, "life"));
  output("recency", Over("time_since", {}, "life"));
  return view;
}

struct Data {
  Column customer, at, amount, weight, shop;
  Column label_customer, label_at;
};

Data MakeData(const Shape& shape) {
  std::mt19937_64 random(7);
  int64_t rows = shape.entities * shape.rows;
  int64_t labels = shape.entities * shape.labels;
  Data data{Column(kBigint, rows),     Column(kTimestamp, rows), Column(Decimal(12, 2), rows),
            Column(kDouble, rows),     Column(kVarchar, rows),   Column(kBigint, labels),
            Column(kTimestamp, labels)};
  for (int64_t row = 0; row < rows; ++row) {
    auto at = static_cast<Micros>(random() % (kDays * kMicrosPerDay));
    auto cents = static_cast<int64_t>(random() % 100'000);
    data.customer.Set(row, Value::Bigint(row % shape.entities));
    data.at.Set(row, Value::Timestamp(at));
    data.amount.Set(row, Value::MakeDecimal(cents, 12, 2));
    data.weight.Set(row, Value::Double(static_cast<double>(random() % 1'000'000) / 997.0));
    data.shop.SetText(row, "shop-" + std::to_string(random() % 40));
    data.shop.mutable_valid()[row] = 1;
  }
  for (int64_t row = 0; row < labels; ++row) {
    auto at = static_cast<Micros>((kDays / 2 + random() % (kDays / 2)) * kMicrosPerDay);
    data.label_customer.Set(row, Value::Bigint(row % shape.entities));
    data.label_at.Set(row, Value::Timestamp(at));
  }
  return data;
}

template <typename F>
double BestSeconds(int rounds, F&& run) {
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    auto begin = std::chrono::steady_clock::now();
    run();
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    best = std::min(best, seconds.count());
  }
  return best;
}

std::string Bits(const Batch& batch) {
  std::string bytes;
  for (const Column& column : batch.columns) {
    for (int64_t row = 0; row < batch.rows; ++row) AppendCanonical(column, row, &bytes);
  }
  return bytes;
}

[[noreturn]] void Stop(const Error& error) {
  std::fprintf(stderr, "%s\n", error.ToString().c_str());
  std::exit(1);
}

void Measure(const Shape& shape) {
  auto program = Compile(View());
  if (!program.has_value()) Stop(program.error());
  Data data = MakeData(shape);
  std::vector<const Column*> columns;
  for (const SourceColumn& used : (*program)->used_columns) {
    const std::string& name = used.name;
    columns.push_back(name == "customer" ? &data.customer
                      : name == "at"     ? &data.at
                      : name == "amount" ? &data.amount
                      : name == "weight" ? &data.weight
                                         : &data.shop);
  }
  int64_t rows = data.customer.size();
  double prepare = BestSeconds(3, [&] {
    auto source = PrepareSource(**program, columns, rows);
    if (!source.has_value()) Stop(source.error());
  });
  std::printf("%s: %lld entities of %lld rows and %lld labels; prepare %.2f M rows/s\n", shape.name,
              static_cast<long long>(shape.entities), static_cast<long long>(shape.rows),
              static_cast<long long>(shape.labels), static_cast<double>(rows) / prepare / 1e6);
  auto source = PrepareSource(**program, columns, rows);
  const Column* entity = &data.label_customer;
  auto values = static_cast<double>(data.label_at.size()) *
                static_cast<double>((*program)->aggregates.size());
  std::string bits;
  for (auto [name, method, rounds] :
       {std::tuple("auto", WindowMethod::kAuto, 7), std::tuple("tree", WindowMethod::kTree, 7),
        std::tuple("scan", WindowMethod::kScan, 3)}) {
    Result<Batch> batch = Batch{};
    double seconds = BestSeconds(rounds, [&] {
      batch = EvaluateFeatures(**program, *source, {&entity, 1}, data.label_at, {method});
      if (!batch.has_value()) Stop(batch.error());
    });
    if (bits.empty()) bits = Bits(*batch);
    if (Bits(*batch) != bits) {
      std::fprintf(stderr, "%s differs from auto\n", name);
      std::exit(1);
    }
    std::printf("  evaluate, %s: %.0f ms, %.2f M window values/s\n", name, seconds * 1e3,
                values / seconds / 1e6);
  }
}

}  // namespace
}  // namespace millpond::kernel

int main() {
  millpond::kernel::Measure({"churn", 20'000, 20, 1});
  millpond::kernel::Measure({"heavy", 1, 100'000, 1'000});
}
