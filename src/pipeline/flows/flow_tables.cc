#include "pipeline/flows/flow_tables.h"

#include <arrow/type.h>

#include "base/json.h"
#include "data/catalog/catalog.h"
#include "pipeline/expectations/row_split.h"
#include "pipeline/flows/flow_properties.h"

namespace millpond::pipeline {
namespace {

Result<data::DeltaTable> OpenOrMake(data::Catalog& catalog, const data::TableName& name,
                                    const std::string& flow, std::string_view kind,
                                    data::CreateOptions options) {
  MP_ASSIGN_OR_RETURN(auto found, FindFlowTable(catalog, name, flow));
  if (found.has_value()) return *found;
  options.properties[kFlowProperty] = flow;
  options.properties[kFlowKindProperty] = kind;
  return catalog.CreateTable(name, options, /*if_not_exists=*/true);
}

// The columns of the query with the comments of the statement.
Result<data::Schema> WithComments(const arrow::Schema& schema, const FlowStatement& statement) {
  MP_ASSIGN_OR_RETURN(data::Schema columns, data::Schema::FromArrow(schema));
  std::vector<data::StructField> fields = columns.fields();
  for (data::StructField& field : fields) {
    for (const ColumnDeclaration& column : statement.columns) {
      if (column.comment.empty() || !data::EqualNames(column.name, field.name)) continue;
      field.metadata["comment"] = DumpJson(Json(column.comment));
    }
  }
  return data::Schema(std::move(fields));
}

}  // namespace

data::TableName QuarantineName(const data::TableName& table) {
  data::TableName name = table;
  name.table += "_quarantine";
  return name;
}

Result<std::optional<data::DeltaTable>> FindFlowTable(data::Catalog& catalog,
                                                      const data::TableName& name,
                                                      const std::string& flow) {
  MP_ASSIGN_OR_RETURN(bool exists, catalog.TableExists(name));
  if (!exists) return std::nullopt;
  MP_ASSIGN_OR_RETURN(auto table, catalog.OpenTable(name));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  auto maker = snapshot->property(kFlowProperty);
  if (maker == flow) return table;
  return Fail(ErrorKind::kAlreadyExists,
              "table {} is there and was made by {}, so the flow {} must not write it; drop it or "
              "give the flow another name",
              name.ToString(), maker.has_value() ? "flow " + *maker : "somebody else", flow);
}

Result<FlowTables> OpenFlowTables(data::Catalog& catalog, const FlowQuery& query,
                                  const std::string& flow, const arrow::Schema& schema) {
  const FlowStatement& statement = query.statement;
  const std::string_view kind = ToString(statement.kind);
  data::CreateOptions options;
  MP_ASSIGN_OR_RETURN(options.schema, WithComments(schema, statement));
  options.partition_columns = statement.partition_columns;
  for (const std::string& column : statement.partition_columns) {
    if (options.schema.Find(column) != nullptr) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "{}: PARTITIONED BY names column {}, which the query does not give; it gives {}",
                statement.Place(), column, fmt::join(schema.field_names(), ", "));
  }
  options.properties = statement.properties;
  options.operation = "CREATE TABLE";
  if (!statement.comment.empty()) options.description = statement.comment;
  std::optional<data::DeltaTable> quarantine;
  if (query.quarantines()) {
    MP_ASSIGN_OR_RETURN(auto columns, QuarantineSchema(schema));
    data::CreateOptions side;
    MP_ASSIGN_OR_RETURN(side.schema, data::Schema::FromArrow(*columns));
    side.description = "Rows that broke expectations of " + statement.name.ToString();
    MP_ASSIGN_OR_RETURN(quarantine, OpenOrMake(catalog, QuarantineName(statement.name), flow, kind,
                                               std::move(side)));
  }
  MP_ASSIGN_OR_RETURN(auto main,
                      OpenOrMake(catalog, statement.name, flow, kind, std::move(options)));
  return FlowTables{std::move(main), std::move(quarantine)};
}

Result<std::optional<EpochCommit>> FindEpochCommit(data::DeltaTable& table, const EpochPlan& plan) {
  constexpr int kNewest = 100;
  MP_ASSIGN_OR_RETURN(auto history, table.History(kNewest));
  for (const data::HistoryEntry& entry : history) {
    auto is = [&](const char* name, const std::string& value) {
      auto found = entry.parameters.find(name);
      return found != entry.parameters.end() && found->second == value;
    };
    if (!is("flow", plan.flow) || !is("generation", std::to_string(plan.generation)) ||
        !is("epoch", std::to_string(plan.epoch))) {
      continue;
    }
    auto bytes = entry.metrics.find("numOutputBytes");
    return EpochCommit{entry.version, bytes == entry.metrics.end()
                                          ? 0
                                          : std::strtoll(bytes->second.c_str(), nullptr, 10)};
  }
  return std::nullopt;
}

Status CheckSameColumns(const data::Snapshot& table, const arrow::Schema& schema,
                        const FlowQuery& query) {
  MP_ASSIGN_OR_RETURN(data::Schema wanted, data::Schema::FromArrow(schema));
  std::string difference;
  for (const data::StructField& field : wanted.fields()) {
    const data::StructField* old = table.schema().Find(field.name);
    if (old == nullptr) {
      difference = fmt::format("it has no column {}", field.name);
    } else if (old->type.ToString() != field.type.ToString()) {
      difference = fmt::format("its column {} is {}, not {}", field.name, old->type.ToString(),
                               field.type.ToString());
    }
    if (!difference.empty()) break;
  }
  for (const data::StructField& field : table.schema().fields()) {
    if (difference.empty() && wanted.Find(field.name) == nullptr) {
      difference = fmt::format("it has a column {} that the query no longer gives", field.name);
    }
  }
  if (difference.empty()) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument,
              "{}: the columns of this streaming table changed, and the table has rows of the old "
              "ones: {}. Put the definition back, or {}",
              query.statement.Place(), difference,
              query.reads_pushes()
                  ? "give the new columns a table and a push of their own, and let whoever reads "
                    "this table read both by UNION ALL: pushed rows cannot be read again"
                  : "compute the table anew with millpond run --full-refresh NAME");
}

}  // namespace millpond::pipeline
