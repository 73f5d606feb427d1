// An epoch is cut off at steps of its file system, and run again: each row of the source is in the
// table or in the quarantine exactly once, with the values its plan gave it. Shared by the fast
// sweep over some steps and the long one over all.
#pragma once

#include "base/fs/faulty_filesystem.h"
#include "pipeline/flows/flow_test_project.h"

namespace millpond::pipeline {

inline constexpr const char* kFaultFlows =
    "CREATE STREAMING TABLE t (\n"
    "  CONSTRAINT good EXPECT (line <> 'bad') ON VIOLATION QUARANTINE\n"
    ") AS SELECT line, file, line_number, now() AS told\n"
    "FROM STREAM read_files('data', format => 'text', max_files_per_epoch => 1);\n"
    "CREATE MATERIALIZED VIEW n AS SELECT count(*) AS n FROM t;\n";

class EpochFaultTest : public ::testing::TestWithParam<FaultyFileSystem::Mode> {
 protected:
  static void WriteProject(TestProject& project) {
    project.Write("transformations/t.sql", kFaultFlows);
    project.Write("data/a.txt", "one\nbad\n");
    project.Write("data/b.txt", "two\nbad\n");
  }

  static void ExpectEachRowOnce(TestProject& project, const std::string& what) {
    EXPECT_THAT(project.Rows("SELECT line, file, line_number FROM t"),
                ::testing::ElementsAre("one|data/a.txt|1", "two|data/b.txt|1"))
        << what;
    EXPECT_THAT(project.Rows("SELECT line, file, line_number, epoch, reasons[1] "
                             "FROM t_quarantine"),
                ::testing::ElementsAre("bad|data/a.txt|2|1|good", "bad|data/b.txt|2|2|good"))
        << what;
    // Rows of one epoch carry one time, wherever they went.
    EXPECT_THAT(project.Rows("SELECT count(DISTINCT told) FROM (SELECT told, file FROM t UNION ALL "
                             "SELECT told, file FROM t_quarantine) GROUP BY file"),
                ::testing::ElementsAre("1", "1"))
        << what;
    EXPECT_THAT(project.Rows("SELECT n FROM n"), ::testing::ElementsAre("2")) << what;
  }

  // As Sweep, of the full refresh of a project that has run: until the refresh is through, readers
  // see the old rows or the new ones.
  static void SweepRefresh(FaultyFileSystem::Mode mode, int64_t stride) {
    TestProject project;
    WriteProject(project);
    project.Write("data/c.txt", "old\nbad\n");
    MP_EXPECT_OK(project.Run());
    RunOptions refresh;
    refresh.full_refresh = {"*"};
    for (int64_t step = 1;; step += stride) {
      project.Remove("data/c.txt");
      FaultyFileSystem faulty(*project.machine().local);
      faulty.FailAt(step, mode);
      auto result = project.Run(refresh, &faulty);
      if (!faulty.failed()) {
        MP_EXPECT_OK(result);
        EXPECT_GT(step, 50);
        break;
      }
      MP_EXPECT_OK(project.Run()) << "step " << step;
      std::vector<std::string> rows = project.Rows("SELECT line FROM t");
      if (rows.size() == 2) ExpectEachRowOnce(project, fmt::format("refresh, step {}", step));
      // The refresh may have ended before it began: then it is asked for again.
      MP_EXPECT_OK(project.Run(refresh));
      ExpectEachRowOnce(project, fmt::format("refresh again, step {}", step));
      project.Write("data/c.txt", "old\nbad\n");
      MP_EXPECT_OK(project.Run());
      if (HasFailure()) return;
    }
  }

  // Fails step 1, 1 + stride, … until a run has fewer steps.
  static void Sweep(FaultyFileSystem::Mode mode, bool afterwards, int64_t stride) {
    int64_t step = 1;
    for (;; step += stride) {
      TestProject project;
      WriteProject(project);
      FaultyFileSystem faulty(*project.machine().local);
      faulty.FailAfterwards(afterwards);
      faulty.FailAt(step, mode);
      auto result = project.Run({}, &faulty);
      if (!faulty.failed()) {
        MP_EXPECT_OK(result);
        break;
      }
      project.machine().clock.Advance(kMicrosPerHour);
      MP_EXPECT_OK(project.Run()) << "step " << step;
      ExpectEachRowOnce(project, fmt::format("step {} {}", step, afterwards));
      if (HasFailure()) return;
    }
    EXPECT_GT(step, 50);
  }
};

}  // namespace millpond::pipeline
