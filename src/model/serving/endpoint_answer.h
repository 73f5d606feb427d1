// The text of an answer: what MLflow's clients read ("predictions"), and who made it (design 8).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/scoring/scoring_model.h"
#include "model/serving/endpoint_metrics.h"
#include "model/serving/request_body.h"
#include "model/serving/served_model.h"

namespace millpond::model {

struct EndpointAnswer {
  std::shared_ptr<const ServedModel> model;  // that answered
  ScoredRows scored;
  Micros as_of = 0;
  int64_t feature_age_us = -1;  // -1: no features were read
  Degradation degradation = Degradation::kNone;
  std::string_view request_id;
};

// {"predictions": [p, …], "margins": […], "reasons": […], "model": "churn", "model_version": "3",
//  "as_of": "…", "feature_age_ms": 12, "degraded": "none", "request_id": "…"}; margins and reasons
// if they were asked for. A number that is not finite is null.
std::string AnswerText(const EndpointAnswer& answer, const RequestRows& request);

}  // namespace millpond::model
