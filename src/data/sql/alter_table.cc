// ALTER TABLE t RENAME TO u, CLUSTER BY (a, b) | NONE; COMMENT ON TABLE t IS '…'.
#include <fmt/ranges.h>

#include "base/json.h"
#include "data/delta/column_mapping.h"
#include "data/delta/protocol.h"
#include "data/delta/table_features.h"
#include "data/sql/alter_internal.h"
#include "data/sql/change_statement_internal.h"

namespace millpond::data {
namespace {

constexpr const char* kClusteringDomain = "delta.clustering";
constexpr size_t kMaxClusteringColumns = 4;

// A name without catalog or schema is one beside the table.
Result<TableName> NewName(const std::vector<std::string>& path, const TableName& from) {
  if (path.size() > 3) {
    return Fail(ErrorKind::kInvalidArgument, "'{}' is no table name", fmt::join(path, "."));
  }
  TableName name{from.catalog, from.schema, path.back()};
  if (path.size() > 1) name.schema = path[path.size() - 2];
  if (path.size() > 2) name.catalog = path[0];
  return name;
}

// [["a"], ["s", "x"]], by physical names.
Result<Json> PhysicalPaths(const Schema& schema, const std::vector<ColumnPath>& columns,
                           const Snapshot& snapshot) {
  Json paths = Json::array();
  for (const ColumnPath& column : columns) {
    Json physical = Json::array();
    ColumnPath so_far;
    for (const std::string& name : column) {
      so_far.push_back(name);
      MP_ASSIGN_OR_RETURN(const StructField field, ColumnAt(schema, so_far));
      physical.push_back(PhysicalName(field));
      if (so_far.size() < column.size()) continue;
      if (!field.type.is_primitive() || snapshot.IsPartitionColumn(column.front())) {
        return Fail(ErrorKind::kInvalidArgument,
                    "a table is clustered by columns of plain types that do not partition it; '{}' "
                    "is {}",
                    ToString(column),
                    field.type.is_primitive() ? "a partition column" : field.type.ToString());
      }
    }
    paths.push_back(std::move(physical));
  }
  return paths;
}

Result<std::vector<ColumnPath>> TakeClustering(TokenCursor& at) {
  std::vector<ColumnPath> columns;
  if (at.Accept("NONE")) return columns;
  MP_RETURN_IF_ERROR(at.Expect("("));
  do {
    MP_ASSIGN_OR_RETURN(columns.emplace_back(), TakeColumnPath(at));
  } while (at.Accept(","));
  MP_RETURN_IF_ERROR(at.Expect(")"));
  return columns;
}

Status SetDescription(const std::optional<std::string>& comment, TableEdit& edit) {
  edit.shape.metadata.description = comment;
  return OkStatus();
}

Result<std::optional<std::string>> TakeComment(TokenCursor& at) {
  MP_RETURN_IF_ERROR(at.Expect("IS"));
  std::optional<std::string> comment;
  if (!at.Accept("NULL")) {
    MP_ASSIGN_OR_RETURN(comment, at.TakeString("a comment or NULL"));
  }
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  return comment;
}

}  // namespace

Result<QueryResult> AlterRenameTo(TokenCursor& at, AlterTarget& target, StatementContext& context) {
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const auto path, at.TakePath());
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  if (!target.catalog_name) {
    return FailAt(context.source(), target.offset, ErrorKind::kUnsupported,
                  "a table that is opened by its path has no name to change");
  }
  auto to = NewName(path, *target.catalog_name);
  if (!to) return ErrorAt(context.source(), offset, to.error());
  MP_RETURN_IF_ERROR(context.Check(Privilege::kDropTable, target.name));
  MP_RETURN_IF_ERROR(context.Check(Privilege::kCreateTable, to->ToString()));
  const Status renamed = context.catalog().RenameTable(*target.catalog_name, *to);
  if (!renamed) return ErrorAt(context.source(), offset, renamed.error());
  return QueryResult{nullptr, fmt::format("{}: renamed to {}", target.name, to->ToString())};
}

Result<QueryResult> AlterClusterBy(TokenCursor& at, AlterTarget& target,
                                   StatementContext& context) {
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const auto columns, TakeClustering(at));
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  if (columns.size() > kMaxClusteringColumns) {
    return FailAt(context.source(), offset, ErrorKind::kInvalidArgument,
                  "a table is clustered by at most {} columns, found {}", kMaxClusteringColumns,
                  columns.size());
  }
  std::vector<std::string> names;
  for (const ColumnPath& column : columns) names.push_back(ToString(column));
  const std::string list = fmt::format("{}", fmt::join(names, ","));
  TableChange change{"CLUSTER BY", {{"newClusteringColumns", list}}, nullptr};
  change.apply = [&](const std::shared_ptr<const Snapshot>& snapshot, TableEdit& edit) -> Status {
    const auto known = snapshot->domains().find(kClusteringDomain);
    if (columns.empty() && known == snapshot->domains().end()) return OkStatus();
    if (!snapshot->metadata().partition_columns.empty()) {
      return Fail(ErrorKind::kInvalidArgument,
                  "table {} is partitioned, and a table is partitioned or clustered, not both",
                  target.name);
    }
    MP_ASSIGN_OR_RETURN(Json paths, PhysicalPaths(edit.shape.schema, columns, *snapshot));
    const std::string text = DumpJson(Json{{"clusteringColumns", std::move(paths)}});
    if (known != snapshot->domains().end() && known->second.configuration == text) {
      return OkStatus();
    }
    edit.shape.protocol = WithFeatures(std::move(edit.shape.protocol), {feature::kClustering});
    edit.domains.push_back({kClusteringDomain, text, false});
    return OkStatus();
  };
  return Alter(target, change,
               columns.empty() ? "no longer clustered"
                               : fmt::format("clustered by {}", fmt::join(names, ", ")),
               context);
}

Result<QueryResult> ExecuteComment(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("COMMENT"));
  MP_RETURN_IF_ERROR(at.Expect("ON"));
  const bool on_column = at.Accept("COLUMN");
  if (!on_column) MP_RETURN_IF_ERROR(at.Expect("TABLE"));
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(auto path, at.TakePath());
  std::string column;
  if (on_column && path.size() > 1) {
    column = path.back();
    path.pop_back();
  } else if (on_column) {
    return FailAt(statement.source, offset, ErrorKind::kInvalidArgument,
                  "a column is named with its table: COMMENT ON COLUMN t.{}", path[0]);
  }
  MP_ASSIGN_OR_RETURN(const auto comment, TakeComment(at));
  auto opened = OpenTableToChange(path, context);
  if (!opened) return ErrorAt(statement.source, offset, opened.error());
  AlterTarget target{opened->name, offset, opened->table, opened->catalog_name};
  TableChange change{
      on_column ? "CHANGE COLUMN" : "SET TBLPROPERTIES",
      {{on_column ? "column" : "comment", on_column ? column : comment.value_or("")}},
      nullptr};
  change.apply = [&](const std::shared_ptr<const Snapshot>&, TableEdit& edit) -> Status {
    if (!on_column) return SetDescription(comment, edit);
    MP_ASSIGN_OR_RETURN(edit.shape.schema,
                        EditColumn(edit.shape.schema, {column}, [&](StructField& field) {
                          if (comment) {
                            field.metadata["comment"] = DumpJson(Json(*comment));
                          } else {
                            field.metadata.erase("comment");
                          }
                          return OkStatus();
                        }));
    return OkStatus();
  };
  return Alter(target, change, "comment set", context);
}

}  // namespace millpond::data
