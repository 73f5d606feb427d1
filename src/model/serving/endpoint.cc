#include "model/serving/endpoint.h"

#include <chrono>

#include "base/json.h"

namespace millpond::model {
namespace {

using std::chrono::steady_clock;

int64_t MicrosSince(steady_clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begin).count();
}

// "application/json; charset=utf-8" is JSON, and so is a body that does not say what it is.
bool IsJson(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return type.empty() || type == "application/json" || type.ends_with("+json");
}

HttpResponse NotJson(std::string_view content_type) {
  return ErrorResponse(
      415, "UNSUPPORTED_MEDIA_TYPE",
      fmt::format("an endpoint takes JSON, not {}: send Content-Type: application/json and one of "
                  "dataframe_split, dataframe_records, instances, inputs",
                  content_type.substr(0, 100)));
}

}  // namespace

Endpoint::Endpoint(std::string name, ServeDefinition serve, EndpointParts parts)
    : name_(std::move(name)),
      serve_(std::move(serve)),
      parts_(std::move(parts)),
      metrics_(parts_.metrics, name_),
      state_(std::make_shared<const EndpointState>()) {}

std::shared_ptr<const EndpointState> Endpoint::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

void Endpoint::SetState(EndpointState state) {
  auto next = std::make_shared<const EndpointState>(std::move(state));
  std::lock_guard lock(mutex_);
  state_.swap(next);
}

HttpResponse Endpoint::Unready(const EndpointState& state) const {
  return ErrorResponse(503, "TEMPORARILY_UNAVAILABLE",
                       fmt::format("endpoint {} has no model: {}", name_,
                                   state.problem.empty() ? "it is not loaded yet" : state.problem));
}

HttpResponse Endpoint::Invoke(const HttpRequest& request) {
  const auto begin = steady_clock::now();
  HttpResponse response = Answer(request);
  const int64_t second =
      std::chrono::duration_cast<std::chrono::seconds>(begin.time_since_epoch()).count();
  metrics_.requests.Add();
  metrics_.rate.Count(second);
  metrics_.latency_seconds.Observe(static_cast<double>(MicrosSince(begin)) / kMicrosPerSecond);
  if (response.status >= 500) {
    metrics_.failed.Add();
  } else if (response.status >= 400) {
    metrics_.refused.Add();
  }
  return response;
}

HttpResponse Endpoint::Answer(const HttpRequest& request) {
  const auto begin = steady_clock::now();
  const std::string_view content_type = request.headers.Get("Content-Type");
  if (!IsJson(content_type)) return NotJson(content_type);
  const auto state = this->state();
  if (!state->model) return Unready(*state);
  auto outcome = Score(*state, request);
  if (!outcome) {
    // Only the number of rows exhausts anything here.
    if (outcome.error().kind() == ErrorKind::kResourceExhausted) {
      return ErrorResponse(413, "REQUEST_LIMIT_EXCEEDED", outcome.error().ToString());
    }
    return ErrorResponse(outcome.error());
  }
  EndpointAnswer& answer = outcome->answer;
  std::string drawn;
  if (request.id.empty()) drawn = NewUuid7(parts_.random, answer.as_of / kMicrosPerMilli);
  answer.request_id = request.id.empty() ? drawn : request.id;
  HttpResponse response{.body = AnswerText(answer, outcome->request)};
  metrics_.rows.Add(static_cast<double>(outcome->request.rows.rows));
  metrics_.answers[static_cast<size_t>(answer.degradation)]->Add();
  if (listener_ == nullptr) return response;
  const Status logged =
      listener_->OnAnswer({state->model, answer, outcome->request,
                           outcome->values ? &*outcome->values : nullptr, MicrosSince(begin)});
  return logged ? std::move(response) : ErrorResponse(logged.error());
}

Result<ViewValues> Endpoint::GetFeatures(const ServedModel& model, const kernel::Batch& rows,
                                         Micros as_of) {
  if (parts_.online == nullptr) {
    return Fail(ErrorKind::kUnavailable, "there is no online feature store: {}",
                parts_.online_problem);
  }
  MP_ASSIGN_OR_RETURN(auto values, model.GetFeatures(*parts_.online, rows, as_of));
  if (serve_.max_feature_age && as_of - values.applied_through > *serve_.max_feature_age) {
    return Fail(ErrorKind::kUnavailable,
                "the features are from {}, older than max_feature_age allows ({} s)",
                FormatTimestamp(values.applied_through),
                *serve_.max_feature_age / kMicrosPerSecond);
  }
  return values;
}

Result<Endpoint::Outcome> Endpoint::Score(const EndpointState& state, const HttpRequest& request) {
  Outcome outcome;
  MP_ASSIGN_OR_RETURN(outcome.request, ReadRequest(request.body, state.model->schema(),
                                                   {.max_rows = serve_.max_rows}));
  EndpointAnswer& answer = outcome.answer;
  answer.as_of = parts_.clock.Now();
  answer.model = state.model;
  auto values = GetFeatures(*state.model, outcome.request.rows, answer.as_of);
  if (!values) {
    return ScoreDegraded(state, request, std::move(outcome), values.error().ToString());
  }
  outcome.values = std::move(*values);
  answer.feature_age_us = std::max<int64_t>(0, answer.as_of - outcome.values->applied_through);
  if (outcome.values->stale) answer.degradation = Degradation::kStaleFeatures;
  MP_ASSIGN_OR_RETURN(answer.scored, state.model->Score(outcome.request.rows, &*outcome.values,
                                                        outcome.request.reasons));
  return outcome;
}

Result<Endpoint::Outcome> Endpoint::ScoreDegraded(const EndpointState& state,
                                                  const HttpRequest& request, Outcome outcome,
                                                  const std::string& reason) {
  EndpointAnswer& answer = outcome.answer;
  switch (serve_.degraded) {
    case ServeDefinition::Degraded::kRefuse:
      return Fail(ErrorKind::kUnavailable,
                  "endpoint {} has no features to answer with (serve.degraded says refuse): {}",
                  name_, reason);
    case ServeDefinition::Degraded::kDefaultFeatures: {
      answer.degradation = Degradation::kDefaultFeatures;
      MP_ASSIGN_OR_RETURN(answer.scored, state.model->Score(outcome.request.rows, nullptr,
                                                            outcome.request.reasons));
      return outcome;
    }
    case ServeDefinition::Degraded::kFallbackModel:
      break;
  }
  if (!state.fallback) {
    return Fail(ErrorKind::kUnavailable,
                "endpoint {} has no features to answer with ({}), and its "
                "fallback cannot answer: {}",
                name_, reason, state.fallback_problem);
  }
  answer.degradation = Degradation::kFallbackModel;
  answer.model = state.fallback;
  MP_ASSIGN_OR_RETURN(outcome.request,
                      ReadRequest(request.body, state.fallback->schema(),
                                  {.max_rows = serve_.max_rows, .ignore_unknown = true}));
  // Its own features where they can be had; a fallback is chosen as the model that bears without.
  auto values = GetFeatures(*state.fallback, outcome.request.rows, answer.as_of);
  if (values) {
    outcome.values = std::move(*values);
    answer.feature_age_us = std::max<int64_t>(0, answer.as_of - outcome.values->applied_through);
  }
  MP_ASSIGN_OR_RETURN(
      answer.scored,
      state.fallback->Score(outcome.request.rows, outcome.values ? &*outcome.values : nullptr,
                            outcome.request.reasons));
  return outcome;
}

}  // namespace millpond::model
