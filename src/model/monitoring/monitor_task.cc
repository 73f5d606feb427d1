#include "model/monitoring/monitor_task.h"

#include "base/json.h"
#include "base/nearest_name.h"

namespace millpond::model {
namespace {

std::string Count(size_t n, std::string_view what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

std::vector<std::string> NamesOf(const Json& task) {
  return task.value("monitors", std::vector<std::string>());
}

}  // namespace

Status MonitorTask::Check(const Json& task, const std::string& where) const {
  for (const auto& [key, value] : task.items()) {
    if (key == "kind") continue;
    if (key != "monitors") {
      const std::string near = NearestName(key, {"kind", "monitors"});
      return Fail(ErrorKind::kInvalidArgument, "{}: unknown key '{}' of task kind monitor{}", where,
                  key, near.empty() ? "" : "; did you mean '" + near + "'?");
    }
    bool is_list = value.is_array();
    for (const auto& name : value) is_list = is_list && name.is_string();
    if (is_list) continue;
    return Fail(ErrorKind::kInvalidArgument, "{}: monitors: want a list of names", where);
  }
  return OkStatus();
}

Result<platform::TaskOutcome> MonitorTask::Run(const Json& task, const platform::TaskRun& run) {
  MP_RETURN_IF_ERROR(run.cancellation.Check());
  MP_ASSIGN_OR_RETURN(auto report, run_(NamesOf(task)));
  if (!report.problems.empty()) {
    return Fail(ErrorKind::kUnavailable, "{}", fmt::join(report.problems, "; "));
  }
  return platform::TaskOutcome{report.changed, SummaryOf(report)};
}

std::string SummaryOf(const MonitorReport& report) {
  size_t periods = 0, fired = 0;
  for (const auto& watched : report.monitors) periods += static_cast<size_t>(watched.computed);
  for (const auto& alert : report.fresh) fired += alert.transition == "fired" ? 1 : 0;
  return fmt::format("{} computed, {} fired, {} cleared, {} firing", Count(periods, "period"),
                     Count(fired, "alert"), report.fresh.size() - fired, report.firing.size());
}

}  // namespace millpond::model
