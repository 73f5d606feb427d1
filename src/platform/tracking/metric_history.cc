// Points of metrics, read.
#include <algorithm>
#include <limits>

#include "platform/tracking/meta_connection_internal.h"
#include "platform/tracking/page_token.h"
#include "platform/tracking/tracking_store.h"

namespace millpond::platform {

namespace {

// Columns value, is_nan, step, timestamp.
Metric PointOf(const SqliteRow& row, const std::string& key) {
  return {key, ValueOf(row, 0, 1), row.Int(2), row.Int(3)};
}

Status ReadPoints(SqliteDatabase& db, const std::string& sql,
                  const std::vector<SqliteValue>& parameters, const std::string& key,
                  const std::string& run_id, std::vector<Metric>& out) {
  return db.Execute(sql, parameters, [&](const SqliteRow& row) -> Status {
    out.push_back(PointOf(row, key));
    out.back().run_id = run_id;
    return OkStatus();
  });
}

}  // namespace

Result<std::vector<Metric>> TrackingStore::MetricHistory(const std::string& run_id,
                                                         const std::string& key) {
  MP_ASSIGN_OR_RETURN(auto page, MetricHistoryPage(run_id, key, 0, ""));
  return std::move(page.items);
}

Result<Page<Metric>> TrackingStore::MetricHistoryPage(const std::string& run_id,
                                                      const std::string& key, int64_t max_results,
                                                      const std::string& page_token) {
  MP_ASSIGN_OR_RETURN(const int64_t offset, OffsetOfToken(page_token));
  return connection_->Read([&](SqliteDatabase& db) -> Result<Page<Metric>> {
    MP_ASSIGN_OR_RETURN(auto run, FindRun(db, run_id, RunAccess::kRead));
    std::vector<Metric> points;
    MP_RETURN_IF_ERROR(ReadPoints(
        db,
        "SELECT value, is_nan, step, timestamp FROM tracking_metric_points "
        "WHERE run = ?1 AND key = ?2 ORDER BY timestamp, step, value, is_nan LIMIT ?3 OFFSET ?4",
        {run.sequence, key, max_results > 0 ? max_results + 1 : -1, offset}, key, "", points));
    return PageOf(std::move(points), max_results, offset);
  });
}

Result<std::vector<Metric>> TrackingStore::SampleMetric(const std::vector<std::string>& run_ids,
                                                        const std::string& key,
                                                        std::optional<Steps> steps,
                                                        int64_t max_results) {
  // The first point of each of max_results equal shares, and the last point of all.
  static constexpr std::string_view kSample =
      "WITH points AS (SELECT value, is_nan, step, timestamp, row_number() OVER o AS number, "
      "  ntile(?5) OVER o AS share, count(*) OVER () AS total FROM tracking_metric_points "
      "  WHERE run = ?1 AND key = ?2 AND step BETWEEN ?3 AND ?4 "
      "  WINDOW o AS (ORDER BY step, timestamp, value, is_nan)) "
      "SELECT value, is_nan, step, timestamp FROM points WHERE number = total "
      "  OR number IN (SELECT min(number) FROM points GROUP BY share) ORDER BY number";
  const Steps range = steps.value_or(
      Steps{std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()});
  return connection_->Read([&](SqliteDatabase& db) -> Result<std::vector<Metric>> {
    std::vector<Metric> sample;
    for (const auto& run_id : run_ids) {
      MP_ASSIGN_OR_RETURN(auto run, FindRun(db, run_id, RunAccess::kRead));
      std::vector<Metric> points;
      MP_RETURN_IF_ERROR(ReadPoints(db, std::string(kSample),
                                    {run.sequence, key, range.from, range.to, max_results}, key,
                                    run_id, points));
      if (static_cast<int64_t>(points.size()) > max_results) points.erase(points.end() - 2);
      sample.insert(sample.end(), points.begin(), points.end());
    }
    return sample;
  });
}

Result<std::vector<Metric>> TrackingStore::MetricOfRuns(const std::vector<std::string>& run_ids,
                                                        const std::string& key,
                                                        int64_t max_results) {
  std::vector<std::string> sorted = run_ids;
  std::ranges::sort(sorted);
  return connection_->Read([&](SqliteDatabase& db) -> Result<std::vector<Metric>> {
    std::vector<Metric> points;
    for (const auto& run_id : sorted) {
      const int64_t room = max_results - static_cast<int64_t>(points.size());
      if (room <= 0) break;
      MP_ASSIGN_OR_RETURN(auto run, FindRun(db, run_id, RunAccess::kRead));
      MP_RETURN_IF_ERROR(
          ReadPoints(db,
                     "SELECT value, is_nan, step, timestamp FROM tracking_metric_points "
                     "WHERE run = ?1 AND key = ?2 ORDER BY timestamp, step, value, is_nan LIMIT ?3",
                     {run.sequence, key, room}, key, run_id, points));
    }
    return points;
  });
}

}  // namespace millpond::platform
