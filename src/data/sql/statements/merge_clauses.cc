#include <algorithm>

#include "data/sql/statements/merge_clauses_internal.h"
#include "data/sql/syntax.h"

namespace millpond::data {
namespace {

constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

class ClauseReader {
 public:
  ClauseReader(TokenCursor& at, const ChangeTarget& target, const SourceText& source)
      : at_(at), target_(target), source_(source) {}

  Result<MergeClause> Take() {
    MergeClause clause;
    clause.offset = at_.offset();
    MP_RETURN_IF_ERROR(at_.Expect("WHEN"));
    MP_RETURN_IF_ERROR(TakeMatch(clause));
    if (at_.Accept("AND")) {
      MP_ASSIGN_OR_RETURN(clause.condition, at_.TakeExpression("a condition", {"THEN"}));
    }
    MP_RETURN_IF_ERROR(at_.Expect("THEN"));
    MP_RETURN_IF_ERROR(TakeAction(clause));
    return clause;
  }

 private:
  Status TakeMatch(MergeClause& clause) {
    if (at_.Accept("MATCHED")) {
      clause.match = MergeMatch::kMatched;
    } else if (at_.Accept("NOT", "MATCHED")) {
      clause.match = MergeMatch::kNotMatched;
      if (at_.Accept("BY", "SOURCE")) {
        clause.match = MergeMatch::kNotMatchedBySource;
      } else {
        (void)at_.Accept("BY", "TARGET");
      }
    } else {
      return at_.Unexpected("MATCHED or NOT MATCHED");
    }
    return OkStatus();
  }

  Status TakeAction(MergeClause& clause) {
    const bool inserts = clause.match == MergeMatch::kNotMatched;
    if (inserts && at_.Accept("INSERT")) {
      clause.action = RowAction::kInsert;
      return TakeInsert(clause);
    }
    if (!inserts && at_.Accept("DELETE")) {
      clause.action = RowAction::kDelete;
      return OkStatus();
    }
    if (!inserts && at_.Accept("UPDATE", "SET")) {
      clause.action = RowAction::kUpdate;
      return TakeUpdate(clause);
    }
    return at_.Unexpected(inserts ? "INSERT" : "UPDATE SET or DELETE");
  }

  Status TakeUpdate(MergeClause& clause) {
    const size_t offset = at_.offset();
    if (at_.Accept("*")) {
      clause.all = true;
      if (clause.match == MergeMatch::kMatched) return OkStatus();
      return FailAt(source_, offset, kBad,
                    "a row without a match in the source has no columns to take: name the columns");
    }
    do {
      MP_ASSIGN_OR_RETURN(Assignment one, TakeAssigned(at_, target_));
      MP_RETURN_IF_ERROR(at_.Expect("="));
      MP_ASSIGN_OR_RETURN(one.value, at_.TakeExpression("a value", {"WHEN"}));
      MP_RETURN_IF_ERROR(AddAssignment(clause.assignments, std::move(one), source_));
    } while (at_.Accept(","));
    return OkStatus();
  }

  Status TakeInsert(MergeClause& clause) {
    if (at_.Accept("*")) {
      clause.all = true;
      return OkStatus();
    }
    MP_RETURN_IF_ERROR(at_.Expect("("));
    do {
      MP_ASSIGN_OR_RETURN(Assignment one, TakeAssigned(at_, target_));
      if (!one.fields.empty()) {
        return FailAt(source_, one.offset, kBad,
                      "{} is a field of a struct: a new row is given all of column {}", one.name(),
                      one.column);
      }
      MP_RETURN_IF_ERROR(AddAssignment(clause.assignments, std::move(one), source_));
    } while (at_.Accept(","));
    MP_RETURN_IF_ERROR(at_.Expect(")"));
    MP_RETURN_IF_ERROR(at_.Expect("VALUES"));
    MP_RETURN_IF_ERROR(at_.Expect("("));
    size_t count = 0;
    const size_t offset = at_.offset();
    do {
      MP_ASSIGN_OR_RETURN(const auto value, at_.TakeExpression("a value", {}));
      if (count < clause.assignments.size()) clause.assignments[count].value = value;
      ++count;
    } while (at_.Accept(","));
    if (count != clause.assignments.size()) {
      return FailAt(source_, offset, kBad, "{} values for {} columns", count,
                    clause.assignments.size());
    }
    return at_.Expect(")");
  }

  TokenCursor& at_;
  const ChangeTarget& target_;
  const SourceText& source_;
};

// Under which name expressions know the source.
Result<std::string> AliasOf(std::string_view relation, size_t offset, const SourceText& source) {
  MP_ASSIGN_OR_RETURN(const RewrittenSql rewritten, Rewrite(relation, source));
  RewrittenSql query;
  query.Append("SELECT * FROM ", offset);
  query.Append(rewritten);
  const auto tree = ParseSelect(SourceText(source.file(), query.text()));
  if (!tree) return ErrorAt(source, offset, tree.error());
  const TableRef& from = tree->from;
  if (!from.alias.empty()) return from.alias;
  if (from.kind == TableRef::Kind::kTable) return from.names.back();
  if (from.kind == TableRef::Kind::kFunction) return from.function->name;
  return FailAt(source, offset, kBad, "the source of a MERGE needs a name: USING (…) AS s");
}

// No clause may stand behind one of its kind without a condition: it would never be reached.
Status CheckReachable(const std::vector<MergeClause>& clauses, const SourceText& source) {
  for (size_t i = 0; i < clauses.size(); ++i) {
    for (size_t k = i + 1; k < clauses.size(); ++k) {
      if (clauses[k].match != clauses[i].match || !clauses[i].condition.empty()) continue;
      return FailAt(source, clauses[i].offset, kBad,
                    "only the last WHEN of a kind may be without AND: those behind it would never "
                    "be reached");
    }
  }
  return OkStatus();
}

}  // namespace

bool MergeText::Has(MergeMatch match) const {
  return std::ranges::any_of(clauses,
                             [&](const MergeClause& clause) { return clause.match == match; });
}

Result<MergeText> TakeMerge(TokenCursor& at, const ChangeTarget& target, const SourceText& source) {
  MergeText merge;
  MP_RETURN_IF_ERROR(at.Expect("USING"));
  merge.source_offset = at.offset();
  MP_ASSIGN_OR_RETURN(merge.source, at.TakeExpression("the source", {"ON"}));
  MP_ASSIGN_OR_RETURN(merge.source_alias, AliasOf(merge.source, merge.source_offset, source));
  if (EqualNames(merge.source_alias, target.alias)) {
    return FailAt(source, merge.source_offset, kBad,
                  "target and source are both called {}: give one of them another name by AS",
                  target.alias);
  }
  MP_RETURN_IF_ERROR(at.Expect("ON"));
  MP_ASSIGN_OR_RETURN(merge.condition, at.TakeExpression("a condition", {"WHEN"}));
  do {
    MP_ASSIGN_OR_RETURN(auto clause, ClauseReader(at, target, source).Take());
    merge.clauses.push_back(std::move(clause));
  } while (!at.AtEnd());
  MP_RETURN_IF_ERROR(CheckReachable(merge.clauses, source));
  return merge;
}

}  // namespace millpond::data
