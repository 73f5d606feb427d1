// Registered models and versions by filter and order. Prompts, which MLflow keeps as registered
// models with a tag, are found only by a filter that asks for them.
#include "platform/tracking/model_registry.h"
#include "platform/tracking/page_token.h"
#include "platform/tracking/registry_rows_internal.h"
#include "platform/tracking/search_sql.h"

namespace millpond::platform {

namespace {

constexpr std::string_view kPromptTag = "mlflow.prompt.is_prompt";

const SearchSpace& ModelSpace() {
  using enum SearchAttribute::Kind;
  static const SearchSpace space = {
      .attributes = {{.name = "name", .column = "m.name", .listable = true},
                     {.name = "timestamp",
                      .column = "m.last_update_time",
                      .kind = kNumber,
                      .searchable = false},
                     {.name = "last_updated_timestamp",
                      .column = "m.last_update_time",
                      .kind = kNumber,
                      .searchable = false},
                     {.name = "creation_timestamp",
                      .column = "m.creation_time",
                      .kind = kNumber,
                      .searchable = false}},
      .links = {{.entity = SearchEntity::kTag,
                 .outer = "m.name",
                 .table = "registry_model_tags",
                 .id = "name"}}};
  return space;
}

const SearchSpace& VersionSpace() {
  using enum SearchAttribute::Kind;
  static const SearchSpace space = {
      .attributes = {{.name = "name", .column = "v.name", .listable = true},
                     {.name = "version_number", .column = "v.version", .kind = kWholeText},
                     {.name = "run_id", .column = "v.run_id", .orderable = false, .listable = true},
                     {.name = "source_path", .column = "v.source", .orderable = false},
                     {.name = "creation_timestamp",
                      .column = "v.creation_time",
                      .kind = kNumber,
                      .searchable = false},
                     {.name = "last_updated_timestamp",
                      .column = "v.last_update_time",
                      .kind = kNumber,
                      .searchable = false}},
      .links = {{.entity = SearchEntity::kTag,
                 .outer = "(v.name, v.version)",
                 .table = "registry_version_tags",
                 .id = "name, version"}}};
  return space;
}

// Takes the clause on the prompt tag out; true if prompts are asked for.
bool TakePromptClause(std::vector<SearchClause>& clauses) {
  bool prompts = false;
  std::erase_if(clauses, [&](const SearchClause& clause) {
    if (clause.entity != SearchEntity::kTag || clause.key != kPromptTag) return false;
    const auto* value = std::get_if<std::string>(&clause.value);
    if (value == nullptr) return false;
    prompts = (clause.comparison == Comparison::kEqual) == (*value == "true");
    return true;
  });
  return prompts;
}

std::string PromptCondition(std::string_view name_column, bool prompts, SearchSql& sql) {
  return fmt::format(
      " AND {} {} (SELECT name FROM registry_model_tags WHERE key = {} AND value = 'true')",
      name_column, prompts ? "IN" : "NOT IN", sql.Bind(std::string(kPromptTag)));
}

}  // namespace

Result<Page<RegisteredModel>> ModelRegistry::SearchModels(const SearchRequest& request) {
  MP_ASSIGN_OR_RETURN(const int64_t offset, OffsetOfToken(request.page_token));
  MP_ASSIGN_OR_RETURN(auto clauses, ParseSearchFilter(request.filter));
  SearchSql sql;
  const std::string prompts = PromptCondition("m.name", TakePromptClause(clauses), sql);
  MP_RETURN_IF_ERROR(AddClauses(ModelSpace(), clauses, sql));
  MP_RETURN_IF_ERROR(AddOrders(ModelSpace(), request.order_by, sql));
  sql.orders.push_back("m.name");
  const std::string text =
      fmt::format("SELECT {} FROM registry_models m WHERE 1{}{} ORDER BY {} LIMIT {} OFFSET {}",
                  kModelColumns, prompts, sql.conditions, fmt::join(sql.orders, ", "),
                  sql.Bind(request.max_results + 1), sql.Bind(offset));
  return connection_->Read([&](SqliteDatabase& db) -> Result<Page<RegisteredModel>> {
    std::vector<RegisteredModel> found;
    MP_RETURN_IF_ERROR(db.Execute(text, sql.parameters, [&](const SqliteRow& row) -> Status {
      found.push_back(ModelOf(row));
      return CompleteModel(db, found.back());
    }));
    return PageOf(std::move(found), request.max_results, offset);
  });
}

Result<Page<ModelVersion>> ModelRegistry::SearchVersions(const SearchRequest& request) {
  MP_ASSIGN_OR_RETURN(const int64_t offset, OffsetOfToken(request.page_token));
  MP_ASSIGN_OR_RETURN(auto clauses, ParseSearchFilter(request.filter));
  SearchSql sql;
  const std::string prompts = PromptCondition("v.name", TakePromptClause(clauses), sql);
  MP_RETURN_IF_ERROR(AddClauses(VersionSpace(), clauses, sql));
  MP_RETURN_IF_ERROR(AddOrders(VersionSpace(), request.order_by, sql));
  if (request.order_by.empty()) sql.orders.push_back("v.last_update_time DESC");
  sql.orders.push_back("v.name");
  sql.orders.push_back("v.version DESC");
  const std::string text = fmt::format(
      "SELECT {} FROM registry_versions v WHERE v.deleted = 0{}{} ORDER BY {} LIMIT {} OFFSET {}",
      kVersionColumns, prompts, sql.conditions, fmt::join(sql.orders, ", "),
      sql.Bind(request.max_results + 1), sql.Bind(offset));
  return connection_->Read([&](SqliteDatabase& db) -> Result<Page<ModelVersion>> {
    std::vector<ModelVersion> found;
    MP_RETURN_IF_ERROR(db.Execute(text, sql.parameters, [&](const SqliteRow& row) -> Status {
      found.push_back(VersionOf(row, connection_->artifact_root));
      return CompleteVersion(db, found.back());
    }));
    return PageOf(std::move(found), request.max_results, offset);
  });
}

}  // namespace millpond::platform
