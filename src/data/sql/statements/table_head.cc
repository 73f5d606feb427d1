#include <fmt/ranges.h>

#include "base/json.h"
#include "data/sql/statements/column_type.h"
#include "data/sql/statements/property_list.h"
#include "data/sql/statements/table_head_internal.h"

namespace millpond::data {
namespace {

Result<StructField> TakeColumn(TokenCursor& at, const SourceText& source, StringMap& properties) {
  StructField field;
  MP_ASSIGN_OR_RETURN(field.name, at.TakeName("a column"));
  MP_RETURN_IF_ERROR(TakeTypeOf(field, at, source));
  while (true) {
    if (at.Accept("NOT", "NULL")) {
      field.nullable = false;
    } else if (at.Accept("COMMENT")) {
      MP_ASSIGN_OR_RETURN(std::string comment, at.TakeString("a comment"));
      field.metadata["comment"] = DumpJson(Json(comment));
    } else {
      MP_ASSIGN_OR_RETURN(const bool rule, TakeColumnRule(at, source, field, properties));
      if (!rule) return field;
    }
  }
}

Status TakeColumns(TokenCursor& at, const SourceText& source, TableHead& head) {
  do {
    const Token* next = at.Peek();
    const auto is = [&](const char* word) { return next != nullptr && next->Is(word); };
    if (is("CONSTRAINT") || is("CHECK")) {
      MP_RETURN_IF_ERROR(TakeConstraint(at, source, head.properties));
      continue;
    }
    if (is("PRIMARY") || is("UNIQUE") || is("FOREIGN")) {
      return FailAt(source, at.offset(), ErrorKind::kUnsupported,
                    "{}: a Delta table cannot enforce keys; leave it out, and MERGE by the key",
                    next->text);
    }
    MP_ASSIGN_OR_RETURN(auto column, TakeColumn(at, source, head.properties));
    head.columns.push_back(std::move(column));
  } while (at.Accept(","));
  return at.Expect(")");
}

// Not the name of a table in a schema that is called delta.
bool IsPath(const std::string& name) {
  return name.find_first_of("/.:") != std::string::npos;
}

}  // namespace

CreateOptions TableHead::create_options() const {
  CreateOptions options;
  options.partition_columns = partition_columns;
  options.clustering_columns = clustering_columns;
  options.properties = properties;
  options.description = comment;
  return options;
}

Result<std::vector<std::string>> TakeColumnList(TokenCursor& at) {
  std::vector<std::string> columns;
  MP_RETURN_IF_ERROR(at.Expect("("));
  do {
    MP_ASSIGN_OR_RETURN(columns.emplace_back(), at.TakeName("a column"));
  } while (at.Accept(","));
  MP_RETURN_IF_ERROR(at.Expect(")"));
  return columns;
}

Status TakeTableClauses(TokenCursor& at, const SourceText& source, TableHead& head) {
  const auto ends = [](const Token& token) {
    return token.Is("AS") || token.Is("LIKE") || token.Is("SHALLOW") || token.Is("DEEP") ||
           token.Is("CLONE");
  };
  while (!at.AtEnd() && !ends(*at.Peek())) {
    if (head.columns.empty() && at.Accept("(")) {
      MP_RETURN_IF_ERROR(TakeColumns(at, source, head));
    } else if (at.Accept("USING")) {
      MP_RETURN_IF_ERROR(at.Expect("DELTA"));
    } else if (at.Accept("PARTITIONED", "BY")) {
      MP_ASSIGN_OR_RETURN(head.partition_columns, TakeColumnList(at));
    } else if (at.Accept("CLUSTER", "BY")) {
      MP_ASSIGN_OR_RETURN(head.clustering_columns, TakeColumnList(at));
    } else if (at.Accept("TBLPROPERTIES")) {
      MP_ASSIGN_OR_RETURN(auto properties, TakePropertyList(at));
      head.properties.merge(std::move(properties));
    } else if (at.Accept("COMMENT")) {
      MP_ASSIGN_OR_RETURN(head.comment, at.TakeString("a comment"));
    } else if (at.Accept("LOCATION")) {
      head.location_offset = at.offset();
      MP_ASSIGN_OR_RETURN(head.location, at.TakeString("a path"));
    } else {
      return at.Unexpected(
          "(columns), USING, PARTITIONED BY, CLUSTER BY, COMMENT, LOCATION, TBLPROPERTIES or AS");
    }
  }
  return OkStatus();
}

Result<TableHead> ParseTableHead(TokenCursor& at, const SourceText& source) {
  TableHead head;
  MP_RETURN_IF_ERROR(at.Expect("CREATE"));
  head.or_replace = at.Accept("OR", "REPLACE");
  MP_RETURN_IF_ERROR(at.Expect("TABLE"));
  head.if_not_exists = at.Accept("IF", "NOT", "EXISTS");
  head.name_offset = at.offset();
  MP_ASSIGN_OR_RETURN(auto path, at.TakePath());
  if (path.size() == 2 && EqualNames(path[0], "delta") && IsPath(path[1])) {
    head.by_path = true;
    head.location = path[1];
    head.location_offset = head.name_offset;
  } else {
    auto name = ParseTableName(fmt::format("{}", fmt::join(path, ".")));
    if (!name) return ErrorAt(source, head.name_offset, name.error());
    head.name = *std::move(name);
  }
  MP_RETURN_IF_ERROR(TakeTableClauses(at, source, head));
  if (head.by_path && *head.location != path[1]) {
    return FailAt(source, head.location_offset, ErrorKind::kInvalidArgument,
                  "the table's place is said twice: delta.`path` or LOCATION");
  }
  return head;
}

}  // namespace millpond::data
