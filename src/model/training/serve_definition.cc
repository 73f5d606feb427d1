#include <algorithm>
#include <charconv>

#include "model/training/definition_values.h"
#include "model/training/serve_definition_internal.h"

namespace millpond::model {

namespace {

using Log = ServeDefinition::Log;
using Degraded = ServeDefinition::Degraded;

// One of the listed words, or a complaint that lists them.
template <typename T>
Result<T> ReadWord(const YamlNode& node,
                   std::initializer_list<std::pair<std::string_view, T>> words) {
  MP_ASSIGN_OR_RETURN(auto text, node.AsString());
  std::string known;
  for (const auto& [word, value] : words) {
    if (text == word) return value;
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  return node.Complain(fmt::format("want one of {}; found '{}'", known, text));
}

Result<FallbackModel> ReadFallback(const YamlNode& node) {
  MP_ASSIGN_OR_RETURN(auto text, node.AsString());
  const size_t at = text.find('@');
  if (at == 0 || at == std::string::npos || at + 1 == text.size()) {
    return node.Complain(
        fmt::format("want MODEL@ALIAS or MODEL@VERSION, as winback@champion; found '{}'", text));
  }
  FallbackModel fallback{.model = text.substr(0, at)};
  const std::string_view which = std::string_view(text).substr(at + 1);
  const auto [end, error] =
      std::from_chars(which.data(), which.data() + which.size(), fallback.version);
  const bool is_number = error == std::errc() && end == which.data() + which.size();
  if (is_number && fallback.version > 0) return fallback;
  fallback.version = 0;
  fallback.alias = which;
  return fallback;
}

Status ReadLog(MappingReader& reader, ServeDefinition& serve) {
  if (auto log = reader.Find("log")) {
    MP_ASSIGN_OR_RETURN(serve.log, ReadWord<Log>(*log, {{"async", Log::kAsync},
                                                        {"sync", Log::kSync},
                                                        {"sample", Log::kSample},
                                                        {"off", Log::kOff}}));
  }
  if (auto sample = reader.Find("sample")) {
    MP_ASSIGN_OR_RETURN(serve.sample, sample->AsDouble());
    if (!(serve.sample > 0 && serve.sample <= 1)) {
      return sample->Complain("sample is the share of entities logged: more than 0, at most 1");
    }
    if (serve.log != Log::kSample) return sample->Complain("only 'log: sample' has a sample");
  }
  if (auto every = reader.Find("log_every")) {
    MP_ASSIGN_OR_RETURN(serve.log_every, ReadDuration(*every));
    if (serve.log_every < kMicrosPerSecond / 10 || serve.log_every > kMicrosPerHour) {
      return every->Complain("want a tenth of a second to an hour between commits");
    }
  }
  MP_ASSIGN_OR_RETURN(serve.table, reader.String("table", serve.table));
  return OkStatus();
}

Status ReadDegraded(MappingReader& reader, const std::string& model, ServeDefinition& serve) {
  if (auto age = reader.Find("max_feature_age")) {
    MP_ASSIGN_OR_RETURN(serve.max_feature_age, ReadDuration(*age));
    if (*serve.max_feature_age <= 0) return age->Complain("the age must be longer than nothing");
  }
  auto degraded = reader.Find("degraded");
  if (degraded) {
    MP_ASSIGN_OR_RETURN(
        serve.degraded,
        ReadWord<Degraded>(*degraded, {{"refuse", Degraded::kRefuse},
                                       {"default_features", Degraded::kDefaultFeatures},
                                       {"fallback_model", Degraded::kFallbackModel}}));
  }
  auto fallback = reader.Find("fallback");
  if (fallback) {
    MP_ASSIGN_OR_RETURN(serve.fallback, ReadFallback(*fallback));
    if (serve.fallback->model == model) {
      return fallback->Complain("a model cannot stand in for itself: it needs the same features");
    }
    if (serve.degraded != Degraded::kFallbackModel) {
      return fallback->Complain("a fallback is asked only with 'degraded: fallback_model'");
    }
  }
  if (serve.degraded == Degraded::kFallbackModel && !fallback) {
    return degraded->Complain("'degraded: fallback_model' needs 'fallback: MODEL@ALIAS'");
  }
  return OkStatus();
}

}  // namespace

std::string InferenceTableFor(const ModelDefinition& model) {
  const std::string& scores = model.score.table;
  const size_t dot = scores.rfind('.');
  return (dot == std::string::npos ? "" : scores.substr(0, dot + 1)) + model.name + "_inference";
}

Status ReadServe(const YamlNode& node, const std::string& model, ServeDefinition& serve) {
  MP_ASSIGN_OR_RETURN(auto reader, MappingReader::Open(node));
  MP_RETURN_IF_ERROR(ReadLog(reader, serve));
  MP_RETURN_IF_ERROR(ReadDegraded(reader, model, serve));
  if (auto rows = reader.Find("max_rows")) {
    MP_ASSIGN_OR_RETURN(int64_t limit, rows->AsInt());
    if (limit < 1 || limit > 100'000) return rows->Complain("want 1 to 100000 rows of a request");
    serve.max_rows = static_cast<int>(limit);
  }
  return reader.Finish();
}

}  // namespace millpond::model
