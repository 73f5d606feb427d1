// For tests of flows: a project in a temporary folder, run as `millpond run` would run it, on any
// file system. Each run opens catalog and engine anew, as a new process does.
#pragma once

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/arrow/status.h"
#include "data/catalog/catalog.h"
#include "data/sql/session.h"
#include "pipeline/flows/pipeline.h"
#include "pipeline/ingest/ingest_spool.h"
#include "pipeline/sources/push_source.h"
#include "pipeline/sources/read_files.h"

namespace millpond::pipeline {

class TestProject {
 public:
  // Catalog and engine over one file system.
  struct Opened {
    std::unique_ptr<data::Catalog> catalog;
    std::unique_ptr<data::SqlEngine> engine;
  };

  const std::string& dir() const { return dir_.path(); }
  testing::TestEnvironment& machine() { return machine_; }

  void Write(const std::string& name, std::string_view text) {
    std::string path = dir_ / name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    auto file = machine_.local->Create(path);
    ASSERT_TRUE(file.has_value());
    MP_EXPECT_OK((*file)->Append(text));
    MP_EXPECT_OK((*file)->Close());
  }
  void Remove(const std::string& name) { std::filesystem::remove_all(dir_ / name); }

  data::Workspace Workspace(FileSystem* fs = nullptr) {
    return {.env = machine_.With(fs == nullptr ? *machine_.local : *fs),
            .name = "test",
            .project_dir = dir(),
            .state_dir = dir_ / ".millpond",
            .warehouse_dir = dir_ / ".millpond/warehouse",
            .readable_roots = {dir()}};
  }

  Result<Opened> Open(FileSystem* fs = nullptr) {
    Opened opened;
    MP_ASSIGN_OR_RETURN(opened.catalog, data::Catalog::Open(Workspace(fs)));
    data::SqlOptions options;
    options.threads = 2;
    options.memory_bytes = int64_t{384} << 20;  // a test may have several open
    MP_ASSIGN_OR_RETURN(opened.engine, data::SqlEngine::Open(*opened.catalog, options));
    opened.engine->Register(&read_files_);
    opened.engine->Register(&read_push_);
    return opened;
  }

  Result<PipelineReport> Run(const RunOptions& options = {}, FileSystem* fs = nullptr) {
    MP_ASSIGN_OR_RETURN(Opened opened, Open(fs));
    MP_ASSIGN_OR_RETURN(Pipeline pipeline,
                        Pipeline::Load(*opened.catalog, *opened.engine, dir_ / "transformations"));
    return pipeline.Run(options);
  }

  // Rows pushed to main.default.<name> by a server that ends without sealing them.
  void Push(const std::string& name, const std::vector<std::string>& lines,
            const std::string& key = "") {
    data::Workspace workspace = Workspace();
    MP_ASSERT_OK_AND_ASSIGN(auto spool, IngestSpool::Open(workspace.env, {.dir = SpoolOf(name)}));
    MP_EXPECT_OK(spool->Append(lines, key));
  }
  std::string SpoolOf(const std::string& name) {
    return SpoolDir(Workspace(), {"main", "default", name});
  }

  // The rows of a query, each as "a|b|c", sorted; an error as one row.
  std::vector<std::string> Rows(const std::string& sql) {
    auto rows = TryRows(sql);
    if (!rows.has_value()) return {rows.error().ToString()};
    return *rows;
  }

 private:
  Result<std::vector<std::string>> TryRows(const std::string& sql) {
    MP_ASSIGN_OR_RETURN(Opened opened, Open());
    MP_ASSIGN_OR_RETURN(auto session, opened.engine->Connect({"test"}));
    MP_ASSIGN_OR_RETURN(auto reader, session->Select(sql));
    std::vector<std::string> rows;
    while (true) {
      std::shared_ptr<arrow::RecordBatch> batch;
      MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
      if (batch == nullptr) break;
      for (int64_t row = 0; row < batch->num_rows(); ++row) {
        std::string text;
        for (const auto& column : batch->columns()) {
          MP_ARROW_ASSIGN_OR_RETURN(auto scalar, column->GetScalar(row));
          text += "|" + scalar->ToString();
        }
        rows.push_back(text.substr(1));
      }
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
  ReadFiles read_files_;
  ReadPush read_push_;
};

}  // namespace millpond::pipeline
