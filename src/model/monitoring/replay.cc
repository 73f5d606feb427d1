#include "model/monitoring/replay.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "data/arrow/status.h"
#include "model/monitoring/monitored_model.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {
namespace {

using kernel::Batch;
using kernel::Column;

Result<Batch> LabelRowsIn(const ModelDefinition& model, const Period& period,
                          MonitoredLabels& labels) {
  MP_ASSIGN_OR_RETURN(const Batch* all, labels.All());
  const size_t time = model.label.entity.size();
  std::vector<int64_t> inside;
  for (int64_t row = 0; row < all->rows; ++row) {
    if (period.Contains(all->columns[time].int64s()[row])) inside.push_back(row);
  }
  Batch rows;
  rows.rows = static_cast<int64_t>(inside.size());
  for (size_t i = 0; i < all->columns.size(); ++i) {
    // The label and its time are not known at T.
    if (i == time + 1 || i == time + 2) continue;
    rows.names.push_back(all->names[i]);
    rows.columns.push_back(all->columns[i].Take(inside));
  }
  return rows;
}

Result<Batch> CandidatesOf(const TrainerParts& parts, const ModelDefinition& model,
                           const MonitorDefinition& monitor, const Period& period,
                           MonitoredLabels& labels) {
  if (labels.has_own_moments() && !monitor.replay_sql) return LabelRowsIn(model, period, labels);
  const auto& sql = monitor.replay_sql ? monitor.replay_sql : model.score.candidates;
  if (!sql) {
    return Fail(ErrorKind::kInvalidArgument,
                "{}: replay needs to know whom: give replay.sql, or score.candidates in {}",
                monitor.file, model.file);
  }
  MP_ASSIGN_OR_RETURN(auto versions, ResolveTables(parts.catalog, *sql));
  MP_ASSIGN_OR_RETURN(auto rows,
                      SelectRows(parts.engine, parts.principal, *sql, versions, period.begin));
  if (rows.Find(model.label.time) < 0) {
    rows.names.push_back(model.label.time);
    rows.columns.push_back(Column::Repeat(kernel::Value::Timestamp(period.begin), rows.rows));
  }
  return rows;
}

}  // namespace

Result<std::shared_ptr<arrow::Table>> ReplayPeriod(const TrainerParts& parts,
                                                   const ModelDefinition& model,
                                                   const MonitorDefinition& monitor,
                                                   const ScoringModel& scoring,
                                                   const Period& period, MonitoredLabels& labels) {
  MP_RETURN_IF_ERROR(scoring.CheckViews(parts.features));
  MP_ASSIGN_OR_RETURN(auto candidates, CandidatesOf(parts, model, monitor, period, labels));
  MP_ASSIGN_OR_RETURN(auto batch, platform::ToArrowBatch(std::move(candidates)));
  MP_ARROW_ASSIGN_OR_RETURN(auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
  std::vector<std::string> views;
  for (const auto& view : scoring.features().views) views.push_back(view.name);
  platform::TrainingOptions options;
  options.time_column = model.label.time;
  MP_ASSIGN_OR_RETURN_CONTEXT(auto set, parts.features.TrainingSetFor(*reader, views, options),
                              "while replaying model {} as of {}", model.name,
                              FormatTimestamp(period.begin));
  MP_ARROW_ASSIGN_OR_RETURN(auto whole, set.rows->CombineChunksToBatch());
  MP_ASSIGN_OR_RETURN(auto rows, platform::ToKernel(*whole));
  MP_ASSIGN_OR_RETURN(auto scored, WithScores(scoring, rows));
  MP_ASSIGN_OR_RETURN(auto answer, platform::ToArrowBatch(std::move(scored)));
  MP_ARROW_ASSIGN_OR_RETURN(auto table, arrow::Table::FromRecordBatches({answer}));
  return table;
}

}  // namespace millpond::model
