// One monitor of one model: its due periods, computed.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "model/monitoring/monitor.h"
#include "model/monitoring/monitored_labels.h"
#include "model/monitoring/monitored_model.h"
#include "model/monitoring/monitored_rows.h"
#include "model/monitoring/quality.h"

namespace millpond::model {

class ModelMonitor {
 public:
  ModelMonitor(const TrainerParts& parts, const ModelDefinition& model,
               const MonitorDefinition& monitor, const MonitorOptions& options);

  // Writes drift and quality of what is due; returns the number of periods computed. A period that
  // cannot be computed is the error, after the others are written.
  Result<int> Run(bool& changed);

  // Which table each feature comes from, for an alert's first command.
  static std::map<std::string, std::string> SourcesOf(const TrainerParts& parts,
                                                      const ModelDefinition& model);

 private:
  // The answers of a period, in the order of their keys.
  struct Scored {
    std::vector<JudgedRow> rows;
    std::set<Micros> moments;  // T by whose labels they are judged
    MemoryReservation memory;
  };
  bool IsDue(const MonitoredRows& rows, const std::string& inputs, const QualityRow* there) const;
  Result<std::string> InputsOf(const MonitoredRows& rows) const;
  Result<const MonitoredModel*> ModelOf(const MonitoredRows& rows, const QualityRow* there);
  Result<std::shared_ptr<arrow::Table>> Replayed(const MonitoredRows& rows,
                                                 const MonitoredModel& model);
  // The period's counts in the bins of `model`.
  Result<std::shared_ptr<const DriftCounts>> Count(const MonitoredRows& rows,
                                                   const MonitoredModel& model);
  Status Drift(const MonitoredRows& rows, const MonitoredModel& model, const MonitoredRows* before);
  Result<Scored> ReadScored(const MonitoredRows& rows, const MonitoredModel& model);
  Status Judge(Scored scored, const MonitoredModel& model, QualityRow& row);
  Status Quality(const MonitoredRows& rows, const MonitoredModel& model, std::string inputs);
  Status ComputeOne(const std::vector<MonitoredRows>& found, size_t at, const QualityRow* there,
                    const std::string& inputs);

  const TrainerParts& parts_;
  const ModelDefinition& model_;
  const MonitorDefinition& monitor_;
  const MonitorOptions& options_;
  const Micros now_;
  std::optional<MonitoredLabels> labels_;
  std::string label_inputs_;
  // By version; what could not be loaded is not tried again.
  std::map<int64_t, Result<std::unique_ptr<MonitoredModel>>> models_;
  // Of the period computed last, so that it is not read again as "the period before".
  struct Last {
    std::string population;
    Period period;
    int64_t version = 0;
    std::shared_ptr<const DriftCounts> counts;
    std::shared_ptr<arrow::Table> replayed;
  };
  std::optional<Last> last_;
  std::vector<DriftRow> drift_;
  std::vector<QualityRow> quality_;
};

}  // namespace millpond::model
