#include "data/catalog/table_care.h"

#include <algorithm>

#include "data/delta/care/bin_plan.h"
#include "data/delta/care/cluster_plan.h"
#include "data/delta/care/optimize.h"
#include "data/delta/care/vacuum.h"

namespace millpond::data {
namespace {

constexpr double kMegabyte = 1e6;

class Care {
 public:
  Care(Catalog& catalog, const CareOptions& options)
      : catalog_(catalog),
        options_(options),
        ends_(SystemClock().Now() + options.budget.seconds * kMicrosPerSecond) {}

  Result<CareReport> Run() {
    std::vector<TableName> tables = options_.tables;
    if (tables.empty()) {
      MP_ASSIGN_OR_RETURN(tables, catalog_.ListTables());
    }
    for (const TableName& table : tables) {
      MP_RETURN_IF_ERROR(Cancelled());
      Status planned = Plan(table);
      if (!planned) Failed({table, "look"}, planned.error());
    }
    std::ranges::stable_sort(report_.steps, std::ranges::greater(), &CareStep::gain);
    for (CareStep& step : report_.steps) {
      MP_RETURN_IF_ERROR(Cancelled());
      if (!step.outcome.empty()) continue;
      Status done = step.work == "vacuum" ? Vacuum(step) : Optimize(step);
      if (!done && done.error().kind() == ErrorKind::kCancelled)
        return std::unexpected(done.error());
      if (!done) step.outcome = "failed: " + done.error().ToString();
    }
    for (const CareStep& step : report_.steps) ++(step.done ? report_.done : report_.left);
    return report_;
  }

 private:
  Status Cancelled() const { return catalog_.workspace().env.cancellation.Check(); }

  void Failed(CareStep step, const Error& error) {
    step.outcome = "failed: " + error.ToString();
    report_.steps.push_back(std::move(step));
  }

  // Steps for one table; what there is nothing to do for makes none.
  Status Plan(const TableName& name) {
    MP_ASSIGN_OR_RETURN(DeltaTable table, catalog_.OpenTable(name));
    MP_ASSIGN_OR_RETURN(const auto snapshot, table.Latest());
    const auto compact = snapshot->property("delta.autoOptimize.autoCompact");
    if (compact && EqualNames(*compact, "false")) return OkStatus();
    MP_ASSIGN_OR_RETURN(const auto clustering, ClusteringColumns(*snapshot));
    MP_ASSIGN_OR_RETURN(const int64_t target, TargetFileBytes(*snapshot));
    CareStep step{name, clustering.empty() ? "optimize" : "cluster"};
    double fewer = 0;
    if (clustering.empty()) {
      for (const Bin& bin : PlanBins(*snapshot, {.target_bytes = target})) {
        step.files += static_cast<int64_t>(bin.files.size());
        step.bytes += bin.bytes;
        fewer += static_cast<double>(bin.files.size()) - 0.5;  // losing deleted rows counts, too
      }
    } else {
      for (const NewCube& cube : PlanCubes(*snapshot, {CubeColumns(clustering)})) {
        step.files += static_cast<int64_t>(cube.files.size());
        step.bytes += cube.bytes;
        fewer += static_cast<double>(cube.files.size()) - 0.5;
      }
    }
    step.gain = fewer / (static_cast<double>(step.bytes) / kMegabyte + 1);
    if (step.files > 0) report_.steps.push_back(std::move(step));
    // Reads no data, and comes last.
    if (options_.vacuum) report_.steps.push_back({name, "vacuum"});
    return OkStatus();
  }

  bool TimeLeft() const { return SystemClock().Now() < ends_; }

  Status Optimize(CareStep& step) {
    const int64_t left = options_.budget.bytes - report_.bytes_read;
    if (!TimeLeft() || left <= 0) {
      step.outcome = left <= 0 ? "left: the budget of bytes is spent" : "left: the time is up";
      return OkStatus();
    }
    MP_ASSIGN_OR_RETURN(DeltaTable table, catalog_.OpenTable(step.table));
    OptimizeOptions optimize;
    optimize.parameters = {{"predicate", "[]"}, {"zOrderBy", "[]"}, {"auto", "true"}};
    optimize.max_bytes = left;
    optimize.batch_bytes = std::min<int64_t>(optimize.batch_bytes, left);
    optimize.may_go_on = [this](int64_t) { return TimeLeft(); };
    optimize.spill_folder = JoinPath(catalog_.workspace().state_dir, "tmp/care");
    optimize.progress = options_.progress;
    MP_ASSIGN_OR_RETURN(const auto result, OptimizeTable(table, optimize));
    report_.bytes_read += result.bytes_removed;
    step.done = result.commits > 0;
    step.outcome = fmt::format("{} files became {}", result.files_removed, result.files_added);
    if (result.bins_given_way > 0) {
      step.outcome += fmt::format("; {} gave way to writers", result.bins_given_way);
    }
    if (result.stopped) {
      const std::string why =
          TimeLeft() ? fmt::format(
                           "{} of the budget's bytes were left, which is too little for the "
                           "next part of {}",
                           left - result.bytes_removed, step.bytes)
                     : std::string("the time is up");
      step.outcome = step.done ? step.outcome + "; the rest is left: " + why : "left: " + why;
    }
    return OkStatus();
  }

  Status Vacuum(CareStep& step) {
    if (!TimeLeft()) {
      step.outcome = "left: the time is up";
      return OkStatus();
    }
    MP_ASSIGN_OR_RETURN(DeltaTable table, catalog_.OpenTable(step.table));
    MP_ASSIGN_OR_RETURN(const auto snapshot, table.Latest());
    VacuumOptions vacuum;
    vacuum.lite = true;
    vacuum.progress = options_.progress;
    MP_ASSIGN_OR_RETURN(vacuum.pins, PinsOf(catalog_, *snapshot));
    MP_ASSIGN_OR_RETURN(const auto result, VacuumTable(table, vacuum));
    step.files = result.files;
    step.done = result.files > 0;
    step.outcome = result.files > 0
                       ? fmt::format("{} files of {} bytes removed", result.files, result.bytes)
                       : "nothing has expired";
    return OkStatus();
  }

  Catalog& catalog_;
  const CareOptions& options_;
  const Micros ends_;
  CareReport report_;
};

}  // namespace

Result<CareReport> CareForTables(Catalog& catalog, const CareOptions& options) {
  return Care(catalog, options).Run();
}

Result<std::vector<RetentionHold>> PinsOf(Catalog& catalog, const Snapshot& snapshot) {
  std::vector<RetentionHold> holds;
  MP_ASSIGN_OR_RETURN(auto pins, catalog.Pins());
  for (Pin& pin : pins) {
    if (pin.table_id != snapshot.metadata().id) continue;
    holds.push_back({pin.version, std::move(pin.holder), std::move(pin.reason)});
  }
  return holds;
}

std::string ToText(const CareReport& report) {
  std::string text;
  for (const CareStep& step : report.steps) {
    text += fmt::format("{:<8}  {}  {} files, {} bytes to read, {:.2f} files fewer a MB: {}\n",
                        step.work, step.table.ToString(), step.files, step.bytes, step.gain,
                        step.outcome);
  }
  return text;
}

}  // namespace millpond::data
