#include "platform/jobs/job_definition.h"

#include "platform/jobs/jobs_test_project.h"

namespace millpond::platform {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;

class JobDefinitionTest : public JobsTest {
 protected:
  Result<JobDefinition> Parse(const std::string& text,
                              const std::string& file = "jobs/nightly.yml") {
    return ParseJobDefinition(text, file, kinds_);
  }
};

TEST_F(JobDefinitionTest, EveryKeyIsRead) {
  MP_ASSERT_OK_AND_ASSIGN(const auto job, Parse(R"(description: everything, every night
schedule: {cron: "15 2 * * *"}
task: {kind: work, note: x}
retry: {attempts: 5, backoff_s: 0.5, max_backoff_s: 4}
timeout_s: 90
)"));
  EXPECT_EQ(job.name, "nightly");
  EXPECT_EQ(job.description, "everything, every night");
  EXPECT_EQ(job.schedule.ToString(), "15 2 * * *");
  EXPECT_EQ(job.task_kind, "work");
  EXPECT_EQ(job.timeout, 90 * kMicrosPerSecond);
  std::vector<Micros> waits;
  for (int attempt = 1; attempt <= 5; ++attempt) waits.push_back(job.retry.BackoffAfter(attempt));
  EXPECT_THAT(waits, ElementsAre(500'000, 1'000'000, 2'000'000, 4'000'000, 4'000'000));
}

TEST_F(JobDefinitionTest, ATaskIsEnough) {
  MP_ASSERT_OK_AND_ASSIGN(const auto job, Parse("task: {kind: work}"));
  EXPECT_EQ(job.schedule.ToString(), "by hand");
  EXPECT_EQ(job.retry.attempts, 3);
  EXPECT_EQ(job.timeout, kMicrosPerDay);
}

TEST_F(JobDefinitionTest, TablesAreNamedInFull) {
  MP_ASSERT_OK_AND_ASSIGN(const auto job, Parse("schedule: {on_commit: [Orders, shop.Items]}\n"
                                                "task: {kind: work}"));
  EXPECT_THAT(job.schedule.on_commit, ElementsAre("main.default.orders", "main.shop.items"));
  EXPECT_EQ(job.schedule.quiet, 30 * kMicrosPerSecond);
}

TEST_F(JobDefinitionTest, WhatIsWrongIsNamedWithItsPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"tsak: {kind: work}", "jobs/nightly.yml:1:7: unknown key 'tsak'; did you mean 'task'?"},
      {"description: x", "the job has no task"},
      {"task: run", "jobs/nightly.yml:1:7"},
      {"task: {kind: wrok}", "there are work; did you mean 'work'?"},
      {"task: {kind: work, notes: 1}", "unknown key 'notes'; did you mean 'note'?"},
      {"task: {note: 1}", "kind"},
      {"task: {kind: work}\nschedule: {cron: \"61 * * * *\"}",
       "jobs/nightly.yml:2:18: cron field '61' (minute)"},
      {"task: {kind: work}\nschedule: {}", "a schedule says cron, on_commit or after"},
      {"task: {kind: work}\nschedule: {cron: \"* * * * *\", after: [a]}", "one trigger"},
      {"task: {kind: work}\nschedule: {corn: \"* * * * *\"}", "did you mean 'cron'?"},
      {"task: {kind: work}\nschedule: {on_commit: []}", "names no table"},
      {"task: {kind: work}\nschedule: {on_commit: [\"a b\"]}", "jobs/nightly.yml:2:24"},
      {"task: {kind: work}\nschedule: {on_commit: [a], quiet_s: 9, max_wait_s: 3}", "shorter"},
      {"task: {kind: work}\nschedule: {cron: \"* * * * *\", quiet_s: 9}", "unknown key 'quiet_s'"},
      {"task: {kind: work}\nretry: {attempts: 0}", "attempts is 1 to 100"},
      {"task: {kind: work}\nretry: {backoff_s: -1}", "backoff_s"},
      {"task: {kind: work}\nretry: {backoff_s: 9, max_backoff_s: 3}", "shorter"},
      {"task: {kind: work}\ntimeout_s: 0", "timeout_s"},
      {"task: {kind: work}\ntimeout_s: .nan", "timeout_s"},
      {"task: {kind: work}\ntask: {kind: work}", "task"},
      {"- a", "jobs/nightly.yml"},
      {"{", "jobs/nightly.yml"},
      {"", "the job has no task"},
  };
  for (const auto& [text, words] : cases) {
    EXPECT_THAT(Parse(text), FailsWith(ErrorKind::kInvalidArgument, HasSubstr(words))) << text;
  }
  EXPECT_THAT(Parse("task: {kind: work}", "jobs/two words.yml"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("letters, digits")));
}

TEST_F(JobDefinitionTest, OneBadFileKeepsNoOtherAway) {
  WriteJob("a", "task: {kind: work}");
  WriteJob("b", "task: {kind: nothing}");
  WriteJob("c", "schedule: {after: [a, b]}\ntask: {kind: work}");
  WriteJob("d", "schedule: {after: [aa]}\ntask: {kind: work}");
  WriteJob("e", "schedule: {after: [f]}\ntask: {kind: work}");
  WriteJob("f", "schedule: {after: [e]}\ntask: {kind: work}");
  WriteJob("g", "schedule: {after: [f]}\ntask: {kind: work}");
  MP_ASSERT_OK_AND_ASSIGN(const auto folder, LoadJobs(*machine_.local, dir_ / "jobs", kinds_));
  std::vector<std::string> names, problems;
  for (const auto& job : folder.jobs) names.push_back(job.name);
  for (const auto& problem : folder.problems) problems.push_back(problem.job);
  EXPECT_THAT(names, ElementsAre("a", "c", "g"));
  EXPECT_THAT(problems, ElementsAre("b", "d", "e", "f"));
  EXPECT_THAT(folder.problems[1].error.message(), HasSubstr("did you mean 'a'?"));
  EXPECT_THAT(folder.problems[2].error.message(), HasSubstr("runs after it"));
  EXPECT_THAT(folder.Require("b", "jobs"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no kind of task")));
  EXPECT_THAT(
      folder.Require("cc", "jobs"),
      FailsWith(ErrorKind::kNotFound, HasSubstr("jobs/cc.yml does not exist; did you mean")));
}

TEST_F(JobDefinitionTest, NoFolderIsNoJobs) {
  MP_ASSERT_OK_AND_ASSIGN(const auto folder, LoadJobs(*machine_.local, dir_ / "none", kinds_));
  EXPECT_TRUE(folder.jobs.empty() && folder.problems.empty());
}

}  // namespace
}  // namespace millpond::platform
