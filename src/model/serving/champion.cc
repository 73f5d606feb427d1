#include "model/serving/champion.h"

#include <cmath>
#include <utility>

#include "base/log.h"
#include "model/training/trainer.h"

namespace millpond::model {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kRetryAfter{2};

}  // namespace

bool Champion::Attempt::Waits(int64_t wanted, SteadyTime now) const {
  return version == wanted && !problem.empty() && now < retry_at;
}

void Champion::Failed(Attempt& attempt, int64_t version, const std::string& what,
                      const Error& error) {
  const std::string problem = error.ToString();
  if (attempt.version != version || attempt.problem != problem) {
    LogWarn("serving", "endpoint {}: {}: {}", endpoint_.name(), what, problem);
  }
  attempt = {version, problem, steady_clock::now() + kRetryAfter};
}

// The views' values are there, and of the model's columns.
Status Champion::ServeViews(const ServedModel& model) {
  if (parts_.online == nullptr) return OkStatus();  // each request says so
  for (const ServedModel::View& view : model.views()) {
    MP_RETURN_IF_ERROR_CONTEXT(parts_.online->Serve(view.name), "while serving feature view {}",
                               view.name);
  }
  const kernel::Batch probe = model.schema().MakeBatch(1);
  const Micros now = parts_.catalog.workspace().env.clock.Now();
  MP_ASSIGN_OR_RETURN(auto values, model.GetFeatures(*parts_.online, probe, now));
  MP_ASSIGN_OR_RETURN(auto scored, model.Score(probe, &values, 1));
  if (std::isfinite(scored.margins[0]) && std::isfinite(scored.probabilities[0])) return OkStatus();
  return Fail(ErrorKind::kCorrupt, "{} v{} answers {} (probability {}) for nobody", model.name(),
              model.version(), scored.margins[0], scored.probabilities[0]);
}

Result<std::shared_ptr<const ServedModel>> Champion::Prepare(
    EndpointState& state, const platform::ModelVersion& version) {
  if (state.previous && state.previous->version() == version.version) {
    MP_RETURN_IF_ERROR(state.previous->CheckViews(parts_.features));
    return state.previous;
  }
  auto loaded = ServedModel::Load(parts_.catalog, parts_.features, version);
  if (loaded || loaded.error().kind() != ErrorKind::kResourceExhausted || !state.previous) {
    return loaded;
  }
  LogWarn("serving", "endpoint {} lets go of v{} to make room for v{}", endpoint_.name(),
          state.previous->version(), version.version);
  state.previous.reset();
  endpoint_.SetState(state);
  return ServedModel::Load(parts_.catalog, parts_.features, version);
}

Status Champion::Take(EndpointState& state, const platform::ModelVersion& version) {
  const bool is_same = state.model && state.model->version() == version.version;
  std::shared_ptr<const ServedModel> model = state.model;
  if (!is_same) {
    MP_ASSIGN_OR_RETURN(model, Prepare(state, version));
    if (AnswerListener* listener = endpoint_.listener()) {
      MP_RETURN_IF_ERROR(listener->CheckModel(*model));
    }
  }
  Status served = ServeViews(*model);
  // Without features it may only take over from nothing: the contract says what it answers then.
  if (is_same || (!served && state.model)) return served;
  LogInfo("serving", "endpoint {} answers with v{} ({} before)", endpoint_.name(), version.version,
          state.model ? "v" + state.model->version_text() : "nothing");
  if (state.model) endpoint_.metrics().swaps.Add();
  endpoint_.metrics().model_version.Set(static_cast<double>(version.version));
  state.previous = std::exchange(state.model, std::move(model));
  return served;
}

void Champion::RefreshModel(EndpointState& state, bool& changed) {
  const std::string& name = endpoint_.name();
  auto version = parts_.registry.GetByAlias(name, std::string(kChampion));
  if (!version) {
    std::string problem =
        version.error().kind() == ErrorKind::kNotFound
            ? fmt::format(
                  "no version of model {} has the alias {}: run "
                  "`millpond run` to train one",
                  name, kChampion)
            : fmt::format("the registry cannot be read: {}", version.error().ToString());
    changed = changed || state.problem != problem;
    state.problem = std::move(problem);
    return;
  }
  const int64_t number = version->version;
  if (state.model && state.model->version() == number && state.problem.empty()) return;
  if (champion_.Waits(number, steady_clock::now())) return;
  changed = true;
  const Status taken = Take(state, *version);
  if (taken) {
    champion_ = {number, "", {}};
  } else {
    const bool answers = state.model && state.model->version() == number;
    if (!answers && champion_.version != number) endpoint_.metrics().refused_versions.Add();
    Failed(champion_, number,
           fmt::format("{} v{} {}", name, number, answers ? "has no features" : "is refused"),
           taken.error());
  }
  state.problem = champion_.problem;
}

void Champion::RefreshFallback(EndpointState& state, bool& changed) {
  if (!endpoint_.serve().fallback) return;
  const FallbackModel& wanted = *endpoint_.serve().fallback;
  auto version = wanted.alias.empty() ? parts_.registry.GetVersion(wanted.model, wanted.version)
                                      : parts_.registry.GetByAlias(wanted.model, wanted.alias);
  const int64_t number = version ? version->version : 0;
  if (state.fallback && version && state.fallback->version() == number) return;
  if (fallback_.Waits(number, steady_clock::now())) return;
  auto load = [&]() -> Result<std::shared_ptr<const ServedModel>> {
    if (!version) return std::unexpected<Error>(version.error());
    MP_ASSIGN_OR_RETURN(auto model, ServedModel::Load(parts_.catalog, parts_.features, *version));
    // A request to the endpoint has to be one to the fallback as well.
    for (const RequestColumn& column : model->schema().columns()) {
      if (!state.model || state.model->schema().Find(column.name) >= 0) continue;
      return Fail(ErrorKind::kConflict,
                  "{} needs the column '{}', which requests to {} do not have", model->name(),
                  column.name, endpoint_.name());
    }
    return model;
  };
  auto model = load();
  changed = true;
  if (!model) {
    Failed(fallback_, number, fmt::format("the fallback {} cannot be loaded", wanted.model),
           model.error());
    state.fallback_problem = fallback_.problem;
    return;
  }
  if (Status served = ServeViews(**model); !served) {
    LogInfo("serving", "endpoint {}: the fallback {} would answer without features: {}",
            endpoint_.name(), wanted.model, served.error().ToString());
  }
  fallback_ = {number, "", {}};
  state.fallback = std::move(*model);
  state.fallback_problem.clear();
}

void Champion::Refresh() {
  EndpointState state = *endpoint_.state();
  bool changed = false;
  RefreshModel(state, changed);
  RefreshFallback(state, changed);
  if (changed) endpoint_.SetState(std::move(state));
}

}  // namespace millpond::model
