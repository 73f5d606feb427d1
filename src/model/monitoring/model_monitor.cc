#include "model/monitoring/model_monitor_internal.h"

#include <arrow/table.h>

#include <algorithm>
#include <set>

#include "base/sha256.h"
#include "model/monitoring/monitoring_tables.h"
#include "model/monitoring/quality.h"
#include "model/monitoring/replay.h"

namespace millpond::model {
namespace {

using kernel::Batch;

constexpr int64_t kJudgedRowBytes = 200;  // with its texts

// A period's `inputs`: of its rows; once it is judged, followed by the labels'.
constexpr char kWithLabels = '+';

std::string_view RowsPart(std::string_view inputs) {
  return inputs.substr(0, inputs.find(kWithLabels));
}

// What of the definition decides a period's numbers (thresholds and webhooks do not).
std::string DefinitionDigest(const ModelDefinition& model, const MonitorDefinition& monitor) {
  const Json json = {
      {"period", ToString(monitor.period)},
      {"features", monitor.features},
      {"cohort", monitor.cohort.by},
      {"cohort_sql", monitor.cohort.sql ? monitor.cohort.sql->text : ""},
      {"reference", monitor.reference ? ToString(*monitor.reference) : "all"},
      {"replay_sql", monitor.replay_sql ? monitor.replay_sql->text : ""},
      {"bootstrap", monitor.bootstrap},
      {"label", model.label.sql.text.substr(std::min(model.label.sql.text.find_first_not_of('\n'),
                                                     model.label.sql.text.size()))}};
  return Sha256::Hex(DumpJson(json));
}

std::string BinsText(const WatchedColumn& column, const CohortCounts& counts,
                     const CohortCounts& reference) {
  const auto now = counts.Total(), then = reference.Total();
  const double n = std::max<double>(1, static_cast<double>(counts.rows()));
  const double r = std::max<double>(1, static_cast<double>(reference.rows()));
  Json bins = Json::array();
  for (size_t bin = 0; bin < column.bins.size(); ++bin) {
    bins.push_back({{"bin", column.bins.NameOf(bin)},
                    {"share", std::round(now[bin] / n * 1e6) / 1e6},
                    {"reference", std::round(then[bin] / r * 1e6) / 1e6}});
  }
  return DumpJson(bins);
}

double NullShare(const WatchedColumn& column, const CohortCounts& counts) {
  const auto rows = static_cast<double>(counts.rows());
  return rows == 0 ? 0 : counts.Total()[column.bins.null_bin()] / rows;
}

}  // namespace

ModelMonitor::ModelMonitor(const TrainerParts& parts, const ModelDefinition& model,
                           const MonitorDefinition& monitor, const MonitorOptions& options)
    : parts_(parts),
      model_(model),
      monitor_(monitor),
      options_(options),
      now_(parts.catalog.workspace().env.clock.Now()) {}

std::map<std::string, std::string> ModelMonitor::SourcesOf(const TrainerParts& parts,
                                                           const ModelDefinition& model) {
  std::map<std::string, std::string> sources;
  for (const auto& used : model.views) {
    auto view = parts.features.Find(used.view);
    if (!view) continue;  // gone: the alert's command looks at the drift instead
    for (const auto& column : view->columns) sources[column.name] = view->source;
  }
  return sources;
}

Result<std::string> ModelMonitor::InputsOf(const MonitoredRows& rows) const {
  return Sha256::Hex(DefinitionDigest(model_, monitor_) + DumpJson(rows.inputs));
}

bool ModelMonitor::IsDue(const MonitoredRows& rows, const std::string& inputs,
                         const QualityRow* there) const {
  if (!there) return true;
  if (options_.from && rows.period.begin >= *options_.from &&
      (!options_.to || rows.period.begin < *options_.to)) {
    return true;
  }
  if (RowsPart(there->inputs) != inputs) return true;
  if (there->status == "label pending") return there->label_known_at.at <= now_;
  // Labels can come late (the last day's events after midnight), but not for ever.
  const Micros late = model_.label.horizon + rows.period.end - rows.period.begin;
  const bool open = there->status == "no labels" || there->label_known_at.at > now_ - late;
  return open && !label_inputs_.empty() && there->inputs != inputs + kWithLabels + label_inputs_;
}

Result<const MonitoredModel*> ModelMonitor::ModelOf(const MonitoredRows& rows,
                                                    const QualityRow* there) {
  int64_t number = rows.model_version;
  // A replayed period stays with the version that replayed it, unless it is asked for again.
  if (rows.replayed && there && there->replayed && !options_.from) number = there->model_version;
  auto version = number > 0 ? parts_.registry.GetVersion(model_.name, number)
                            : parts_.registry.GetByAlias(model_.name, std::string(kChampion));
  if (!version) return std::unexpected<Error>(std::move(version).error());
  auto known = models_.find(version->version);
  if (known == models_.end()) {
    auto loaded = MonitoredModel::Load(parts_, model_, monitor_, *version);
    known = models_.emplace(version->version, std::move(loaded)).first;
  }
  if (!known->second) return std::unexpected<Error>(known->second.error());
  return known->second->get();
}

Result<std::shared_ptr<arrow::Table>> ModelMonitor::Replayed(const MonitoredRows& rows,
                                                             const MonitoredModel& model) {
  if (!rows.replayed) return nullptr;
  if (last_ && last_->population == rows.population && last_->period == rows.period &&
      last_->version == model.version() && last_->replayed) {
    return last_->replayed;
  }
  return ReplayPeriod(parts_, model_, monitor_, model.scoring(), rows.period, *labels_);
}

Result<std::shared_ptr<const DriftCounts>> ModelMonitor::Count(const MonitoredRows& rows,
                                                               const MonitoredModel& model) {
  if (last_ && last_->population == rows.population && last_->period == rows.period &&
      last_->version == model.version()) {
    return last_->counts;
  }
  auto counts = std::make_shared<DriftCounts>(model.columns());
  TaskPool& pool = parts_.catalog.workspace().env.pool;
  // Features of a scoring lie in a table without the answers: the version that scored them gives
  // the same bits again. Rows of another version may lack columns that this one needs: they are
  // counted as they are.
  const auto& needed = model.scoring().features().columns;
  const auto add = [&](const Batch& batch) -> Status {
    const bool whole =
        std::ranges::all_of(needed, [&](const auto& name) { return batch.Find(name) >= 0; });
    if (!whole || batch.Find(kPredictionColumn) >= 0) return counts->Add(batch, pool);
    MP_ASSIGN_OR_RETURN(auto scored, WithScores(model.scoring(), batch));
    return counts->Add(scored, pool);
  };
  MP_ASSIGN_OR_RETURN(auto replayed, Replayed(rows, model));
  MP_RETURN_IF_ERROR(ReadMonitoredRows(parts_, model_, monitor_, rows.features_sql, replayed, add));
  last_ = {rows.population, rows.period, model.version(), counts, replayed};
  return std::shared_ptr<const DriftCounts>(counts);
}

Status ModelMonitor::Drift(const MonitoredRows& rows, const MonitoredModel& model,
                           const MonitoredRows* before) {
  std::shared_ptr<const DriftCounts> earlier;
  if (before) {
    auto counted = Count(*before, model);
    // A cohort may be of a column that another version's rows do not have: then there is no step.
    const bool may_lack = before->model_version != rows.model_version;
    const auto kind = counted ? ErrorKind::kNotFound : counted.error().kind();
    if (!may_lack || (kind != ErrorKind::kNotFound && kind != ErrorKind::kInvalidArgument)) {
      MP_RETURN_IF_ERROR(counted);
    }
    if (counted) earlier = *counted;
  }
  MP_ASSIGN_OR_RETURN(auto counts, Count(rows, model));
  if (counts->rows(0) == 0) return OkStatus();
  const bool cohorts = !monitor_.cohort.by.empty();
  for (size_t i = 0; i < model.columns().size(); ++i) {
    const WatchedColumn& column = model.columns()[i];
    const CohortCounts &now = counts->of(i), &reference = model.reference().of(i);
    const DriftMeasure total = MeasureDrift(now, reference);
    DriftRow row;
    row.monitor = monitor_.name;
    row.model = model_.name;
    row.model_version = model.version();
    row.population = rows.population;
    row.period_start.at = rows.period.begin;
    row.period_end.at = rows.period.end;
    row.kind = column.name == kPredictionColumn ? "prediction" : "feature";
    row.name = column.name;
    row.rows = now.rows();
    row.reference_rows = reference.rows();
    row.psi = total.psi;
    if (cohorts) {
      row.psi_within = total.psi_within;
      row.matched_share = total.matched_share;
    }
    if (earlier && earlier->rows(i) >= std::max<int64_t>(1, monitor_.minimum_rows)) {
      const DriftMeasure step = MeasureDrift(now, earlier->of(i));
      const bool like_with_like = cohorts && step.matched_share >= kMatchedShare;
      row.psi_step = like_with_like ? step.psi_within : step.psi;
      if (cohorts) row.step_matched_share = step.matched_share;
    }
    row.null_share = NullShare(column, now);
    row.reference_null_share = NullShare(column, reference);
    row.bins = BinsText(column, now, reference);
    drift_.push_back(std::move(row));
  }
  return OkStatus();
}

Result<ModelMonitor::Scored> ModelMonitor::ReadScored(const MonitoredRows& rows,
                                                      const MonitoredModel& model) {
  Scored scored;
  const auto& cluster = model_.cluster.empty() ? model_.label.entity : model_.cluster;
  MP_ASSIGN_OR_RETURN(auto replayed, Replayed(rows, model));
  MP_ASSIGN_OR_RETURN(scored.memory, parts_.catalog.workspace().env.arbiter.Reserve(
                                         ResourceClass::kBatch, 0, "quality of " + model_.name));
  MonitorDefinition ungrouped = monitor_;  // cohorts may be of features, which scores lack
  ungrouped.cohort = {};
  MP_RETURN_IF_ERROR(ReadMonitoredRows(
      parts_, model_, ungrouped, rows.scores_sql, replayed, [&](const Batch& batch) -> Status {
        MP_ASSIGN_OR_RETURN(auto entity, ColumnsOf(batch, model_.label.entity));
        auto clusters = ColumnsOf(batch, cluster);
        if (!clusters) clusters = entity;
        MP_ASSIGN_OR_RETURN(auto needed,
                            ColumnsOf(batch, {model_.label.time, "margin", "probability"}));
        const auto rows_now = static_cast<int64_t>(scored.rows.size()) + batch.rows;
        MP_RETURN_IF_ERROR(scored.memory.Resize(rows_now * kJudgedRowBytes));
        for (int64_t i = 0; i < batch.rows; ++i) {
          const Micros t = labels_->JudgedAt(needed[0]->int64s()[i], rows.population);
          scored.moments.insert(t);
          scored.rows.push_back({RowKey(entity, i, t), RowKey(*clusters, i, 0),
                                 needed[1]->doubles()[i], needed[2]->doubles()[i], 0});
        }
        return OkStatus();
      }));
  // Sums must not depend on the order in which the engine gave its rows.
  std::ranges::sort(scored.rows, {}, [](const JudgedRow& one) {
    return std::tie(one.key, one.margin, one.probability);
  });
  return scored;
}

Status ModelMonitor::Judge(Scored scored, const MonitoredModel& model, QualityRow& row) {
  const std::vector<Micros> asked(scored.moments.begin(), scored.moments.end());
  MP_ASSIGN_OR_RETURN(auto known, labels_->Known(asked, now_));
  MP_RETURN_IF_ERROR(scored.memory.Resize(static_cast<int64_t>(scored.rows.size() + known.size()) *
                                          kJudgedRowBytes));
  std::vector<JudgedRow> judged;
  for (auto& one : scored.rows) {
    const auto label = known.find(one.key);
    if (label == known.end()) continue;
    one.label = label->second;
    judged.push_back(std::move(one));
  }
  row.labelled_rows = static_cast<int64_t>(judged.size());
  row.status = judged.empty() ? "no labels" : "known";
  if (judged.empty()) return OkStatus();
  TaskPool& pool = parts_.catalog.workspace().env.pool;
  return JudgeRows(std::move(judged), model.evaluation(), {monitor_.bootstrap, model_.seed, &pool},
                   row);
}

Status ModelMonitor::Quality(const MonitoredRows& rows, const MonitoredModel& model,
                             std::string inputs) {
  MP_ASSIGN_OR_RETURN(auto scored, ReadScored(rows, model));
  if (scored.rows.empty()) return OkStatus();  // nobody to judge: no period
  QualityRow row;
  row.monitor = monitor_.name;
  row.model = model_.name;
  row.model_version = model.version();
  row.population = rows.population;
  row.period_start.at = rows.period.begin;
  row.period_end.at = rows.period.end;
  row.replayed = rows.replayed;
  row.inputs = std::move(inputs);
  row.rows = static_cast<int64_t>(scored.rows.size());
  double probability = 0;
  for (const auto& one : scored.rows) probability += one.probability;
  row.mean_probability = probability / static_cast<double>(row.rows);
  row.label_known_at.at = *scored.moments.rbegin() + model_.label.horizon;
  if (row.label_known_at.at > now_) {
    row.status = "label pending";
  } else {
    if (!label_inputs_.empty()) row.inputs += kWithLabels + label_inputs_;
    MP_RETURN_IF_ERROR(Judge(std::move(scored), model, row));
  }
  quality_.push_back(std::move(row));
  return OkStatus();
}

Status ModelMonitor::ComputeOne(const std::vector<MonitoredRows>& found, size_t at,
                                const QualityRow* there, const std::string& inputs) {
  const MonitoredRows& rows = found[at];
  MP_ASSIGN_OR_RETURN(const MonitoredModel* model, ModelOf(rows, there));
  const bool only_labels = there && RowsPart(there->inputs) == inputs && !options_.from;
  if (!only_labels) {
    const bool has_before = at > 0 && found[at - 1].population == rows.population;
    MP_RETURN_IF_ERROR(Drift(rows, *model, has_before ? &found[at - 1] : nullptr));
  }
  return Quality(rows, *model, inputs);
}

Result<int> ModelMonitor::Run(bool& changed) {
  MP_ASSIGN_OR_RETURN(labels_, MonitoredLabels::Make(parts_, model_));
  label_inputs_ = labels_->Inputs();
  MP_ASSIGN_OR_RETURN(auto found, FindMonitoredRows(parts_, model_, monitor_, now_));
  MP_ASSIGN_OR_RETURN(auto there, ReadMonitoringRows<QualityRow>(parts_.catalog));
  std::map<std::pair<std::string, Micros>, const QualityRow*> by_period;
  for (const auto& row : there) {
    if (row.monitor == monitor_.name) by_period[{row.population, row.period_start.at}] = &row;
  }
  int computed = 0;
  Status failed = OkStatus();  // the first that did; the others are computed and kept
  for (size_t i = 0; i < found.size(); ++i) {
    MP_RETURN_IF_ERROR(parts_.catalog.workspace().env.cancellation.Check());
    const auto known = by_period.find({found[i].population, found[i].period.begin});
    const QualityRow* row = known == by_period.end() ? nullptr : known->second;
    MP_ASSIGN_OR_RETURN(auto inputs, InputsOf(found[i]));
    if (!IsDue(found[i], inputs, row)) continue;
    if (options_.progress) {
      options_.progress->Report({"monitor", monitor_.name, static_cast<int64_t>(i),
                                 static_cast<int64_t>(found.size()), "periods"});
    }
    const Status done = ComputeOne(found, i, row, inputs);
    if (done) {
      ++computed;
    } else if (done.error().kind() == ErrorKind::kCancelled) {
      return std::unexpected<Error>(done.error());
    } else if (failed) {
      failed = Fail(done.error().kind(), "period {} ({}): {}",
                    NameOf(monitor_.period, found[i].period.begin), found[i].population,
                    done.error().ToString());
    }
  }
  MP_ASSIGN_OR_RETURN(bool drift, UpsertMonitoringRows(parts_.catalog, std::move(drift_)));
  MP_ASSIGN_OR_RETURN(bool quality, UpsertMonitoringRows(parts_.catalog, std::move(quality_)));
  changed = changed || drift || quality;
  MP_RETURN_IF_ERROR(failed);
  return computed;
}

}  // namespace millpond::model
