// What a MERGE is made of, its rules, and its query; merge_statement.cc puts them together.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "data/sql/statements/merge_clauses_internal.h"
#include "data/sql/statements/table_fill_internal.h"

namespace millpond::data {

struct MergePlan {
  const ChangeTarget& target;
  const MergeText& merge;
  const Schema& schema;  // of the target as it will be
  const TableFill& fill;
  std::vector<std::string> source_columns;
  const SourceText& source;

  bool SourceHas(const std::string& column) const;
  // Does the clause set the column to a value of its own?
  bool Gives(const MergeClause& clause, const std::string& column) const;
};

// All assignments name columns that are there and may be set, and no condition gives another
// answer each time.
Status CheckMerge(const MergePlan& plan);

// Columns that the table fills in for the rows of an action: generated ones, and identity columns
// of new rows, that no clause of it gives.
Result<std::set<std::string>> FilledIn(const MergePlan& plan, RowAction action);

// The rows as they will be, behind their places and actions as ChangeQuery wants them; `target` is
// the relation of the target's rows. Target and source are joined as the clauses need it, the first
// clause whose condition holds is chosen by a CASE, and each column is one CASE more.
Result<RewrittenSql> ComposeMerge(const MergePlan& plan, const std::string& target);

// Rows of the target that match the source at all.
Result<RewrittenSql> ComposeMatches(const MergePlan& plan, const std::string& target);

}  // namespace millpond::data
