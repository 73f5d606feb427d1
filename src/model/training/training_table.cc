#include <arrow/table.h>

#include "data/delta/commit/write.h"
#include "model/scoring/owned_table.h"
#include "model/training/run_record_internal.h"

namespace millpond::model {

namespace {

constexpr char kDigestTag[] = "millpond.training_set_digest";

}  // namespace

Result<StoredTrainingSet> StoreTrainingSet(const TrainerParts& parts,
                                           const ModelDefinition& definition,
                                           const ComputedModel& model) {
  MP_ASSIGN_OR_RETURN_CONTEXT(auto name, data::ParseTableName(definition.training_set),
                              "{}: training_set", definition.PlaceOf("training_set"));
  MP_ASSIGN_OR_RETURN(auto schema, data::Schema::FromArrow(*model.training_set->schema()));
  data::CreateOptions create;
  create.schema = schema;
  create.operation = "TRAINING SET";
  MP_ASSIGN_OR_RETURN_CONTEXT(
      auto table, OpenOwnedTable(parts.catalog, TrainingSetTable(definition.name, name), create),
      "{}: training_set", definition.PlaceOf("training_set"));
  const std::string& digest = model.digests.at("training_set");
  MP_ASSIGN_OR_RETURN(auto history, table.History(1));
  if (!history.empty()) {
    const auto tag = history.front().tags.find(kDigestTag);
    if (tag != history.front().tags.end() && tag->second == digest) {
      return StoredTrainingSet{name, history.front().version};
    }
  }
  arrow::TableBatchReader reader(*model.training_set);
  data::WriteOptions options;
  options.mode = data::WriteMode::kOverwrite;
  options.operation = "TRAINING SET";
  options.parameters = {{"model", definition.name}};
  options.commit_tags = {{kDigestTag, digest}};
  options.overwrite_schema = schema;
  MP_ASSIGN_OR_RETURN_CONTEXT(auto written, data::WriteTable(table, reader, options),
                              "while storing the training set of model {} in {}", definition.name,
                              name.ToString());
  return StoredTrainingSet{name, written.version};
}

}  // namespace millpond::model
