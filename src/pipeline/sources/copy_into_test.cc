// COPY INTO over real files: text formats, and each file once whatever fails and whoever else
// loads.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/fs/faulty_filesystem.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/catalog/catalog.h"
#include "data/sql/output.h"
#include "data/sql/session.h"
#include "pipeline/sources/read_files.h"

namespace millpond::pipeline {
namespace {

namespace stdfs = std::filesystem;
using ::millpond::testing::FailsWith;
using ::millpond::testing::IsOkAnd;
using ::testing::HasSubstr;
using Mode = FaultyFileSystem::Mode;

// A project opened as a process would, on a file system of its own.
class Process {
 public:
  Process(const Environment& env, const std::string& dir) {
    auto catalog =
        data::Catalog::Open({env, "copy", dir, dir + "/state", dir + "/state/warehouse", {dir}});
    if (!catalog.has_value()) return;
    catalog_ = *std::move(catalog);
    auto engine = data::SqlEngine::Open(*catalog_, {.memory_bytes = int64_t{256} << 20});
    if (!engine.has_value()) return;
    engine_ = *std::move(engine);
    engine_->Register(&read_files_);
    session_ = *engine_->Connect({"local"});
  }

  // The message, or the rows as CSV.
  Result<std::string> Run(const std::string& sql) {
    if (session_ == nullptr) return Fail(ErrorKind::kUnavailable, "the project did not open");
    MP_ASSIGN_OR_RETURN(auto result, session_->Execute(sql, "q.sql"));
    if (!result.rows) return result.message;
    std::string text;
    MP_RETURN_IF_ERROR(
        data::WriteOutput(*result.rows, data::OutputFormat::kCsv, [&](std::string_view bytes) {
          text += bytes;
          return OkStatus();
        }));
    return text;
  }

 private:
  std::unique_ptr<data::Catalog> catalog_;
  ReadFiles read_files_;
  std::unique_ptr<data::SqlEngine> engine_;
  std::unique_ptr<data::SqlSession> session_;
};

class CopyIntoTest : public ::testing::Test {
 protected:
  void SetUp() override { Fresh(); }

  void Fresh() {
    for (const auto& entry : stdfs::directory_iterator(dir_.path())) stdfs::remove_all(entry);
    stdfs::create_directories(dir_ / "state");
    stdfs::create_directories(dir_ / "in");
  }

  void Write(const std::string& name, std::string_view text) {
    std::ofstream(dir_ / "in/" + name) << text;
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
};

TEST_F(CopyIntoTest, CsvIsReadAsTheTablesTypes) {
  Process process(machine_.env, dir_.path());
  ASSERT_THAT(process.Run("CREATE TABLE t (id BIGINT, code STRING, at DATE, amount DECIMAL(8, 2))"),
              IsOkAnd(HasSubstr("created")));
  Write("a.csv", "code;id;amount\n007;1;1.50\n;2;\n");
  Write("b.csv", "at;id\n2024-01-31;3\n");
  const std::string copy =
      "COPY INTO t FROM 'in' FILEFORMAT = CSV {} FORMAT_OPTIONS ('delimiter' = ';')";
  EXPECT_THAT(process.Run(fmt::format(fmt::runtime(copy), "FILES = ('a.csv')")),
              IsOkAnd(HasSubstr("2 rows copied into main.default.t from 1 files, version 1")));
  EXPECT_THAT(process.Run(fmt::format(fmt::runtime(copy), "PATTERN = '*.csv'")),
              IsOkAnd(HasSubstr("1 rows copied into main.default.t from 1 files; 1 were loaded")));
  EXPECT_THAT(process.Run("SELECT * FROM t ORDER BY id"),
              IsOkAnd("id,code,at,amount\n1,007,,1.50\n2,,,\n3,,2024-01-31,\n"));
}

TEST_F(CopyIntoTest, CsvWithoutAHeaderGoesByPosition) {
  Process process(machine_.env, dir_.path());
  MP_ASSERT_OK(process.Run("CREATE TABLE t (id BIGINT, code STRING)"));
  Write("a.csv", "1,01\n2,02\n");
  MP_ASSERT_OK(
      process.Run("COPY INTO t FROM 'in' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'false')"));
  EXPECT_THAT(process.Run("SELECT * FROM t ORDER BY id"), IsOkAnd("id,code\n1,01\n2,02\n"));
}

TEST_F(CopyIntoTest, JsonAndNewColumns) {
  Process process(machine_.env, dir_.path());
  MP_ASSERT_OK(process.Run("CREATE TABLE t (id BIGINT, code STRING)"));
  Write("a.json", R"({"id": 1, "code": "01"})"
                  "\n"
                  R"({"id": 2, "more": 2.5})"
                  "\n");
  const std::string copy = "COPY INTO t FROM 'in/a.json' FILEFORMAT = JSON";
  EXPECT_THAT(process.Run(copy),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("a column more, which table")));
  MP_ASSERT_OK(process.Run(copy + " COPY_OPTIONS ('mergeSchema' = 'true')"));
  EXPECT_THAT(process.Run("SELECT * FROM t ORDER BY id"), IsOkAnd("id,code,more\n1,01,\n2,,2.5\n"));
  // A file that changed under its old name stays loaded, and the message says so.
  Write("a.json", R"({"id": 9, "code": "09", "more": 1})");
  EXPECT_THAT(process.Run(copy),
              IsOkAnd("0 rows copied into main.default.t; 1 were loaded before, 1 of which changed "
                      "since"));
}

TEST_F(CopyIntoTest, FilesOfDifferentColumnsAreMergedWhereAsked) {
  Process process(machine_.env, dir_.path());
  MP_ASSERT_OK(process.Run("CREATE TABLE t (id BIGINT, code STRING)"));
  Write("a.csv", "id\n1\n");
  Write("b.csv", "code,id\n02,2\n");
  Write("c.csv", "id\n3\n");
  const std::string copy = "COPY INTO t FROM 'in' FILEFORMAT = CSV ";
  const std::string merge = "FORMAT_OPTIONS ('header' = 'true', 'mergeSchema' = 'true')";
  EXPECT_THAT(process.Run(copy + merge), IsOkAnd(HasSubstr("3 rows copied")));
  EXPECT_THAT(process.Run("SELECT * FROM t ORDER BY id"), IsOkAnd("id,code\n1,\n2,02\n3,\n"));
  // That the table gets a column is another option.
  Write("d.csv", "id,more\n4,0.5\n");
  Write("e.csv", "more,id\n1,5\n");
  EXPECT_THAT(process.Run(copy + merge),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("a column more, which table")));
  EXPECT_THAT(process.Run("COPY INTO t FROM (SELECT id * 10 AS id, more FROM 'in') FILEFORMAT = "
                          "CSV " +
                          merge + " COPY_OPTIONS ('mergeSchema' = 'true')"),
              IsOkAnd(HasSubstr("2 rows copied")));
  EXPECT_THAT(process.Run("SELECT * FROM t ORDER BY id"),
              IsOkAnd("id,code,more\n1,,\n2,02,\n3,,\n40,,0.5\n50,,1\n"));
  EXPECT_THAT(process.Run(copy + "FORMAT_OPTIONS ('mergeSchema' = 'yes')"),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("is 'true' or 'false'")));
}

TEST_F(CopyIntoTest, UnknownOptionsListEachKnownOnce) {
  Process process(machine_.env, dir_.path());
  MP_ASSERT_OK(process.Run("CREATE TABLE t (id BIGINT)"));
  Write("a.csv", "id\n1\n");
  EXPECT_THAT(process.Run("COPY INTO t FROM 'in' FILEFORMAT = CSV FORMAT_OPTIONS ('nope' = '1')"),
              FailsWith(ErrorKind::kInvalidArgument,
                        HasSubstr("it has path, format, header, delimiter, delim, sep, quote, "
                                  "nullstr, nullvalue, schema, recursive, recursivefilelookup")));
}

TEST_F(CopyIntoTest, ManyLoadsKeepAShortChain) {
  Process process(machine_.env, dir_.path());
  MP_ASSERT_OK(process.Run("CREATE TABLE t (id BIGINT)"));
  for (int i = 0; i < 20; ++i) {
    Write(fmt::format("{}.csv", i), fmt::format("id\n{}\n", i));
    EXPECT_THAT(process.Run("COPY INTO t FROM 'in' FILEFORMAT = CSV"),
                IsOkAnd(HasSubstr("1 rows copied")));
  }
  EXPECT_THAT(process.Run("SELECT count(*) AS n, sum(id) AS s FROM t"), IsOkAnd("n,s\n20,190\n"));
  EXPECT_THAT(process.Run("COPY INTO t FROM 'in' FILEFORMAT = CSV"),
              IsOkAnd(HasSubstr("20 were loaded before")));
}

TEST_F(CopyIntoTest, ADamagedRecordIsNoticed) {
  Process process(machine_.env, dir_.path());
  MP_ASSERT_OK(process.Run("CREATE TABLE t (id BIGINT)"));
  Write("a.csv", "id\n1\n");
  MP_ASSERT_OK(process.Run("COPY INTO t FROM 'in' FILEFORMAT = CSV"));
  for (const auto& entry :
       stdfs::directory_iterator(dir_ / "state/warehouse/main/default/t/_copy_into")) {
    std::fstream file(entry.path(), std::ios::in | std::ios::out);
    file.seekp(60);
    file.put('#');
  }
  EXPECT_THAT(process.Run("COPY INTO t FROM 'in' FILEFORMAT = CSV"),
              FailsWith(ErrorKind::kCorrupt, HasSubstr("the record of loaded files")));
}

// Every file once, whichever step fails, once or from then on, before or after it happened; the
// statement is repeated by a healthy process.
TEST_F(CopyIntoTest, EachFileOnceWhateverFails) {
  Process healthy(machine_.env, dir_.path());
  FaultyFileSystem faulty(*machine_.local);
  Process process(machine_.With(faulty), dir_.path());
  int table = 0;
  const auto run = [&](int step, Mode mode, bool afterwards) {
    const std::string name = fmt::format("t{}", table++);
    MP_EXPECT_OK(healthy.Run("CREATE TABLE " + name + " (id BIGINT)"));
    const std::string copy = "COPY INTO " + name + " FROM 'in' FILEFORMAT = CSV";
    MP_EXPECT_OK(healthy.Run(copy + " FILES = ('b.csv')"));
    faulty.FailAfterwards(afterwards);
    faulty.FailAt(step, mode);
    (void)process.Run(copy);
    const bool failed = faulty.failed();
    faulty.FailAt(0, mode);
    MP_EXPECT_OK(healthy.Run(copy));
    EXPECT_THAT(healthy.Run("SELECT count(*) AS n, sum(id) AS s FROM " + name),
                IsOkAnd("n,s\n3,6\n"));
    return failed;
  };
  Write("a.csv", "id\n1\n2\n");
  Write("b.csv", "id\n3\n");
  for (const Mode mode : {Mode::kOnce, Mode::kFromThenOn}) {
    for (const bool afterwards : {false, true}) {
      for (int step = 1; !HasFailure(); ++step) {
        SCOPED_TRACE(
            fmt::format("step {} of {} after {}", step, static_cast<int>(mode), afterwards));
        if (!run(step, mode, afterwards)) break;
      }
    }
  }
  EXPECT_GT(table, 60);
}

// Another process does all of its load before any step of ours.
TEST_F(CopyIntoTest, EachFileOnceWhoeverElseLoads) {
  Process other(machine_.env, dir_.path());
  FaultyFileSystem stepping(*machine_.local);
  Process process(machine_.With(stepping), dir_.path());
  Write("a.csv", "id\n1\n2\n");
  bool interleaved = true;
  for (int at = 1; interleaved && !HasFailure(); ++at) {
    SCOPED_TRACE(at);
    const std::string name = fmt::format("t{}", at);
    MP_ASSERT_OK(other.Run("CREATE TABLE " + name + " (id BIGINT)"));
    const std::string copy = "COPY INTO " + name + " FROM 'in' FILEFORMAT = CSV";
    int step = 0;
    interleaved = false;
    stepping.OnStep([&](std::string_view, const std::string&) {
      if (++step != at) return;
      interleaved = true;
      EXPECT_THAT(other.Run(copy), IsOkAnd(HasSubstr("rows copied into")));
    });
    EXPECT_THAT(process.Run(copy), IsOkAnd(HasSubstr("rows copied into")));
    stepping.OnStep(nullptr);
    EXPECT_THAT(other.Run("SELECT count(*) AS n, sum(id) AS s FROM " + name),
                IsOkAnd("n,s\n2,3\n"));
  }
}

}  // namespace
}  // namespace millpond::pipeline
