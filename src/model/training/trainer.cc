#include "model/training/trainer.h"

#include <algorithm>
#include <chrono>

#include "base/fs/file_lock.h"
#include "data/catalog/workspace.h"
#include "model/training/run_record_internal.h"

namespace millpond::model {

namespace {

constexpr char kTrainingTag[] = "millpond.training";  // on the runs of this trainer
constexpr char kFingerprintTag[] = "millpond.fingerprint";

std::string HolderOf(const std::string& run_id) {
  return "run " + run_id;
}

// Runs whose process was killed: they hold pins and would look as if they still ran. Called under
// the model's lock, so a running run is nobody's.
Status EndAbandonedRuns(const TrainerParts& parts, const std::string& experiment_id) {
  MP_ASSIGN_OR_RETURN(auto runs, parts.tracking.ListRuns(experiment_id));
  for (const auto& run : runs) {
    if (run.info.status != platform::RunStatus::kRunning || run.FindTag(kTrainingTag) == nullptr) {
      continue;
    }
    MP_RETURN_IF_ERROR(parts.catalog.Unpin(HolderOf(run.info.run_id)));
    MP_RETURN_IF_ERROR(parts.tracking.UpdateRun(run.info.run_id, platform::RunStatus::kKilled));
  }
  return OkStatus();
}

// One training of a model at a time.
Result<FileLock> LockModel(const data::Workspace& workspace, const std::string& model) {
  const std::string folder = JoinPath(workspace.state_dir, "locks");
  MP_RETURN_IF_ERROR(workspace.env.fs.CreateDirectories(folder));
  return FileLock::TryAcquire(JoinPath(folder, "train-" + model + ".lock"),
                              "training of model " + model);
}

Status PinInputs(const TrainerParts& parts, const std::string& run_id, const std::string& model,
                 const TableVersions& tables) {
  for (const auto& [table, version] : tables) {
    MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(table));
    MP_RETURN_IF_ERROR(parts.catalog.Pin({.table = name,
                                          .version = version,
                                          .holder = HolderOf(run_id),
                                          .reason = "training of model " + model}));
  }
  return OkStatus();
}

Status RecordLineage(const TrainerParts& parts, const ModelDefinition& definition,
                     const TrainingInputs& inputs, const StoredTrainingSet& stored) {
  const std::string via = "training of " + definition.name;
  std::vector<data::LineageEdge> edges;
  for (const auto& [table, version] : inputs.tables) {
    edges.push_back({"table", table, "table", stored.table.ToString(), via});
  }
  for (const auto& view : inputs.views) {
    edges.push_back({"feature_view", view.name, "table", stored.table.ToString(), via});
    edges.push_back({"feature_view", view.name, "model", definition.name, via});
  }
  edges.push_back({"table", stored.table.ToString(), "model", definition.name, via});
  return parts.catalog.RecordLineage(edges);
}

Status PutArtifacts(const TrainerParts& parts, const platform::RunInfo& run,
                    const ModelDefinition& definition, const TrainingInputs& inputs,
                    const ComputedModel& model, const Json& record) {
  const auto folder = MakeModelFolder(definition, inputs, model, run, SystemClock().Now());
  for (const auto& [path, bytes] : platform::RenderModelFolder(folder)) {
    MP_RETURN_IF_ERROR(parts.artifacts.Put(run, JoinPath(kModelPath, path), bytes));
  }
  MP_RETURN_IF_ERROR(parts.artifacts.Put(run, kDefinitionPath, definition.text));
  MP_RETURN_IF_ERROR(parts.artifacts.Put(run, kEvaluationPath, model.evaluation_json));
  return parts.artifacts.Put(run, kRunRecordPath, record.dump(1) + "\n");
}

// What is recorded is what was computed with, also where somebody defined a view anew meanwhile.
Status CheckViews(const TrainingInputs& inputs, const platform::TrainingSetRecord& record) {
  for (const auto& view : inputs.views) {
    const auto used =
        std::ranges::find(record.views, view.name, &platform::TrainingSetRecord::View::name);
    if (used != record.views.end() && used->version == view.version) continue;
    return Fail(
        ErrorKind::kConflict,
        "feature view {} was defined anew while it was trained on (version {} at the begin); "
        "train again",
        view.name, view.version);
  }
  return OkStatus();
}

Result<TrainReport> TrainRun(const TrainerParts& parts, const platform::RunInfo& run,
                             const ModelDefinition& definition, const TrainingInputs& inputs,
                             const std::string& fingerprint, Progress* progress) {
  MP_RETURN_IF_ERROR(PinInputs(parts, run.run_id, definition.name, inputs.tables));
  MP_ASSIGN_OR_RETURN(auto model, ComputeModel(parts, definition, inputs, progress));
  MP_RETURN_IF_ERROR(CheckViews(inputs, model.record));
  MP_ASSIGN_OR_RETURN(auto stored, StoreTrainingSet(parts, definition, model));
  MP_RETURN_IF_ERROR(
      PinInputs(parts, run.run_id, definition.name, {{stored.table.ToString(), stored.version}}));
  const Json record = RunRecord(definition, inputs, model, stored, fingerprint);
  MP_RETURN_IF_ERROR(PutArtifacts(parts, run, definition, inputs, model, record));
  MP_RETURN_IF_ERROR(LogRun(parts, run, definition, inputs, model, stored));
  MP_RETURN_IF_ERROR(RecordLineage(parts, definition, inputs, stored));
  MP_ASSIGN_OR_RETURN(auto model_path, parts.artifacts.PathOf(run, kModelPath));
  MP_ASSIGN_OR_RETURN(auto version,
                      parts.registry.RegisterAndFinishRun(
                          {.name = definition.name,
                           .run_id = run.run_id,
                           .source = model_path,
                           .description = definition.description,
                           .tags = {{kFingerprintTag, fingerprint},
                                    {"millpond.encoder_hash", model.examples.encoder.Hash()}},
                           .aliases = {std::string(kChampion)},
                           .principal = parts.principal.name}));
  TrainReport report;
  report.model = definition.name;
  report.run_id = run.run_id;
  report.version = version.version;
  report.model_path = model_path;
  report.training_set = stored.table.ToString();
  report.training_set_version = stored.version;
  report.training_rows = model.record.label_rows;
  for (const Json& warning : model.evaluation["warnings"]) report.warnings.push_back(warning);
  report.evaluation = std::move(model.evaluation);
  report.record = record;
  return report;
}

// The champion, or the newest version where a decision holds the champion at an older one, if it
// was made from the same inputs. Another version that was is not enough: the alias and the training
// set's table have moved on since, and training again moves both, with an audit row, in the one way
// there is.
Result<std::optional<platform::ModelVersion>> SameVersion(const TrainerParts& parts,
                                                          const std::string& name,
                                                          const std::string& fingerprint) {
  const auto by_alias =
      [&](std::string_view alias) -> Result<std::optional<platform::ModelVersion>> {
    auto version = parts.registry.GetByAlias(name, std::string(alias));
    if (!version && version.error().kind() == ErrorKind::kNotFound) return std::nullopt;
    if (!version) return std::unexpected<Error>(std::move(version).error());
    const std::string* tag = version->FindTag(kFingerprintTag);
    if (tag == nullptr || *tag != fingerprint) return std::nullopt;
    return std::optional(std::move(*version));
  };
  MP_ASSIGN_OR_RETURN(auto champion, by_alias(kChampion));
  if (champion) return champion;
  MP_ASSIGN_OR_RETURN(auto held, parts.registry.HeldBy(name, std::string(kChampion)));
  if (!held) return std::nullopt;
  return by_alias("latest");
}

// Says so where another version than the report's stays in charge.
Status NoteHold(const TrainerParts& parts, TrainReport& report) {
  MP_ASSIGN_OR_RETURN(auto decision, parts.registry.HeldBy(report.model, std::string(kChampion)));
  if (!decision || decision->to_version == report.version) return OkStatus();
  MP_ASSIGN_OR_RETURN(report.held, parts.registry.GetByAlias(report.model, std::string(kChampion)));
  report.warnings.push_back(fmt::format(
      "version {} stays {}: {} by {} at {}; millpond models promote {} {} puts the "
      "newest in charge again",
      decision->to_version, kChampion, decision->action, decision->principal,
      FormatTimestamp(decision->at_ms * kMicrosPerMilli), report.model, report.version));
  return OkStatus();
}

}  // namespace

Result<TrainReport> Trainer::Unchanged(const ModelDefinition& definition,
                                       const platform::ModelVersion& version) {
  MP_ASSIGN_OR_RETURN(auto run, parts_.tracking.GetRun(version.run_id));
  MP_ASSIGN_OR_RETURN(auto evaluation, parts_.artifacts.Get(run.info, kEvaluationPath));
  MP_ASSIGN_OR_RETURN(auto record, parts_.artifacts.Get(run.info, kRunRecordPath));
  TrainReport report;
  report.model = definition.name;
  report.unchanged = true;
  report.run_id = version.run_id;
  report.version = version.version;
  report.model_path = version.source;
  MP_ASSIGN_OR_RETURN(report.evaluation, ParseJson(evaluation, "evaluation.json"));
  MP_ASSIGN_OR_RETURN(report.record, ParseJson(record, "run_record.json"));
  const Json training_set = report.record.value("training_set", Json::object());
  report.training_set = training_set.value("table", "");
  report.training_set_version = training_set.value("version", int64_t{0});
  report.training_rows = training_set.value("rows", int64_t{0});
  for (const Json& warning : report.evaluation.value("warnings", Json::array())) {
    if (warning.is_string()) report.warnings.push_back(warning);
  }
  return report;
}

Result<TrainReport> Trainer::Train(const ModelDefinition& definition, const TrainOptions& options) {
  const auto started = std::chrono::steady_clock::now();
  MP_ASSIGN_OR_RETURN(auto inputs, ResolveInputs(parts_, definition));
  MP_ASSIGN_OR_RETURN(auto fingerprint, FingerprintOf(parts_, definition, inputs));
  MP_ASSIGN_OR_RETURN(auto lock, LockModel(parts_.catalog.workspace(), definition.name));
  MP_ASSIGN_OR_RETURN(auto experiment, parts_.tracking.EnsureExperiment(definition.name));
  MP_RETURN_IF_ERROR(EndAbandonedRuns(parts_, experiment.experiment_id));
  MP_ASSIGN_OR_RETURN(auto same, SameVersion(parts_, definition.name, fingerprint));
  if (same && !options.force) {
    auto report = Unchanged(definition, *same);
    // Artifacts that somebody removed are made again.
    if (report) MP_RETURN_IF_ERROR(NoteHold(parts_, *report));
    if (report || report.error().kind() != ErrorKind::kNotFound) return report;
  }
  MP_ASSIGN_OR_RETURN(auto run,
                      parts_.tracking.CreateRun({.experiment_id = experiment.experiment_id,
                                                 .user_id = parts_.principal.name,
                                                 .source_name = definition.file,
                                                 .tags = {{kTrainingTag, definition.name}}}));
  auto report = TrainRun(parts_, run.info, definition, inputs, fingerprint, options.progress);
  if (!report) {
    // The first error is the one to tell; what fails while tidying up after it does not hide it.
    const std::string message = report.error().ToString().substr(0, 4000);
    (void)parts_.tracking.LogBatch(run.info.run_id, {}, {}, {{"millpond.error", message}});
    // A run that still says it is running is ended, and its pins let go, by the next training.
    if (parts_.catalog.Unpin(HolderOf(run.info.run_id))) {
      (void)parts_.tracking.UpdateRun(run.info.run_id, platform::RunStatus::kFailed);
    }
    return report;
  }
  MP_RETURN_IF_ERROR(NoteHold(parts_, *report));
  report->seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

}  // namespace millpond::model
