#include "python_project.h"

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/util/key_value_metadata.h>

#include "app/project.h"
#include "base/json.h"
#include "data/arrow/status.h"
#include "data/sql/session.h"
#include "platform/features/feature_store.h"

namespace millpond::python {
namespace {

// A stream that holds what it reads from: Python may keep it longer than the project's handle.
class HoldingReader : public arrow::RecordBatchReader {
 public:
  HoldingReader(std::shared_ptr<app::Project> project,
                std::shared_ptr<arrow::RecordBatchReader> rows)
      : project_(std::move(project)), rows_(std::move(rows)) {}
  ~HoldingReader() override { rows_.reset(); }

  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    return rows_->ReadNext(batch);
  }

 private:
  std::shared_ptr<app::Project> project_;
  std::shared_ptr<arrow::RecordBatchReader> rows_;
};

Result<std::shared_ptr<arrow::RecordBatchReader>> MessageRows(const std::string& message) {
  arrow::StringBuilder builder;
  MP_ARROW_RETURN_IF_ERROR(builder.Append(message));
  MP_ARROW_ASSIGN_OR_RETURN(std::shared_ptr<arrow::Array> column, builder.Finish());
  auto schema = arrow::schema({arrow::field("message", arrow::utf8())});
  MP_ARROW_ASSIGN_OR_RETURN(
      auto reader,
      arrow::RecordBatchReader::Make({arrow::RecordBatch::Make(schema, 1, {column})}, schema));
  return reader;
}

Status Export(std::shared_ptr<app::Project> project, std::shared_ptr<arrow::RecordBatchReader> rows,
              ArrowArrayStream* out) {
  auto held = std::make_shared<HoldingReader>(std::move(project), std::move(rows));
  MP_ARROW_RETURN_IF_ERROR(arrow::ExportRecordBatchReader(std::move(held), out));
  return OkStatus();
}

platform::TrainingOptions OptionsOf(const TrainingArguments& arguments) {
  platform::TrainingOptions options;
  options.threads = arguments.threads;
  if (!arguments.time_column.empty()) options.time_column = arguments.time_column;
  options.entity_columns = arguments.entity_columns;
  return options;
}

Status ExportTrainingSet(std::shared_ptr<app::Project> project, arrow::RecordBatchReader& labels,
                         const TrainingArguments& arguments, ArrowArrayStream* out) {
  MP_ASSIGN_OR_RETURN(
      platform::TrainingSet set,
      project->features().TrainingSetFor(labels, arguments.views, OptionsOf(arguments)));
  auto metadata = arrow::key_value_metadata({{"millpond", DumpJson(set.record.ToJson())}});
  auto rows = std::make_shared<arrow::TableBatchReader>(set.rows->ReplaceSchemaMetadata(metadata));
  return Export(std::move(project), std::move(rows), out);
}

}  // namespace

Result<PythonProject> PythonProject::Open(const std::string& dir, const std::string& state_dir,
                                          const std::string& clock_at) {
  app::ProjectOverrides overrides;
  overrides.state_dir = state_dir;
  if (!clock_at.empty()) overrides.clock_at = clock_at;
  MP_ASSIGN_OR_RETURN(auto project, app::Project::Open(dir, overrides, CancellationToken()));
  return PythonProject(std::shared_ptr<app::Project>(std::move(project)));
}

std::string PythonProject::name() const {
  return project_->config().name;
}
std::string PythonProject::directory() const {
  return project_->config().project_dir;
}

Status PythonProject::Sql(const std::string& text, ArrowArrayStream* out) {
  MP_ASSIGN_OR_RETURN(auto session, project_->sql().Connect({"local"}));
  MP_ASSIGN_OR_RETURN(data::QueryResult result, session->Execute(text, "<sql>"));
  if (!result.rows) {
    MP_ASSIGN_OR_RETURN(result.rows, MessageRows(result.message));
  }
  return Export(project_, std::move(result.rows), out);
}

Status PythonProject::TrainingSet(ArrowArrayStream* labels, const TrainingArguments& arguments,
                                  ArrowArrayStream* out) {
  MP_ARROW_ASSIGN_OR_RETURN(auto reader, arrow::ImportRecordBatchReader(labels));
  MP_RETURN_IF_ERROR(LoadViews(arguments.views));
  return ExportTrainingSet(project_, *reader, arguments, out);
}

Status PythonProject::TrainingSetFrom(const std::string& labels, const TrainingArguments& arguments,
                                      ArrowArrayStream* out) {
  MP_RETURN_IF_ERROR(LoadViews(arguments.views));
  MP_ASSIGN_OR_RETURN(
      auto reader, project_->features().OpenLabels(labels, arguments.views, OptionsOf(arguments)));
  return ExportTrainingSet(project_, *reader, arguments, out);
}

// A file just written can be used at once.
Status PythonProject::LoadViews(const std::vector<std::string>& views) {
  MP_RETURN_IF_ERROR(project_->features().Load(project_->PathOf("features"), views));
  return OkStatus();
}

}  // namespace millpond::python
