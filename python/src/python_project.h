// A project as Python holds it. Calls block without the interpreter's lock; streams they give keep
// the project open until they are read or dropped.
#pragma once

#include <arrow/c/abi.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace millpond::app {
class Project;
}

namespace millpond::python {

struct TrainingArguments {
  std::vector<std::string> views;
  std::string time_column;                            // "": the view's
  std::map<std::string, std::string> entity_columns;  // view's name → labels' name
  int threads = 0;
};

class PythonProject {
 public:
  static Result<PythonProject> Open(const std::string& dir, const std::string& state_dir,
                                    const std::string& clock_at);

  std::string name() const;
  std::string directory() const;

  // The rows of the last statement; its message as a row where it has none.
  Status Sql(const std::string& text, ArrowArrayStream* out);
  // Takes the stream over, also if it fails.
  Status TrainingSet(ArrowArrayStream* labels, const TrainingArguments& arguments,
                     ArrowArrayStream* out);
  // `labels`: a .csv or .parquet file, or a table.
  Status TrainingSetFrom(const std::string& labels, const TrainingArguments& arguments,
                         ArrowArrayStream* out);

 private:
  Status LoadViews(const std::vector<std::string>& views);
  explicit PythonProject(std::shared_ptr<app::Project> project) : project_(std::move(project)) {}

  std::shared_ptr<app::Project> project_;
};

}  // namespace millpond::python
