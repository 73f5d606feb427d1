// A recorded run again: the same definition at the same table versions, compared by digest.
#include <algorithm>

#include "model/training/model_run_internal.h"
#include "model/training/trainer.h"

namespace millpond::model {

namespace {

Result<Json> Member(const Json& record, const char* key) {
  if (record.is_object() && record.contains(key)) return record[key];
  return Fail(ErrorKind::kCorrupt, "run_record.json has no '{}'", key);
}

Status CheckSameFeatures(const TrainingInputs& inputs, const Json& hashes) {
  for (const auto& view : inputs.views) {
    for (const auto& column : view.columns) {
      const std::string recorded = hashes.value(column.name, column.hash);
      if (recorded == column.hash) continue;
      return Fail(
          ErrorKind::kConflict,
          "feature '{}' of view '{}' has another definition than the run's (hash {} against "
          "{}): bring the definition back to repeat the run",
          column.name, view.name, column.hash.substr(0, 12), recorded.substr(0, 12));
    }
  }
  return OkStatus();
}

std::vector<std::string> Notes(const TrainingInputs& inputs, const Json& record) {
  std::vector<std::string> notes;
  const Json recorded = record.value("libraries", Json::object());  // items() borrows
  for (const auto& [name, version] : recorded.items()) {
    const Json now = inputs.libraries.value(name, Json());
    if (now == version) continue;
    notes.push_back(fmt::format("{} was {} and is {}", name, DumpJson(version), DumpJson(now)));
  }
  return notes;
}

}  // namespace

Result<ReproduceReport> Trainer::Reproduce(const std::string& run_id) {
  MP_ASSIGN_OR_RETURN(auto run, parts_.tracking.GetRun(run_id));
  MP_ASSIGN_OR_RETURN_CONTEXT(auto text, parts_.artifacts.Get(run.info, kRunRecordPath),
                              "run {} has no training record to repeat", run_id);
  MP_ASSIGN_OR_RETURN(auto record, ParseJson(text, "run_record.json"));
  MP_ASSIGN_OR_RETURN(auto name, Member(record, "model"));
  MP_ASSIGN_OR_RETURN(auto definition_text, parts_.artifacts.Get(run.info, kDefinitionPath));
  MP_ASSIGN_OR_RETURN(auto definition,
                      ParseModelDefinition(definition_text, name.get<std::string>() + ".yml"));
  MP_ASSIGN_OR_RETURN(auto inputs, ResolveInputs(parts_, definition));
  MP_ASSIGN_OR_RETURN(auto tables, Member(record, "tables"));
  inputs.tables = tables.get<TableVersions>();
  MP_ASSIGN_OR_RETURN(auto now, Member(record, "now"));
  MP_ASSIGN_OR_RETURN(inputs.now, ParseTimestamp(now.get<std::string>()));
  MP_ASSIGN_OR_RETURN(auto hashes, Member(record, "feature_hashes"));
  MP_RETURN_IF_ERROR(CheckSameFeatures(inputs, hashes));
  MP_ASSIGN_OR_RETURN(auto model, ComputeModel(parts_, definition, inputs, nullptr));

  ReproduceReport report{.run_id = run_id,
                         .model = definition.name,
                         .equal = true,
                         .parts = {},
                         .notes = Notes(inputs, record)};
  MP_ASSIGN_OR_RETURN(auto digests, Member(record, "digests"));
  for (const auto& [part, digest] : model.digests) {
    const std::string recorded = digests.value(part, "");
    report.parts.push_back({part, recorded, digest});
    report.equal = report.equal && recorded == digest;
  }
  return report;
}

}  // namespace millpond::model
