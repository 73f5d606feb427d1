// Experiments by filter and order.
#include "base/json.h"
#include "platform/tracking/experiment_rows_internal.h"
#include "platform/tracking/meta_connection_internal.h"
#include "platform/tracking/page_token.h"
#include "platform/tracking/search_sql.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::platform {

namespace {

const SearchSpace& ExperimentSpace() {
  using enum SearchAttribute::Kind;
  static const SearchSpace space = {
      .attributes = {{.name = "name", .column = "e.name"},
                     {.name = "experiment_id",
                      .column = "e.experiment_id",
                      .kind = kWholeText,
                      .listable = true},
                     {.name = "creation_time", .column = "e.creation_time", .kind = kNumber},
                     {.name = "last_update_time", .column = "e.last_update_time", .kind = kNumber}},
      .links = {{.entity = SearchEntity::kTag,
                 .outer = "e.experiment_id",
                 .table = "tracking_experiment_tags",
                 .id = "experiment_id",
                 .nullable = true}}};
  return space;
}

Status ReadTags(SqliteDatabase& db, std::vector<Experiment>& experiments) {
  for (auto& experiment : experiments) {
    MP_ASSIGN_OR_RETURN(int64_t number, ExperimentNumber(experiment.experiment_id));
    MP_RETURN_IF_ERROR(ReadPairs(
        db, "SELECT key, value FROM tracking_experiment_tags WHERE experiment_id = ?1 ORDER BY key",
        number, experiment.tags));
  }
  return OkStatus();
}

}  // namespace

Result<Page<Experiment>> TrackingStore::SearchExperiments(const SearchRequest& request) {
  MP_ASSIGN_OR_RETURN(const int64_t offset, OffsetOfToken(request.page_token));
  SearchSql sql;
  MP_ASSIGN_OR_RETURN(auto clauses, ParseSearchFilter(request.filter));
  MP_RETURN_IF_ERROR(AddClauses(ExperimentSpace(), clauses, sql));
  MP_RETURN_IF_ERROR(AddOrders(ExperimentSpace(), request.order_by, sql));
  if (sql.orders.empty()) {
    sql.orders = {"e.creation_time DESC", "e.experiment_id ASC"};
  } else {
    sql.orders.push_back("e.experiment_id DESC");
  }
  const std::string stage =
      request.view == ViewType::kAll
          ? "1"
          : fmt::format("e.lifecycle_stage = '{}'",
                        request.view == ViewType::kActiveOnly ? "active" : "deleted");
  const std::string text =
      fmt::format("SELECT {} FROM tracking_experiments e WHERE {}{} ORDER BY {} LIMIT {} OFFSET {}",
                  kExperimentColumns, stage, sql.conditions, fmt::join(sql.orders, ", "),
                  sql.Bind(request.max_results + 1), sql.Bind(offset));
  return connection_->Read([&](SqliteDatabase& db) -> Result<Page<Experiment>> {
    std::vector<Experiment> found;
    MP_RETURN_IF_ERROR(db.Execute(text, sql.parameters, [&](const SqliteRow& row) -> Status {
      found.push_back(ExperimentOf(row, connection_->artifact_root));
      return OkStatus();
    }));
    Page<Experiment> page = PageOf(std::move(found), request.max_results, offset);
    MP_RETURN_IF_ERROR(ReadTags(db, page.items));
    return page;
  });
}

}  // namespace millpond::platform
