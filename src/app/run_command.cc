// millpond run: brings everything a project declares up to date.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/command.h"
#include "app/run.h"

namespace millpond::app {
namespace {

Status Run(const RunSettings& settings, const CommonOptions& common) {
  MP_ASSIGN_OR_RETURN(auto project, common.OpenProject());
  TerminalProgress progress(stderr);
  MP_ASSIGN_OR_RETURN(auto outcome, RunProject(*project, settings, progress));
  progress.Clear();
  std::fputs(Summarize(*project, outcome).c_str(), stdout);
  return OkStatus();
}

}  // namespace

RunCommand AddRunCommand(CLI::App& sub, CommonOptions& common) {
  auto settings = std::make_shared<RunSettings>();
  sub.add_option("--full-refresh", settings->full_refresh,
                 "Compute these tables anew from all their input ('*': all)");
  sub.add_flag("--retrain", settings->retrain, "Train also models whose inputs have not changed");
  sub.footer(
      "Examples:\n"
      "  millpond run                                   # in a project's folder\n"
      "  millpond run --project examples/churn\n"
      "  millpond run --full-refresh main.churn.purchases");
  return [settings, &common] { return Run(*settings, common); };
}

}  // namespace millpond::app
