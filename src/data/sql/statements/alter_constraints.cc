// ALTER TABLE t ADD CONSTRAINT name CHECK (condition), DROP CONSTRAINT [IF EXISTS] name, DROP
// FEATURE name.
#include "data/delta/change/drop_feature.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/rows/row_check.h"
#include "data/sql/spark_text.h"
#include "data/sql/statements/alter_internal.h"
#include "data/sql/statements/change_statement_internal.h"

namespace millpond::data {
namespace {

// As Delta spells it: names of constraints do not differ by case.
std::string PropertyOf(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return property::kConstraintPrefix + name;
}

}  // namespace

Result<QueryResult> AlterAddConstraint(TokenCursor& at, AlterTarget& target,
                                       StatementContext& context) {
  MP_ASSIGN_OR_RETURN(const std::string name, at.TakeName("a constraint's name"));
  MP_RETURN_IF_ERROR(at.Expect("CHECK"));
  MP_RETURN_IF_ERROR(at.Expect("("));
  MP_ASSIGN_OR_RETURN(const std::string_view condition, at.TakeExpression("a condition", {}));
  MP_RETURN_IF_ERROR(at.Expect(")"));
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  MP_ASSIGN_OR_RETURN(const std::string expression, ToSparkSql(condition, context.source()));
  TableChange change{"ADD CONSTRAINT", {{"name", name}, {"expr", expression}}, nullptr};
  change.apply = [&](const std::shared_ptr<const Snapshot>& snapshot, TableEdit& edit) -> Status {
    const auto [place, added] =
        edit.shape.metadata.configuration.try_emplace(PropertyOf(name), expression);
    if (!added) {
      return Fail(ErrorKind::kAlreadyExists,
                  "there is already a constraint '{}' ({}): drop it first", name, place->second);
    }
    edit.looked_at_rows = true;
    return CheckExistingRows(target.table, snapshot, {name, expression});
  };
  return Alter(target, change, fmt::format("constraint {} added", name), context);
}

Result<QueryResult> AlterDropConstraint(TokenCursor& at, AlterTarget& target,
                                        StatementContext& context) {
  const bool if_exists = at.Accept("IF", "EXISTS");
  MP_ASSIGN_OR_RETURN(const std::string name, at.TakeName("a constraint's name"));
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  TableChange change{"DROP CONSTRAINT", {{"name", name}}, nullptr};
  change.apply = [&](const std::shared_ptr<const Snapshot>&, TableEdit& edit) -> Status {
    if (edit.shape.metadata.configuration.erase(PropertyOf(name)) > 0 || if_exists) {
      return OkStatus();
    }
    return Fail(ErrorKind::kInvalidArgument,
                "there is no constraint '{}'; DROP CONSTRAINT IF EXISTS passes over it", name);
  };
  return Alter(target, change, fmt::format("constraint {} dropped", name), context);
}

Result<QueryResult> AlterDropFeature(TokenCursor& at, AlterTarget& target,
                                     StatementContext& context) {
  MP_ASSIGN_OR_RETURN(const std::string name, at.TakeName("a feature"));
  if (at.Accept("TRUNCATE")) {
    return FailAt(context.source(), at.offset(), ErrorKind::kUnsupported,
                  "TRUNCATE HISTORY is not needed here: a checkpoint keeps the history from those "
                  "who do not know the feature. Leave it out");
  }
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  auto commit = DropFeature(target.table, name);
  if (!commit) return ErrorAt(context.source(), target.offset, commit.error());
  return QueryResult{
      nullptr, fmt::format("{}: feature {} dropped{}", target.name, name, CommitText(*commit))};
}

}  // namespace millpond::data
