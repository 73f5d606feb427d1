#include "platform/tracking/run_rows_internal.h"

#include <algorithm>
#include <unordered_map>

#include "base/json.h"
#include "platform/tracking/artifact_uri.h"
#include "platform/tracking/meta_connection_internal.h"

namespace millpond::platform {

namespace {

std::vector<Tag> TagsOfJson(const std::string& text) {
  std::vector<Tag> tags;
  if (text.empty()) return tags;
  const auto json = ParseJson(text, "tags of an input");
  if (!json || !json->is_object()) return tags;
  for (const auto& [key, value] : json->items()) {
    if (value.is_string()) tags.push_back({key, value.get<std::string>()});
  }
  return tags;
}

// Reads rows whose first column says to which run they belong.
class RowsByRun {
 public:
  RowsByRun(SqliteDatabase& db, RunRows& rows) : db_(db), rows_(rows) {
    for (size_t i = 0; i < rows.runs.size(); ++i) {
      by_sequence_.emplace(rows.sequences[i], i);
      by_id_.emplace(rows.runs[i].info.run_id, i);
    }
    sequences_ = DumpJson(Json(rows.sequences));
  }

  // `sql` has the run's sequence first and ends in "IN"; `add` takes what is its.
  template <typename Add>
  Status BySequence(std::string_view sql, Add&& add) {
    return db_.Execute(fmt::format("{} (SELECT value FROM json_each(?1))", sql), {sequences_},
                       [&](const SqliteRow& row) -> Status {
                         add(rows_.runs[by_sequence_.at(row.Int(0))], row);
                         return OkStatus();
                       });
  }

  template <typename Add>
  Status ById(std::string_view sql, Add&& add) {
    Json ids = Json::array();
    for (const auto& run : rows_.runs) ids.push_back(run.info.run_id);
    return db_.Execute(fmt::format("{} (SELECT value FROM json_each(?1)) ORDER BY id", sql),
                       {DumpJson(ids)}, [&](const SqliteRow& row) -> Status {
                         add(rows_.runs[by_id_.at(row.Text(0))], row);
                         return OkStatus();
                       });
  }

 private:
  SqliteDatabase& db_;
  RunRows& rows_;
  std::unordered_map<int64_t, size_t> by_sequence_;
  std::unordered_map<std::string, size_t> by_id_;
  std::string sequences_;
};

}  // namespace

void RunRows::Add(const SqliteRow& row, const std::string& root) {
  sequences.push_back(row.Int(0));
  Run run;
  run.info = {.run_id = row.Text(1),
              .experiment_id = std::to_string(row.Int(2)),
              .run_name = row.Text(3),
              .user_id = row.Text(4),
              .status = RunStatusOf(row.Text(5)).value_or(RunStatus::kKilled),
              .start_time_ms = row.Int(6),
              .end_time_ms = row.Int(7),
              .artifact_uri = ArtifactFolder(root, row.Text(8)),
              .lifecycle_stage = StageOf(row.Text(9))};
  runs.push_back(std::move(run));
}

Status CompleteRuns(SqliteDatabase& db, RunRows& rows) {
  if (rows.runs.empty()) return OkStatus();
  RowsByRun read(db, rows);
  MP_RETURN_IF_ERROR(read.BySequence(
      "SELECT run, key, value FROM tracking_run_params WHERE run IN",
      [](Run& run, const SqliteRow& row) { run.params.push_back({row.Text(1), row.Text(2)}); }));
  MP_RETURN_IF_ERROR(read.BySequence(
      "SELECT run, key, value FROM tracking_run_tags WHERE run IN",
      [](Run& run, const SqliteRow& row) { run.tags.push_back({row.Text(1), row.Text(2)}); }));
  MP_RETURN_IF_ERROR(read.BySequence(
      "SELECT run, key, value, is_nan, step, timestamp FROM tracking_run_metrics WHERE run IN",
      [](Run& run, const SqliteRow& row) {
        run.metrics.push_back({row.Text(1), ValueOf(row, 2, 3), row.Int(4), row.Int(5)});
      }));
  MP_RETURN_IF_ERROR(read.ById(
      "SELECT run_id, name, digest, source_type, source, schema, profile, context, tags "
      "FROM tracking_inputs WHERE run_id IN",
      [](Run& run, const SqliteRow& row) {
        run.inputs.push_back({row.Text(1), row.Text(2), row.Text(3), row.Text(4), row.Text(5),
                              row.Text(6), row.Text(7), TagsOfJson(row.Text(8))});
      }));
  MP_RETURN_IF_ERROR(
      read.BySequence("SELECT run, model_id, step, direction FROM tracking_run_models WHERE run IN",
                      [](Run& run, const SqliteRow& row) {
                        if (row.Text(3) == "output") {
                          run.model_outputs.push_back({row.Text(1), row.Int(2)});
                        } else {
                          run.model_inputs.push_back(row.Text(1));
                        }
                      }));
  for (auto& run : rows.runs) {
    std::ranges::sort(run.params, {}, &Param::key);
    std::ranges::sort(run.tags, {}, &Tag::key);
    std::ranges::sort(run.metrics, {}, &Metric::key);
  }
  return OkStatus();
}

}  // namespace millpond::platform
