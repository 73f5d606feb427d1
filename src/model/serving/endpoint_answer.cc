#include "model/serving/endpoint_answer.h"

#include <cmath>
#include <iterator>

#include "base/json.h"

namespace millpond::model {
namespace {

void AppendNumbers(const std::vector<double>& numbers, std::string& text) {
  text += '[';
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) text += ',';
    if (std::isfinite(numbers[i])) {
      fmt::format_to(std::back_inserter(text), "{}", numbers[i]);
    } else {
      text += "null";
    }
  }
  text += ']';
}

// Names of models and ids of our own need no escape; a client's request id may.
void AppendText(std::string_view value, std::string& text) {
  for (char c : value) {
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') continue;
    text += DumpJson(Json(value));
    return;
  }
  text += '"';
  text += value;
  text += '"';
}

}  // namespace

std::string AnswerText(const EndpointAnswer& answer, const RequestRows& request) {
  constexpr size_t kRest = 320, kNumber = 24;
  std::string text;
  text.reserve(kRest + kNumber * answer.scored.probabilities.size() * (request.margins ? 2 : 1));
  text += R"({"predictions":)";
  AppendNumbers(answer.scored.probabilities, text);
  if (request.margins) {
    text += R"(,"margins":)";
    AppendNumbers(answer.scored.margins, text);
  }
  if (request.reasons > 0) {
    text += R"(,"reasons":[)";
    for (size_t i = 0; i < answer.scored.reasons.size(); ++i) {
      if (i > 0) text += ',';
      text += answer.scored.reasons[i];
    }
    text += ']';
  }
  text += R"(,"model":)";
  AppendText(answer.model->name(), text);
  text += R"(,"model_version":")";
  text += answer.model->version_text();
  text += R"(","as_of":")";
  text += FormatTimestamp(answer.as_of);
  text += R"(","feature_age_ms":)";
  if (answer.feature_age_us < 0) {
    text += "null";
  } else {
    fmt::format_to(std::back_inserter(text), "{}", answer.feature_age_us / kMicrosPerMilli);
  }
  text += R"(,"degraded":")";
  text += ToString(answer.degradation);
  text += R"(","request_id":)";
  AppendText(answer.request_id, text);
  if (!request.ignored_params.empty()) {
    text += R"(,"ignored_params":)";
    text += DumpJson(Json(request.ignored_params));
  }
  text += '}';
  return text;
}

}  // namespace millpond::model
