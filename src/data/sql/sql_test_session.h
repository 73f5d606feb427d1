// For tests of data/sql only: a project in a folder of its own with one SQL session on it.
#pragma once

#include <memory>
#include <string>

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/catalog/catalog.h"
#include "data/sql/output.h"
#include "data/sql/session.h"

namespace millpond::data::testing_sql {

class SessionFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    Workspace workspace{machine_.env,       "test",       dir_.path(), dir_.path(),
                        dir_ / "warehouse", {dir_.path()}};
    catalog_ = *Catalog::Open(workspace);
    auto engine = SqlEngine::Open(*catalog_, Options());
    ASSERT_TRUE(engine.has_value()) << engine.error().ToString();
    engine_ = *std::move(engine);
    session_ = *engine_->Connect({"local"});
  }

  virtual SqlOptions Options() { return {.memory_bytes = int64_t{512} << 20}; }

  // The result as CSV, or its message.
  Result<std::string> Run(const std::string& sql) { return RunIn(*session_, sql); }

  static Result<std::string> RunIn(SqlSession& session, const std::string& sql) {
    MP_ASSIGN_OR_RETURN(auto result, session.Execute(sql, "q.sql"));
    if (!result.rows) return result.message;
    std::string text;
    MP_RETURN_IF_ERROR(WriteOutput(*result.rows, OutputFormat::kCsv, [&](std::string_view bytes) {
      text += bytes;
      return OkStatus();
    }));
    return text;
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<SqlEngine> engine_;
  std::unique_ptr<SqlSession> session_;
};

}  // namespace millpond::data::testing_sql
