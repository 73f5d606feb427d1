// Guesses on many little tables, and what is refused: the whole of `millpond init`, file to folder.
#include "app/init/init_project.h"

#include "base/fs/local_filesystem.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"

namespace millpond::app {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class InitProjectTest : public ::testing::Test {
 protected:
  Result<ProjectSketch> Init(const std::string& csv, const WantedColumns& wanted = {},
                             const std::string& name = "p", const std::string& horizon = "",
                             const std::string& file = "rows.csv") {
    MP_RETURN_IF_ERROR(fs_->ReplaceFile(dir_ / file, csv));
    MP_RETURN_IF_ERROR(fs_->RemoveTree(dir_ / name));
    TerminalProgress progress(stderr);
    request_ = {.target = dir_ / name, .file = dir_ / file, .wanted = wanted, .horizon = horizon};
    return InitProject(request_, CancellationToken(), progress);
  }
  std::string Entity(const std::string& csv) {
    auto sketch = Init(csv);
    return sketch.has_value() ? sketch->entity_column().profile.header : sketch.error().ToString();
  }
  std::string Time(const std::string& csv, const WantedColumns& wanted = {}) {
    auto sketch = Init(csv, wanted);
    return sketch.has_value()
               ? sketch->time_column().profile.header + ": " + sketch->time_column().time.format
               : sketch.error().ToString();
  }
  std::string Label(const std::string& csv, const WantedColumns& wanted = {}) {
    auto sketch = Init(csv, wanted);
    if (!sketch.has_value()) return sketch.error().ToString();
    return sketch->label_in_rows() ? sketch->label.words : "activity";
  }
  std::string Read(const std::string& name) {
    auto text = fs_->ReadFile(dir_ / name);
    return text.has_value() ? *text : text.error().ToString();
  }
  // Nothing but the file is left behind.
  void ExpectNothingWritten() {
    auto entries = fs_->List(dir_.path());
    ASSERT_TRUE(entries.has_value());
    for (const auto& entry : *entries) EXPECT_EQ(FileName(entry.path), "rows.csv");
  }

  testing::TempDir dir_;
  std::unique_ptr<FileSystem> fs_ = MakeLocalFileSystem();
  InitRequest request_;
};

// Rows of `entities` things on `days` days from 2024-01-01 on; a thing is seen on one day of its
// number + 2.
std::string Visits(int entities, int days, const std::string& more_header = "",
                   const std::string& more = "") {
  std::string csv = "customer_id,visited_at" + more_header + "\n";
  for (int day = 0; day < days; ++day) {
    for (int entity = 1; entity <= entities; ++entity) {
      if ((day * 7 + entity * 5) % (2 + entity % 9) != 0) continue;
      csv += fmt::format("{},{}{}\n", entity, FormatDate(19723 + day), more);
    }
  }
  return csv;
}

TEST_F(InitProjectTest, TheEntityIsWhatIsCalledOneAndComesAgain) {
  EXPECT_EQ(Entity("customer_id,day\n1,2024-01-01\n1,2024-01-02\n2,2024-01-03\n"), "customer_id");
  EXPECT_EQ(Entity("order_id,customer_id,day\n1,7,2024-01-01\n2,7,2024-01-02\n3,8,2024-01-03\n"),
            "customer_id");
  EXPECT_EQ(
      Entity("Machine ID,when,temp\nM-1,2024-01-01,2.5\nM-1,2024-01-02,3.5\nM-2,2024-01-03,1.0\n"),
      "Machine ID");
  EXPECT_EQ(Entity("day;tailnum;dest\n2024-01-01;N1;X\n2024-01-02;N1;Y\n2024-01-02;N2;X\n"),
            "tailnum");
  // 007 is a name, not a number.
  MP_ASSERT_OK_AND_ASSIGN(auto sketch,
                          Init("account no,day\n007,2024-01-01\n007,2024-01-02\n012,2024-01-03\n"));
  EXPECT_EQ(sketch.entity_column().type.kind, ColumnKind::kText);
  EXPECT_EQ(sketch.entities[0], "\"012\"");
  EXPECT_THAT(Entity("temp,day\n1.5,2024-01-01\n2.5,2024-01-02\n"), HasSubstr("--entity"));
}

TEST_F(InitProjectTest, TimesAreReadInManyWays) {
  const auto with = [](const char* a, const char* b) {
    return fmt::format("user_id,at\n1,\"{}\"\n1,\"{}\"\n2,\"{}\"\n", a, b, b);
  };
  EXPECT_EQ(Time(with("2024-01-02", "2024-01-03")), "at: dates (ISO 8601)");
  EXPECT_EQ(Time(with("2024-01-02T03:04:05+02:00", "2024-01-03T00:00:00Z")), "at: ISO 8601");
  EXPECT_EQ(Time(with("20240102", "20240103")), "at: yyyymmdd");
  EXPECT_EQ(Time(with("1704164645", "1704164999")), "at: seconds since 1970");
  EXPECT_EQ(Time(with("1704164645123", "1704164999123")), "at: milliseconds since 1970");
  EXPECT_EQ(Time(with("31.12.2024 14:30", "01.01.2025 09:00")), "at: day.month.year time");
  EXPECT_EQ(Time(with("12/31/2024", "01/02/2025")), "at: month/day/year");
  EXPECT_EQ(Time(with("31/12/2024", "02/01/2025")), "at: day/month/year");
  EXPECT_EQ(Time(with("5-Jan-2024", "6-Jan-2024"), {.time_format = "%d-%b-%Y"}), "at: %d-%b-%Y");
  MP_ASSERT_OK_AND_ASSIGN(auto sketch, Init(with("01/02/2024", "03/04/2024")));
  EXPECT_THAT(sketch.time.reason, HasSubstr("could be day/month/year as well"));
  MP_ASSERT_OK_AND_ASSIGN(sketch, Init(with("2024-01-02 03:04", "2024-01-02 05:04")));
  EXPECT_THAT(sketch.time.reason, HasSubstr("read as UTC"));
  MP_ASSERT_OK_AND_ASSIGN(
      sketch,
      Init("user_id,updated_at,ordered_at\n1,2024-01-02,2024-01-01\n1,2024-01-03,2024-01-02\n"));
  EXPECT_EQ(sketch.time_column().profile.header, "ordered_at");
  EXPECT_THAT(sketch.time.others, ::testing::ElementsAre("updated_at"));
}

TEST_F(InitProjectTest, WithoutATimeThereIsNoProject) {
  EXPECT_THAT(Init("customer_id,amount\n1,2.5\n1,3.5\n"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("no time column")));
  EXPECT_THAT(Init("customer_id,amount\n1,2.5\n1,3.5\n", {.time = "amount"}),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("cannot be read as times")));
  ExpectNothingWritten();
}

TEST_F(InitProjectTest, ALabelIsToldOrNamedOrTheOnlyYesAndNo) {
  const std::string rows =
      "user_id,at,failed,sex,amount\n1,2024-01-01,yes,f,3\n1,2024-01-02,no,m,5\n2,2024-01-03,no,f,"
      "8\n";
  EXPECT_EQ(Label(rows), "failed = 'yes'");
  EXPECT_EQ(Label(rows, {.label = "amount > 4"}), "amount > 4");
  EXPECT_EQ(Label(rows, {.label = "sex=f"}), "sex = f");
  EXPECT_EQ(Label(rows, {.label = "activity"}), "activity");
  EXPECT_THAT(Label(rows, {.label = "amount"}), HasSubstr("this column has 3"));
  EXPECT_THAT(Label(rows, {.label = "amount > much"}), HasSubstr("is no number"));
  EXPECT_THAT(Label(rows, {.label = "faild"}), HasSubstr("did you mean 'failed'"));
  EXPECT_THAT(Label(rows, {.label = "user_id"}), HasSubstr("is the entity"));
  // Two texts that nobody calls a label are shown, not taken.
  MP_ASSERT_OK_AND_ASSIGN(auto sketch,
                          Init("user_id,at,sex\n1,2024-01-01,female\n1,2024-01-02,male\n"));
  EXPECT_FALSE(sketch.label_in_rows());
  EXPECT_THAT(sketch.label.choice.others, ::testing::ElementsAre("sex"));
  EXPECT_EQ(Label("user_id,at,flag\n1,2024-01-01,0\n1,2024-01-02,1\n"), "flag = '1'");
}

TEST_F(InitProjectTest, TheHorizonFollowsTheGaps) {
  MP_ASSERT_OK_AND_ASSIGN(auto sketch, Init(Visits(60, 240)));
  ASSERT_TRUE(sketch.with_model) << sketch.no_model_because;
  EXPECT_GE(sketch.plan.horizon, 3 * kMicrosPerDay);
  EXPECT_LE(sketch.plan.horizon, 14 * kMicrosPerDay);
  // Between the parts lies the horizon, and the last label is known when the data end.
  EXPECT_LE(sketch.plan.train.back() + sketch.plan.horizon, sketch.plan.calibrate.front());
  EXPECT_LE(sketch.plan.calibrate.back() + sketch.plan.horizon, sketch.plan.test.front());
  EXPECT_LE(sketch.plan.test.back() + sketch.plan.horizon, sketch.facts.end + kMicrosPerDay);
  EXPECT_TRUE(sketch.plan.moved_clock);
  EXPECT_THAT(Read("p/millpond.yml"), HasSubstr("kind: offset"));
  MP_ASSERT_OK_AND_ASSIGN(sketch, Init(Visits(60, 240), {}, "p", "30 days"));
  EXPECT_EQ(sketch.plan.horizon, 30 * kMicrosPerDay);
  EXPECT_THAT(Init(Visits(6, 40), {}, "p", "half a day"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("--horizon")));
}

// Visits with a label: every fourth failed.
std::string FailingVisits(int entities, int days) {
  std::string csv = Visits(entities, days, ",failed", ",no");
  for (size_t at = 0, n = 0; (at = csv.find(",no\n", at)) != std::string::npos; at += 3, ++n) {
    if (n % 4 == 0) csv.replace(at, 4, ",yes\n");
  }
  return csv;
}

TEST_F(InitProjectTest, FeaturesKnowNoOutcomeBeforeTheLabelDoes) {
  MP_ASSERT_OK_AND_ASSIGN(auto sketch, Init(FailingVisits(80, 240), {}, "p", "30 days"));
  ASSERT_TRUE(sketch.with_model) << sketch.no_model_because;
  EXPECT_THAT(Read("p/features/p.sql"), HasSubstr("KNOWN AT visited_at + INTERVAL 30 DAYS"));
  EXPECT_THAT(Read("p/models/p.yml"),
              HasSubstr("CAST(visited_at AS TIMESTAMPTZ) + INTERVAL 30 DAYS AS label_known_at"));
  for (const Micros window : sketch.plan.windows) EXPECT_GT(window, 30 * kMicrosPerDay);
  // The clock begins when the last outcome is known.
  EXPECT_TRUE(sketch.plan.moved_clock);
  EXPECT_EQ(sketch.plan.clock_at, sketch.facts.end + 31 * kMicrosPerDay);
  // Without --horizon as well.
  MP_ASSERT_OK_AND_ASSIGN(sketch, Init(FailingVisits(80, 240)));
  EXPECT_THAT(Read("p/features/p.sql"), HasSubstr("KNOWN AT visited_at + INTERVAL 1 DAY"));
}

TEST_F(InitProjectTest, OutcomesCountAtTheClockThatRunHas) {
  const TimeFacts facts{
      .begin = 0, .end = 100 * kMicrosPerDay, .whole_days = true, .now = 101 * kMicrosPerDay};
  const std::vector<Micros> quantiles = {10 * kMicrosPerDay, 60 * kMicrosPerDay,
                                         80 * kMicrosPerDay};
  const TimePlan plan = PlanRows(facts, quantiles, 30 * kMicrosPerDay);
  EXPECT_EQ(plan.horizon, 30 * kMicrosPerDay);
  EXPECT_FALSE(plan.moved_clock);
  EXPECT_EQ(plan.clock_at, 131 * kMicrosPerDay);
  EXPECT_EQ(PlanRows(facts, quantiles, 0).horizon, kMicrosPerDay);
  // Data that end today: nothing of a test part shorter than the horizon is known yet.
  const int today = static_cast<int>(SystemClock().Now() / kMicrosPerDay);
  std::string csv = "customer_id,visited_at,failed\n";
  for (int day = 0; day < 120; ++day) {
    for (int entity = 1; entity <= 9; ++entity) {
      csv += fmt::format("{},{},{}\n", entity, FormatDate(today - 119 + day),
                         (day + entity) % 4 == 0 ? "yes" : "no");
    }
  }
  MP_ASSERT_OK_AND_ASSIGN(auto sketch, Init(csv, {}, "p", "30 days"));
  EXPECT_FALSE(sketch.plan.moved_clock);
  EXPECT_FALSE(sketch.with_model);
  EXPECT_THAT(sketch.no_model_because, HasSubstr("test 0 rows"));
}

TEST_F(InitProjectTest, TooLittleForAModelIsAProjectWithoutOne) {
  MP_ASSERT_OK_AND_ASSIGN(auto sketch, Init(Visits(5, 10)));
  EXPECT_FALSE(sketch.with_model);
  EXPECT_THAT(DescribeProject(sketch, request_), HasSubstr("no model"));
  EXPECT_THAT(Read("p/README.md"), HasSubstr("No model yet"));
  EXPECT_THAT(Read("p/models/p.yml"), HasSubstr("p/models"));  // there is none
  EXPECT_THAT(Read("p/features/p.sql"), HasSubstr("CREATE FEATURE VIEW p_history"));
}

TEST_F(InitProjectTest, RowsOfAPartOfTheirOwnAreNoFeatures) {
  MP_ASSERT_OK_AND_ASSIGN(auto sketch, Init(FailingVisits(80, 200)));
  ASSERT_TRUE(sketch.with_model) << sketch.no_model_because;
  EXPECT_THAT(Read("p/models/p.yml"), Not(HasSubstr("request:")));
  EXPECT_THAT(DescribeProject(sketch, request_), HasSubstr("only after its outcome"));
}

TEST_F(InitProjectTest, NamesAndValuesOfAllKindsAreQuoted) {
  MP_ASSERT_OK_AND_ASSIGN(
      auto sketch,
      Init("\"user \"\"id\"\"\",order,\"it's; "
           "--\",when\n1,a,NA,2024-01-01\n1,'b',2.5,2024-01-02\n2,c,N/A,2024-01-03\n"));
  EXPECT_EQ(sketch.columns[1].profile.name, "order_value");
  EXPECT_THAT(Read("p/transformations/01_rows.sql"), HasSubstr("it''s; --"));
}

std::string Replaced(std::string text, const std::string& old, const std::string& by) {
  for (size_t at = 0; (at = text.find(old, at)) != std::string::npos; at += by.size())
    text.replace(at, old.size(), by);
  return text;
}

TEST_F(InitProjectTest, WhatAFileSaysEndsNoText) {
  std::string csv = Replaced(FailingVisits(80, 200), ",yes\n", ",open: late\n");
  csv = Replaced(csv, ",no\n", ",\"on: \"\"time\"\"\"\n");
  MP_ASSERT_OK_AND_ASSIGN(auto sketch, Init(csv, {.label = "failed"}, "p", "", "bob's [1].csv"));
  ASSERT_TRUE(sketch.with_model) << sketch.no_model_because;
  EXPECT_THAT(
      Read("p/models/p.yml"),
      HasSubstr(
          "description: \"Which rows of customer_id will turn out as failed = 'open: late'\"\n"));
  EXPECT_THAT(Read("p/transformations/01_rows.sql"),
              HasSubstr("COMMENT 'Rows of data/bob''s _1_.csv'\n"));
  EXPECT_EQ(Read("p/data/bob's _1_.csv"), csv);
  // A text that is often among codes: no value to count.
  csv = "customer_id,day,zip_code,full\n";
  for (int i = 0; i < 400; ++i) {
    csv += fmt::format("{},2024-01-{:02},{},x\n", i % 9, 1 + i % 28,
                       i % 100 == 0 ? std::string("oh) no") : std::to_string(1000 + i % 2));
  }
  MP_ASSERT_OK_AND_ASSIGN(sketch, Init(csv));
  EXPECT_EQ(sketch.columns[2].type.kind, ColumnKind::kInteger);
  EXPECT_EQ(sketch.columns[3].profile.name, "full_value");
  EXPECT_THAT(Read("p/features/p.sql"), HasSubstr("zip_code = 1001"));
  EXPECT_THAT(Read("p/features/p.sql"), Not(HasSubstr("oh) no")));
}

TEST_F(InitProjectTest, BlanksAroundFieldsAreReadOver) {
  MP_ASSERT_OK_AND_ASSIGN(
      auto sketch,
      Init("user_id, seen at, ok\nu1 , 20240102, true\n u1, 20240103, false\nu2,20240104,true\n",
           {.time = "seen at"}));
  EXPECT_EQ(sketch.time_column().time.format, "yyyymmdd");
  EXPECT_GT(sketch.facts.end, 0);
  EXPECT_EQ(sketch.columns[2].type.kind, ColumnKind::kBoolean);
  EXPECT_EQ(sketch.entities[1], "\"u1\"");
  EXPECT_THAT(Read("p/transformations/01_rows.sql"),
              HasSubstr("nullif(trim(\" seen at\"), '') AS seen_at"));
}

TEST_F(InitProjectTest, BadFilesAndFlagsAreSaid) {
  const auto refused = [](std::string_view part) {
    return FailsWith(ErrorKind::kInvalidArgument, HasSubstr(std::string(part)));
  };
  EXPECT_THAT(Init(""), refused("is empty"));
  EXPECT_THAT(Init("a,b\n"), refused("no row below"));
  EXPECT_THAT(Init("a\n1\n"), refused("one column"));
  EXPECT_THAT(Init("1,2024-01-01\n2,2024-01-02\n"), refused("looks like data"));
  EXPECT_THAT(Init("a,A\n1,2\n"), refused("two columns"));
  EXPECT_THAT(Init("a,,b\n1,2,3\n"), refused("has no name"));
  EXPECT_THAT(Init("a, ,b\n1,2,3\n"), refused("has no name"));
  EXPECT_THAT(Init("a,\"b\nc\"\n1,2\n"), refused("is not closed"));
  EXPECT_THAT(Init("user_id,at\n1,2024-01-01\n\xff\xfe,2024-01-02\n"), refused(":3: not UTF-8"));
  EXPECT_THAT(Init("user_id,at\n1,2024-01-01,9\n"), refused("rows.csv"));
  EXPECT_THAT(Init("user_id,at\n1,2024-01-01\n1,2024-01-02\n", {.entity = "userid"}),
              refused("did you mean 'user_id'"));
  EXPECT_THAT(Init("user_id,at\n1,2024-01-01\n", {}, "1 odd/na;me"),
              refused("cannot be a project's name"));
  ExpectNothingWritten();
}

TEST_F(InitProjectTest, WhatIsThereStays) {
  const std::string csv = "user_id,at\n1,2024-01-01\n1,2024-01-02\n";
  MP_ASSERT_OK(fs_->ReplaceFile(dir_ / "rows.csv", csv));
  MP_ASSERT_OK(fs_->CreateDirectories(dir_ / "taken"));
  TerminalProgress progress(stderr);
  EXPECT_THAT(InitProject({.target = dir_ / "taken", .file = dir_ / "rows.csv"},
                          CancellationToken(), progress),
              FailsWith(ErrorKind::kAlreadyExists, HasSubstr("is there already")));
  EXPECT_THAT(
      InitProject({.target = dir_ / "p", .file = dir_ / "none.csv"}, CancellationToken(), progress),
      FailsWith(ErrorKind::kNotFound, HasSubstr("none.csv")));
  // What a killed init left is taken over.
  MP_ASSERT_OK(fs_->CreateDirectories(dir_ / ".p.millpond-init/data"));
  MP_ASSERT_OK(fs_->ReplaceFile(dir_ / ".p.millpond-init/data/old.csv", "x"));
  MP_ASSERT_OK(Init(csv));
  EXPECT_THAT(Read("p/data/old.csv"), HasSubstr("old.csv"));
  EXPECT_EQ(Read("p/data/rows.csv"), csv);
}

}  // namespace
}  // namespace millpond::app
