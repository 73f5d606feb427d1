// ALTER TABLE t ADD COLUMNS (…), RENAME COLUMN a TO b, DROP COLUMNS (…).
#include <fmt/ranges.h>

#include <algorithm>

#include "base/json.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/protocol.h"
#include "data/sql/statements/alter_internal.h"
#include "data/sql/statements/column_type.h"
#include "data/sql/statements/column_uses.h"

namespace millpond::data {
namespace {

struct NewColumn {
  ColumnPath parent;
  StructField field;
  ColumnPosition position;
};

Result<NewColumn> TakeNewColumn(TokenCursor& at, const SourceText& source) {
  NewColumn column;
  MP_ASSIGN_OR_RETURN(column.parent, TakeColumnPath(at));
  column.field.name = column.parent.back();
  column.parent.pop_back();
  MP_RETURN_IF_ERROR(TakeTypeOf(column.field, at, source));
  while (!at.AtEnd()) {
    const size_t offset = at.offset();
    MP_ASSIGN_OR_RETURN(const auto position, TakePosition(at));
    if (position) {
      column.position = *position;
    } else if (at.Accept("COMMENT")) {
      MP_ASSIGN_OR_RETURN(const std::string comment, at.TakeString("a comment"));
      column.field.metadata["comment"] = DumpJson(Json(comment));
    } else if (at.Accept("NOT", "NULL") || at.Accept("DEFAULT") || at.Accept("GENERATED")) {
      return FailAt(
          source, offset, ErrorKind::kUnsupported,
          "the rows that are there have no value for a new column: add it without this, "
          "then ALTER COLUMN {0} SET DEFAULT …, or fill it by UPDATE and ALTER COLUMN {0} "
          "SET NOT NULL",
          column.field.name);
    } else {
      break;
    }
  }
  return column;
}

// Dropping and renaming leave the files as they are, which only works where these do not know
// columns by the names that people use.
Status CheckMapped(const Snapshot& snapshot, std::string_view what) {
  MP_ASSIGN_OR_RETURN(const auto mode, ColumnMappingModeOf(snapshot.metadata()));
  if (mode != ColumnMappingMode::kNone) return OkStatus();
  return Fail(ErrorKind::kUnsupported,
              "{} a column needs column mapping, which programs that read the table must know: "
              "turn it on by ALTER TABLE … SET TBLPROPERTIES ('{}' = 'name')",
              what, property::kColumnMappingMode);
}

Status CheckUnused(const std::optional<std::string>& use, const ColumnPath& path,
                   std::string_view what) {
  if (!use) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument, "column '{}' cannot be {}: {} needs it", ToString(path),
              what, *use);
}

std::string_view Trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// delta.dataSkippingStatsColumns follows: `name` takes the place of the column, "" drops it.
void RenameInStatsColumns(const ColumnPath& path, const std::string& name, Metadata& metadata) {
  const auto setting = metadata.configuration.find(property::kStatsColumns);
  if (setting == metadata.configuration.end()) return;
  const std::string column = ToString(path);
  std::vector<std::string> kept;
  std::string_view rest = setting->second;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(','), rest.size());
    const std::string_view one = Trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const bool whole = EqualNames(one, column);
    const bool part = one.size() > column.size() && one[column.size()] == '.' &&
                      EqualNames(one.substr(0, column.size()), column);
    if (!whole && !part) {
      kept.emplace_back(one);
    } else if (!name.empty()) {
      ColumnPath renamed = path;
      renamed.back() = name;
      kept.push_back(ToString(renamed) + std::string(one.substr(column.size())));
    }
  }
  if (kept.empty()) {
    metadata.configuration.erase(setting);
  } else {
    setting->second = fmt::format("{}", fmt::join(kept, ","));
  }
}

void RenamePartition(const std::string& from, const std::string& to, Metadata& metadata) {
  for (std::string& column : metadata.partition_columns) {
    if (EqualNames(column, from)) column = to;
  }
}

// One or several in brackets, or without.
template <typename Take>
Status TakeList(TokenCursor& at, Take take) {
  const bool brackets = at.Accept("(");
  do {
    MP_RETURN_IF_ERROR(take());
  } while (at.Accept(","));
  if (brackets) MP_RETURN_IF_ERROR(at.Expect(")"));
  return at.ExpectEnd();
}

}  // namespace

Result<QueryResult> AlterAddColumns(TokenCursor& at, AlterTarget& target,
                                    StatementContext& context) {
  const bool if_not_exists = at.Accept("IF", "NOT", "EXISTS");
  std::vector<NewColumn> columns;
  std::vector<std::string> names;
  MP_RETURN_IF_ERROR(TakeList(at, [&]() -> Status {
    MP_ASSIGN_OR_RETURN(auto column, TakeNewColumn(at, context.source()));
    ColumnPath path = column.parent;
    path.push_back(column.field.name);
    names.push_back(ToString(path));
    columns.push_back(std::move(column));
    return OkStatus();
  }));
  TableChange change{"ADD COLUMNS", {{"columns", DumpJson(Json(names))}}, nullptr};
  change.apply = [&](const std::shared_ptr<const Snapshot>&, TableEdit& edit) -> Status {
    for (const NewColumn& column : columns) {
      auto added = AddColumn(edit.shape.schema, column.parent, column.field, column.position);
      const bool there = !added && added.error().kind() == ErrorKind::kAlreadyExists;
      if (there && if_not_exists) continue;
      MP_RETURN_IF_ERROR(added);
      edit.shape.schema = *std::move(added);
    }
    return OkStatus();
  };
  return Alter(
      target, change,
      fmt::format("column{} {} added", names.size() > 1 ? "s" : "", fmt::join(names, ", ")),
      context);
}

Result<QueryResult> AlterRenameColumn(TokenCursor& at, AlterTarget& target,
                                      StatementContext& context) {
  MP_ASSIGN_OR_RETURN(const ColumnPath path, TakeColumnPath(at));
  MP_RETURN_IF_ERROR(at.Expect("TO"));
  MP_ASSIGN_OR_RETURN(const std::string name, at.TakeName("a column"));
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  TableChange change{
      "RENAME COLUMN", {{"oldColumnPath", ToString(path)}, {"newColumnPath", name}}, nullptr};
  change.apply = [&](const std::shared_ptr<const Snapshot>& snapshot, TableEdit& edit) -> Status {
    MP_RETURN_IF_ERROR(ColumnAt(edit.shape.schema, path));
    MP_RETURN_IF_ERROR(CheckMapped(*snapshot, "renaming"));
    MP_RETURN_IF_ERROR(CheckUnused(ExpressionWith(*snapshot, path), path, "renamed"));
    MP_ASSIGN_OR_RETURN(edit.shape.schema, RenameColumn(edit.shape.schema, path, name));
    Metadata& metadata = edit.shape.metadata;
    if (path.size() == 1) RenamePartition(path.front(), name, metadata);
    RenameInStatsColumns(path, name, metadata);
    return OkStatus();
  };
  return Alter(target, change, fmt::format("column {} renamed to {}", ToString(path), name),
               context);
}

Result<QueryResult> AlterDropColumns(TokenCursor& at, AlterTarget& target,
                                     StatementContext& context) {
  const bool if_exists = at.Accept("IF", "EXISTS");
  std::vector<ColumnPath> paths;
  std::vector<std::string> names;
  MP_RETURN_IF_ERROR(TakeList(at, [&]() -> Status {
    MP_ASSIGN_OR_RETURN(paths.emplace_back(), TakeColumnPath(at));
    names.push_back(ToString(paths.back()));
    return OkStatus();
  }));
  TableChange change{"DROP COLUMNS", {{"columns", DumpJson(Json(names))}}, nullptr};
  change.apply = [&](const std::shared_ptr<const Snapshot>& snapshot, TableEdit& edit) -> Status {
    for (const ColumnPath& path : paths) {
      const auto there = ColumnAt(edit.shape.schema, path);
      if (!there && if_exists) continue;
      MP_RETURN_IF_ERROR(there);
      MP_RETURN_IF_ERROR(CheckMapped(*snapshot, "dropping"));
      MP_RETURN_IF_ERROR(CheckUnused(ExpressionWith(*snapshot, path), path, "dropped"));
      MP_RETURN_IF_ERROR(CheckUnused(LayoutWith(*snapshot, path), path, "dropped"));
      MP_ASSIGN_OR_RETURN(edit.shape.schema, DropColumn(edit.shape.schema, path));
      RenameInStatsColumns(path, "", edit.shape.metadata);
    }
    return OkStatus();
  };
  return Alter(
      target, change,
      fmt::format("column{} {} dropped", names.size() > 1 ? "s" : "", fmt::join(names, ", ")),
      context);
}

}  // namespace millpond::data
