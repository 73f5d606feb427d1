// A project with jobs for the tests of this folder: a real catalog and run table, two clocks that
// can be moved, and a kind of task whose work a test writes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/catalog/catalog.h"
#include "data/delta/commit/transaction.h"
#include "platform/jobs/job_definition.h"
#include "platform/jobs/job_runs.h"

namespace millpond::platform {

// {kind: work, note: TEXT}: calls what the test put in place.
class WorkKind : public TaskKind {
 public:
  using Work = std::function<Result<TaskOutcome>(const TaskRun& run, const std::string& note)>;

  explicit WorkKind(const Work& work) : work_(work) {}
  std::string name() const override { return "work"; }
  Result<std::shared_ptr<Task>> Read(MappingReader& task) const override {
    MP_ASSIGN_OR_RETURN(std::string note, task.String("note", ""));
    return std::make_shared<WorkTask>(work_, std::move(note));
  }

 private:
  class WorkTask : public Task {
   public:
    WorkTask(const Work& work, std::string note) : work_(work), note_(std::move(note)) {}
    Result<TaskOutcome> Run(const TaskRun& run) override { return work_(run, note_); }

   private:
    const Work& work_;
    const std::string note_;
  };

  const Work& work_;
};

class JobsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    data::Workspace workspace{machine_.env,       "test", dir_.path(), dir_.path(),
                              dir_ / "warehouse", {}};
    auto catalog = data::Catalog::Open(workspace);
    ASSERT_TRUE(catalog.has_value()) << catalog.error().ToString();
    catalog_ = std::move(*catalog);
    runs_ = OpenRuns();
    kinds_.Add(std::make_unique<WorkKind>(work_));
    std::filesystem::create_directories(dir_ / "jobs");
  }

  std::unique_ptr<JobRuns> OpenRuns(int kept_runs = 1000) {
    auto runs = JobRuns::Open(dir_ / "meta.db", machine_.random, machine_.clock, machine_clock_,
                              {.kept_runs = kept_runs});
    EXPECT_TRUE(runs.has_value()) << runs.error().ToString();
    return std::move(*runs);
  }

  void WriteJob(const std::string& name, const std::string& text) {
    auto file = machine_.local->Create(dir_ / ("jobs/" + name + ".yml"));
    ASSERT_TRUE(file.has_value());
    MP_ASSERT_OK((*file)->Append(text));
    MP_ASSERT_OK((*file)->Close());
  }

  JobFolder Load() {
    auto folder = LoadJobs(*machine_.local, dir_ / "jobs", kinds_);
    EXPECT_TRUE(folder.has_value());
    for (const auto& problem : folder->problems) ADD_FAILURE() << problem.error.ToString();
    return std::move(*folder);
  }

  // An empty commit to a table, which is made if it is not there.
  void Commit(const std::string& name) {
    auto table_name = data::ParseTableName(name);
    ASSERT_TRUE(table_name.has_value());
    data::CreateOptions options;
    options.schema = *data::Schema::FromJson(R"({"type":"struct","fields":[
      {"name":"id","type":"long","nullable":true,"metadata":{}}]})");
    auto exists = catalog_->TableExists(*table_name);
    ASSERT_TRUE(exists.has_value());
    auto table = catalog_->CreateTable(*table_name, options, true);
    ASSERT_TRUE(table.has_value()) << table.error().ToString();
    if (!*exists) return;
    auto transaction = data::Transaction::Begin(*table);
    ASSERT_TRUE(transaction.has_value());
    MP_ASSERT_OK(transaction->Commit());
  }

  std::vector<JobRun> Runs(const std::string& job = "") {
    auto runs = runs_->List(job, 1000);
    EXPECT_TRUE(runs.has_value());
    return std::move(*runs);
  }

  // Until a condition holds; the deadline is there so that a bug ends the test.
  static bool Within(std::chrono::seconds deadline, const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;  // its clock is the project's
  testing::SettableClock machine_clock_{1'800'000'000 * kMicrosPerSecond};
  std::unique_ptr<data::Catalog> catalog_;
  std::unique_ptr<JobRuns> runs_;
  WorkKind::Work work_ = [](const TaskRun&, const std::string& note) -> Result<TaskOutcome> {
    return TaskOutcome{true, "done " + note};
  };
  TaskKinds kinds_;
};

}  // namespace millpond::platform
