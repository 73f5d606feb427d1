// The text of a MERGE taken apart:
//
//   MERGE [WITH SCHEMA EVOLUTION] INTO t [AS a] USING source [AS b] ON condition
//     WHEN MATCHED [AND …] THEN UPDATE SET * | UPDATE SET c = …, … | DELETE
//     WHEN NOT MATCHED [BY TARGET] [AND …] THEN INSERT * | INSERT (c, …) VALUES (…, …)
//     WHEN NOT MATCHED BY SOURCE [AND …] THEN UPDATE SET c = …, … | DELETE
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/sql/statements/assignments_internal.h"
#include "data/sql/statements/change_statement_internal.h"

namespace millpond::data {

enum class MergeMatch { kMatched, kNotMatched, kNotMatchedBySource };

struct MergeClause {
  MergeMatch match = MergeMatch::kMatched;
  RowAction action = RowAction::kUpdate;
  size_t offset = 0;
  std::string_view condition;  // "" if there is none
  bool all = false;            // SET *, INSERT *
  std::vector<Assignment> assignments;
};

struct MergeText {
  bool evolves = false;
  std::string_view source;  // with its alias
  size_t source_offset = 0;
  std::string source_alias;
  std::string_view condition;
  std::vector<MergeClause> clauses;

  bool Has(MergeMatch match) const;
};

// `at` stands behind the target. Says where a clause does not fit its place.
Result<MergeText> TakeMerge(TokenCursor& at, const ChangeTarget& target, const SourceText& source);

}  // namespace millpond::data
