// `millpond init NAME --from FILE.csv`: from a file of rows to a project that runs.
#pragma once

#include <string>

#include "app/init/project_files.h"
#include "app/terminal.h"
#include "base/cancellation.h"

namespace millpond::app {

struct InitRequest {
  std::string target = {};  // folder to be made; its last part is the project's name
  std::string file = {};
  WantedColumns wanted = {};
  std::string horizon = {};  // "30 days"; empty: by the data
};

// Writes the project, all of it or nothing, and gives what was decided.
Result<ProjectSketch> InitProject(const InitRequest& request, CancellationToken cancellation,
                                  TerminalProgress& progress);

// What was guessed and why, what was written, what to do next.
std::string DescribeProject(const ProjectSketch& sketch, const InitRequest& request);

// "30 days", "6 hours", "15 minutes".
Result<Micros> ParseSpan(const std::string& text);

}  // namespace millpond::app
