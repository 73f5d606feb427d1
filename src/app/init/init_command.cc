// millpond init NAME --from FILE.csv: a running project from a file of one's own.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/command.h"
#include "app/init/init_project.h"

namespace millpond::app {
namespace {

Status Init(const InitRequest& request, const CommonOptions& common) {
  TerminalProgress progress(stderr);
  MP_ASSIGN_OR_RETURN(auto sketch, InitProject(request, common.cancellation, progress));
  progress.Clear();
  std::fputs(DescribeProject(sketch, request).c_str(), stdout);
  return OkStatus();
}

}  // namespace

RunCommand AddInitCommand(CLI::App& sub, CommonOptions& common) {
  auto request = std::make_shared<InitRequest>();
  sub.add_option("name", request->target, "Folder to make; its last part names the project")
      ->required();
  sub.add_option("--from", request->file, "CSV file (.gz too) with a line of column names")
      ->required();
  sub.add_option("--entity", request->wanted.entity, "Column that says who or what a row is about");
  sub.add_option("--time", request->wanted.time, "Column that says when it happened");
  sub.add_option("--time-format", request->wanted.time_format,
                 "How that is written, as strptime: '%d/%m/%Y %H:%M'");
  sub.add_option(
      "--label", request->wanted.label,
      "What to predict: a column of two values, a condition on one ('delay > 30'), or 'activity'");
  sub.add_option(
      "--horizon", request->horizon,
      "How far ahead a prediction looks, or after how long a row's outcome is known: '30 days'");
  sub.footer(
      "Examples:\n"
      "  millpond init shop --from orders.csv\n"
      "  millpond init shop --from orders.csv --entity customer_id --time ordered_at --horizon '60 "
      "days'\n"
      "  millpond init late --from flights.csv.gz --entity tailnum --label 'arr_delay > 30'");
  return [request, &common] { return Init(*request, common); };
}

}  // namespace millpond::app
