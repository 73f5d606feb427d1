// metrics/*
#include <algorithm>
#include <limits>

#include "platform/tracking/rest/endpoint_internal.h"
#include "platform/tracking/rest/mlflow_json.h"

namespace millpond::platform {

namespace {

constexpr int64_t kMaxHistory = 25'000;
constexpr int64_t kMaxPerRun = 2500;
constexpr size_t kMaxRuns = 100;

OrderedJson MetricsJson(const std::vector<Metric>& metrics) {
  OrderedJson json = OrderedJson::object();
  for (const auto& metric : metrics) json["metrics"].push_back(MetricJson(metric));
  return json;
}

Result<OrderedJson> History(const Call& call) {
  int64_t max_results = 0;  // none asked for: the whole history
  if (call.fields.Has("max_results")) {
    MP_ASSIGN_OR_RETURN(max_results, MaxResults(call.fields, 1, kMaxHistory));
  }
  MP_ASSIGN_OR_RETURN(
      auto page, call.parts.tracking.MetricHistoryPage(call.Text("run_id"), call.Text("metric_key"),
                                                       max_results, call.Text("page_token")));
  OrderedJson json = MetricsJson(page.items);
  if (!page.next_page_token.empty()) json["next_page_token"] = page.next_page_token;
  return json;
}

Result<std::vector<std::string>> RunIds(const Fields& fields, std::string_view name,
                                        std::string_view request) {
  auto ids = fields.Texts(name);
  if (ids.empty()) {
    return Fail(ErrorKind::kInvalidArgument, "{} request must specify at least one run_id.",
                request);
  }
  if (ids.size() > kMaxRuns) {
    return Fail(ErrorKind::kInvalidArgument,
                "{} request must specify at most {} run_ids. Received {} run_ids.", request,
                kMaxRuns, ids.size());
  }
  return ids;
}

Result<OrderedJson> Bulk(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto ids, RunIds(call.fields, "run_id", "GetMetricHistoryBulk"));
  MP_ASSIGN_OR_RETURN(const int64_t asked,
                      MaxResults(call.fields, kMaxHistory, std::numeric_limits<int64_t>::max()));
  MP_ASSIGN_OR_RETURN(auto metrics, call.parts.tracking.MetricOfRuns(ids, call.Text("metric_key"),
                                                                     std::min(asked, kMaxHistory)));
  OrderedJson json = MetricsJson(metrics);
  if (metrics.empty()) json["metrics"] = OrderedJson::array();
  return json;
}

Result<OrderedJson> BulkInterval(const Call& call) {
  MP_ASSIGN_OR_RETURN(auto ids, RunIds(call.fields, "run_ids", "GetMetricHistoryBulkInterval"));
  MP_ASSIGN_OR_RETURN(const int64_t max_results, MaxResults(call.fields, kMaxPerRun, kMaxPerRun));
  std::optional<TrackingStore::Steps> steps;
  if (call.fields.Has("start_step") != call.fields.Has("end_step")) {
    return Fail(ErrorKind::kInvalidArgument,
                "If either start step or end step are specified, both must be specified.");
  }
  if (call.fields.Has("start_step")) {
    steps = {call.fields.Integer("start_step"), call.fields.Integer("end_step")};
    if (steps->from > steps->to) {
      return Fail(ErrorKind::kInvalidArgument,
                  "end_step must be greater than start_step. Found start_step={} and end_step={}.",
                  steps->from, steps->to);
    }
  }
  MP_ASSIGN_OR_RETURN(auto metrics, call.parts.tracking.SampleMetric(ids, call.Text("metric_key"),
                                                                     steps, max_results));
  return MetricsJson(metrics);
}

}  // namespace

void AddMetricRoutes(Router& router, const TrackingParts& parts) {
  const FieldSpec key = {.name = "metric_key", .required = true};
  const FieldSpec max_results = {.name = "max_results", .type = FieldType::kInteger};
  AddEndpoint(router, parts,
              {"GET",
               "metrics/get-history",
               "Every point of a run's metric",
               {{.name = "run_id", .required = true, .former = "run_uuid"},
                key,
                {.name = "page_token"},
                max_results},
               History});
  AddEndpoint(router, parts,
              {"GET",
               "metrics/get-history-bulk",
               "Points of a metric of several runs",
               {{.name = "run_id", .type = FieldType::kTexts}, key, max_results},
               Bulk});
  AddEndpoint(router, parts,
              {"GET",
               "metrics/get-history-bulk-interval",
               "Points of a metric of several runs, evenly thinned",
               {{.name = "run_ids", .type = FieldType::kTexts},
                key,
                {.name = "start_step", .type = FieldType::kInteger},
                {.name = "end_step", .type = FieldType::kInteger},
                max_results},
               BulkInterval});
}

}  // namespace millpond::platform
