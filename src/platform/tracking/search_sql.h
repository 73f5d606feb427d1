// Clauses and orders of a search as SQL over our tables. Every value, key and pattern is a bound
// parameter; the text of the statement is made of our own words only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/db/sqlite.h"
#include "base/result.h"
#include "platform/tracking/search_filter.h"

namespace millpond::platform {

// One attribute that a kind of search knows.
struct SearchAttribute {
  enum class Kind {
    kText,
    kNumber,
    kWholeText  // a whole number that clients write as a text: experiment_id, version_number
  };
  std::string_view name;
  std::string_view column;
  Kind kind = Kind::kText;
  bool searchable = true;
  bool orderable = true;
  bool listable = false;  // may stand before IN
};

// Where the keys of an entity lie: rows (key, value, <id>) of a table.
struct SearchLink {
  SearchEntity entity;
  std::string_view outer;  // "r.sequence": what the searched row has
  std::string_view table;  // "tracking_run_params"
  std::string_view id;     // "run": what the table calls it
  bool orderable = false;  // each searched row has at most one row of a key
  bool nullable = false;   // may stand before IS NULL
};

struct SearchSpace {
  std::vector<SearchAttribute> attributes;
  std::vector<SearchLink> links;
  // Of dataset.name and the like: columns of rows (…, <id>).
  std::string_view dataset_outer = {};
  std::string_view dataset_table = {};
  std::string_view dataset_id = {};
};

// A statement that grows: SELECT … FROM … {joins} WHERE … {conditions} ORDER BY {orders}.
struct SearchSql {
  std::string joins = {};
  std::string conditions = {};  // each begins with " AND "
  std::vector<std::string> orders = {};
  std::vector<SqliteValue> parameters = {};

  std::string Bind(SqliteValue value);  // "?3"
};

Status AddClauses(const SearchSpace& space, const std::vector<SearchClause>& clauses,
                  SearchSql& sql);
// Rows without the key come last in either direction, NaN before them.
Status AddOrders(const SearchSpace& space, const std::vector<std::string>& order_by,
                 SearchSql& sql);

// The condition "column <comparison> value" over texts, or over numbers.
std::string TextCondition(std::string_view column, const SearchClause& clause, SearchSql& sql);
std::string NumberCondition(std::string_view column, Comparison comparison, SqliteValue value,
                            SearchSql& sql);

}  // namespace millpond::platform
