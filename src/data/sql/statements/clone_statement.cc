// CREATE [OR REPLACE] TABLE [IF NOT EXISTS] c SHALLOW CLONE t [VERSION | TIMESTAMP AS OF …]
//   [TBLPROPERTIES (…)], and CREATE TABLE c LIKE t.
#include <fmt/ranges.h>

#include <algorithm>

#include "data/delta/metadata/protocol.h"
#include "data/sql/statement_context.h"
#include "data/sql/statements/table_head_internal.h"
#include "data/sql/statements/table_version_internal.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

struct Source {
  std::string name;
  DeltaTable table;
};

Result<Source> TakeSource(TokenCursor& at, StatementContext& context) {
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const auto path, at.TakeTable());
  const auto open = [&]() -> Result<Source> {
    MP_ASSIGN_OR_RETURN(const QueryName name, SessionTables::NameOf(path));
    MP_ASSIGN_OR_RETURN(auto table, context.tables().Open(name));
    const bool by_path = name.schema == "delta";
    return Source{by_path ? "delta." + QuoteName(table.path()) : name.schema + "." + name.table,
                  std::move(table)};
  };
  auto source = open();
  if (!source) return ErrorAt(context.source(), offset, source.error());
  return source;
}

bool IsMapping(const std::string& key) {
  return key.starts_with("delta.columnMapping.") || key.starts_with("parquet.field.");
}

std::vector<StructField> WithoutMapping(std::vector<StructField> fields);

DataType WithoutMapping(const DataType& type) {
  switch (type.kind()) {
    case TypeKind::kStruct:
      return DataType::Struct(WithoutMapping(type.fields()));
    case TypeKind::kArray:
      return DataType::Array(WithoutMapping(type.element()), type.contains_null());
    case TypeKind::kMap:
      return DataType::Map(WithoutMapping(type.key()), WithoutMapping(type.element()),
                           type.contains_null());
    default:
      return type;
  }
}

// The columns under their own names: a new table gives its own ids.
std::vector<StructField> WithoutMapping(std::vector<StructField> fields) {
  for (StructField& field : fields) {
    field.type = WithoutMapping(field.type);
    std::erase_if(field.metadata, [](const auto& entry) { return IsMapping(entry.first); });
  }
  return fields;
}

// What a table's properties say of its own commits and files, and not of what it should be.
bool IsOwnState(const std::string& key) {
  static constexpr const char* kState[] = {
      property::kInCommitTimestampVersion, property::kInCommitTimestampTime, property::kRowIdColumn,
      property::kRowCommitVersionColumn, "delta.columnMapping.maxColumnId"};
  return std::ranges::find(kState, key) != std::end(kState);
}

}  // namespace

Result<QueryResult> CreateLike(TableHead head, TokenCursor& at, StatementContext& context) {
  if (!head.columns.empty() || !head.partition_columns.empty()) {
    return FailAt(context.source(), head.name_offset, ErrorKind::kInvalidArgument,
                  "CREATE TABLE … LIKE takes columns and partitioning from the other table");
  }
  MP_ASSIGN_OR_RETURN(Source source, TakeSource(at, context));
  MP_RETURN_IF_ERROR(TakeTableClauses(at, context.source(), head));
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  MP_ASSIGN_OR_RETURN(const auto snapshot, source.table.Latest());
  CreateOptions options = head.create_options();
  options.schema = Schema(WithoutMapping(snapshot->schema().fields()));
  options.partition_columns = snapshot->metadata().partition_columns;
  for (const auto& [key, value] : snapshot->metadata().configuration) {
    if (!IsOwnState(key)) options.properties.try_emplace(key, value);
  }
  if (!options.description) options.description = snapshot->metadata().description;
  return CreateEmptyTable(head, options, context);
}

Result<QueryResult> CreateClone(TableHead head, TokenCursor& at, StatementContext& context) {
  const SourceText& text = context.source();
  if (!at.Accept("SHALLOW", "CLONE")) {
    return FailAt(
        text, at.offset(), ErrorKind::kUnsupported,
        "{} is not known; there is SHALLOW CLONE t, and AS SELECT * FROM t copies the rows",
        at.Peek()->text);
  }
  if (!head.columns.empty() || !head.partition_columns.empty()) {
    return FailAt(text, head.name_offset, ErrorKind::kInvalidArgument,
                  "SHALLOW CLONE takes columns and partitioning from the other table");
  }
  MP_ASSIGN_OR_RETURN(Source source, TakeSource(at, context));
  MP_ASSIGN_OR_RETURN(const auto named, TakeVersion(at, source.table, context));
  MP_RETURN_IF_ERROR(TakeTableClauses(at, text, head));
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  std::shared_ptr<const Snapshot> snapshot;
  if (named) {
    snapshot = named->snapshot;
    context.tables().HoldFiles(*snapshot);
  } else {
    MP_ASSIGN_OR_RETURN(snapshot, source.table.Latest());
  }
  const CloneOptions options{source.name, head.properties, head.comment};
  MP_ASSIGN_OR_RETURN(const bool there, context.catalog().TableExists(head.name));
  if (there && head.if_not_exists) {
    return QueryResult{nullptr, fmt::format("table {} was already there", head.name.ToString())};
  }
  const auto clone = [&]() -> Result<CommitResult> {
    if (!there || !head.or_replace) {
      return context.catalog().CreateShallowClone(head.name, *snapshot, options);
    }
    MP_RETURN_IF_ERROR(context.Check(Privilege::kModify, head.name.ToString()));
    MP_ASSIGN_OR_RETURN(auto table, context.catalog().OpenTable(head.name));
    return ReplaceByShallowClone(table, *snapshot, options);
  };
  const auto commit = clone();
  if (!commit) return ErrorAt(text, head.name_offset, commit.error());
  return Made({nullptr, fmt::format("table {} is a shallow clone of {} version {}, version {}: its "
                                    "{} files stay with {}, and VACUUM or DROP TABLE there can "
                                    "break the clone",
                                    head.name.ToString(), source.name, snapshot->version(),
                                    commit->version, snapshot->files().size(), source.name)},
              context.catalog().OpenTable(head.name));
}

}  // namespace millpond::data
