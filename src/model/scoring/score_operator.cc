#include "model/scoring/score_operator.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "data/arrow/status.h"
#include "data/delta/metadata/schema.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {
namespace {

using kernel::Batch;
using kernel::Column;

constexpr std::string_view kAnswer[] = {"model", "model_version", "margin", "probability",
                                        "reasons"};

Column Doubles(const std::vector<double>& values) {
  Column column(kernel::kDouble, static_cast<int64_t>(values.size()));
  std::copy(values.begin(), values.end(), column.mutable_doubles().begin());
  std::fill(column.mutable_valid().begin(), column.mutable_valid().end(), uint8_t{1});
  return column;
}

Column Texts(std::vector<std::string> values) {
  Column column(kernel::kVarchar, static_cast<int64_t>(values.size()));
  for (size_t i = 0; i < values.size(); ++i) {
    column.SetText(static_cast<int64_t>(i), std::move(values[i]));
  }
  return column;
}

Status CheckColumns(const arrow::Schema& input, const ScoringModel& model,
                    const std::vector<std::string>& keep) {
  std::vector<std::string> needed = model.features().columns;
  needed.insert(needed.end(), keep.begin(), keep.end());
  for (const std::string& name : needed) {
    if (input.GetFieldIndex(name) >= 0) continue;
    return Fail(ErrorKind::kInvalidArgument, "the rows to score have no column {}", name);
  }
  for (const std::string& name : keep) {
    for (std::string_view taken : kAnswer) {
      if (!data::EqualNames(name, taken)) continue;
      return Fail(
          ErrorKind::kInvalidArgument,
          "the rows to score have a column {}, which is the name of a column of the answer; "
          "rename it in the candidates' SELECT",
          name);
    }
  }
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<ScoreOperator>> ScoreOperator::Make(
    std::shared_ptr<const ScoringModel> model, std::shared_ptr<arrow::Schema> input,
    Options options) {
  MP_RETURN_IF_ERROR(CheckColumns(*input, *model, options.keep));
  std::unique_ptr<ScoreOperator> made(
      new ScoreOperator(std::move(model), std::move(input), std::move(options)));
  // The answer to no rows has the answer's columns.
  MP_ARROW_ASSIGN_OR_RETURN(auto nothing, arrow::RecordBatch::MakeEmpty(made->input_));
  MP_ASSIGN_OR_RETURN(auto answer, made->Apply(*nothing));
  made->output_ = answer->schema();
  return made;
}

std::string ScoreOperator::version_pin() const {
  std::string keep;
  for (const std::string& name : options_.keep) keep += name + ",";
  return fmt::format("{} v{} sha256:{} keep:{} reasons:{}", options_.model, options_.model_version,
                     model_->digest(), keep, options_.reasons);
}

Result<std::shared_ptr<arrow::RecordBatch>> ScoreOperator::Apply(const arrow::RecordBatch& batch) {
  MP_ASSIGN_OR_RETURN(Batch rows, platform::ToKernel(batch));
  MP_ASSIGN_OR_RETURN(ScoredRows scored, model_->Score(rows, options_.reasons));
  scored.reasons.resize(static_cast<size_t>(rows.rows), "[]");
  Batch answer;
  answer.rows = rows.rows;
  auto add = [&](std::string_view name, Column column) {
    answer.names.emplace_back(name);
    answer.columns.push_back(std::move(column));
  };
  for (const std::string& name : options_.keep) {
    add(name, std::move(rows.columns[static_cast<size_t>(rows.Find(name))]));
  }
  add("model", Column::Repeat(kernel::Value::Varchar(options_.model), rows.rows));
  add("model_version", Column::Repeat(kernel::Value::Bigint(options_.model_version), rows.rows));
  add("margin", Doubles(scored.margins));
  add("probability", Doubles(scored.probabilities));
  add("reasons", Texts(std::move(scored.reasons)));
  return platform::ToArrowBatch(std::move(answer));
}

}  // namespace millpond::model
