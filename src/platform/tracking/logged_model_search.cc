// Logged models by filter, datasets and order.
#include "base/json.h"
#include "platform/tracking/logged_model_rows_internal.h"
#include "platform/tracking/logged_models.h"
#include "platform/tracking/meta_connection_internal.h"
#include "platform/tracking/page_token.h"
#include "platform/tracking/search_sql.h"

namespace millpond::platform {

namespace {

const SearchSpace& LoggedModelSpace() {
  using enum SearchAttribute::Kind;
  static const SearchSpace space = {
      .attributes =
          {{.name = "name", .column = "l.name", .listable = true},
           {.name = "model_id", .column = "l.model_id", .listable = true},
           {.name = "experiment_id", .column = "l.experiment_id", .kind = kWholeText},
           {.name = "model_type", .column = "l.model_type", .listable = true},
           {.name = "status", .column = "l.status", .listable = true},
           {.name = "source_run_id", .column = "l.source_run_id", .listable = true},
           {.name = "artifact_location", .column = "l.artifact_location"},
           {.name = "creation_time", .column = "l.creation_time", .kind = kNumber},
           {.name = "creation_timestamp", .column = "l.creation_time", .kind = kNumber},
           {.name = "creation_timestamp_ms", .column = "l.creation_time", .kind = kNumber},
           {.name = "last_updated_time", .column = "l.last_update_time", .kind = kNumber},
           {.name = "last_updated_timestamp", .column = "l.last_update_time", .kind = kNumber},
           {.name = "last_updated_timestamp_ms", .column = "l.last_update_time", .kind = kNumber}},
      .links = {{.entity = SearchEntity::kParam,
                 .outer = "l.model_id",
                 .table = "tracking_model_params",
                 .id = "model_id"},
                {.entity = SearchEntity::kTag,
                 .outer = "l.model_id",
                 .table = "tracking_model_tags",
                 .id = "model_id"}}};
  return space;
}

// "(dataset_name = ?1 AND dataset_digest = ?2 OR …)"; "1" for none.
std::string DatasetsCondition(const std::vector<LoggedModelSearch::Dataset>& datasets,
                              SearchSql& sql) {
  std::string condition;
  for (const auto& dataset : datasets) {
    condition +=
        fmt::format("{}dataset_name = {}", condition.empty() ? "" : " OR ", sql.Bind(dataset.name));
    if (!dataset.digest.empty()) {
      condition += fmt::format(" AND dataset_digest = {}", sql.Bind(dataset.digest));
    }
  }
  return condition.empty() ? "1" : fmt::format("({})", condition);
}

Status AddMetricClause(const LoggedModelSearch& search, const SearchClause& clause,
                       SearchSql& sql) {
  SqliteValue number;
  if (auto* whole = std::get_if<int64_t>(&clause.value)) number = *whole;
  if (auto* real = std::get_if<double>(&clause.value)) number = *real;
  if (number.index() == 0 || clause.comparison > Comparison::kLessEqual) {
    return Fail(ErrorKind::kInvalidArgument,
                "Invalid comparison operator for metrics.{}: '{}'. Expected one of ('<', '<=', "
                "'>', '>=', '=', '!=') and a number (in the clause at character {})",
                clause.key, ToString(clause.comparison), clause.position);
  }
  const std::string key = sql.Bind(clause.key);
  sql.conditions += fmt::format(
      " AND l.model_id IN (SELECT model_id FROM tracking_model_metrics WHERE key = {} AND is_nan = "
      "0 AND {} AND {})",
      key, NumberCondition("value", clause.comparison, std::move(number), sql),
      DatasetsCondition(search.datasets, sql));
  return OkStatus();
}

Status AddFilter(const LoggedModelSearch& search, SearchSql& sql) {
  MP_ASSIGN_OR_RETURN(auto clauses, ParseSearchFilter(search.filter));
  bool has_metric = false;
  std::vector<SearchClause> others;
  for (auto& clause : clauses) {
    if (clause.entity == SearchEntity::kMetric) {
      has_metric = true;
      MP_RETURN_IF_ERROR(AddMetricClause(search, clause, sql));
    } else {
      others.push_back(std::move(clause));
    }
  }
  MP_RETURN_IF_ERROR(AddClauses(LoggedModelSpace(), others, sql));
  if (has_metric || search.datasets.empty()) return OkStatus();
  sql.conditions +=
      fmt::format(" AND l.model_id IN (SELECT model_id FROM tracking_model_metrics WHERE {})",
                  DatasetsCondition(search.datasets, sql));
  return OkStatus();
}

// The latest value of a metric, as a column to sort by.
std::string LatestMetric(const LoggedModelSearch::Order& order, std::string_view key,
                         SearchSql& sql) {
  std::vector<LoggedModelSearch::Dataset> datasets;
  if (!order.dataset.name.empty()) datasets.push_back(order.dataset);
  const std::string bound = sql.Bind(std::string(key));
  return fmt::format(
      "(SELECT value FROM tracking_model_metrics x WHERE x.model_id = l.model_id AND x.key = {} "
      "AND x.is_nan = 0 AND {} ORDER BY x.timestamp DESC, x.step DESC, x.run_id LIMIT 1)",
      bound, DatasetsCondition(datasets, sql));
}

Status AddOrder(const LoggedModelSearch& search, SearchSql& sql) {
  constexpr std::string_view kMetrics = "metrics.";
  for (const auto& order : search.order_by) {
    if (!order.dataset.digest.empty() && order.dataset.name.empty()) {
      return Fail(ErrorKind::kInvalidArgument,
                  "`dataset_digest` can only be specified if `dataset_name` is also specified.");
    }
    std::string column;
    if (order.field.starts_with(kMetrics)) {
      column = LatestMetric(order, std::string_view(order.field).substr(kMetrics.size()), sql);
    } else {
      for (const auto& attribute : LoggedModelSpace().attributes) {
        if (attribute.name == order.field) column = attribute.column;
      }
    }
    if (column.empty()) {
      return Fail(ErrorKind::kInvalidArgument, "Invalid order by field name: {}.", order.field);
    }
    sql.orders.push_back(fmt::format("{} IS NULL", column));
    sql.orders.push_back(fmt::format("{} {}", column, order.ascending ? "ASC" : "DESC"));
  }
  sql.orders.push_back("l.creation_time DESC");
  sql.orders.push_back("l.model_id");
  return OkStatus();
}

}  // namespace

Result<Page<LoggedModel>> LoggedModels::Search(const LoggedModelSearch& search) {
  MP_ASSIGN_OR_RETURN(const int64_t offset, OffsetOfToken(search.page_token));
  Json numbers = Json::array();
  for (const auto& id : search.experiment_ids) {
    MP_ASSIGN_OR_RETURN(int64_t number, ExperimentNumber(id));
    numbers.push_back(number);
  }
  for (const auto& dataset : search.datasets) {
    if (dataset.name.empty()) {
      return Fail(ErrorKind::kInvalidArgument,
                  "`dataset_name` in the `datasets` clause must be specified.");
    }
  }
  SearchSql sql;
  const std::string experiments = sql.Bind(DumpJson(numbers));
  MP_RETURN_IF_ERROR(AddFilter(search, sql));
  MP_RETURN_IF_ERROR(AddOrder(search, sql));
  const std::string text = fmt::format(
      "SELECT {} FROM tracking_models l WHERE l.lifecycle_stage = 'active' AND l.experiment_id IN "
      "(SELECT value FROM json_each({})){} ORDER BY {} LIMIT {} OFFSET {}",
      kLoggedModelColumns, experiments, sql.conditions, fmt::join(sql.orders, ", "),
      sql.Bind(search.max_results + 1), sql.Bind(offset));
  return connection_->Read([&](SqliteDatabase& db) -> Result<Page<LoggedModel>> {
    std::vector<LoggedModel> found;
    MP_RETURN_IF_ERROR(db.Execute(text, sql.parameters, [&](const SqliteRow& row) -> Status {
      found.push_back(LoggedModelOf(row, connection_->artifact_root));
      return OkStatus();
    }));
    Page<LoggedModel> page = PageOf(std::move(found), search.max_results, offset);
    for (auto& model : page.items) MP_RETURN_IF_ERROR(CompleteLoggedModel(db, model));
    return page;
  });
}

}  // namespace millpond::platform
