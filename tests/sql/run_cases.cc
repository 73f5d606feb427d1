// Runs tests/sql/*.test (tests/sql/README.md): each file in a project of its own.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/catalog/catalog.h"
#include "data/sql/output.h"
#include "data/sql/session.h"
#include "pipeline/sources/push_source.h"
#include "pipeline/sources/read_files.h"

namespace millpond {
namespace {

struct Case {
  int line = 0;
  std::string head;  // "query sorted"
  std::string sql;
  std::string expected;
};

std::vector<Case> ReadCases(const std::filesystem::path& file, const std::string& dir) {
  std::vector<Case> cases;
  std::ifstream in(file);
  std::string line;
  bool after_rule = false, open = false;
  for (int number = 1; std::getline(in, line); ++number) {
    for (size_t at; (at = line.find("{dir}")) != std::string::npos;) line.replace(at, 5, dir);
    if (line.starts_with("#")) continue;
    if (line.empty()) {
      open = after_rule = false;
    } else if (!open) {
      cases.push_back({number, line, "", ""});
      open = true;
    } else if (line == "----") {
      after_rule = true;
    } else {
      (after_rule ? cases.back().expected : cases.back().sql) += line + "\n";
    }
  }
  return cases;
}

// A project with SQL over it, as the command line opens one.
class SqlProject {
 public:
  SqlProject()
      : catalog_(*data::Catalog::Open({machine_.env,
                                       "sql",
                                       dir_.path(),
                                       dir_ / "state",
                                       dir_ / "state/warehouse",
                                       {dir_.path()}})),
        engine_(*data::SqlEngine::Open(*catalog_, {.memory_bytes = int64_t{512} << 20})) {
    engine_->Register(&read_files_);
    engine_->Register(&read_push_);
    session_ = *engine_->Connect({"local"});
  }

  const std::string& dir() const { return dir_.path(); }

  // The rows as CSV, or the statement's message.
  Result<std::string> Run(const std::string& sql) {
    MP_ASSIGN_OR_RETURN(auto result, session_->Execute(sql, "case.sql"));
    if (!result.rows) return result.message + "\n";
    std::string text;
    MP_RETURN_IF_ERROR(
        data::WriteOutput(*result.rows, data::OutputFormat::kCsv, [&](std::string_view bytes) {
          text += bytes;
          return OkStatus();
        }));
    return text;
  }

 private:
  struct Folder : testing::TempDir {
    Folder() { std::filesystem::create_directories(path() + "/state"); }
  };
  Folder dir_;
  testing::TestEnvironment machine_;
  std::unique_ptr<data::Catalog> catalog_;
  pipeline::ReadFiles read_files_;
  pipeline::ReadPush read_push_;
  std::unique_ptr<data::SqlEngine> engine_;
  std::unique_ptr<data::SqlSession> session_;
};

std::string SortedRows(const std::string& csv) {
  std::istringstream in(csv);
  std::string header, line;
  std::getline(in, header);
  std::vector<std::string> rows;
  while (std::getline(in, line)) rows.push_back(line);
  std::ranges::sort(rows);
  for (const auto& row : rows) header += "\n" + row;
  return header + "\n";
}

// Does the text begin, go on and end as the pattern says, whose "*" is any text?
bool Like(std::string_view text, std::string_view pattern) {
  size_t star = pattern.find('*');
  if (star == pattern.npos) return text == pattern;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  text.remove_prefix(star);
  pattern.remove_prefix(star + 1);
  for (size_t skipped = 0; skipped <= text.size(); ++skipped) {
    if (Like(text.substr(skipped), pattern)) return true;
  }
  return false;
}

void Check(const Case& one, const Result<std::string>& found) {
  if (one.head == "statement error") {
    ASSERT_FALSE(found.has_value()) << "expected an error, got\n" << *found;
    std::string expected = one.expected.substr(0, one.expected.find_last_not_of('\n') + 1);
    EXPECT_NE(found.error().ToString().find(expected), std::string::npos)
        << "message: " << found.error().ToString() << "\nexpected part: " << expected;
    return;
  }
  ASSERT_TRUE(found.has_value()) << found.error().ToString();
  if (one.head == "query" || one.head == "message") {
    EXPECT_EQ(*found, one.expected);
  } else if (one.head == "query sorted") {
    EXPECT_EQ(SortedRows(*found), SortedRows(one.expected));
  }
  const bool like = one.head == "message like" || one.head == "query like";
  if (like) {
    EXPECT_TRUE(Like(*found, one.expected)) << *found << "\nis not like\n" << one.expected;
  }
  bool known = like || one.head == "statement ok" || one.head == "query" || one.head == "message" ||
               one.head == "query sorted";
  EXPECT_TRUE(known) << "no kind of case: " << one.head;
}

class SqlCases : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(SqlCases, File) {
  SqlProject project;
  for (const Case& one : ReadCases(GetParam(), project.dir())) {
    SCOPED_TRACE(fmt::format("{}:{}", GetParam().string(), one.line));
    Check(one, project.Run(one.sql));
  }
}

std::vector<std::filesystem::path> Files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(MILLPOND_SQL_CASES)) {
    if (entry.path().extension() == ".test") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

INSTANTIATE_TEST_SUITE_P(Sql, SqlCases, ::testing::ValuesIn(Files()),
                         [](const auto& param) { return param.param.stem().string(); });

}  // namespace
}  // namespace millpond
