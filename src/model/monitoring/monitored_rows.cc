#include "model/monitoring/monitored_rows.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <algorithm>
#include <optional>

#include "data/arrow/status.h"
#include "model/monitoring/drift_counts.h"
#include "model/scoring/batch_score.h"
#include "model/scoring/model_sql.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {
namespace {

using kernel::Batch;

Result<Batch> SelectAll(const TrainerParts& parts, const std::string& sql) {
  return SelectRows(parts.engine, parts.principal, {"<monitor>", sql}, {}, std::nullopt);
}

// One version of a table, with the T of its rows.
struct TableVersion {
  int64_t version = 0;
  Micros first = 0, last = 0;
  int64_t model_version = 0;
};

// Versions that hold rows, oldest first. A version whose files are gone is passed over: what was
// watched of it stands in monitoring's tables already.
Result<std::vector<TableVersion>> VersionsOf(const TrainerParts& parts, const std::string& table,
                                             const std::string& time, bool scores) {
  std::vector<TableVersion> versions;
  MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(table));
  MP_ASSIGN_OR_RETURN(bool exists, parts.catalog.TableExists(name));
  if (!exists) return versions;
  MP_ASSIGN_OR_RETURN(auto delta, parts.catalog.OpenTable(name));
  MP_ASSIGN_OR_RETURN(auto history, delta.History(-1));
  std::ranges::reverse(history);
  for (const auto& entry : history) {
    const std::string sql = fmt::format(
        "SELECT min({0}) AS first, max({0}) AS last, {1} AS model_version FROM {2} VERSION AS OF "
        "{3}",
        QuoteName(time), scores ? "max(model_version)" : "0::BIGINT", name.ToString(),
        entry.version);
    auto found = SelectAll(parts, sql);
    if (!found && found.error().kind() == ErrorKind::kNotFound) continue;
    if (!found) return std::unexpected<Error>(found.error());
    if (found->rows != 1 || found->columns[0].IsNull(0)) continue;
    versions.push_back({entry.version, found->columns[0].int64s()[0], found->columns[1].int64s()[0],
                        found->columns[2].IsNull(0) ? 0 : found->columns[2].int64s()[0]});
  }
  return versions;
}

// A scoring: the score table's version and the features' for the same rows.
struct Scoring {
  TableVersion scores;
  int64_t features_version = 0;
};

Result<std::vector<Scoring>> ScoringsOf(const TrainerParts& parts, const ModelDefinition& model) {
  MP_ASSIGN_OR_RETURN(auto scores,
                      VersionsOf(parts, model.score.table, model.label.time, /*scores=*/true));
  MP_ASSIGN_OR_RETURN(auto features, VersionsOf(parts, FeatureTableOf(model.score.table),
                                                model.label.time, /*scores=*/false));
  std::vector<Scoring> scorings;
  for (const auto& score : scores) {
    // Scored again for the very same T: the later scoring stands.
    std::erase_if(scorings, [&](const Scoring& other) {
      return other.scores.first == score.first && other.scores.last == score.last;
    });
    for (auto it = features.rbegin(); it != features.rend(); ++it) {
      if (it->first != score.first || it->last != score.last) continue;
      scorings.push_back({score, it->version});
      break;
    }
  }
  return scorings;
}

std::string NameList(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + QuoteName(name);
  return list;
}

// Rows of some versions of a table within a period; of rows there twice the last.
std::string UnionOf(const std::string& table, const std::vector<int64_t>& versions,
                    const ModelDefinition& model, const Period& period, bool overlapping) {
  const std::string time = QuoteName(model.label.time);
  std::string sql;
  for (int64_t version : versions) {
    if (!sql.empty()) sql += " UNION ALL BY NAME ";
    sql += fmt::format(
        "SELECT *, {0}::BIGINT AS millpond_version FROM {1} VERSION AS OF {0} WHERE {2} >= {3} AND "
        "{2} < {4}",
        version, table, time, TimestampText(period.begin), TimestampText(period.end));
  }
  if (!overlapping) return sql;
  return fmt::format(
      "SELECT * FROM ({}) QUALIFY row_number() OVER (PARTITION BY {}, {} ORDER BY millpond_version "
      "DESC) = 1",
      sql, NameList(model.label.entity), time);
}

// Rows of a model whose labels bring their own
// T are there only once their labels are known; a list of whom to score is whole at once.
Result<bool> WaitsForLabels(const ModelDefinition& model, const MonitorDefinition& monitor) {
  if (monitor.replay_sql) return false;
  MP_ASSIGN_OR_RETURN(bool per_moment, HasAsOf(model.label.sql));
  return !per_moment;
}

Result<std::vector<MonitoredRows>> BatchRows(const TrainerParts& parts,
                                             const ModelDefinition& model,
                                             const MonitorDefinition& monitor, Micros now) {
  MP_ASSIGN_OR_RETURN(auto scorings, ScoringsOf(parts, model));
  std::map<Micros, std::vector<Scoring>> by_period;
  for (const auto& scoring : scorings) {
    Period period = PeriodOf(monitor.period, scoring.scores.first);
    for (; period.begin <= scoring.scores.last; period = PeriodOf(monitor.period, period.end)) {
      by_period[period.begin].push_back(scoring);
    }
  }
  if (monitor.replay_from) {
    Period period = PeriodOf(monitor.period, *monitor.replay_from);
    if (period.begin < *monitor.replay_from) period = PeriodOf(monitor.period, period.end);
    MP_ASSIGN_OR_RETURN(bool waits, WaitsForLabels(model, monitor));
    const auto is_there = [&] {
      return waits ? period.end + model.label.horizon <= now : period.begin <= now;
    };
    for (; is_there(); period = PeriodOf(monitor.period, period.end)) {
      by_period.try_emplace(period.begin);
    }
  }
  std::vector<MonitoredRows> found;
  for (const auto& [begin, inside] : by_period) {
    MonitoredRows rows{.population = std::string(kBatchPopulation),
                       .period = PeriodOf(monitor.period, begin)};
    if (inside.empty()) {
      rows.replayed = true;
      rows.features_sql = rows.scores_sql = fmt::format("SELECT * FROM {}", kReplayedRelation);
      rows.inputs = {{"replayed", true}};
      found.push_back(std::move(rows));
      continue;
    }
    std::vector<int64_t> scores, features;
    bool overlapping = false;
    Micros last = std::numeric_limits<Micros>::min();
    rows.model_version = inside.back().scores.model_version;
    for (const auto& scoring : inside) {
      // Another version's rows may lack columns, and they are not what this one answers for.
      if (scoring.scores.model_version != rows.model_version) continue;
      scores.push_back(scoring.scores.version);
      features.push_back(scoring.features_version);
      overlapping = overlapping || scoring.scores.first <= last;
      last = std::max(last, scoring.scores.last);
    }
    rows.scores_sql = UnionOf(model.score.table, scores, model, rows.period, overlapping);
    rows.features_sql =
        UnionOf(FeatureTableOf(model.score.table), features, model, rows.period, overlapping);
    rows.inputs = {{"scores", scores}, {"features", features}};
    found.push_back(std::move(rows));
  }
  return found;
}

Result<std::vector<MonitoredRows>> EndpointRows(const TrainerParts& parts,
                                                const ModelDefinition& model,
                                                const MonitorDefinition& monitor) {
  std::vector<MonitoredRows> found;
  if (model.serve.table.empty()) return found;
  MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(model.serve.table));
  MP_ASSIGN_OR_RETURN(bool exists, parts.catalog.TableExists(name));
  if (!exists) return found;
  // Answers without the model's own features say nothing about either.
  const std::string own = fmt::format("model = '{}' AND feature_age_us IS NOT NULL", model.name);
  MP_ASSIGN_OR_RETURN(
      auto days, SelectAll(parts, fmt::format("SELECT date_trunc('day', as_of)::TIMESTAMPTZ AS day,"
                                              " count(*) AS rows, model_version AS version "
                                              "FROM {} WHERE {} GROUP BY 1, 3 ORDER BY 1, 3",
                                              name.ToString(), own)));
  std::map<Micros, std::map<int64_t, int64_t>> by_period;  // rows by model version
  for (int64_t row = 0; row < days.rows; ++row) {
    by_period[PeriodOf(monitor.period, days.columns[0].int64s()[row]).begin]
             [days.columns[2].int64s()[row]] += days.columns[1].int64s()[row];
  }
  for (const auto& [begin, versions] : by_period) {
    // The version that answered most; of equals the later.
    const auto [version, count] =
        *std::ranges::max_element(versions, [](const auto& a, const auto& b) {
          return a.second < b.second || (a.second == b.second && a.first < b.first);
        });
    MonitoredRows rows{.population = std::string(kEndpointPopulation),
                       .period = PeriodOf(monitor.period, begin),
                       .model_version = version};
    const std::string time =
        model.label.time == "as_of" ? "*" : "*, as_of AS " + QuoteName(model.label.time);
    rows.features_sql = fmt::format(
        "SELECT {} FROM {} WHERE {} AND model_version = {} AND as_of >= {} AND as_of < {}", time,
        name.ToString(), own, version, TimestampText(rows.period.begin),
        TimestampText(rows.period.end));
    rows.scores_sql = rows.features_sql;
    rows.inputs = {{"rows", count}, {"version", version}};
    found.push_back(std::move(rows));
  }
  return found;
}

std::string WithCohort(const ModelDefinition& model, const MonitorDefinition& monitor,
                       const std::string& sql) {
  if (monitor.cohort.by.empty()) return sql;
  std::string joined;
  if (monitor.cohort.sql) {
    std::string attributes = monitor.cohort.sql->text;
    attributes.erase(attributes.find_last_not_of(" \t\r\n;") + 1);
    joined = fmt::format(" LEFT JOIN ({}) millpond_attributes USING ({})", attributes,
                         NameList(model.label.entity));
  }
  return fmt::format(
      "SELECT millpond_rows.*, coalesce(CAST(({}) AS VARCHAR), 'NULL') AS {} FROM ({}) "
      "millpond_rows{}",
      monitor.cohort.by, kCohortColumn, sql, joined);
}

}  // namespace

std::string QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string TimestampText(Micros at) {
  std::string text = FormatTimestamp(at);
  text[10] = ' ';
  text.pop_back();
  return "TIMESTAMP '" + text + "'";
}

Result<std::vector<MonitoredRows>> FindMonitoredRows(const TrainerParts& parts,
                                                     const ModelDefinition& model,
                                                     const MonitorDefinition& monitor, Micros now) {
  MP_ASSIGN_OR_RETURN(auto rows, BatchRows(parts, model, monitor, now));
  MP_ASSIGN_OR_RETURN(auto endpoint, EndpointRows(parts, model, monitor));
  std::ranges::move(endpoint, std::back_inserter(rows));
  return rows;
}

Status ReadMonitoredRows(const TrainerParts& parts, const ModelDefinition& model,
                         const MonitorDefinition& monitor, const std::string& sql,
                         const std::shared_ptr<arrow::Table>& replayed,
                         const std::function<Status(const kernel::Batch&)>& take) {
  MP_ASSIGN_OR_RETURN(auto session, parts.engine.Connect(parts.principal));
  if (replayed) {
    MP_RETURN_IF_ERROR(session->RegisterReader(
        std::string(kReplayedRelation), std::make_shared<arrow::TableBatchReader>(replayed)));
  }
  MP_ASSIGN_OR_RETURN_CONTEXT(auto reader,
                              session->Select(WithCohort(model, monitor, sql), "<monitor>"),
                              "while reading the rows that monitor {} watches{}", monitor.name,
                              monitor.cohort.by.empty() ? "" : " (cohort of " + monitor.file + ")");
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
    if (batch == nullptr) return OkStatus();
    MP_ASSIGN_OR_RETURN(auto rows, platform::ToKernel(*batch));
    MP_RETURN_IF_ERROR(take(rows));
  }
}

}  // namespace millpond::model
