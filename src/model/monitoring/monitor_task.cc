#include "model/monitoring/monitor_task.h"

#include "base/yaml.h"

namespace millpond::model {
namespace {

std::string Count(size_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

class RunMonitorsOf : public platform::Task {
 public:
  RunMonitorsOf(MonitorTask::RunNamed run, std::vector<std::string> names)
      : run_(std::move(run)), names_(std::move(names)) {}

  Result<platform::TaskOutcome> Run(const platform::TaskRun& run) override {
    MP_ASSIGN_OR_RETURN(auto report, run_(names_, run));
    if (!report.problems.empty()) {
      return Fail(ErrorKind::kUnavailable, "{}", fmt::join(report.problems, "; "));
    }
    return platform::TaskOutcome{report.changed, SummaryOf(report)};
  }

 private:
  const MonitorTask::RunNamed run_;
  const std::vector<std::string> names_;
};

}  // namespace

Result<std::shared_ptr<platform::Task>> MonitorTask::Read(MappingReader& task) const {
  MP_ASSIGN_OR_RETURN(auto names, task.Strings("monitors"));
  return std::make_shared<RunMonitorsOf>(run_, std::move(names));
}

std::string SummaryOf(const MonitorReport& report) {
  size_t periods = 0, fired = 0;
  for (const auto& watched : report.monitors) periods += static_cast<size_t>(watched.computed);
  for (const auto& alert : report.fresh) fired += alert.transition == "fired" ? 1 : 0;
  return fmt::format("{} computed, {} fired, {} cleared, {} firing", Count(periods, "period"),
                     Count(fired, "alert"), report.fresh.size() - fired, report.firing.size());
}

}  // namespace millpond::model
