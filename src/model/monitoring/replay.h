// Scores a period that nobody scored, so that a monitor has a past: the candidates of that time,
// their features at T (exact at any T: the feature store's promise), the model's answers. Nothing
// is written but what monitoring makes of it.
//
//   replay.sql, or the model's candidates    at T = the period's begin
//   a model whose labels bring their own T   all label rows with T in the period
#pragma once

#include "model/monitoring/monitored_labels.h"
#include "model/monitoring/monitored_rows.h"
#include "model/scoring/scoring_model.h"

namespace millpond::model {

// Entity, T, request columns, features, margin, probability. As much memory as scoring the period
// takes.
Result<std::shared_ptr<arrow::Table>> ReplayPeriod(const TrainerParts& parts,
                                                   const ModelDefinition& model,
                                                   const MonitorDefinition& monitor,
                                                   const ScoringModel& scoring,
                                                   const Period& period, MonitoredLabels& labels);

}  // namespace millpond::model
