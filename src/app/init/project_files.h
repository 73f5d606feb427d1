// The texts of a project made from one CSV file: the pipeline, a feature view, a model, a request,
// a page for people. Pure: from what was guessed to texts that explain themselves.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/init/csv_head.h"
#include "app/init/guess.h"
#include "app/init/time_plan.h"

namespace millpond::app {

struct ProjectSketch {
  std::string name = {};       // as the user wrote it
  std::string schema = {};     // of its tables
  std::string file_name = {};  // below data/
  CsvHead head;
  std::string missing_word = {};  // nullstr of read_files; "": none
  std::vector<FileColumn> columns = {};
  Choice time, entity;
  LabelChoice label;
  bool with_model = false;  // false: the data are too small or too short for one
  std::string no_model_because = {};
  TimePlan plan;
  TimeFacts facts;
  int64_t train_rows = 0, train_positives = 0, test_rows = 0, test_positives = 0;
  std::vector<std::string> entities = {};  // JSON texts of some, for request.json
  bool capped = false;                     // the horizon is the longest that the data allow

  const FileColumn& time_column() const { return columns[time.column]; }
  const FileColumn& entity_column() const { return columns[entity.column]; }
  bool label_in_rows() const { return label.choice.column >= 0; }
  // Of the silver table: "label", or another name where the file has a column of that one.
  std::string label_name() const;
  std::string events_table() const { return "main." + schema + ".events"; }
};

// One column of the feature view.
struct FeatureText {
  std::string sql = {};
  std::string name = {};
};
struct FeatureColumns {
  std::vector<FeatureText> features = {};
  std::vector<std::string> left_out = {};  // "weekday (always the same)"
};
FeatureColumns FeaturesOf(const ProjectSketch& sketch);

std::string PipelineText(const ProjectSketch& sketch);
std::string FeatureViewText(const ProjectSketch& sketch);
std::string ModelText(const ProjectSketch& sketch);
std::string ConfigText(const ProjectSketch& sketch);
std::string RequestText(const ProjectSketch& sketch);
std::string ReadmeText(const ProjectSketch& sketch);

// All of them with their paths in the project; what a project without a model has no use for is
// left out.
std::vector<std::pair<std::string, std::string>> ProjectFiles(const ProjectSketch& sketch);

}  // namespace millpond::app
