// Minutes: steps of a run that reads pushed rows fail.
#include "base/fs/faulty_filesystem.h"
#include "pipeline/flows/flow_test_project.h"
#include "pipeline/flows/push_flow_test_text.h"

namespace millpond::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Pushes, runs and again pushes, with a fault at a step of either; then everything in order.
class PushFaultTest : public ::testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(PushFaultTest, EachRowIsThereOnce) {
  auto [once, afterwards] = GetParam();
  int64_t step = 1;
  for (;; step += 17) {
    TestProject project;
    project.Write("transformations/1.sql", std::string(kPushed) + kUnion);
    project.Write("data/a.txt", "1\n");
    project.Push("clicks", {"{}", User(2)}, "first");
    FaultyFileSystem faulty(*project.machine().local);
    faulty.FailAfterwards(afterwards);
    faulty.FailAt(step, once ? FaultyFileSystem::Mode::kOnce : FaultyFileSystem::Mode::kFromThenOn);
    auto run = project.Run({}, &faulty);
    if (!faulty.failed()) {
      MP_EXPECT_OK(run);
      break;
    }
    project.machine().clock.Advance(kMicrosPerHour);
    project.Push("clicks", {"{}", User(2)}, "first");  // the client did not hear the answer
    project.Push("clicks", {User(3)});
    MP_EXPECT_OK(project.Run()) << "step " << step;
    EXPECT_THAT(project.Rows("SELECT user_id FROM clicks"), ElementsAre("2", "3")) << step;
    EXPECT_THAT(project.Rows("SELECT user_id FROM events"), ElementsAre("1", "2", "3")) << step;
    EXPECT_THAT(project.Rows("SELECT count(*) FROM clicks_quarantine"), ElementsAre("1")) << step;
    EXPECT_THAT(project.Rows("SELECT * FROM read_push('clicks', schema => 'user_id BIGINT')"),
                IsEmpty())
        << step;
    if (HasFailure()) return;
  }
  EXPECT_GT(step, 100);
}

INSTANTIATE_TEST_SUITE_P(Modes, PushFaultTest,
                         ::testing::Combine(::testing::Bool(), ::testing::Bool()));

}  // namespace
}  // namespace millpond::pipeline
