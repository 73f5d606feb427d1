// What makes a run due: a tick of a job's cron line, commits to its tables that have gone quiet.
// Each leads to one run in the run table, in one transaction with the mark of how far was looked.
//
// Ticks follow the project's clock. Several that passed since the last look lead to one run: cause
// "cron" if the last of them is at most a minute old, else "catch-up". A job that is new, or has
// another schedule than before, begins with the moment of the look. Where the clock was set back by
// more than an hour, ticks begin anew from its new time.
//
// Quiet times follow the system's clock: a run becomes due when nothing was committed for `quiet`,
// or `max_wait` after the first commit that it is for.
//
// One thread at a time.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "data/catalog/commit_feed.h"
#include "platform/jobs/job_definition.h"
#include "platform/jobs/job_runs.h"

namespace millpond::platform {

class Triggers {
 public:
  // All must outlive it.
  Triggers(JobRuns& runs, data::CommitFeed& commits, const Clock& project_clock,
           const Clock& machine_clock)
      : runs_(runs),
        commits_(commits),
        project_clock_(project_clock),
        machine_clock_(machine_clock) {}

  // Asks for the runs that have become due. An error leaves the rest for the next look.
  Status Look(const JobFolder& folder);
  // After jobs were read: one that is gone and comes back later begins anew.
  Status ForgetOthersThan(const JobFolder& folder);
  // Finds commits of programs that do not record them (delta-rs, Spark) to tables that jobs wait
  // for; a table that is not there yet is passed over.
  Status Reconcile(const JobFolder& folder);

 private:
  // Commits that have not led to a run yet.
  struct Pending {
    int64_t read_until = 0;  // position in the feed
    int64_t count = 0;
    std::string newest = {};               // "main.shop.orders@7"
    Micros first_seen = 0, last_seen = 0;  // on the system's clock
  };

  Result<TriggerMark*> MarkOf(const JobDefinition& job);
  Status LookAtTicks(const JobDefinition& job, TriggerMark& mark);
  Status LookAtCommits(const JobDefinition& job, TriggerMark& mark);
  Status ReadCommits(const JobDefinition& job, Pending& pending);

  JobRuns& runs_;
  data::CommitFeed& commits_;
  const Clock& project_clock_;
  const Clock& machine_clock_;
  std::map<std::string, TriggerMark> marks_;  // as in the run table
  std::map<std::string, Pending> pending_;    // by job
};

}  // namespace millpond::platform
