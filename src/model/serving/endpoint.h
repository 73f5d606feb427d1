// One model behind one name: answers requests with the version it has, and changes it without a
// request noticing. Who decides which version that is: endpoint_set.h.
//
// An answer's contract when something is missing is docs/serving.md; the tests go through its
// table. Thread-safe: a request takes the state once and works on it, however long that takes.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/http/message.h"
#include "base/random.h"
#include "model/serving/endpoint_answer.h"
#include "model/serving/endpoint_metrics.h"
#include "model/serving/served_model.h"
#include "model/training/model_definition.h"

namespace millpond::model {

// Hears of every answer; the inference table is made of it. Called on the request's thread.
class AnswerListener {
 public:
  virtual ~AnswerListener() = default;
  struct Answered {
    const std::shared_ptr<const ServedModel>& endpoint_model;  // of the endpoint, not of a fallback
    const EndpointAnswer& answer;
    const RequestRows& request;
    const ViewValues* values;  // null: no features were read
    int64_t latency_us;
  };
  // An error fails the request.
  virtual Status OnAnswer(Answered answered) = 0;
  // Before the model answers for the first time. An error: it must not.
  virtual Status CheckModel(const ServedModel& model) = 0;
};

// Immutable; another one takes its place.
struct EndpointState {
  std::shared_ptr<const ServedModel> model;     // null: none could be loaded yet
  std::shared_ptr<const ServedModel> previous;  // the one before, kept loaded
  std::shared_ptr<const ServedModel> fallback;
  std::string problem;           // why there is no model, or why the newest is not taken; "": well
  std::string fallback_problem;  // as much for the fallback
};

struct EndpointParts {
  const Clock& clock;             // the project's
  RandomSource& random;           // ids of requests that have none
  platform::OnlineStore* online;  // null: there is none, for the reason
  std::string online_problem;
  MetricsRegistry& metrics;
};

class Endpoint {
 public:
  Endpoint(std::string name, ServeDefinition serve, EndpointParts parts);

  const std::string& name() const { return name_; }
  const ServeDefinition& serve() const { return serve_; }
  EndpointMetrics& metrics() { return metrics_; }

  std::shared_ptr<const EndpointState> state() const;
  void SetState(EndpointState state);
  // Before the first request; must outlive the endpoint.
  void SetListener(AnswerListener* listener) { listener_ = listener; }
  AnswerListener* listener() const { return listener_; }

  // The answer to POST …/invocations.
  HttpResponse Invoke(const HttpRequest& request);

 private:
  struct Outcome {
    EndpointAnswer answer;
    RequestRows request;
    std::optional<ViewValues> values;
  };

  HttpResponse Answer(const HttpRequest& request);
  Result<Outcome> Score(const EndpointState& state, const HttpRequest& request);
  Result<Outcome> ScoreDegraded(const EndpointState& state, const HttpRequest& request,
                                Outcome outcome, const std::string& reason);
  Result<ViewValues> GetFeatures(const ServedModel& model, const kernel::Batch& rows, Micros as_of);
  HttpResponse Unready(const EndpointState& state) const;

  const std::string name_;
  const ServeDefinition serve_;
  EndpointParts parts_;
  EndpointMetrics metrics_;
  AnswerListener* listener_ = nullptr;
  mutable std::mutex mutex_;  // of state_, held for a copy
  std::shared_ptr<const EndpointState> state_;
};

}  // namespace millpond::model
