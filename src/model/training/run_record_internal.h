// What a run leaves behind: run_record.json, params, metrics and tags, the model folder, the
// training set as a Delta table.
#pragma once

#include <string>
#include <vector>

#include "model/training/model_run_internal.h"
#include "platform/tracking/model_folder.h"

namespace millpond::model {

struct StoredTrainingSet {
  data::TableName table;
  int64_t version = 0;
};

// Overwrites the model's training set table; a table that holds these very rows already (its last
// commit names their digest) is left as it is, so that a training begun again adds no version.
Result<StoredTrainingSet> StoreTrainingSet(const TrainerParts& parts,
                                           const ModelDefinition& definition,
                                           const ComputedModel& model);

// run_record.json:
//   {"format": "millpond.run", "version": 1, "model", "definition_sha256", "fingerprint", "now",
//    "tables": {name: version}, "features": TrainingSetRecord, "feature_columns": […],
//    "feature_hashes": {column: hash},
//    "split": {…}, "seed", "threads": 1, "libraries": {…},
//    "accepted_restatements": [{"view", "source", "why"}], "training_set": {"table", "version",
//    "rows"}, "digests": {"model": sha256, …}}
Json RunRecord(const ModelDefinition& definition, const TrainingInputs& inputs,
               const ComputedModel& model, const StoredTrainingSet& stored,
               const std::string& fingerprint);

platform::ModelFolder MakeModelFolder(const ModelDefinition& definition,
                                      const TrainingInputs& inputs, const ComputedModel& model,
                                      const platform::RunInfo& run, Micros created);

Status LogRun(const TrainerParts& parts, const platform::RunInfo& run,
              const ModelDefinition& definition, const TrainingInputs& inputs,
              const ComputedModel& model, const StoredTrainingSet& stored);

}  // namespace millpond::model
