// A workspace with a catalog and a feature store for the tests of this directory,
// and tables made of JSON rows.
#pragma once

#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/catalog/catalog.h"
#include "data/delta/commit/write.h"
#include "data/sql/statement.h"
#include "platform/features/feature_store.h"

namespace millpond::platform {

class FeaturesTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open() {
    store_.reset();
    catalog_.reset();
    const data::Workspace workspace{
        machine_.env, "test", dir_.path(), dir_ / ".millpond", dir_ / ".millpond/warehouse",
        {dir_.path()}};
    MP_ASSERT_OK(machine_.env.fs.CreateDirectories(workspace.state_dir));
    MP_ASSERT_OK_AND_ASSIGN(catalog_, data::Catalog::Open(workspace));
    MP_ASSERT_OK_AND_ASSIGN(store_, FeatureStore::Open(*catalog_));
  }

  static std::shared_ptr<arrow::RecordBatch> Rows(const std::shared_ptr<arrow::Schema>& schema,
                                                  const std::string& json) {
    auto rows = arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json);
    EXPECT_TRUE(rows.ok()) << rows.status().ToString();
    return arrow::RecordBatch::FromStructArray(*rows)
        .ValueOrDie()
        ->ReplaceSchema(schema)
        .ValueOrDie();
  }
  static std::shared_ptr<arrow::RecordBatchReader> Reader(
      const std::shared_ptr<arrow::RecordBatch>& batch) {
    return arrow::RecordBatchReader::Make({batch}, batch->schema()).ValueOrDie();
  }

  // One commit: rows of `json` appended to the table, which is made if it is missing.
  void Append(const std::string& table, const std::shared_ptr<arrow::Schema>& schema,
              const std::string& json) {
    data::CreateOptions options;
    MP_ASSERT_OK_AND_ASSIGN(options.schema, data::Schema::FromArrow(*schema));
    MP_ASSERT_OK_AND_ASSIGN(auto delta, catalog_->CreateTable({.table = table}, options, true));
    auto reader = Reader(Rows(schema, json));
    MP_ASSERT_OK(data::WriteTable(delta, *reader));
  }

  Status Create(const std::string& text) {
    MP_ASSIGN_OR_RETURN(auto statements, data::SplitStatements({"v.sql", text}));
    for (const data::Statement& statement : statements) {
      MP_RETURN_IF_ERROR(store_->Create(statement));
    }
    return OkStatus();
  }

  Result<TrainingSet> Train(const std::shared_ptr<arrow::RecordBatch>& labels,
                            const std::vector<std::string>& views,
                            const TrainingOptions& options = {}) {
    auto reader = Reader(labels);
    return store_->TrainingSetFor(*reader, views, options);
  }

  // The column as JSON-like text, for short comparisons: "[1,2,null]".
  static std::string Text(const TrainingSet& set, const std::string& column) {
    std::string text = "[";
    const auto values = set.rows->GetColumnByName(column);
    if (!values) return "no column " + column;
    for (int64_t i = 0; i < values->length(); ++i) {
      const auto scalar = values->GetScalar(i).ValueOrDie();
      text += (i == 0 ? "" : ",") + (scalar->is_valid ? scalar->ToString() : "null");
    }
    return text + "]";
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
  std::unique_ptr<data::Catalog> catalog_;
  std::unique_ptr<FeatureStore> store_;
};

}  // namespace millpond::platform
