#include "app/task_kinds.h"

#include <functional>

#include "app/features_audit.h"
#include "app/model_stores.h"
#include "app/monitoring.h"
#include "app/run.h"
#include "app/score.h"
#include "base/log.h"
#include "data/catalog/table_care.h"

namespace millpond::app {
namespace {

using platform::Task;
using platform::TaskKind;
using platform::TaskOutcome;
using platform::TaskRun;

// What a task does, on a project of its own.
using Work =
    std::function<Result<TaskOutcome>(Project& project, const TaskRun& run, Progress& progress)>;
// What the keys of one `task` ask for.
using ReadWork = std::function<Result<Work>(MappingReader& task)>;

class NobodyLooks : public Progress {
 public:
  void Report(const ProgressEvent&) override {}
};

class ProjectTask : public Task {
 public:
  ProjectTask(const Project& project, Work work) : project_(project), work_(std::move(work)) {}

  Result<TaskOutcome> Run(const TaskRun& run) override {
    MP_ASSIGN_OR_RETURN(auto project, project_.OpenBeside(run.cancellation));
    NobodyLooks nobody;
    return work_(*project, run, run.progress != nullptr ? *run.progress : nobody);
  }

 private:
  const Project& project_;
  const Work work_;
};

class ProjectTaskKind : public TaskKind {
 public:
  ProjectTaskKind(const Project& project, std::string name, ReadWork read)
      : project_(project), name_(std::move(name)), read_(std::move(read)) {}

  std::string name() const override { return name_; }
  Result<std::shared_ptr<Task>> Read(MappingReader& task) const override {
    MP_ASSIGN_OR_RETURN(Work work, read_(task));
    return std::make_shared<ProjectTask>(project_, std::move(work));
  }

 private:
  const Project& project_;
  const std::string name_;
  const ReadWork read_;
};

// Another run of the project ends sooner or later, and the job comes after it.
RunSettings Waiting(RunSettings settings, const std::string& job) {
  settings.wait = true;
  settings.on_wait = [job](const std::string& who) { LogInfo("jobs", "{} waits: {}", job, who); };
  return settings;
}

// "2 of 6 tables changed, 1,879 rows written; churn version 3 trained; 1 of 2 models scored".
std::string SummaryOf(const RunOutcome& outcome) {
  if (!outcome.changed()) return "nothing has changed since the last run";
  int64_t changed = 0;
  int64_t rows = 0;
  for (const auto& flow : outcome.tables.flows) {
    changed += flow.changed ? 1 : 0;
    rows += flow.rows_out;
  }
  std::vector<std::string> parts;
  if (changed > 0) {
    parts.push_back(fmt::format("{} of {} tables changed, {} rows written", changed,
                                outcome.tables.flows.size(), WithThousands(rows)));
  }
  int64_t scored = 0;
  for (const auto& model : outcome.models) {
    scored += model.scored && !model.scoring.unchanged ? 1 : 0;
    if (model.training.unchanged) continue;
    parts.push_back(
        fmt::format("{} version {} trained", model.training.model, model.training.version));
  }
  if (scored > 0) {
    parts.push_back(fmt::format("{} of {} models scored", scored, outcome.models.size()));
  }
  return parts.empty() ? "feature views changed" : fmt::format("{}", fmt::join(parts, "; "));
}

// {kind: run, retrain: false, full_refresh: [TABLE, …]}
Result<Work> ReadRun(MappingReader& task) {
  RunSettings settings;
  MP_ASSIGN_OR_RETURN(settings.retrain, task.Bool("retrain", false));
  MP_ASSIGN_OR_RETURN(settings.full_refresh, task.Strings("full_refresh"));
  return [settings](Project& project, const TaskRun& run,
                    Progress& progress) -> Result<TaskOutcome> {
    MP_ASSIGN_OR_RETURN(auto outcome, RunProject(project, Waiting(settings, run.job), progress));
    return TaskOutcome{outcome.changed(), SummaryOf(outcome)};
  };
}

std::string SummaryOf(const std::string& model, const ChampionScores& scores) {
  const auto& report = scores.report;
  std::string text = fmt::format("{} version {}: {} rows in {}@{}", model, scores.version,
                                 WithThousands(report.rows), report.table, report.version);
  if (!report.work_list.empty()) {
    text += fmt::format(", {} in {}@{}", WithThousands(report.work_list_rows), report.work_list,
                        report.work_list_version);
  }
  return report.unchanged ? text + "; unchanged" : text;
}

// {kind: score, model: NAME}
Result<Work> ReadScore(MappingReader& task) {
  MP_ASSIGN_OR_RETURN(std::string model, task.RequireString("model"));
  return [model](Project& project, const TaskRun& run, Progress& progress) -> Result<TaskOutcome> {
    MP_ASSIGN_OR_RETURN(auto scores,
                        ScoreWithChampion(project, model, Waiting({}, run.job), progress));
    return TaskOutcome{!scores.report.unchanged, SummaryOf(model, scores)};
  };
}

// {kind: audit, models: [NAME, …]}. A difference is kCorrupt: the job's run has failed, is not
// tried again (the next audit goes on from here), and its error says how to see it.
Result<Work> ReadAudit(MappingReader& task) {
  MP_ASSIGN_OR_RETURN(auto models, task.Strings("models"));
  return [models](Project& project, const TaskRun&, Progress&) -> Result<TaskOutcome> {
    MP_ASSIGN_OR_RETURN(auto audits, AuditFeatures(project, models, {}));
    MP_ASSIGN_OR_RETURN(std::string verdict, AuditVerdict(audits));
    return TaskOutcome{!audits.empty(), std::move(verdict)};
  };
}

// {kind: monitor, monitors: [NAME, …]}
Result<Work> ReadMonitor(MappingReader& task) {
  MP_ASSIGN_OR_RETURN(auto monitors, task.Strings("monitors"));
  return [monitors](Project& project, const TaskRun&, Progress& progress) -> Result<TaskOutcome> {
    MP_ASSIGN_OR_RETURN(auto stores, ModelStores::Open(project));
    model::MonitorOptions options;
    options.progress = &progress;
    MP_ASSIGN_OR_RETURN(auto report, RunProjectMonitors(project, *stores, monitors, options));
    if (!report.problems.empty()) {
      return Fail(ErrorKind::kUnavailable, "{}", fmt::join(report.problems, "; "));
    }
    return TaskOutcome{report.changed, model::SummaryOf(report)};
  };
}

// {kind: care, tables: [TABLE, …], megabytes: 10000, seconds: 600, vacuum: true}. The budget is a
// run's; an hourly job has it every hour.
Result<Work> ReadCare(MappingReader& task) {
  data::CareOptions options;
  MP_ASSIGN_OR_RETURN(const auto tables, task.Strings("tables"));
  for (const std::string& table : tables) {
    MP_ASSIGN_OR_RETURN(options.tables.emplace_back(), data::ParseTableName(table));
  }
  MP_ASSIGN_OR_RETURN(const int64_t megabytes, task.Int("megabytes", 10'000));
  MP_ASSIGN_OR_RETURN(options.budget.seconds, task.Int("seconds", 600));
  MP_ASSIGN_OR_RETURN(options.vacuum, task.Bool("vacuum", true));
  if (megabytes <= 0 || megabytes > 1'000'000'000 || options.budget.seconds <= 0) {
    return Fail(ErrorKind::kInvalidArgument,
                "the budget of a care task is megabytes and seconds above 0, found {} and {}",
                megabytes, options.budget.seconds);
  }
  options.budget.bytes = megabytes * 1'000'000;
  return
      [options](Project& project, const TaskRun& run, Progress& progress) -> Result<TaskOutcome> {
        data::CareOptions now = options;
        now.progress = &progress;
        MP_ASSIGN_OR_RETURN(const auto report, data::CareForTables(project.catalog(), now));
        LogInfo("jobs", "{}: care of tables\n{}", run.job, data::ToText(report));
        return TaskOutcome{report.done > 0,
                           fmt::format("{} of {} steps of care done, {} read", report.done,
                                       report.done + report.left, HumanBytes(report.bytes_read))};
      };
}

}  // namespace

platform::TaskKinds MakeTaskKinds(const Project& project) {
  platform::TaskKinds kinds;
  const auto add = [&](const char* name, ReadWork read) {
    kinds.Add(std::make_unique<ProjectTaskKind>(project, name, std::move(read)));
  };
  add("run", ReadRun);
  add("score", ReadScore);
  add("audit", ReadAudit);
  add("monitor", ReadMonitor);
  add("care", ReadCare);
  return kinds;
}

}  // namespace millpond::app
