// Reads every table of tests/golden by SQL and by ScanTable: both give the same rows, or refuse the
// table for the same reason. That ScanTable is right says data/delta/rows/golden_test.cc.
#include <cstdlib>

#include "data/sql/sql_test_tables.h"

namespace millpond::data {
namespace {

class SqlGoldenTest : public testing_sql::ReadPathsFixture {
 protected:
  static std::vector<std::string> TableNames() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(MILLPOND_GOLDEN_DIR)) {
      const std::string name = entry.path().filename();
      if (name.ends_with(".tar.zst")) names.push_back(name.substr(0, name.size() - 8));
    }
    std::ranges::sort(names);
    return names;
  }

  void CheckTable(const std::string& name, int* read) {
    SCOPED_TRACE(name);
    const std::string command = fmt::format("tar --zstd -xf '{}/{}.tar.zst' -C '{}'",
                                            MILLPOND_GOLDEN_DIR, name, dir_.path());
    ASSERT_EQ(std::system(command.c_str()), 0);
    const std::string path = dir_ / name + "/delta";
    const auto rows = Both(path);
    if (!rows.has_value()) {
      EXPECT_THAT(rows.error().ToString(), ::testing::HasSubstr(name));
      return;
    }
    ++*read;
    const auto counted = Run(fmt::format("SELECT count(*) AS n FROM delta.`{}`", path));
    MP_ASSERT_OK(counted);
    EXPECT_EQ(*counted, fmt::format("n\n{}\n", rows->size()));
  }
};

TEST_F(SqlGoldenTest, SqlAndScanReadTheSame) {
  const auto names = TableNames();
  ASSERT_EQ(names.size(), 43u);
  int read = 0;
  for (const auto& name : names) CheckTable(name, &read);
  EXPECT_EQ(read, 38);
}

}  // namespace
}  // namespace millpond::data
