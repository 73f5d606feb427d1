// ALTER TABLE t RENAME TO u, CLUSTER BY (a, b) | NONE; COMMENT ON TABLE t IS '…'.
#include <fmt/ranges.h>

#include "base/json.h"
#include "data/delta/metadata/protocol.h"
#include "data/delta/metadata/table_features.h"
#include "data/delta/rows/clustering.h"
#include "data/sql/statements/alter_internal.h"
#include "data/sql/statements/change_statement_internal.h"

namespace millpond::data {
namespace {

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

// Empty: NONE.
Result<std::vector<std::string>> TakeClustering(TokenCursor& at) {
  std::vector<std::string> columns;
  if (at.Accept("NONE")) return columns;
  MP_RETURN_IF_ERROR(at.Expect("("));
  do {
    MP_ASSIGN_OR_RETURN(const ColumnPath path, TakeColumnPath(at));
    columns.push_back(ToString(path));
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
  MP_ASSIGN_OR_RETURN(const auto columns, TakeClustering(at));
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  const std::string list = fmt::format("{}", fmt::join(columns, ", "));
  TableChange change{"CLUSTER BY", {{"newClusteringColumns", list}}, nullptr};
  change.apply = [&](const std::shared_ptr<const Snapshot>& snapshot, TableEdit& edit) -> Status {
    MP_ASSIGN_OR_RETURN(const auto known, ClusteringColumns(*snapshot));
    if (known == columns) return OkStatus();
    if (!snapshot->metadata().partition_columns.empty()) {
      return Fail(ErrorKind::kInvalidArgument,
                  "table {} is partitioned, and a table is partitioned or clustered, not both",
                  target.name);
    }
    MP_ASSIGN_OR_RETURN(edit.domains.emplace_back(), ClusteringDomain(edit.shape.schema, columns));
    edit.shape.protocol = WithFeatures(std::move(edit.shape.protocol), {feature::kClustering});
    return OkStatus();
  };
  return Alter(target, change, columns.empty() ? "no longer clustered" : "clustered by " + list,
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
