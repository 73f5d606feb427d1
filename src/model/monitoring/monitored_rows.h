// Which rows a monitor looks at: the population of a model in one period.
//
//   batch     the model's score table. Each scoring is a version of it (with the features beside
//             it, batch_score.h), so a period's rows are read from the versions whose T lie in it;
//             of rows scored twice for one entity and T the later counts. A period that nobody
//             scored may be replayed (replay.h); where the rows are the labels' own, once the last
//             of them is known.
//   endpoint  the endpoint's inference table: answers of this model with its own features.
//
// A period is of one model version: of several that answered in it, the rows of the last one that
// scored (batch), or of the one with most rows (endpoint).
//
// Only what tables hold is read. Rows come through SQL as a stream, each with its cohort.
#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "kernel/column.h"
#include "model/monitoring/monitor_definition.h"
#include "model/training/trainer.h"

namespace millpond::model {

inline constexpr std::string_view kBatchPopulation = "batch";
inline constexpr std::string_view kEndpointPopulation = "endpoint";

// A session's private relation that holds rows scored for watching.
inline constexpr std::string_view kReplayedRelation = "millpond_replayed_rows";

// The rows of one period, not yet read.
struct MonitoredRows {
  std::string population = {};
  Period period = {};
  bool replayed = false;
  int64_t model_version = 0;  // who scored them; 0: the champion will (replayed)
  // SELECTs: entity, T and features; entity, T, margin and probability.
  std::string features_sql = {}, scores_sql = {};
  Json inputs = {};  // what they are made of: equal inputs give equal rows
};

// Periods with rows, oldest first. `now`: where replayed periods end.
Result<std::vector<MonitoredRows>> FindMonitoredRows(const TrainerParts& parts,
                                                     const ModelDefinition& model,
                                                     const MonitorDefinition& monitor, Micros now);

// Runs the SELECT with each row's cohort beside it and gives every batch to `take`.
// `replayed`: what kReplayedRelation stands for; may be null.
Status ReadMonitoredRows(const TrainerParts& parts, const ModelDefinition& model,
                         const MonitorDefinition& monitor, const std::string& sql,
                         const std::shared_ptr<arrow::Table>& replayed,
                         const std::function<Status(const kernel::Batch&)>& take);

std::string QuoteName(std::string_view name);
std::string TimestampText(Micros at);  // TIMESTAMP '1998-07-01 00:00:00.000000'

}  // namespace millpond::model
