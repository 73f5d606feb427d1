// The grammar of MLflow's searches, read into clauses; search_sql.h turns them into SQL.
//
//   filter     := clause { AND clause }                  (no OR, no parentheses around clauses)
//   clause     := identifier comparison value
//               | identifier [NOT] IN ( 'text' {, 'text'} )
//               | identifier IS [NOT] NULL
//   identifier := [entity .] key        entity: metric(s), param(s), parameter(s), tag(s),
//   dataset(s),
//                                       attribute(s), attr, run; without one: attribute
//   key        := letters, digits, _ . - / or anything in `…` or "…"
//   comparison := = != > >= < <= LIKE ILIKE
//   value      := number | 'text' | "text"               ('' inside '…' is one quote)
//   order      := identifier [ASC | DESC]
//
// Words are read without regard to case. Errors are kInvalidArgument in MLflow's words and end with
// the character at which reading stopped, counted from 1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace millpond::platform {

enum class SearchEntity { kAttribute, kMetric, kParam, kTag, kDataset };

// "attribute", "metric", "parameter", "tag", "dataset".
std::string_view ToString(SearchEntity entity);

enum class Comparison {
  kEqual,
  kNotEqual,
  kGreater,
  kGreaterEqual,
  kLess,
  kLessEqual,
  kLike,
  kIlike,
  kIn,
  kNotIn,
  kIsNull,
  kIsNotNull
};

// "=", "NOT IN", "IS NULL", …
std::string_view ToString(Comparison comparison);

struct SearchClause {
  SearchEntity entity = SearchEntity::kAttribute;
  std::string key = {};
  Comparison comparison = Comparison::kEqual;
  // A number as it was written (int64 where it is one); a text; the texts of IN; none for IS NULL.
  std::variant<std::monostate, int64_t, double, std::string, std::vector<std::string>> value = {};
  size_t position = 0;  // of the clause's first character, from 1
};

struct SearchOrder {
  SearchEntity entity = SearchEntity::kAttribute;
  std::string key = {};
  bool ascending = true;
};

// At most 100 clauses of at most 64 KiB together.
Result<std::vector<SearchClause>> ParseSearchFilter(std::string_view filter);
Result<SearchOrder> ParseSearchOrder(std::string_view order);

}  // namespace millpond::platform
