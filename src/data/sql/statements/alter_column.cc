// ALTER TABLE t ALTER COLUMN a TYPE BIGINT | COMMENT '…' | FIRST | AFTER b | SET NOT NULL | DROP
// NOT NULL | SET DEFAULT … | DROP DEFAULT, several columns by commas; CHANGE COLUMN a a BIGINT … as
// Hive has it.
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>

#include "base/json.h"
#include "data/delta/commit/row_rules.h"
#include "data/delta/commit/table_rules.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/type_widening.h"
#include "data/sql/spark_text.h"
#include "data/sql/statements/alter_internal.h"
#include "data/sql/statements/column_type.h"
#include "data/sql/statements/column_uses.h"

namespace millpond::data {
namespace {

// What one column is to become; what is not said stays.
struct ColumnChange {
  ColumnPath path;
  std::optional<ColumnType> type = {};
  std::optional<std::string> comment = {};  // "" takes it away
  std::optional<ColumnPosition> position = {};
  std::optional<bool> nullable = {};
  std::optional<std::string> value = {};  // the default, in Spark SQL; "" takes it away
  std::vector<std::string> said = {};     // for people
};

Status TakeType(TokenCursor& at, const SourceText& source, ColumnChange& change) {
  MP_ASSIGN_OR_RETURN(change.type, TakeColumnType(at, source));
  StructField named{"", change.type->type};
  SetLimitsOnColumn(change.type->limits, named);
  change.said.push_back("is " + TypeString(named));
  return OkStatus();
}

// True: there was another clause.
Result<bool> TakeClause(TokenCursor& at, const SourceText& source, ColumnChange& change) {
  if (at.Accept("TYPE") || at.Accept("SET", "DATA", "TYPE")) {
    MP_RETURN_IF_ERROR(TakeType(at, source, change));
  } else if (at.Accept("COMMENT")) {
    MP_ASSIGN_OR_RETURN(change.comment, at.TakeString("a comment"));
    change.said.emplace_back("has a comment");
  } else if (at.Accept("SET", "NOT", "NULL")) {
    change.nullable = false;
    change.said.emplace_back("is NOT NULL");
  } else if (at.Accept("SET", "DEFAULT")) {
    MP_ASSIGN_OR_RETURN(const std::string_view text,
                        at.TakeExpression("a value", {"COMMENT", "FIRST", "AFTER"}));
    MP_ASSIGN_OR_RETURN(change.value, ToSparkSql(text, source));
    change.said.push_back("is by default " + *change.value);
  } else if (at.Accept("DROP", "DEFAULT")) {
    change.value = "";
    change.said.emplace_back("has no default");
  } else if (at.Accept("DROP", "NOT", "NULL")) {
    change.nullable = true;
    change.said.emplace_back("may be NULL");
  } else {
    MP_ASSIGN_OR_RETURN(const auto position, TakePosition(at));
    if (!position) return false;
    change.position = *position;
    change.said.push_back(position->first ? "is the first" : "stands after " + *position->after);
  }
  return true;
}

bool IsClause(const Token& token) {
  for (const char* word : {"TYPE", "SET", "DROP", "COMMENT", "FIRST", "AFTER"}) {
    if (token.Is(word)) return true;
  }
  return false;
}

// CHANGE COLUMN a a BIGINT COMMENT '…'
Status TakeHiveStyle(TokenCursor& at, const SourceText& source, ColumnChange& change) {
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const std::string name, at.TakeName("TYPE, COMMENT, SET, DROP or FIRST"));
  if (!EqualNames(name, change.path.back())) {
    return FailAt(source, offset, ErrorKind::kInvalidArgument,
                  "a column gets another name by RENAME COLUMN {} TO {}", ToString(change.path),
                  name);
  }
  return TakeType(at, source, change);
}

Result<ColumnChange> TakeColumnChange(TokenCursor& at, const SourceText& source) {
  ColumnChange change;
  MP_ASSIGN_OR_RETURN(change.path, TakeColumnPath(at));
  if (!at.AtEnd() && !IsClause(*at.Peek())) {
    MP_RETURN_IF_ERROR(TakeHiveStyle(at, source, change));
  }
  bool more = true;
  while (more) {
    MP_ASSIGN_OR_RETURN(more, TakeClause(at, source, change));
  }
  if (change.said.empty()) {
    return at.Unexpected("TYPE, COMMENT, FIRST, AFTER, SET NOT NULL or DROP NOT NULL");
  }
  return change;
}

Status WidenType(const Snapshot& snapshot, const ColumnChange& change, TableEdit& edit) {
  const DataType& type = change.type->type;
  MP_ASSIGN_OR_RETURN(const size_t depth, FieldDepth(edit.shape.schema, change.path));
  if (depth == change.path.size()) {
    MP_ASSIGN_OR_RETURN(const auto field, ColumnAt(edit.shape.schema, change.path));
    if (field.type == type) return OkStatus();
  }
  MP_ASSIGN_OR_RETURN(Schema widened, WidenColumn(edit.shape.schema, change.path, type));
  if (widened == edit.shape.schema) return OkStatus();
  if (!edit.shape.metadata.IsEnabled(property::kEnableTypeWidening)) {
    return Fail(ErrorKind::kUnsupported,
                "changing a column's type needs type widening, which programs that read the table "
                "must know: turn it on by ALTER TABLE … SET TBLPROPERTIES ('{}' = 'true')",
                property::kEnableTypeWidening);
  }
  for (const auto& use :
       {ExpressionWith(snapshot, change.path), LayoutWith(snapshot, change.path)}) {
    if (!use) continue;
    return Fail(ErrorKind::kInvalidArgument, "column '{}' cannot get another type: {} needs it",
                ToString(change.path), *use);
  }
  edit.shape.schema = std::move(widened);
  return OkStatus();
}

// "element", "key", "value" as they are in paths to limits.
ColumnPath PartsFrom(const ColumnPath& path, size_t begin) {
  ColumnPath parts;
  for (size_t i = begin; i < path.size(); ++i) {
    for (const char* part : {"element", "key", "value"}) {
      if (EqualNames(path[i], part)) parts.emplace_back(part);
    }
  }
  return parts;
}

// VARCHAR(n) and CHAR(n), which are part of no type: files stay, and so does what speaks of the
// column.
Status ChangeLimits(const ColumnChange& change, Schema& schema) {
  MP_ASSIGN_OR_RETURN(const size_t depth, FieldDepth(schema, change.path));
  const ColumnPath parts = PartsFrom(change.path, depth);
  const auto end = static_cast<int64_t>(parts.size());
  const auto set = [&](StructField& field) -> Status {
    auto limits = TextLimitsOf(field);
    // What cannot be read is given up with the column's whole type.
    if (!limits.has_value() && parts.empty()) limits = TextLimits();
    MP_RETURN_IF_ERROR(limits);
    TextLimits kept, was;
    for (const auto& [path, limit] : *limits) {
      const bool inside = std::ranges::equal(parts, path | std::views::take(end));
      inside ? was[ColumnPath(path.begin() + end, path.end())] = limit : kept[path] = limit;
    }
    MP_RETURN_IF_ERROR(CheckLimitChange(was, change.type->limits, ToString(change.path)));
    for (const auto& [path, limit] : change.type->limits) {
      ColumnPath whole = parts;
      whole.insert(whole.end(), path.begin(), path.end());
      kept[std::move(whole)] = limit;
    }
    SetLimitsOnFields(kept, field);
    return OkStatus();
  };
  const ColumnPath field(change.path.begin(), change.path.begin() + static_cast<int64_t>(depth));
  MP_ASSIGN_OR_RETURN(schema, EditColumn(schema, field, set));
  return OkStatus();
}

Status ChangeType(const Snapshot& snapshot, const ColumnChange& change, TableEdit& edit) {
  MP_RETURN_IF_ERROR(WidenType(snapshot, change, edit));
  return ChangeLimits(change, edit.shape.schema);
}

// The default is worked out once, so that what it cannot be is heard of now.
Status SetDefault(const ColumnChange& change, const AlterTarget& target, StructField& field) {
  if (change.value->empty()) {
    field.metadata.erase("CURRENT_DEFAULT");
    return OkStatus();
  }
  if (change.path.size() > 1) {
    return Fail(ErrorKind::kUnsupported,
                "columns of the table have defaults, their parts do not: "
                "'{}'",
                ToString(change.path));
  }
  const auto engine = target.table.expressions();
  if (engine == nullptr) {
    return Fail(ErrorKind::kUnsupported, "defaults need SQL, and the table was opened without");
  }
  MP_RETURN_IF_ERROR(CheckDefault(field, *change.value, *engine));
  SetDefaultExpression(field, *change.value);
  return OkStatus();
}

Status ChangeField(const ColumnChange& change, const AlterTarget& target, StructField& field) {
  if (change.value) MP_RETURN_IF_ERROR(SetDefault(change, target, field));
  if (change.nullable) field.nullable = *change.nullable;
  if (!change.comment) return OkStatus();
  if (change.comment->empty()) {
    field.metadata.erase("comment");
  } else {
    field.metadata["comment"] = DumpJson(Json(*change.comment));
  }
  return OkStatus();
}

Status CheckNoNulls(const std::shared_ptr<const Snapshot>& snapshot, const ColumnPath& path,
                    const AlterTarget& target, StatementContext& context) {
  if (path.size() > 1) {
    return Fail(ErrorKind::kUnsupported,
                "NOT NULL can be set on columns of the table, not inside of them: '{}'",
                ToString(path));
  }
  const std::string column = QuoteName(path.front());
  RewrittenSql sql;
  sql.Append(fmt::format("SELECT 1 AS found FROM {} WHERE {} IS NULL LIMIT 1",
                         context.tables().AddTarget(snapshot), column),
             target.offset);
  MP_ASSIGN_OR_RETURN(const bool found, context.HasRows(sql));
  if (!found) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "column '{}' cannot be NOT NULL: there are rows in which it is NULL. Fill it by "
              "UPDATE first",
              path.front());
}

Status Apply(const std::shared_ptr<const Snapshot>& snapshot, const ColumnChange& change,
             const AlterTarget& target, StatementContext& context, TableEdit& edit) {
  Schema& schema = edit.shape.schema;
  if (change.type) MP_RETURN_IF_ERROR(ChangeType(*snapshot, change, edit));
  if (change.nullable || change.comment || change.value) {
    MP_ASSIGN_OR_RETURN(const auto field, ColumnAt(schema, change.path));
    if (change.nullable && !*change.nullable && field.nullable) {
      MP_RETURN_IF_ERROR(CheckNoNulls(snapshot, change.path, target, context));
      edit.looked_at_rows = true;
    }
    MP_ASSIGN_OR_RETURN(schema, EditColumn(schema, change.path, [&](StructField& one) {
                          return ChangeField(change, target, one);
                        }));
  }
  if (!change.position) return OkStatus();
  MP_ASSIGN_OR_RETURN(schema, MoveColumn(schema, change.path, *change.position));
  return OkStatus();
}

}  // namespace

Result<QueryResult> AlterColumns(TokenCursor& at, AlterTarget& target, StatementContext& context) {
  std::vector<ColumnChange> changes;
  std::vector<std::string> said;
  do {
    MP_ASSIGN_OR_RETURN(changes.emplace_back(), TakeColumnChange(at, context.source()));
    said.push_back(fmt::format("column {} {}", ToString(changes.back().path),
                               fmt::join(changes.back().said, ", ")));
  } while (at.Accept(","));
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  TableChange change{
      "CHANGE COLUMN", {{"column", fmt::format("{}", fmt::join(said, "; "))}}, nullptr};
  change.apply = [&](const std::shared_ptr<const Snapshot>& snapshot, TableEdit& edit) -> Status {
    for (const ColumnChange& one : changes) {
      MP_RETURN_IF_ERROR(Apply(snapshot, one, target, context, edit));
    }
    return OkStatus();
  };
  return Alter(target, change, fmt::format("{}", fmt::join(said, "; ")), context);
}

}  // namespace millpond::data
