#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <algorithm>

#include "base/sha256.h"
#include "data/arrow/status.h"
#include "model/training/evaluation_document.h"
#include "model/training/model_run_internal.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {

namespace {

using kernel::Batch;
using kernel::Column;

constexpr std::string_view kSplitColumn = "split";

// The label rows of the three parts, one part after the other, with a column that names the part.
// The split's indices then speak of these rows.
Result<Batch> KeepSplitRows(const ModelDefinition& definition, const Batch& labels,
                            TimeSplit& split) {
  if (labels.Find(kSplitColumn) >= 0) {
    return Fail(ErrorKind::kInvalidArgument,
                "{}: the label's SELECT may not give a column '{}': the training set has one",
                definition.file, kSplitColumn);
  }
  std::vector<int64_t> take;
  for (const auto& rows : split.rows) take.insert(take.end(), rows.begin(), rows.end());
  Batch kept{.names = labels.names, .columns = {}, .rows = static_cast<int64_t>(take.size())};
  for (const Column& column : labels.columns) kept.columns.push_back(column.Take(take));
  Column part(kernel::kVarchar, kept.rows);
  int64_t at = 0;
  for (SplitName name : kSplitNames) {
    for (int64_t& row : split.rows[static_cast<int>(name)]) {
      part.SetText(at, std::string(ToString(name)));
      part.mutable_valid()[at] = 1;
      row = at++;
    }
  }
  kept.names.emplace_back(kSplitColumn);
  kept.columns.push_back(std::move(part));
  return kept;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ReaderOf(
    const std::shared_ptr<arrow::RecordBatch>& batch) {
  MP_ARROW_ASSIGN_OR_RETURN(auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
  return reader;
}

platform::TrainingOptions OptionsFor(const ModelDefinition& definition,
                                     const TrainingInputs& inputs) {
  platform::TrainingOptions options;
  options.versions = inputs.tables;
  options.time_column = definition.label.time;
  return options;
}

Result<Batch> ToBatch(const arrow::Table& table) {
  MP_ARROW_ASSIGN_OR_RETURN(auto whole, table.CombineChunksToBatch());
  return platform::ToKernel(*whole);
}

void Tell(Progress* progress, const ModelDefinition& definition, int64_t done,
          std::string_view unit) {
  if (progress != nullptr) {
    progress->Report(
        {.phase = "train", .object = definition.name, .done = done, .total = 5, .unit = unit});
  }
}

Status FinishDigests(ComputedModel& model) {
  model.encoder_json = model.examples.encoder.ToText();
  model.calibration_json = model.fitted.model().calibration.ToJson();
  model.evaluation_json =
      model.evaluation.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  MP_ASSIGN_OR_RETURN(model.digests["training_set"], DigestOf(*model.training_set));
  model.digests["encoder"] = Sha256::Hex(model.encoder_json);
  model.digests["model"] = Sha256::Hex(model.fitted.model_bytes);
  model.digests["calibration"] = Sha256::Hex(model.calibration_json);
  model.digests["evaluation"] = Sha256::Hex(model.evaluation_json);
  return OkStatus();
}

template <typename T>
void HashValues(std::span<const T> values, Sha256& hash) {
  hash.Update({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

void HashColumn(const Column& column, Sha256& hash) {
  HashValues(column.valid(), hash);
  switch (column.type().id) {
    case kernel::TypeId::kNull:
      return;
    case kernel::TypeId::kBoolean:
      return HashValues(column.booleans(), hash);
    case kernel::TypeId::kDouble:
      return HashValues(column.doubles(), hash);
    case kernel::TypeId::kDecimal:
      return HashValues(column.decimals(), hash);
    case kernel::TypeId::kVarchar:
      for (int64_t row = 0; row < column.size(); ++row) {
        hash.Update(fmt::format("{}:", column.text(row).size()));
        hash.Update(column.text(row));
      }
      return;
    default:
      return HashValues(column.int64s(), hash);
  }
}

}  // namespace

Result<std::string> DigestOf(const arrow::Table& table) {
  MP_ASSIGN_OR_RETURN(auto batch, ToBatch(table));
  Sha256 hash;
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    hash.Update(fmt::format("{}:{}:{}:", batch.names[i], kernel::ToString(batch.columns[i].type()),
                            batch.rows));
    HashColumn(batch.columns[i], hash);
  }
  return hash.HexDigest();
}

Result<ComputedModel> ComputeModel(const TrainerParts& parts, const ModelDefinition& definition,
                                   const TrainingInputs& inputs, Progress* progress) {
  const Environment& env = parts.catalog.workspace().env;
  const auto options = OptionsFor(definition, inputs);
  LeakFindings findings;
  MP_RETURN_IF_ERROR(CheckRestatements(parts.features, definition, options, findings));
  Tell(progress, definition, 0, "labels");
  MP_ASSIGN_OR_RETURN(auto labels,
                      LabelRows(parts.engine, parts.principal, definition, inputs.tables));
  MP_ASSIGN_OR_RETURN(auto split, SplitByTime(definition, labels, inputs.now));
  MP_RETURN_IF_ERROR(CheckLabelsKnown(split));
  MP_ASSIGN_OR_RETURN(auto kept, KeepSplitRows(definition, labels, split));
  labels = {};
  MP_ASSIGN_OR_RETURN(auto label_batch, platform::ToArrowBatch(std::move(kept)));

  Tell(progress, definition, 1, "features");
  MP_ASSIGN_OR_RETURN(auto reader, ReaderOf(label_batch));
  MP_ASSIGN_OR_RETURN_CONTEXT(auto training,
                              parts.features.TrainingSetFor(*reader, inputs.ViewNames(), options),
                              "{}: while joining features", definition.file);
  MP_RETURN_IF_ERROR(env.cancellation.Check());

  Tell(progress, definition, 2, "leak check");
  MP_ASSIGN_OR_RETURN(reader, ReaderOf(label_batch));
  MP_RETURN_IF_ERROR(CheckTruncatedSource(parts.features, *reader, definition, options, findings));

  const int64_t bytes =
      training.rows->num_rows() * static_cast<int64_t>(inputs.feature_columns.size() + 8) * 32;
  MP_ASSIGN_OR_RETURN(auto memory, env.arbiter.Reserve(ResourceClass::kBatch, bytes,
                                                       "training of " + definition.name));
  MP_ASSIGN_OR_RETURN(auto rows, ToBatch(*training.rows));
  MP_RETURN_IF_ERROR(CheckLabelTime(parts.features, rows, split, inputs.feature_columns, definition,
                                    options, findings));
  MP_ASSIGN_OR_RETURN(auto examples,
                      MakeExamples(definition, rows, inputs.feature_columns, std::move(split)));
  rows = {};
  MP_RETURN_IF_ERROR(CheckSingleFeatures(definition, examples, findings));
  MP_RETURN_IF_ERROR(env.cancellation.Check());

  Tell(progress, definition, 3, "fit");
  MP_ASSIGN_OR_RETURN(auto fitted, FitModel(definition, examples, env.cancellation));
  MP_RETURN_IF_ERROR(env.cancellation.Check());
  Tell(progress, definition, 4, "evaluation");
  MP_ASSIGN_OR_RETURN(auto evaluation,
                      EvaluateModel(definition, examples, fitted, findings, env.pool));
  ComputedModel model{.training_set = std::move(training.rows),
                      .record = std::move(training.record),
                      .examples = std::move(examples),
                      .fitted = std::move(fitted),
                      .evaluation = std::move(evaluation),
                      .encoder_json = {},
                      .calibration_json = {},
                      .evaluation_json = {},
                      .digests = {}};
  MP_RETURN_IF_ERROR(FinishDigests(model));
  Tell(progress, definition, 5, "done");
  return model;
}

}  // namespace millpond::model
