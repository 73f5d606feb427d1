// Runs by filter and order.
#include "base/json.h"
#include "platform/tracking/meta_connection_internal.h"
#include "platform/tracking/page_token.h"
#include "platform/tracking/run_rows_internal.h"
#include "platform/tracking/search_sql.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::platform {

namespace {

const SearchSpace& RunSpace() {
  using enum SearchAttribute::Kind;
  static const SearchSpace space = {
      .attributes = {{.name = "run_id", .column = "r.run_id", .listable = true},
                     {.name = "run_name", .column = "r.run_name"},
                     {.name = "run name", .column = "r.run_name"},
                     {.name = "Run name", .column = "r.run_name"},
                     {.name = "Run Name", .column = "r.run_name"},
                     {.name = "user_id", .column = "r.user_id"},
                     {.name = "status", .column = "r.status"},
                     {.name = "artifact_uri", .column = "r.artifact_uri"},
                     {.name = "start_time", .column = "r.start_time", .kind = kNumber},
                     {.name = "created", .column = "r.start_time", .kind = kNumber},
                     {.name = "Created", .column = "r.start_time", .kind = kNumber},
                     {.name = "end_time", .column = "r.end_time", .kind = kNumber}},
      .links = {{.entity = SearchEntity::kMetric,
                 .outer = "r.sequence",
                 .table = "tracking_run_metrics",
                 .id = "run",
                 .orderable = true},
                {.entity = SearchEntity::kParam,
                 .outer = "r.sequence",
                 .table = "tracking_run_params",
                 .id = "run",
                 .orderable = true,
                 .nullable = true},
                {.entity = SearchEntity::kTag,
                 .outer = "r.sequence",
                 .table = "tracking_run_tags",
                 .id = "run",
                 .orderable = true,
                 .nullable = true}},
      .dataset_outer = "r.run_id",
      .dataset_table = "tracking_inputs",
      .dataset_id = "run_id"};
  return space;
}

// One experiment is an equality, so that its index gives the runs in their order.
Result<std::string> ExperimentCondition(const std::vector<std::string>& experiment_ids,
                                        SearchSql& sql) {
  Json numbers = Json::array();
  for (const auto& id : experiment_ids) {
    MP_ASSIGN_OR_RETURN(int64_t number, ExperimentNumber(id));
    numbers.push_back(number);
  }
  if (numbers.size() == 1) {
    return fmt::format("r.experiment_id = {}", sql.Bind(numbers[0].get<int64_t>()));
  }
  return fmt::format("r.experiment_id IN (SELECT value FROM json_each({}))",
                     sql.Bind(DumpJson(numbers)));
}

}  // namespace

Result<Page<Run>> TrackingStore::SearchRuns(const std::vector<std::string>& experiment_ids,
                                            const SearchRequest& request) {
  MP_ASSIGN_OR_RETURN(const int64_t offset, OffsetOfToken(request.page_token));
  SearchSql sql;
  MP_ASSIGN_OR_RETURN(const std::string of_experiments, ExperimentCondition(experiment_ids, sql));
  MP_ASSIGN_OR_RETURN(auto clauses, ParseSearchFilter(request.filter));
  MP_RETURN_IF_ERROR(AddClauses(RunSpace(), clauses, sql));
  MP_RETURN_IF_ERROR(AddOrders(RunSpace(), request.order_by, sql));
  sql.orders.push_back("r.start_time DESC");
  sql.orders.push_back("r.run_id");
  const std::string stage =
      request.view == ViewType::kAll
          ? ""
          : fmt::format(" AND r.lifecycle_stage = '{}'",
                        request.view == ViewType::kActiveOnly ? "active" : "deleted");
  const std::string text =
      fmt::format("SELECT {} FROM tracking_runs r{} WHERE {}{}{} ORDER BY {} LIMIT {} OFFSET {}",
                  kRunColumns, sql.joins, of_experiments, stage, sql.conditions,
                  fmt::join(sql.orders, ", "), sql.Bind(request.max_results + 1), sql.Bind(offset));
  return connection_->Read([&](SqliteDatabase& db) -> Result<Page<Run>> {
    RunRows rows;
    MP_RETURN_IF_ERROR(db.Execute(text, sql.parameters, [&](const SqliteRow& row) -> Status {
      rows.Add(row, connection_->artifact_root);
      return OkStatus();
    }));
    Page<Run> page = PageOf(std::move(rows.runs), request.max_results, offset);
    rows.runs = std::move(page.items);
    rows.sequences.resize(rows.runs.size());
    MP_RETURN_IF_ERROR(CompleteRuns(db, rows));
    page.items = std::move(rows.runs);
    return page;
  });
}

}  // namespace millpond::platform
