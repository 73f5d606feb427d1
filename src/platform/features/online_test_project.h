// A project with a table of orders, a view over it, and an online store, for the tests of this
// directory. Nothing is followed by itself: tests call CatchUp (or open the store with an
// interval).
#pragma once

#include <map>

#include "base/random.h"
#include "platform/features/features_test_project.h"
#include "platform/features/online_store.h"

namespace millpond::platform {

inline const auto kTime = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
inline const auto kOrders =
    arrow::schema({arrow::field("customer", arrow::int64()), arrow::field("ts", kTime),
                   arrow::field("dollars", arrow::decimal128(10, 2)),
                   arrow::field("weight", arrow::float64()), arrow::field("kind", arrow::utf8())});

struct Order {
  int64_t customer = 0;
  Micros at = 0;
  int64_t cents = 0;
  double weight = 0;
  std::string kind = "a";
};

class OnlineTest : public FeaturesTest {
 protected:
  void SetUp() override {
    FeaturesTest::SetUp();
    now_ = machine_.clock.Now();
    Commit({});
    MP_ASSERT_OK(Create(kView));
  }
  void TearDown() override { online_.reset(); }

  static constexpr const char* kView =
      "CREATE OR REPLACE FEATURE VIEW v ENTITY (customer) TIMESTAMP ts KNOWN AT ts + INTERVAL 2 "
      "SECONDS SETTLE 1 SECOND AS SELECT count(*) OVER life AS n, sum(dollars) OVER m AS spent, "
      "avg(weight) OVER m AS weight_m, sum(weight) OVER life AS weight_life, min(dollars) OVER h "
      "AS least, max(kind) OVER m AS top_kind, last(kind) OVER life AS last_kind, first(weight) "
      "OVER m AS first_weight, count(DISTINCT kind) OVER life AS kinds, count(*) FILTER (WHERE "
      "dollars > 5) OVER m AS big, time_since() OVER life AS since, n / nullif(big, 0) AS share "
      "FROM orders WHERE kind <> 'void' WINDOW life AS (RANGE UNBOUNDED PRECEDING), m AS (RANGE "
      "INTERVAL 1 MINUTE PRECEDING), h AS (RANGE INTERVAL 1 HOUR PRECEDING)";

  void OpenOnline(int follow_interval_ms = 3'600'000) {
    online_.reset();
    OnlineOptions options{.dir = dir_ / ".millpond/online",
                          .cache_bytes = 8 << 20,
                          .entity_cache_bytes = entity_cache_bytes_,
                          .follow_interval_ms = follow_interval_ms};
    metrics_ = std::make_unique<MetricsRegistry>();
    MP_ASSERT_OK_AND_ASSIGN(online_, OnlineStore::Open(*store_, options, *metrics_));
  }

  // Commits through `catalog`, or through the store's own.
  void Commit(const std::vector<Order>& orders, data::Catalog* catalog = nullptr,
              const std::string& name = "orders") {
    std::string json = "[";
    for (const Order& order : orders) {
      json += fmt::format(
          R"({}{{"customer": {}, "ts": {}, "dollars": "{}{}.{:02}", "weight": {}, "kind": "{}"}})",
          json.size() == 1 ? "" : ",", order.customer, order.at, order.cents < 0 ? "-" : "",
          std::abs(order.cents) / 100, std::abs(order.cents) % 100, order.weight, order.kind);
    }
    data::Catalog& into = catalog == nullptr ? *catalog_ : *catalog;
    data::CreateOptions options;
    MP_ASSERT_OK_AND_ASSIGN(options.schema, data::Schema::FromArrow(*kOrders));
    MP_ASSERT_OK_AND_ASSIGN(auto table, into.CreateTable({.table = name}, options, true));
    if (orders.empty()) return;
    auto reader = Reader(Rows(kOrders, json + "]"));
    MP_ASSERT_OK(data::WriteTable(table, *reader));
  }

  // Another process's view of the same project: its commits are not announced to the store.
  std::unique_ptr<data::Catalog> OtherProcess() {
    auto catalog = data::Catalog::Open(catalog_->workspace());
    EXPECT_TRUE(catalog.has_value());
    return std::move(*catalog);
  }

  static kernel::Batch Customers(const std::vector<int64_t>& ids) {
    kernel::Batch batch;
    batch.names = {"customer"};
    batch.rows = static_cast<int64_t>(ids.size());
    batch.columns.emplace_back(kernel::kBigint);
    for (int64_t id : ids) {
      // -1 stands for NULL.
      batch.columns[0].Append(id < 0 ? kernel::Value::Null(kernel::kBigint)
                                     : kernel::Value::Bigint(id));
    }
    return batch;
  }

  // The rows of a training set at T, as text with all bits.
  std::vector<std::string> Trained(const std::vector<int64_t>& ids, Micros at,
                                   std::optional<int64_t> version = {}) {
    const auto schema =
        arrow::schema({arrow::field("customer", arrow::int64()), arrow::field("ts", kTime)});
    std::string json = "[";
    for (int64_t id : ids) {
      json += fmt::format(R"({}{{"customer": {}, "ts": {}}})", json.size() == 1 ? "" : ",",
                          id < 0 ? "null" : std::to_string(id), at);
    }
    TrainingOptions options;
    if (version) options.versions["orders"] = *version;
    auto set = Train(Rows(schema, json + "]"), {"v"}, options);
    EXPECT_TRUE(set.has_value()) << set.error().ToString();
    std::vector<std::string> rows(ids.size());
    if (!set) return rows;
    for (const std::string& column : set->feature_columns) {
      for (size_t row = 0; row < rows.size(); ++row) {
        const auto value =
            set->rows->GetColumnByName(column)->GetScalar(static_cast<int64_t>(row)).ValueOrDie();
        rows[row] += column + "=" + ToText(*value) + " ";
      }
    }
    return rows;
  }
  static std::string ToText(const arrow::Scalar& value) {
    if (!value.is_valid) return "NULL";
    if (value.type->id() != arrow::Type::DOUBLE) return value.ToString();
    return fmt::format(
        "{:016x}", std::bit_cast<uint64_t>(static_cast<const arrow::DoubleScalar&>(value).value));
  }

  static std::vector<std::string> AsText(const kernel::Batch& features) {
    std::vector<std::string> rows(static_cast<size_t>(features.rows));
    for (size_t i = 0; i < features.columns.size(); ++i) {
      const kernel::Column& column = features.columns[i];
      for (int64_t row = 0; row < features.rows; ++row) {
        std::string text = column.ValueAt(row).ToString();
        if (column.type() == kernel::kDouble && !column.IsNull(row)) {
          text = fmt::format("{:016x}", std::bit_cast<uint64_t>(column.doubles()[row]));
        } else if (column.type() == kernel::kVarchar && !column.IsNull(row)) {
          text = std::string(column.text(row));
        }
        rows[static_cast<size_t>(row)] += features.names[i] + "=" + text + " ";
      }
    }
    return rows;
  }
  std::vector<std::string> Served(const std::vector<int64_t>& ids, Micros at) {
    auto answer = online_->Get("v", Customers(ids), at);
    EXPECT_TRUE(answer.has_value()) << answer.error().ToString();
    return answer ? AsText(answer->features) : std::vector<std::string>();
  }

  Order RandomOrder(int customers, Micros span) {
    SeededRandom& random = random_;
    Order order;
    order.customer = static_cast<int64_t>(NextBelow(random, static_cast<uint64_t>(customers)));
    order.at = machine_.clock.Now() - static_cast<Micros>(NextBelow(random, span));
    if (NextBelow(random, 3) == 0) order.at = order.at / kMicrosPerSecond * kMicrosPerSecond;
    order.cents = static_cast<int64_t>(NextBelow(random, 2000)) - 500;
    order.weight = static_cast<double>(NextBelow(random, 1'000'003)) / 977.0;
    order.kind = std::string(1, static_cast<char>('a' + NextBelow(random, 5)));
    if (NextBelow(random, 15) == 0) order.kind = "void";
    return order;
  }

  Micros now_ = 0;
  int64_t entity_cache_bytes_ = 4 << 20;
  SeededRandom random_{11};
  std::unique_ptr<MetricsRegistry> metrics_;
  std::unique_ptr<OnlineStore> online_;
};

}  // namespace millpond::platform
