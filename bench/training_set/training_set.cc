// Window values a second and core of point-in-time training sets: see README.md.
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/fs/local_filesystem.h"
#include "data/arrow/status.h"
#include "data/catalog/catalog.h"
#include "data/delta/commit/write.h"
#include "data/sql/session.h"
#include "platform/features/feature_store.h"

namespace millpond {
namespace {

constexpr Micros kStart = 1'600'000'000 * kMicrosPerSecond;
constexpr int64_t kDays = 365;

constexpr const char* kView = R"(CREATE FEATURE VIEW customer
  ENTITY (customer) TIMESTAMP ts KNOWN AT ts + INTERVAL 1 HOUR
AS SELECT
  count(*) OVER d1 AS n1, count(*) OVER d7 AS n7, count(*) OVER d30 AS n30, count(*) OVER d90 AS n90,
  sum(amount) OVER d1 AS s1, sum(amount) OVER d7 AS s7, sum(amount) OVER d30 AS s30,
  sum(amount) OVER d90 AS s90,
  sum(price) OVER d7 AS p7, sum(price) OVER d30 AS p30, sum(price) OVER d90 AS p90,
  avg(price) OVER life AS pa,
  avg(amount) OVER d30 AS a30, avg(amount) OVER d90 AS a90, avg(amount) OVER life AS a,
  max(amount) OVER d30 AS m30, max(amount) OVER d90 AS m90, max(amount) OVER life AS m,
  count_distinct(item) OVER d30 AS i30, count_distinct(item) OVER d90 AS i90
FROM events
WINDOW d1 AS (RANGE INTERVAL 1 DAY PRECEDING), d7 AS (RANGE INTERVAL 7 DAYS PRECEDING),
  d30 AS (RANGE INTERVAL 30 DAYS PRECEDING), d90 AS (RANGE INTERVAL 90 DAYS PRECEDING),
  life AS (RANGE UNBOUNDED PRECEDING))";

// Any error ends the program: a bench has no caller to tell.
template <typename T>
T Must(Result<T> result) {
  if (result) {
    if constexpr (!std::is_void_v<T>) return std::move(*result);
  } else {
    std::fprintf(stderr, "%s\n", result.error().ToString().c_str());
    std::exit(1);
  }
}

std::shared_ptr<arrow::RecordBatch> MakeRows(SeededRandom& random, int64_t rows, uint64_t customers,
                                             bool labels) {
  const auto time = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  arrow::Int64Builder customer;
  arrow::TimestampBuilder at(time, arrow::default_memory_pool());
  arrow::DoubleBuilder amount;
  arrow::Decimal128Builder price(arrow::decimal128(10, 2));
  arrow::Int64Builder item;
  arrow::Status status;
  for (int64_t row = 0; row < rows && status.ok(); ++row) {
    status &= customer.Append(static_cast<int64_t>(NextBelow(random, customers)));
    status &= at.Append(kStart + static_cast<Micros>(NextBelow(random, kDays * kMicrosPerDay)));
    if (labels) continue;
    const auto cents = static_cast<int64_t>(NextBelow(random, 100'000));
    status &= amount.Append(static_cast<double>(cents) * 0.01);
    status &= price.Append(arrow::Decimal128(cents));
    status &= item.Append(static_cast<int64_t>(NextBelow(random, 500)));
  }
  std::vector<std::shared_ptr<arrow::Field>> fields{arrow::field("customer", arrow::int64()),
                                                    arrow::field("ts", time)};
  std::vector<std::shared_ptr<arrow::Array>> columns{Must(data::FromArrow(customer.Finish())),
                                                     Must(data::FromArrow(at.Finish()))};
  if (!labels) {
    fields.push_back(arrow::field("amount", arrow::float64()));
    fields.push_back(arrow::field("price", arrow::decimal128(10, 2)));
    fields.push_back(arrow::field("item", arrow::int64()));
    columns.push_back(Must(data::FromArrow(amount.Finish())));
    columns.push_back(Must(data::FromArrow(price.Finish())));
    columns.push_back(Must(data::FromArrow(item.Finish())));
  }
  return arrow::RecordBatch::Make(arrow::schema(fields), rows, columns);
}

std::shared_ptr<arrow::RecordBatchReader> Reader(const std::shared_ptr<arrow::RecordBatch>& rows) {
  return Must(data::FromArrow(arrow::RecordBatchReader::Make({rows}, rows->schema())));
}

int Main(int64_t events, int64_t labels, uint64_t customers) {
  std::string dir = (std::filesystem::temp_directory_path() / "training-set-XXXXXX").string();
  if (::mkdtemp(dir.data()) == nullptr) return 1;
  auto fs = MakeLocalFileSystem();
  SystemClock clock;
  SystemRandom system_random;
  Arbiter arbiter;
  TaskPool pool;
  const data::Workspace workspace{
      {*fs, clock, system_random, arbiter, pool, {}}, "bench", dir, dir, dir + "/warehouse", {dir}};
  auto catalog = Must(data::Catalog::Open(workspace));
  auto engine = Must(data::SqlEngine::Open(*catalog, {}));
  auto store = Must(platform::FeatureStore::Open(*catalog, *engine));

  SeededRandom random(1);
  const auto rows = MakeRows(random, events, customers, false);
  data::CreateOptions create;
  create.schema = Must(data::Schema::FromArrow(*rows->schema()));
  auto table = Must(catalog->CreateTable({.table = "events"}, create, false));
  Must(data::WriteTable(table, *Reader(rows)));
  auto session = Must(engine->Connect({"local"}));
  Must(session->Execute(kView, "bench"));

  const auto label_rows = MakeRows(random, labels, customers, true);
  for (int threads = 1; threads <= pool.threads(); threads *= 2) {
    double best = 0;
    int64_t values = 0;
    for (int run = 0; run < 3; ++run) {
      platform::TrainingOptions options;
      options.threads = threads;
      const auto set = Must(store->TrainingSetFor(*Reader(label_rows), {"customer"}, options));
      values = set.record.window_values;
      if (run == 0 || set.record.seconds < best) best = set.record.seconds;
    }
    fmt::print(
        "{} events, {} labels, {} threads: {} window values in {:.3f} s, {:.2f}M a second "
        "and core\n",
        events, labels, threads, values, best, static_cast<double>(values) / best / threads / 1e6);
  }
  std::filesystem::remove_all(dir);
  return 0;
}

}  // namespace
}  // namespace millpond

int main(int argc, char** argv) {
  const auto argument = [&](int i, int64_t otherwise) {
    return argc > i ? std::atoll(argv[i]) : otherwise;
  };
  return millpond::Main(argument(1, 1'000'000), argument(2, 100'000),
                        static_cast<uint64_t>(argument(3, 20'000)));
}
