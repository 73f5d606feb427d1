// bench/online_features: see README.md beside this file.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <arrow/builder.h>
#include <arrow/record_batch.h>

#include "base/fs/local_filesystem.h"
#include "data/catalog/catalog.h"
#include "data/delta/commit/write.h"
#include "data/sql/statement.h"
#include "platform/features/feature_store.h"
#include "platform/features/online_store.h"

namespace millpond::platform {
namespace {

using Seconds = std::chrono::duration<double>;
using MicrosTaken = std::chrono::duration<double, std::micro>;

constexpr Micros kNow = 1'700'000'000 * kMicrosPerSecond;
constexpr const char* kView =
    "CREATE FEATURE VIEW v ENTITY (customer) TIMESTAMP ts SETTLE 1 SECOND AS SELECT "
    "count(*) OVER d30 AS n30, sum(dollars) OVER d30 AS s30, avg(dollars) OVER d30 AS a30, "
    "max(dollars) OVER d30 AS m30, sum(weight) OVER d30 AS w30, "
    "count(*) OVER d90 AS n90, sum(dollars) OVER d90 AS s90, avg(dollars) OVER d90 AS a90, "
    "max(dollars) OVER d90 AS m90, sum(weight) OVER d90 AS w90, "
    "count(*) OVER life AS n, sum(dollars) OVER life AS s, count(DISTINCT kind) OVER life AS "
    "kinds, last(kind) OVER life AS last_kind, time_since() OVER life AS since, n30 / nullif(n, "
    "0) AS share FROM orders WINDOW life AS (RANGE UNBOUNDED PRECEDING), d30 AS (RANGE INTERVAL "
    "30 DAYS PRECEDING), d90 AS (RANGE INTERVAL 90 DAYS PRECEDING)";

template <typename T>
T Must(Result<T> result) {
  if (!result.has_value()) {
    fmt::print(stderr, "{}\n", result.error().ToString());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::shared_ptr<arrow::RecordBatch> MakeRows(int64_t customers, int64_t rows_each) {
  SeededRandom random(1);
  const auto time = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  arrow::Int64Builder customer;
  arrow::TimestampBuilder ts(time, arrow::default_memory_pool());
  arrow::Decimal128Builder dollars(arrow::decimal128(10, 2));
  arrow::DoubleBuilder weight;
  arrow::StringBuilder kind;
  for (int64_t row = 0; row < customers * rows_each; ++row) {
    (void)customer.Append(row % customers);
    (void)ts.Append(kNow - static_cast<int64_t>(NextBelow(random, 365 * kMicrosPerDay)));
    (void)dollars.Append(arrow::Decimal128(static_cast<int64_t>(NextBelow(random, 20'000))));
    (void)weight.Append(static_cast<double>(NextBelow(random, 1'000'003)) / 977);
    (void)kind.Append(std::string(1, static_cast<char>('a' + NextBelow(random, 20))));
  }
  const auto schema = arrow::schema(
      {arrow::field("customer", arrow::int64()), arrow::field("ts", time),
       arrow::field("dollars", arrow::decimal128(10, 2)), arrow::field("weight", arrow::float64()),
       arrow::field("kind", arrow::utf8())});
  return arrow::RecordBatch::Make(
      schema, customers * rows_each,
      {customer.Finish().ValueOrDie(), ts.Finish().ValueOrDie(), dollars.Finish().ValueOrDie(),
       weight.Finish().ValueOrDie(), kind.Finish().ValueOrDie()});
}

void Ask(OnlineStore& store, int64_t customers, const char* what, int64_t rows_each) {
  SeededRandom random(3);
  std::vector<double> taken;
  for (int i = 0; i < 20'000; ++i) {
    kernel::Batch entity;
    entity.names = {"customer"};
    entity.rows = 1;
    entity.columns.push_back(kernel::Column::Repeat(
        kernel::Value::Bigint(static_cast<int64_t>(NextBelow(random, customers))), 1));
    const auto begin = std::chrono::steady_clock::now();
    Must(store.Get("v", entity, kNow));
    taken.push_back(MicrosTaken(std::chrono::steady_clock::now() - begin).count());
  }
  std::ranges::sort(taken);
  fmt::print("{:>5} rows an entity, {}: median {:6.1f} us, p99 {:6.1f} us\n", rows_each, what,
             taken[taken.size() / 2], taken[taken.size() * 99 / 100]);
}

void Run(int64_t customers, int64_t rows_each) {
  std::string pattern = (std::filesystem::temp_directory_path() / "online-XXXXXX").string();
  const std::string dir = ::mkdtemp(pattern.data());
  auto fs = MakeLocalFileSystem();
  FixedClock clock(kNow);
  SeededRandom random(1);
  Arbiter arbiter({.memory_bytes = int64_t{2} << 30, .threads = 2});
  TaskPool pool(2);
  const data::Workspace workspace{{*fs, clock, random, arbiter, pool, {}},
                                  "bench",
                                  dir,
                                  dir + "/state",
                                  dir + "/state/warehouse",
                                  {dir}};
  Must(fs->CreateDirectories(workspace.state_dir));
  auto catalog = Must(data::Catalog::Open(workspace));
  auto features = Must(FeatureStore::Open(*catalog));
  const auto rows = MakeRows(customers, rows_each);
  data::CreateOptions create;
  create.schema = Must(data::Schema::FromArrow(*rows->schema()));
  auto table = Must(catalog->CreateTable({.table = "orders"}, create, true));
  auto reader = arrow::RecordBatchReader::Make({rows}, rows->schema()).ValueOrDie();
  Must(data::WriteTable(table, *reader));
  for (const auto& statement : Must(data::SplitStatements({"v.sql", kView}))) {
    Must(features->Create(statement));
  }
  for (const bool warm : {true, false}) {
    OnlineOptions options{.dir = dir + "/online"};
    options.entity_cache_bytes = warm ? int64_t{512} << 20 : 1;
    MetricsRegistry metrics;
    const auto begin = std::chrono::steady_clock::now();
    auto store = Must(OnlineStore::Open(*features, options, metrics));
    Must(store->Serve("v"));
    fmt::print("{:>5} rows an entity: {} in {:.2f} s\n", rows_each, warm ? "filled" : "reopened",
               Seconds(std::chrono::steady_clock::now() - begin).count());
    if (warm) Ask(*store, customers, "first", rows_each);
    Ask(*store, customers, warm ? "warm" : "cold", rows_each);
  }
  features.reset();
  catalog.reset();
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace millpond::platform

int main() {
  millpond::platform::Run(2000, 20);
  millpond::platform::Run(2000, 300);
  millpond::platform::Run(100, 5000);
  return 0;
}
