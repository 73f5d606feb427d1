// Scores a project's candidates with one model version and writes the answer to Delta: who, with
// what margin and probability and why, and the work list of the campaign.
//
//   candidates (SQL at T)  →  features at T (FeatureStore)  →  <table>_features
//   <table>_features  →  ScoreOperator (score_operator.h) as a batch flow  →  <table>
//   <table>  →  MakeWorkList (work_list.h)  →  <work_list>
//
// Promises. The model meets only the features it was trained on: views whose column hashes differ
// from those in the model folder are refused by name. Each table is one commit that names in its
// tags what it was made from; a run over the same inputs (candidates' and sources' table versions,
// definitions, model bytes, T, policy) changes nothing and says so, and a run that was killed is
// finished by the next one. A table holds the last scoring; earlier ones are its earlier versions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "data/sql/access.h"
#include "model/scoring/work_list.h"

namespace millpond::data {
class Catalog;
class SqlEngine;
}  // namespace millpond::data

namespace millpond::platform {
class FeatureStore;
}  // namespace millpond::platform

namespace millpond::model {

struct ScoreParts {
  data::Catalog& catalog;
  data::SqlEngine& engine;
  platform::FeatureStore& features;
  data::Principal principal;
};

struct ScoreRequest {
  std::string model;
  int64_t model_version = 0;
  std::string run_id;
  std::string model_path;  // the model folder (platform/tracking/model_folder.h)

  // One SELECT: entity columns, request features, anything else that should stand beside the score.
  // `:as_of` becomes as_of. A model of events gives T itself, in a column of the name that the
  // model's labels had; else every row has T = as_of. Which views, entities and request features
  // are needed the model folder says. The text is preceded by as many line ends as stand before it
  // in the file.
  std::string candidates_file;  // for errors
  std::string candidates_sql;
  Micros as_of = 0;

  WorkListPolicy action;
  int reasons = 3;  // largest contributions that are kept for each row

  std::string table;
  std::string work_list;  // "": none
};

// The flow that writes a model's scores: what their table says of its maker (millpond.flow).
std::string ScoreFlowOf(const std::string& model);
// "main.churn.churn_scores" → "main.churn.churn_scores_features".
std::string FeatureTableOf(const std::string& table);

struct ScoreReport {
  bool unchanged = false;  // nothing was written
  int64_t rows = 0;
  std::string table;
  int64_t version = 0;
  std::string work_list;
  int64_t work_list_version = 0;
  int64_t work_list_rows = 0;  // contacted and held out
  int64_t holdout_rows = 0;
  double seconds = 0;
};

Result<ScoreReport> ScoreBatch(const ScoreParts& parts, const ScoreRequest& request);

}  // namespace millpond::model
