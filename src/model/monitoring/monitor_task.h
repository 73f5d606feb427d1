// The job kind "monitor": `task: {kind: monitor, monitors: [churn]}` runs the monitors of a project
// (all of them where no list is given) as `millpond monitor` does.
#pragma once

#include <functional>

#include "model/monitoring/monitor.h"
#include "platform/jobs/task_kind.h"

namespace millpond::model {

class MonitorTask final : public platform::TaskKind {
 public:
  // Runs the monitors of these names; empty: all. Told by app, which knows where files lie and what
  // the environment holds.
  using RunNamed = std::function<Result<MonitorReport>(const std::vector<std::string>& names,
                                                       const platform::TaskRun& run)>;

  explicit MonitorTask(RunNamed run) : run_(std::move(run)) {}

  std::string name() const override { return "monitor"; }
  Result<std::shared_ptr<platform::Task>> Read(MappingReader& task) const override;

 private:
  RunNamed run_;
};

// "3 periods computed, 1 alert fired, 2 firing".
std::string SummaryOf(const MonitorReport& report);

}  // namespace millpond::model
