#include "app/watch.h"

#include <poll.h>

#include <cstdio>

#include "app/terminal.h"
#include "base/metrics/metrics.h"
#include "pipeline/flows/flow_runner.h"

namespace millpond::app {
namespace {

constexpr int kLookEveryMs = 50;

// "14:03:05  main.churn.purchases  version 7  3 rows in, 3 in the table, 0 quarantined  0.06 s".
std::string LineOf(const pipeline::FlowReport& report, const std::string& error, Micros now) {
  std::string line = FormatTimestamp(now).substr(11, 8) + "  " + report.name + "  ";
  if (!error.empty()) return line + "failed, and is tried again: " + error;
  line += fmt::format("version {}  {} rows in, {} in the table", report.version,
                      WithThousands(report.rows_in), WithThousands(report.rows_out));
  if (report.rows_dropped > 0) line += fmt::format(", {} dropped", report.rows_dropped);
  if (report.rows_quarantined > 0) line += fmt::format(", {} quarantined", report.rows_quarantined);
  return line + fmt::format("  {:.2f} s", report.seconds);
}

}  // namespace

Status WatchFlows(Project& project) {
  MetricsRegistry metrics;  // nobody asks for them here
  pipeline::FlowRunnerOptions options{.transformations = project.PathOf("transformations")};
  options.on_turn = [&](const pipeline::FlowReport& report, const std::string& error) {
    std::printf("%s\n", LineOf(report, error, project.now()).c_str());
    std::fflush(stdout);
  };
  MP_ASSIGN_OR_RETURN(
      auto runner,
      pipeline::FlowRunner::Start({project.catalog(), project.sql(), nullptr, metrics}, options));
  std::printf("flows are kept running; Ctrl-C stops\n");
  std::fflush(stdout);
  // A signal handler can wake nobody.
  while (!project.env().cancellation.cancelled()) ::poll(nullptr, 0, kLookEveryMs);
  runner->Stop();
  return OkStatus();
}

}  // namespace millpond::app
