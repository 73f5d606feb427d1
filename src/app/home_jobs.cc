// Of what the project does by itself: jobs with their next and last runs, and what monitors found.
#include "app/home_sections.h"
#include "app/jobs.h"
#include "app/terminal.h"
#include "model/monitoring/drift_section.h"
#include "platform/jobs/job_list.h"

namespace millpond::app {
namespace {

std::string OutcomeOf(const platform::JobStatus& status) {
  if (!status.problem.empty()) return status.problem;
  if (status.at_hand) return "since " + Moment(status.at_hand->started_at);
  if (!status.last) return "-";
  return status.last->error.empty() ? status.last->summary : status.last->error;
}

}  // namespace

Status AddMonitoring(model::Page& page, const HomePageParts& parts) {
  MP_ASSIGN_OR_RETURN(auto facts, model::ReadMonitoringFacts(parts.project.catalog()));
  model::DriftSection(page, facts);
  return OkStatus();
}

Status AddJobs(model::Page& page, const HomePageParts& parts) {
  page.Section("Jobs", "jobs");
  MP_ASSIGN_OR_RETURN(auto folder, parts.jobs.Load());
  MP_ASSIGN_OR_RETURN(auto jobs,
                      platform::ListJobs(folder, parts.jobs.runs(), parts.project.env().clock));
  if (jobs.empty()) {
    page.Paragraph("None: a file in jobs/ makes one (docs/jobs.md).");
    return OkStatus();
  }
  model::ReportTable table{{"job", "task", "schedule", "next", "state", "last run", "outcome"}, {}};
  table.caption = "What the project does by itself, while this server runs";
  for (const auto& status : jobs) {
    table.rows.push_back({status.job, status.task, status.schedule, status.next,
                          status.state.empty() ? "-" : status.state,
                          status.last ? Moment(status.last->finished_at) : "-", OutcomeOf(status)});
  }
  page.Table(table);
  return OkStatus();
}

}  // namespace millpond::app
