#include "pipeline/flows/flow_state.h"

#include <filesystem>

#include "pipeline/flows/flow_test_project.h"

namespace millpond::pipeline {
namespace {

using ::testing::ElementsAre;

TEST(FlowStateTest, OldPlansGoAndWhatTheyHaveReadIsNotReadAgain) {
  TestProject project;
  project.Write("transformations/t.sql",
                "CREATE STREAMING TABLE t AS SELECT line FROM STREAM read_files('data', format => "
                "'text', max_files_per_epoch => 1);");
  constexpr int kFiles = 100;
  for (int i = 0; i < kFiles; ++i) {
    project.Write(fmt::format("data/{:03}.txt", i), fmt::format("{}\n", i));
  }
  MP_ASSERT_OK_AND_ASSIGN(auto report, project.Run());
  EXPECT_EQ(report.flows[0].epochs, kFiles);
  std::string dir = project.dir() + "/.millpond/state/flows/main.default.t/g000001/";
  EXPECT_FALSE(std::filesystem::exists(dir + "plan-000000031.json"));
  EXPECT_FALSE(std::filesystem::exists(dir + "outcome-000000031.json"));
  EXPECT_TRUE(std::filesystem::exists(dir + "plan-000000032.json"));
  project.Write("data/one more.txt", "more\n");
  MP_ASSERT_OK_AND_ASSIGN(report, project.Run());
  EXPECT_EQ(report.flows[0].rows_in, 1);
  EXPECT_THAT(project.Rows("SELECT count(*), count(DISTINCT line) FROM t"), ElementsAre("101|101"));
}

}  // namespace
}  // namespace millpond::pipeline
