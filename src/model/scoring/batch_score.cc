#include "model/scoring/batch_score.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <algorithm>
#include <chrono>

#include "base/json.h"
#include "base/sha256.h"
#include "data/arrow/status.h"
#include "data/delta/commit/write.h"
#include "model/scoring/model_sql.h"
#include "model/scoring/score_operator.h"
#include "model/scoring/scored_table_internal.h"
#include "model/scoring/tagged_table_internal.h"
#include "pipeline/flows/batch_flow.h"
#include "platform/features/feature_store.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {
namespace {

using kernel::Batch;
using kernel::Column;

// What is fixed before anything is read.
struct Inputs {
  std::shared_ptr<const ScoringModel> model;
  TableVersions candidates;  // versions of the tables that the SELECT reads
  TableVersions sources;     // … that the views read
  std::string fingerprint;   // of the rows to score
};

ModelSql CandidatesSql(const ScoreRequest& request) {
  return {request.candidates_file, request.candidates_sql};
}

Result<TableVersions> SourceVersions(const ScoreParts& parts, const ScoringModel& model) {
  TableVersions versions;
  for (const auto& trained : model.features().views) {
    MP_ASSIGN_OR_RETURN(auto view, parts.features.Find(trained.name));
    MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(view.source));
    MP_ASSIGN_OR_RETURN(auto table, parts.catalog.OpenTable(name));
    MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
    versions[view.source] = snapshot->version();
  }
  return versions;
}

Result<std::string> Fingerprint(const ScoreParts& parts, const ScoreRequest& request,
                                const Inputs& inputs) {
  const std::string& sql = request.candidates_sql;
  Json json = {{"sql", sql.substr(std::min(sql.find_first_not_of('\n'), sql.size()))},
               {"as_of", request.as_of},
               {"candidates", inputs.candidates},
               {"sources", inputs.sources},
               {"views", Json::array()}};
  for (const auto& view : inputs.model->features().views) {
    MP_ASSIGN_OR_RETURN(auto live, parts.features.Live(view.name));
    Json entry = {{"name", view.name}, {"columns", view.columns}};
    if (live) entry["live"] = {{"table", live->table_id}, {"version", live->version}};
    json["views"].push_back(std::move(entry));
  }
  return Sha256::Hex(DumpJson(json));
}

Result<Inputs> Prepare(const ScoreParts& parts, const ScoreRequest& request) {
  Inputs inputs;
  FileSystem& fs = parts.catalog.workspace().env.fs;
  MP_ASSIGN_OR_RETURN(inputs.model, ScoringModel::Open(fs, request.model_path));
  MP_RETURN_IF_ERROR(inputs.model->CheckViews(parts.features));
  MP_ASSIGN_OR_RETURN(inputs.candidates, ResolveTables(parts.catalog, CandidatesSql(request)));
  MP_ASSIGN_OR_RETURN(inputs.sources, SourceVersions(parts, *inputs.model));
  MP_ASSIGN_OR_RETURN(inputs.fingerprint, Fingerprint(parts, request, inputs));
  return inputs;
}

// The candidates with T beside them.
Result<Batch> Candidates(const ScoreParts& parts, const ScoreRequest& request,
                         const Inputs& inputs) {
  MP_ASSIGN_OR_RETURN(Batch rows, SelectRows(parts.engine, parts.principal, CandidatesSql(request),
                                             inputs.candidates, request.as_of));
  const ModelFeatures& features = inputs.model->features();
  std::vector<std::string> needed = features.entity;
  needed.insert(needed.end(), features.request.begin(), features.request.end());
  for (const std::string& name : needed) {
    if (rows.Find(name) >= 0) continue;
    return Fail(
        ErrorKind::kInvalidArgument,
        "{}: the candidates' SELECT gives no column '{}', which the model needs; it gives {}",
        request.candidates_file, name, fmt::join(rows.names, ", "));
  }
  int time = rows.Find(features.time);
  if (time < 0) {
    rows.names.push_back(features.time);
    rows.columns.push_back(Column::Repeat(kernel::Value::Timestamp(request.as_of), rows.rows));
  } else if (rows.columns[static_cast<size_t>(time)].type().id != kernel::TypeId::kTimestamp) {
    return Fail(ErrorKind::kInvalidArgument,
                "{}: column '{}' of the candidates' SELECT is {}; T must be a TIMESTAMP",
                request.candidates_file, features.time,
                kernel::ToString(rows.columns[static_cast<size_t>(time)].type()));
  }
  return rows;
}

// Candidates, T and features at T.
Result<std::shared_ptr<arrow::Table>> RowsToScore(const ScoreParts& parts,
                                                  const ScoreRequest& request,
                                                  const Inputs& inputs) {
  MP_ASSIGN_OR_RETURN(Batch candidates, Candidates(parts, request, inputs));
  MP_ASSIGN_OR_RETURN(auto batch, platform::ToArrowBatch(std::move(candidates)));
  MP_ARROW_ASSIGN_OR_RETURN(auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
  std::vector<std::string> views;
  for (const auto& view : inputs.model->features().views) views.push_back(view.name);
  platform::TrainingOptions options;
  options.versions = inputs.sources;
  options.time_column = inputs.model->features().time;
  MP_ASSIGN_OR_RETURN_CONTEXT(auto set, parts.features.TrainingSetFor(*reader, views, options),
                              "while computing the features of {}'s candidates", request.model);
  return set.rows;
}

// All columns of the rows to score that are no output of a view.
Result<std::vector<std::string>> KeptColumns(const ScoreParts& parts, const Inputs& inputs,
                                             const arrow::Schema& rows) {
  std::vector<std::string> features;
  for (const auto& trained : inputs.model->features().views) {
    MP_ASSIGN_OR_RETURN(auto view, parts.features.Find(trained.name));
    for (const auto& column : view.columns) features.push_back(column.name);
  }
  std::vector<std::string> kept;
  for (const auto& field : rows.fields()) {
    if (std::ranges::find(features, field->name()) == features.end()) kept.push_back(field->name());
  }
  return kept;
}

Result<pipeline::FlowReport> ScoreRows(const ScoreParts& parts, const ScoreRequest& request,
                                       const Inputs& inputs, const data::TableName& rows_to_score,
                                       const data::TableName& target) {
  MP_ASSIGN_OR_RETURN(auto table, parts.catalog.OpenTable(rows_to_score));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  auto schema = snapshot->arrow_schema();
  ScoreOperator::Options options{request.model, request.model_version, {}, request.reasons};
  MP_ASSIGN_OR_RETURN(options.keep, KeptColumns(parts, inputs, *schema));
  MP_ASSIGN_OR_RETURN(auto scoring, ScoreOperator::Make(inputs.model, schema, std::move(options)));
  pipeline::BatchFlow flow{
      .name = ScoreFlowOf(request.model),
      .select = data::SourceText("<score>", "SELECT * FROM " + rows_to_score.ToString()),
      .target = target,
      .mode = data::WriteMode::kOverwrite,
      .parameters = request.run_id};
  return pipeline::RunBatchFlow(parts.catalog, parts.engine, flow, *scoring);
}

}  // namespace

std::string ScoreFlowOf(const std::string& model) {
  return "score_" + model;
}

std::string FeatureTableOf(const std::string& table) {
  return table + "_features";
}

Result<ScoreReport> ScoreBatch(const ScoreParts& parts, const ScoreRequest& request) {
  auto begin = std::chrono::steady_clock::now();
  MP_ASSIGN_OR_RETURN(auto target, data::ParseTableName(request.table));
  MP_ASSIGN_OR_RETURN(auto rows_table, data::ParseTableName(FeatureTableOf(request.table)));
  MP_ASSIGN_OR_RETURN(Inputs inputs, Prepare(parts, request));
  MP_ASSIGN_OR_RETURN(
      auto rows,
      WriteUnlessTagged(parts.catalog, ScoredFeaturesTable(request.model, rows_table), "FEATURES",
                        inputs.fingerprint, [&] { return RowsToScore(parts, request, inputs); }));
  MP_ASSIGN_OR_RETURN_CONTEXT(auto flow, ScoreRows(parts, request, inputs, rows_table, target),
                              "while scoring with {} v{}", request.model, request.model_version);
  ScoreReport report;
  report.table = target.ToString();
  MP_ASSIGN_OR_RETURN(auto scored, ScoredTable::Open(parts.catalog, target));
  report.version = scored.version();
  report.rows = scored.rows();
  report.unchanged = !rows.written && !flow.changed;
  if (!request.work_list.empty()) {
    MP_ASSIGN_OR_RETURN(auto list_name, data::ParseTableName(request.work_list));
    MP_ASSIGN_OR_RETURN(auto list,
                        scored.WriteWorkList(parts.catalog, WorkListTable(request.model, list_name),
                                             inputs.model->features().entity, request.action));
    report.work_list = list_name.ToString();
    report.work_list_version = list.version;
    report.work_list_rows = list.rows;
    report.holdout_rows = list.holdout_rows;
    report.unchanged = report.unchanged && !list.written;
  }
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

}  // namespace millpond::model
