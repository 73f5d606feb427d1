#include "platform/features/audit.h"

#include <arrow/builder.h>

#include <filesystem>

#include "base/json.h"
#include "platform/features/kernel_batch.h"
#include "platform/features/online_test_project.h"

namespace millpond::platform {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

class AuditTest : public OnlineTest {
 protected:
  void SetUp() override {
    OnlineTest::SetUp();
    other_ = OtherProcess();
    OpenOnline();
    MP_ASSERT_OK(online_->Serve("v"));
  }

  // Asks for a customer now and keeps what an inference table would.
  void Request(int64_t customer) {
    const Micros at = machine_.clock.Now();
    auto answer = online_->Get("v", Customers({customer}), at);
    ASSERT_TRUE(answer.has_value());
    kernel::Batch row = std::move(answer->features);
    const auto add = [&](const std::string& name, kernel::Type type, const kernel::Value& value) {
      row.names.push_back(name);
      row.columns.push_back(kernel::Column::FromValues(type, {&value, 1}));
    };
    add("request_id", kernel::kVarchar, kernel::Value::Varchar(fmt::format("r{}", served_.size())));
    add("as_of", kernel::kTimestamp, kernel::Value::Timestamp(at));
    add("customer", kernel::kBigint, kernel::Value::Bigint(customer));
    add("source_version", kernel::kBigint, kernel::Value::Bigint(answer->source_version));
    add("marked", kernel::kBoolean, kernel::Value::Boolean(answer->stale));
    served_.push_back(std::move(row));
  }

  AuditReport Audit(AuditKind kind, const ServedColumns& columns = {}) {
    auto report = TryAudit(kind, columns);
    EXPECT_TRUE(report.has_value()) << report.error().ToString();
    return report ? *report : AuditReport();
  }
  Result<AuditReport> TryAudit(AuditKind kind, const ServedColumns& columns = {}) {
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    for (const kernel::Batch& row : served_) batches.push_back(*ToArrowBatch(row));
    auto reader = arrow::RecordBatchReader::Make(batches, batches.front()->schema()).ValueOrDie();
    return AuditServedRows(*store_, "v", *reader, columns, kind);
  }

  std::unique_ptr<data::Catalog> other_;
  std::vector<kernel::Batch> served_;
};

// Requests while events come out of order, late and past their claim, some seen too late.
TEST_F(AuditTest, NothingDiffersAmongUnmarkedAnswers) {
  for (int step = 0; step < 60; ++step) {
    std::vector<Order> orders;
    for (int i = 0; i < 6; ++i) orders.push_back(RandomOrder(3, 90 * kMicrosPerSecond));
    Commit(orders, other_.get());
    if (step % 4 != 1) {
      machine_.clock.Advance(static_cast<Micros>(NextBelow(random_, 400'000)));
      MP_ASSERT_OK(online_->CatchUp());
    }
    for (int i = 0; i < 3; ++i) {
      machine_.clock.Advance(static_cast<Micros>(NextBelow(random_, 700'000)));
      Request(static_cast<int64_t>(NextBelow(random_, 4)));
    }
    if (step % 4 == 1) machine_.clock.Advance(1'500'000);
  }
  MP_ASSERT_OK(online_->CatchUp());
  const AuditReport engine = Audit(AuditKind::kEngine);
  EXPECT_EQ(engine.rows, 180);
  EXPECT_EQ(engine.equal, 180) << DumpJson(engine.ToJson());
  const AuditReport skew = Audit(AuditKind::kSkew);
  EXPECT_EQ(skew.different, 0) << DumpJson(skew.ToJson());
  EXPECT_EQ(skew.equal + skew.marked, 180);
  EXPECT_GT(skew.equal, 40);
  EXPECT_GT(skew.marked, 0);
}

TEST_F(AuditTest, ALateCommitMarksWhatItWouldHaveChanged) {
  machine_.clock.Advance(10 * kMicrosPerSecond);
  MP_ASSERT_OK(online_->CatchUp());
  // Stamped now, but not in the log before the feeder has looked two seconds later.
  auto late = OtherProcess();
  const Micros stamp = machine_.clock.Now();
  machine_.clock.Advance(2 * kMicrosPerSecond);
  MP_ASSERT_OK(online_->CatchUp());
  Request(1);
  Request(2);
  machine_.clock.Set(stamp);
  Commit({{1, stamp - 5 * kMicrosPerSecond, 100}}, late.get());
  machine_.clock.Set(stamp + 2 * kMicrosPerSecond);
  MP_ASSERT_OK(online_->CatchUp());
  EXPECT_EQ(online_->Views().front().late_commits, 1);
  const AuditReport skew = Audit(AuditKind::kSkew);
  EXPECT_EQ(skew.marked, 1);
  EXPECT_EQ(skew.marked_late, 1);
  EXPECT_EQ(skew.equal, 1);
  EXPECT_EQ(skew.different, 0);
  // At the version used both were right.
  EXPECT_EQ(Audit(AuditKind::kEngine).equal, 2);
}

TEST_F(AuditTest, ADifferenceIsFoundAndNamed) {
  Commit({{1, now_ - 10 * kMicrosPerSecond, 100, 0.5, "a"}});
  machine_.clock.Advance(5 * kMicrosPerSecond);
  MP_ASSERT_OK(online_->CatchUp());
  Request(1);
  Request(2);
  const auto weight = static_cast<size_t>(served_[0].Find("weight_m"));
  served_[0].columns[weight].mutable_doubles()[0] = std::nextafter(0.5, 1);
  for (AuditKind kind : {AuditKind::kEngine, AuditKind::kSkew}) {
    const AuditReport report = Audit(kind);
    EXPECT_EQ(report.different, 1);
    EXPECT_EQ(report.equal, 1);
    ASSERT_EQ(report.first.size(), 1u);
    EXPECT_EQ(report.first[0].feature, "weight_m");
    EXPECT_EQ(report.first[0].recomputed, "0.5");
    EXPECT_THAT(DumpJson(report.ToJson()), HasSubstr("0.5000000000000001"));
  }
}

TEST_F(AuditTest, WhatCannotBeRecomputedIsNotEqual) {
  Commit({{1, now_ - 10 * kMicrosPerSecond, 100}});
  machine_.clock.Advance(5 * kMicrosPerSecond);
  MP_ASSERT_OK(online_->CatchUp());
  Request(1);
  MP_ASSERT_OK_AND_ASSIGN(auto table, catalog_->OpenTable({.table = "orders"}));
  for (const auto& entry : std::filesystem::directory_iterator(table.path())) {
    if (entry.path().extension() == ".parquet") std::filesystem::remove(entry.path());
  }
  const AuditReport report = Audit(AuditKind::kEngine);
  EXPECT_EQ(report.unauditable, 1);
  EXPECT_EQ(report.equal, 0);
  ASSERT_EQ(report.unauditable_because.size(), 1u);
  EXPECT_THAT(report.unauditable_because[0], HasSubstr(".parquet"));
}

TEST_F(AuditTest, RowsOfAnotherDefinitionAreUnauditable) {
  Request(1);
  const kernel::Value two = kernel::Value::Bigint(2);
  served_[0].names.push_back("view_version");
  served_[0].columns.push_back(kernel::Column::FromValues(kernel::kBigint, {&two, 1}));
  ServedColumns columns;
  columns.view_version = "view_version";
  EXPECT_EQ(Audit(AuditKind::kEngine, columns).unauditable, 1);
}

TEST_F(AuditTest, NamesColumnsThatAreMissing) {
  Request(1);
  ServedColumns columns;
  columns.as_of = "moment";
  EXPECT_THAT(TryAudit(AuditKind::kEngine, columns),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no column moment")));
  columns = {};
  columns.features["n"] = "n_of_customer";
  EXPECT_THAT(TryAudit(AuditKind::kEngine, columns),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no column n_of_customer")));
}

}  // namespace
}  // namespace millpond::platform
