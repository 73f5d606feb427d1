// Streaming tables that read pushed rows.
#include <filesystem>
#include <optional>

#include "pipeline/flows/flow_test_project.h"
#include "pipeline/flows/flow_turn.h"
#include "pipeline/flows/push_flow_test_text.h"

namespace millpond::pipeline {
namespace {

using ::millpond::testing::FailsWith;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PushFlowTest : public ::testing::Test {
 protected:
  std::vector<std::string> Segments() {
    std::vector<std::string> names;
    auto files = ListSegments(project_.Workspace(), {"main", "default", "clicks"});
    for (const SourceFile& file : *files) names.push_back(file.name);
    return names;
  }
  TestProject project_;
};

TEST_F(PushFlowTest, RowsArriveOnceWithTheirTypesAndTheirSegmentGoes) {
  project_.Write("transformations/1.sql", kPushed);
  MP_EXPECT_OK(project_.Run());  // a table without rows
  MP_ASSERT_OK_AND_ASSIGN(auto nothing, project_.Run());
  EXPECT_FALSE(nothing.changed());
  EXPECT_EQ(nothing.flows[0].version, 0);
  EXPECT_THAT(project_.Rows("SELECT * FROM clicks"), IsEmpty());
  project_.Push("clicks", {R"({"user_id":7,"price":"12.50","at":"1998-06-30T08:00:00.000000Z",)"
                           R"("day":"1998-06-30","note":"\"_batch\":{}"})",
                           R"({"note":"nobody"})", User(9)});
  project_.Push("clicks", {User(8)});
  MP_ASSERT_OK_AND_ASSIGN(auto report, project_.Run());
  EXPECT_EQ(report.flows[0].rows_in, 4);
  EXPECT_EQ(report.flows[0].rows_quarantined, 1);
  EXPECT_THAT(project_.Rows("SELECT user_id, price, \"at\", day, note FROM clicks"),
              ElementsAre("7|12.50|1998-06-30 08:00:00.000000Z|1998-06-30|\"_batch\":{}",
                          "8|null|null|null|null", "9|null|null|null|null"));
  EXPECT_THAT(project_.Rows("SELECT note, reasons[1] FROM clicks_quarantine"),
              ElementsAre("nobody|known"));
  EXPECT_THAT(Segments(), IsEmpty());
  MP_ASSERT_OK_AND_ASSIGN(auto again, project_.Run());
  EXPECT_FALSE(again.changed());
}

TEST_F(PushFlowTest, AUnionOfFilesAndPushes) {
  project_.Write("transformations/1.sql", std::string(kPushed) + kUnion);
  project_.Write("data/a.txt", "1\n2\n");
  MP_EXPECT_OK(project_.Run());
  project_.Push("clicks", {User(3)});
  MP_EXPECT_OK(project_.Run());
  project_.Push("clicks", {User(4)});
  project_.Write("data/b.txt", "5\n");
  MP_ASSERT_OK_AND_ASSIGN(auto report, project_.Run());
  EXPECT_EQ(report.flows.back().rows_in, 2);
  EXPECT_THAT(project_.Rows("SELECT user_id, file FROM events"),
              ElementsAre("1|data/a.txt", "2|data/a.txt", "3|null", "4|null", "5|data/b.txt"));
}

TEST_F(PushFlowTest, ASecondReaderIsRefusedByName) {
  project_.Write("transformations/1.sql",
                 std::string(kPushed) +
                     "CREATE STREAMING TABLE other AS SELECT user_id FROM\n"
                     "STREAM read_push('main.default.CLICKS', schema => 'user_id BIGINT');");
  EXPECT_THAT(
      project_.Run(),
      FailsWith(
          ErrorKind::kInvalidArgument,
          AllOf(HasSubstr("transformations/1.sql:6:"), HasSubstr("read by main.default.clicks too"),
                HasSubstr("Let main.default.other read STREAM(main.default.clicks)"))));
  auto query = [&](const std::string& body) {
    project_.Write("transformations/1.sql", "CREATE STREAMING TABLE t AS SELECT * FROM " + body);
    return project_.Run();
  };
  EXPECT_THAT(query("STREAM read_push('p', schema => 'a INT') UNION ALL SELECT * FROM STREAM "
                    "read_push('p', schema => 'a INT')"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("a second time")));
  EXPECT_THAT(query("read_push('p', schema => 'a INT')"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("needs STREAM")));
  for (auto [arguments, message] : std::vector<std::pair<std::string, std::string>>{
           {"'p'", "their schema"},
           {"'p', schema => 5", "their schema"},
           {"'p', schema => 'a INT', more => 1", "their schema"},
           {"'a b', schema => 'a INT'", "a b"},
           {"'p', schema => 'a NUMBER'", "a"},
           {"'p', schema => 'a BINARY'", "flat JSON"},
           {"'p', schema => '_batch INT'", "choose another"}}) {
    auto result = query("STREAM read_push(" + arguments + ")");
    ASSERT_FALSE(result.has_value()) << arguments;
    EXPECT_THAT(result.error().ToString(),
                AllOf(HasSubstr("transformations/1.sql:1:"), HasSubstr(message)));
  }
}

TEST_F(PushFlowTest, APushedTableIsNotRefreshed) {
  project_.Write("transformations/1.sql", std::string(kPushed) + kUnion);
  project_.Write("data/a.txt", "1\n");
  project_.Push("clicks", {User(3)});
  MP_EXPECT_OK(project_.Run());
  RunOptions options;
  options.full_refresh = {"clicks"};
  EXPECT_THAT(
      project_.Run(options),
      FailsWith(ErrorKind::kInvalidArgument, HasSubstr("main.default.clicks cannot be computed")));
  options.full_refresh = {"*"};
  MP_ASSERT_OK_AND_ASSIGN(auto report, project_.Run(options));
  for (const FlowReport& flow : report.flows) {
    EXPECT_EQ(flow.changed, flow.name != "main.default.clicks") << flow.name;
  }
  EXPECT_THAT(project_.Rows("SELECT user_id FROM events"), ElementsAre("1", "3"));
}

TEST_F(PushFlowTest, PlainSqlShowsWhatWaits) {
  project_.Push("clicks", {User(1)});
  MP_EXPECT_OK(SealAbandonedSpool(project_.machine().env, project_.SpoolOf("clicks")));
  EXPECT_THAT(project_.Rows("SELECT * FROM read_push('clicks', schema => 'user_id BIGINT')"),
              ElementsAre("1"));
  EXPECT_THAT(project_.Rows("SELECT * FROM read_push('none', schema => 'user_id BIGINT')"),
              IsEmpty());
}

TEST_F(PushFlowTest, RowsOfAnOlderSchemaStopTheFlowUntilItIsBack) {
  auto run_with = [&](const std::string& schema) {
    project_.Write("transformations/1.sql",
                   "CREATE STREAMING TABLE t AS SELECT user_id FROM STREAM read_push('clicks', "
                   "schema => '" +
                       schema + "');");
    return project_.Run();
  };
  MP_EXPECT_OK(run_with("user_id BIGINT, old INT"));
  project_.Push("clicks", {R"({"user_id":1,"old":5})"});
  auto refused = run_with("user_id BIGINT");
  EXPECT_THAT(refused, FailsWith(ErrorKind::kInvalidArgument,
                                 AllOf(HasSubstr(Segments().at(0)),
                                       HasSubstr("pushed under another schema"))));
  EXPECT_THAT(run_with("user_id BIGINT, old DATE"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("pushed under another schema")));
  MP_EXPECT_OK(run_with("user_id BIGINT, old INT"));
  EXPECT_THAT(project_.Rows("SELECT user_id FROM t"), ElementsAre("1"));
}

TEST_F(PushFlowTest, NewColumnsNeedANewTable) {
  project_.Write("transformations/1.sql", kPushed);
  project_.Push("clicks", {User(1)});
  MP_EXPECT_OK(project_.Run());
  std::string more = kPushed;
  more.replace(more.find("note STRING"), 11, "note STRING, more INT");
  project_.Write("transformations/1.sql", more);
  project_.Push("clicks", {User(1)});
  EXPECT_THAT(project_.Run(),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("a table and a push of their own")));
}

TEST_F(PushFlowTest, RowsOfASpoolThatWasMadeAnewAreRead) {
  project_.Write("transformations/1.sql", kPushed);
  for (int i = 1; i <= 3; ++i) {
    project_.Push("clicks", {User(i)});
    MP_EXPECT_OK(project_.Run());
  }
  std::filesystem::remove_all(project_.SpoolOf("clicks"));
  project_.Push("clicks", {User(4)});
  MP_EXPECT_OK(project_.Run());
  EXPECT_THAT(project_.Rows("SELECT user_id FROM clicks"), ElementsAre("1", "2", "3", "4"));
}

TEST_F(PushFlowTest, ARunWaitsForItsTurn) {
  project_.Write("transformations/1.sql", kPushed);
  std::optional<FlowTurn> turn = *FlowTurn::Take(project_.Workspace(), {});
  RunOptions options;
  std::string heard;
  options.on_wait = [&](const std::string& message) {
    heard = message;
    turn.reset();
  };
  MP_EXPECT_OK(project_.Run(options));
  EXPECT_THAT(heard, HasSubstr("run of this project's flows"));
}

}  // namespace
}  // namespace millpond::pipeline
