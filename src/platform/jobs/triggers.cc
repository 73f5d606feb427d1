#include "platform/jobs/triggers.h"

#include <algorithm>

#include "data/catalog/table_name.h"
#include "data/catalog/warehouse.h"

namespace millpond::platform {
namespace {

constexpr Micros kOnTime = 60 * kMicrosPerSecond;
constexpr Micros kSetBack = kMicrosPerHour;
constexpr int kCountedTicks = 1000;
constexpr int kPage = 1000;
// Marks of jobs whose tables rest while others are written: so much is read again after a restart.
constexpr int64_t kMarkEvery = 10'000;

// The position of the last commit on record: the least one that nothing comes after, by few
// questions however many commits there are.
Result<int64_t> NewestPosition(data::CommitFeed& commits) {
  int64_t below = -1;
  int64_t newest = 0;
  while (true) {
    MP_ASSIGN_OR_RETURN(auto events, commits.EventsSince(newest, 1));
    if (events.empty()) break;
    below = newest;
    newest = std::max<int64_t>(1, newest * 2);
  }
  while (newest - below > 1) {
    const int64_t middle = below + (newest - below) / 2;
    MP_ASSIGN_OR_RETURN(auto events, commits.EventsSince(middle, 1));
    (events.empty() ? newest : below) = middle;
  }
  return newest;
}

struct PassedTicks {
  Micros last = 0;
  int count = 0;  // up to kCountedTicks
};

// The last tick up to `now`, without walking over all of them: `known` is an earlier one.
Micros LastTick(const CronSchedule& cron, Micros known, Micros now) {
  auto tick = cron.Next(known);
  for (Micros back = kMicrosPerHour; now - back > known; back *= 2) {
    tick = cron.Next(now - back);
    if (tick && *tick <= now) break;
    tick = cron.Next(known);
  }
  for (; tick && *tick <= now; tick = cron.Next(known)) known = *tick;
  return known;
}

// Ticks in (from, now]; count 0: none.
PassedTicks TicksBetween(const CronSchedule& cron, Micros from, Micros now) {
  PassedTicks passed;
  for (auto tick = cron.Next(from); tick && *tick <= now; tick = cron.Next(*tick)) {
    passed.last = *tick;
    if (++passed.count < kCountedTicks) continue;
    passed.last = LastTick(cron, *tick, now);
    break;
  }
  return passed;
}

std::string MissedText(int count) {
  if (count >= kCountedTicks) return fmt::format("{} or more ticks missed", kCountedTicks);
  return count == 1 ? "1 tick missed" : fmt::format("{} ticks missed", count);
}

}  // namespace

Status Triggers::Look(const JobFolder& folder) {
  for (const JobDefinition& job : folder.jobs) {
    if (!job.schedule.cron && job.schedule.on_commit.empty()) continue;
    MP_ASSIGN_OR_RETURN(TriggerMark * mark, MarkOf(job));
    if (job.schedule.cron) MP_RETURN_IF_ERROR(LookAtTicks(job, *mark));
    if (!job.schedule.on_commit.empty()) MP_RETURN_IF_ERROR(LookAtCommits(job, *mark));
  }
  return OkStatus();
}

Status Triggers::ForgetOthersThan(const JobFolder& folder) {
  std::vector<std::string> names;
  for (const JobDefinition& job : folder.jobs) names.push_back(job.name);
  for (const JobProblem& problem : folder.problems) names.push_back(problem.job);
  const auto gone = [&](const auto& entry) {
    return std::ranges::find(names, entry.first) == names.end();
  };
  std::erase_if(marks_, gone);
  std::erase_if(pending_, gone);
  return runs_.ForgetMarksExcept(names);
}

Result<TriggerMark*> Triggers::MarkOf(const JobDefinition& job) {
  const std::string schedule = job.schedule.ToString();
  auto known = marks_.find(job.name);
  if (known == marks_.end()) {
    MP_ASSIGN_OR_RETURN(auto stored, runs_.FindMark(job.name));
    if (stored) known = marks_.emplace(job.name, *stored).first;
  }
  if (known != marks_.end() && known->second.schedule == schedule) return &known->second;
  TriggerMark mark{.job = job.name, .schedule = schedule, .ticks_until = project_clock_.Now()};
  MP_ASSIGN_OR_RETURN(mark.commits_until, NewestPosition(commits_));
  MP_RETURN_IF_ERROR(runs_.SetMark(mark));
  pending_.erase(job.name);
  return &(marks_[job.name] = mark);
}

Status Triggers::LookAtTicks(const JobDefinition& job, TriggerMark& mark) {
  const Micros now = project_clock_.Now();
  if (mark.ticks_until > now + kSetBack) {
    mark.ticks_until = now;
    return runs_.SetMark(mark);
  }
  const PassedTicks passed = TicksBetween(*job.schedule.cron, mark.ticks_until, now);
  if (passed.count == 0) return OkStatus();
  RunRequest request{.job = job.name, .cause = RunCause::kCron, .scheduled_at = passed.last};
  if (now - passed.last > kOnTime) {
    request.cause = RunCause::kCatchUp;
    request.detail = MissedText(passed.count);
  } else if (passed.count > 1) {
    request.detail = MissedText(passed.count - 1) + " before";
  }
  TriggerMark reached = mark;
  reached.ticks_until = passed.last;
  MP_RETURN_IF_ERROR(runs_.Enqueue(request, &reached));
  mark = reached;
  return OkStatus();
}

Status Triggers::ReadCommits(const JobDefinition& job, Pending& pending) {
  while (true) {
    MP_ASSIGN_OR_RETURN(auto events, commits_.EventsSince(pending.read_until, kPage));
    for (const data::CommitRecord& record : events) {
      pending.read_until = record.position;
      const std::string table = data::FoldCase(record.table).ToString();
      if (std::ranges::find(job.schedule.on_commit, table) == job.schedule.on_commit.end()) {
        continue;
      }
      pending.last_seen = machine_clock_.Now();
      if (pending.count++ == 0) pending.first_seen = pending.last_seen;
      pending.newest = fmt::format("{}@{}", table, record.version);
    }
    if (events.size() < kPage) return OkStatus();
  }
}

Status Triggers::LookAtCommits(const JobDefinition& job, TriggerMark& mark) {
  Pending& pending = pending_[job.name];
  pending.read_until = std::max(pending.read_until, mark.commits_until);
  MP_RETURN_IF_ERROR(ReadCommits(job, pending));
  TriggerMark reached = mark;
  reached.commits_until = pending.read_until;
  if (pending.count == 0) {
    if (reached.commits_until - mark.commits_until < kMarkEvery) return OkStatus();
    MP_RETURN_IF_ERROR(runs_.SetMark(reached));
    mark = reached;
    return OkStatus();
  }
  const Micros now = machine_clock_.Now();
  if (now < pending.last_seen) pending.first_seen = pending.last_seen = now;  // it was set back
  if (now - pending.last_seen < job.schedule.quiet &&
      now - pending.first_seen < job.schedule.max_wait) {
    return OkStatus();
  }
  const std::string others =
      pending.count == 1 ? "" : fmt::format(" and {} before it", pending.count - 1);
  MP_RETURN_IF_ERROR(runs_.Enqueue({.job = job.name,
                                    .cause = RunCause::kCommit,
                                    .detail = pending.newest + others,
                                    .scheduled_at = project_clock_.Now()},
                                   &reached));
  mark = reached;
  pending = {.read_until = reached.commits_until};
  return OkStatus();
}

Status Triggers::Reconcile(const JobFolder& folder) {
  Status first = OkStatus();  // one table's trouble hides no commit of another
  for (const JobDefinition& job : folder.jobs) {
    for (const std::string& table : job.schedule.on_commit) {
      MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(table));
      const auto found = commits_.Reconcile(name);
      if (found || found.error().kind() == ErrorKind::kNotFound || !first) continue;
      first = std::unexpected<Error>(found.error());
    }
  }
  return first;
}

}  // namespace millpond::platform
