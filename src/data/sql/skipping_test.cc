// Random conditions over tables whose files' statistics differ, against what DuckDB says of the
// same conditions when it reads all rows: a file that is skipped must hold no row that passes. And
// skipping must happen: for each kind of condition a good part of the files is not read.
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "base/testing/result_matchers.h"
#include "data/sql/sql_test_session.h"

namespace millpond::data {
namespace {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  int64_t Between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(engine_);
  }
  bool OneIn(int n) { return Between(1, n) == 1; }
  template <typename T>
  const T& Of(const std::vector<T>& choices) {
    return choices[static_cast<size_t>(Between(0, static_cast<int64_t>(choices.size()) - 1))];
  }

 private:
  std::mt19937_64 engine_;
};

// A column of the table: values around a file's centre (0 … 1), and literals to compare with.
struct Column {
  std::string name;      // as a query names it
  std::string sql_type;  // of literals
  std::function<std::string(Random&, double)> literal;
};

std::string Integer(Random& random, double at, int64_t low, int64_t high) {
  const auto centre = low + static_cast<int64_t>(at * static_cast<double>(high - low));
  return fmt::format(
      "{}", std::clamp(centre + random.Between(-(high - low) / 40, (high - low) / 40), low, high));
}

std::string Real(Random& random, double at, const std::string& type) {
  if (random.OneIn(40)) return "'nan'::" + type;
  if (random.OneIn(20)) return random.OneIn(2) ? "-0.0::" + type : "0.0::" + type;
  const double value = (at - 0.5) * 1000 + static_cast<double>(random.Between(-200, 200)) / 16;
  return fmt::format("{}::{}", value, type);
}

// Mostly longer than what statistics hold of a text, with code points of every width at the cut.
std::string Text(Random& random, double at) {
  static const std::vector<std::string> kTails = {
      "", "z", "é", "\xEE\x80\x80", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\xEF\xBF\xBD"};
  std::string text(1, static_cast<char>('a' + static_cast<int>(at * 25)));
  text += random.Of(kTails);
  if (random.OneIn(2)) text += std::string(static_cast<size_t>(random.Between(24, 31)), 'm');
  for (int64_t i = random.Between(0, 9); i > 0; --i) text += random.Of(kTails);
  return "'" + text + "'";
}

// 1890 … 2030, with microseconds.
int64_t Moment(Random& random, double at) {
  const int64_t low = -80LL * 365 * 86400, high = 60LL * 365 * 86400;
  const auto seconds = low + static_cast<int64_t>(at * static_cast<double>(high - low));
  return (seconds + random.Between(-40LL * 86400, 40LL * 86400)) * 1000000 +
         (random.OneIn(3) ? 0 : random.Between(0, 999999));
}

std::string MomentLiteral(Random& random, double at, const std::string& type) {
  const std::string text = FormatTimestamp(Moment(random, at));
  if (type == "DATE") return "DATE '" + text.substr(0, 10) + "'";
  return type + " '" + text.substr(0, text.size() - 1) + (type == "TIMESTAMPTZ" ? "+00'" : "'");
}

std::string Decimal(Random& random, double at) {
  const auto unscaled = static_cast<int64_t>((at - 0.5) * 4e6) + random.Between(-90000, 90000);
  return fmt::format("{}::DECIMAL(12,3)", static_cast<double>(unscaled) / 1000);
}

std::vector<Column> Columns() {
  const auto integer = [](int64_t low, int64_t high) {
    return [=](Random& random, double at) { return Integer(random, at, low, high); };
  };
  const auto moment = [](std::string type) {
    return [=](Random& random, double at) { return MomentLiteral(random, at, type); };
  };
  const auto real = [](std::string type) {
    return [=](Random& random, double at) { return Real(random, at, type); };
  };
  const auto boolean = [](Random& random, double at) {
    return std::string(random.Between(0, 100) < at * 120 - 10 ? "true" : "false");
  };
  return {
      {"i", "INT", integer(-2000000000, 2000000000)},
      {"b", "BIGINT", integer(-4000000000000000000, 4000000000000000000)},
      {"w", "BIGINT", integer(-30000, 30000)},  // was SMALLINT
      {"x", "DOUBLE", real("FLOAT")},           // was FLOAT
      {"f", "FLOAT", real("FLOAT")},
      {"d", "DOUBLE", real("DOUBLE")},
      {"s", "VARCHAR", Text},
      {"day", "DATE", moment("DATE")},
      {"ts", "TIMESTAMPTZ", moment("TIMESTAMPTZ")},
      {"tn", "TIMESTAMP", moment("TIMESTAMP")},
      {"n", "DECIMAL(12,3)", Decimal},
      {"flag", "BOOLEAN", boolean},
      {"st.a", "INT", integer(-500, 500)},
      {"st.deep.t", "VARCHAR", Text},
      {"st.deep.when", "TIMESTAMP", moment("TIMESTAMP")},
      {"st.deep.d", "DOUBLE", real("DOUBLE")},
      {"p", "INT", [](Random& random, double at) { return Integer(random, at, 0, 4); }},
      {"q", "DATE",
       [](Random&, double at) {
         return "DATE '" + FormatDate(static_cast<int32_t>(at * 20000)) + "'";
       }},
      {"\"new name\"", "BIGINT", integer(0, 1000)},
  };
}

class SkippingTest : public testing_sql::SessionFixture {
 protected:
  static constexpr int kFiles = 12, kRows = 12;

  // A value, or NULL; in some files a column is NULL throughout, or nowhere.
  std::string Cell(const Column& column, double at, int nulls) {
    if (nulls == 2 || (nulls == 1 && random_.OneIn(5))) return "NULL";
    return column.literal(random_, at);
  }

  std::string Row(int64_t id, double at, const std::map<std::string, int>& nulls) {
    std::map<std::string, std::string> cells;
    for (const Column& column : columns_) {
      cells[column.name] = Cell(column, at, nulls.at(column.name));
    }
    const std::string deep =
        random_.OneIn(8) ? "NULL"
                         : fmt::format("{{'t': {}, 'when': {}, 'd': {}}}", cells["st.deep.t"],
                                       cells["st.deep.when"], cells["st.deep.d"]);
    const std::string st =
        random_.OneIn(8) ? "NULL" : fmt::format("{{'a': {}, 'deep': {}}}", cells["st.a"], deep);
    return fmt::format("({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})", id,
                       cells["i"], cells["b"], cells["w"], cells["x"], cells["f"], cells["d"],
                       cells["s"], cells["day"], cells["ts"], cells["tn"], cells["n"],
                       cells["flag"], st, cells["p"], cells["q"], cells["\"new name\""]);
  }

  // With a checkpoint the statistics come from its structs, else from the commits.
  void MakeTable(bool checkpoint) {
    MP_ASSERT_OK(Run(
        "CREATE TABLE t (id BIGINT, i INT, b BIGINT, w SMALLINT, x FLOAT, f FLOAT, d DOUBLE, s "
        "STRING, day DATE, ts TIMESTAMP, tn TIMESTAMP_NTZ, n DECIMAL(12,3), flag BOOLEAN, st "
        "STRUCT<a: INT, deep: STRUCT<t: STRING, when: TIMESTAMP_NTZ, d: DOUBLE>>, p INT, q "
        "DATE, old BIGINT) PARTITIONED BY (p, q) TBLPROPERTIES ('delta.enableTypeWidening' = true, "
        "'delta.columnMapping.mode' = 'name', " +
        std::string(checkpoint ? "'delta.checkpointInterval' = 2, " : "") +
        "'delta.checkpoint.writeStatsAsStruct' = true, "
        "'delta.checkpoint.writeStatsAsJson' = false)"));
    int64_t id = 0;
    for (int file = 0; file < kFiles; ++file) {
      if (file == kFiles / 2) {
        MP_ASSERT_OK(Run("ALTER TABLE t ALTER COLUMN w TYPE BIGINT, x TYPE DOUBLE"));
        MP_ASSERT_OK(Run("ALTER TABLE t RENAME COLUMN old TO \"new name\""));
      }
      const double at = static_cast<double>(random_.Between(0, 1000)) / 1000;
      std::map<std::string, int> nulls;
      for (const Column& column : columns_) {
        nulls[column.name] = static_cast<int>(random_.OneIn(6) ? 2 : random_.Between(0, 1));
      }
      std::string values;
      for (int row = 0; row < kRows; ++row) values += (row ? ", " : "") + Row(id++, at, nulls);
      const auto inserted = Run("INSERT INTO t VALUES " + values);
      ASSERT_TRUE(inserted.has_value()) << inserted.error().ToString();
    }
    // Deleted rows stay in the statistics.
    MP_ASSERT_OK(Run("DELETE FROM t WHERE id % 11 = 3"));
    if (!checkpoint) return;
    const std::string path = catalog_->TablePath({"main", "default", "t"});
    EXPECT_TRUE(*machine_.env.fs.Exists(path + "/_delta_log/_last_checkpoint"));
    session_.reset(), engine_.reset(), catalog_.reset();
    SetUp();
  }

  std::string Literal(const Column& column) {
    return column.literal(random_, static_cast<double>(random_.Between(0, 1000)) / 1000);
  }

  std::string Compare(const std::string& left, const std::string& right) {
    static const std::vector<std::string> kOperators = {
        "=", "<", "<=", ">", ">=", "IS NOT DISTINCT FROM", "<>", "IS DISTINCT FROM"};
    if (random_.OneIn(6)) return fmt::format("{} {} {}", right, random_.Of(kOperators), left);
    return fmt::format("{} {} {}", left, random_.Of(kOperators), right);
  }

  // kind -> a condition of it.
  std::pair<std::string, std::string> Condition(int depth = 0) {
    const Column& column = random_.Of(columns_);
    const std::string& c = column.name;
    switch (random_.Between(0, depth < 2 ? 11 : 7)) {
      case 0:
        return {"coalesce",
                Compare(fmt::format("coalesce({}, {})", c, Literal(column)), Literal(column))};
      case 1:
        return {"comparison", Compare(c, Literal(column))};
      case 2:
        return {"null", c + (random_.OneIn(2) ? " IS NULL" : " IS NOT NULL")};
      case 3: {
        std::string list = Literal(column);
        for (int64_t i = random_.Between(0, 4); i > 0; --i) list += ", " + Literal(column);
        if (random_.OneIn(8)) list += ", NULL";
        return {"in", fmt::format("{} {}IN ({})", c, random_.OneIn(4) ? "NOT " : "", list)};
      }
      case 4:
        return {"between",
                fmt::format("{} BETWEEN {} AND {}", c, Literal(column), Literal(column))};
      case 5:
        return TextCondition();
      case 6:
        return TimeCondition();
      case 7:
        return CastCondition();
      case 8:
        return {"not", "NOT (" + Condition(depth + 1).second + ")"};
      case 9:
        return {"and", fmt::format("({} AND {})", Condition(depth + 1).second,
                                   Condition(depth + 1).second)};
      case 10:
        return {"or", fmt::format("({} OR {})", Condition(depth + 1).second,
                                  Condition(depth + 1).second)};
      default:
        return {"boolean", random_.OneIn(2) ? "flag" : "NOT flag"};
    }
  }

  std::pair<std::string, std::string> TextCondition() {
    const std::string c = random_.OneIn(2) ? "s" : "st.deep.t";
    const std::string text = Text(random_, static_cast<double>(random_.Between(0, 1000)) / 1000);
    // A text of whole code points, without its quotes.
    const std::string letter = text.substr(1, 1);
    switch (random_.Between(0, 6)) {
      case 0:
        return {"like", fmt::format("{} LIKE '{}%'", c, letter)};
      case 1:
        return {"like", fmt::format("{} LIKE '{}%'", c, text.substr(1, text.size() - 2))};
      case 2:
        return {"like", fmt::format("{} LIKE '{}%m_'", c, letter)};
      case 3:
        return {"not like", fmt::format("{} NOT LIKE '{}%'", c, letter)};
      case 4:
        return {"prefix", fmt::format("starts_with({}, {})", c, text)};
      case 5:
        return {"prefix", fmt::format("left({}, {}) = left({}, {})", c, 1, text, 1)};
      default:
        return {"prefix",
                Compare(fmt::format("substring({}, 1, {})", c, random_.Between(1, 40)), text)};
    }
  }

  std::pair<std::string, std::string> TimeCondition() {
    const std::string c =
        random_.Of(std::vector<std::string>{"day", "ts", "tn", "st.deep.when", "q"});
    const double at = static_cast<double>(random_.Between(0, 1000)) / 1000;
    const std::string when = MomentLiteral(
        random_, at, c == "day" || c == "q" ? "DATE" : (c == "ts" ? "TIMESTAMPTZ" : "TIMESTAMP"));
    static const std::vector<std::string> kUnits = {
        "year", "quarter", "month", "week", "day", "hour", "minute", "second", "milliseconds"};
    static const std::vector<std::string> kParts = {
        "quarter", "month", "day", "dayofyear", "dayofweek", "isodow", "hour", "minute", "second"};
    switch (random_.Between(0, 5)) {
      case 0:
        return {"year", Compare(fmt::format("year({})", c), fmt::format("year({})", when))};
      case 1: {
        const std::string& unit = random_.Of(kUnits);
        return {"date_trunc", Compare(fmt::format("date_trunc('{}', {})", unit, c),
                                      fmt::format("date_trunc('{}', {})", unit, when))};
      }
      case 2: {
        const std::string& part = random_.Of(kParts);
        if ((c == "day" || c == "q") && (part == "hour" || part == "minute" || part == "second")) {
          return {"year", fmt::format("extract(year FROM day) = extract(year FROM {})", when)};
        }
        return {"part", Compare(fmt::format("date_part('{}', {})", part, c),
                                fmt::format("date_part('{}', {})", part, when))};
      }
      case 4: {
        static const std::vector<std::string> kFormats = {"%Y", "%Y-%m", "%d.%m.%Y", "%Y%m%d"};
        const std::string& format = random_.Of(kFormats);
        return {"strftime", Compare(fmt::format("strftime({}, '{}')", c, format),
                                    fmt::format("strftime({}, '{}')", when, format))};
      }
      case 3:
        return {"year", fmt::format("year({0}) = year({1}) AND month({0}) = month({1})", c, when)};
      default:
        return {"cast to date",
                Compare(fmt::format("CAST({} AS DATE)", c), fmt::format("CAST({} AS DATE)", when))};
    }
  }

  std::pair<std::string, std::string> CastCondition() {
    static const std::vector<std::pair<std::string, std::string>> kCasts = {
        {"i", "BIGINT"},     {"b", "DOUBLE"},        {"i", "FLOAT"},       {"w", "DECIMAL(18,4)"},
        {"n", "DOUBLE"},     {"n", "DECIMAL(20,6)"}, {"day", "TIMESTAMP"}, {"day", "VARCHAR"},
        {"ts", "TIMESTAMP"}, {"f", "DOUBLE"},        {"tn", "TIMESTAMPTZ"}};
    const auto& [name, type] = random_.Of(kCasts);
    const auto column = std::ranges::find(columns_, name, &Column::name);
    return {"cast", Compare(fmt::format("CAST({} AS {})", name, type),
                            fmt::format("CAST({} AS {})", Literal(*column), type))};
  }

  // The ids for which a condition holds, each as a row of its own reads them.
  std::vector<std::string> WithoutFilters(const std::vector<std::string>& conditions) {
    std::string list;
    for (size_t i = 0; i < conditions.size(); ++i) {
      list += fmt::format(", ({}) AS c{}", conditions[i], i);
    }
    const auto rows = Run("SELECT id" + list + " FROM t ORDER BY id");
    EXPECT_TRUE(rows.has_value()) << rows.error().ToString();
    std::vector<std::string> passing(conditions.size(), "id\n");
    std::istringstream in(rows.value_or(""));
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
      std::istringstream cells(line);
      std::string id, cell;
      std::getline(cells, id, ',');
      for (std::string& ids : passing) {
        std::getline(cells, cell, ',');
        if (cell == "true") ids += id + "\n";
      }
    }
    return passing;
  }

  // Of "… 3 of 14 files …".
  int64_t FilesRead(const std::string& condition, int64_t* all) {
    const auto plan = Run("EXPLAIN SELECT id FROM t WHERE " + condition);
    EXPECT_TRUE(plan.has_value()) << condition << ": " << plan.error().ToString();
    // A condition that is known to be false has no scan.
    const size_t at = plan ? plan->find(" of ", plan->find("version ")) : std::string::npos;
    if (at == std::string::npos) return 0;
    *all = std::strtoll(plan->c_str() + at + 4, nullptr, 10);
    return std::strtoll(plan->c_str() + plan->rfind(' ', at - 1), nullptr, 10);
  }

  Random random_{20261127};
  std::vector<Column> columns_ = Columns();
};

int Rounds() {
  const char* rounds = std::getenv("MILLPOND_SKIPPING_ROUNDS");
  return rounds == nullptr ? 2 : std::atoi(rounds);
}

TEST_F(SkippingTest, SkipsNoRowThatPasses) {
  std::map<std::string, std::pair<int64_t, int64_t>> read_of_all;
  for (int round = 0; round < Rounds(); ++round) {
    MP_ASSERT_OK(Run("DROP TABLE IF EXISTS t"));
    ASSERT_NO_FATAL_FAILURE(MakeTable(round % 2 == 1));
    std::vector<std::string> kinds, conditions;
    for (int i = 0; i < 120; ++i) {
      auto [kind, condition] = Condition();
      kinds.push_back(kind);
      conditions.push_back(condition);
    }
    const auto expected = WithoutFilters(conditions);
    for (size_t i = 0; i < conditions.size(); ++i) {
      const auto found = Run("SELECT id FROM t WHERE " + conditions[i] + " ORDER BY id");
      ASSERT_TRUE(found.has_value()) << conditions[i] << ": " << found.error().ToString();
      EXPECT_EQ(*found, expected[i]) << conditions[i];
      int64_t all = 0;
      const int64_t read = FilesRead(conditions[i], &all);
      read_of_all[kinds[i]].first += read;
      read_of_all[kinds[i]].second += all;
    }
    if (HasFailure()) return;
  }
  for (const auto& [kind, count] : read_of_all) {
    const double share = static_cast<double>(count.first) / static_cast<double>(count.second);
    const bool loose = kind == "part" || kind == "not like" || kind == "not" || kind == "null" ||
                       kind == "or" || kind == "boolean";
    EXPECT_LT(share, loose ? 0.95 : 0.85) << kind;
  }
}

}  // namespace
}  // namespace millpond::data
