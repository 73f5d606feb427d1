#include "pipeline/expectations/row_split.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/datum.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "data/arrow/status.h"
#include "data/delta/metadata/schema.h"

namespace millpond::pipeline {
namespace {

std::shared_ptr<arrow::RecordBatch> RowColumns(const arrow::RecordBatch& checked,
                                               const std::shared_ptr<arrow::Schema>& rows) {
  arrow::ArrayVector columns(checked.columns().begin(),
                             checked.columns().begin() + rows->num_fields());
  return arrow::RecordBatch::Make(rows, checked.num_rows(), std::move(columns));
}

Result<std::shared_ptr<arrow::RecordBatch>> TakeRows(
    const std::shared_ptr<arrow::RecordBatch>& batch, arrow::Int64Builder& indices) {
  std::shared_ptr<arrow::Array> chosen;
  MP_ARROW_RETURN_IF_ERROR(indices.Finish(&chosen));
  MP_ARROW_ASSIGN_OR_RETURN(arrow::Datum taken, arrow::compute::Take(batch, chosen));
  return taken.record_batch();
}

// "data/a.txt:12" if the row says where it comes from, else its first columns.
std::string DescribeRow(const arrow::RecordBatch& batch, const arrow::Schema& rows, int64_t row) {
  auto text = [&](int column) {
    auto scalar = batch.column(column)->GetScalar(row);
    return scalar.ok() ? (*scalar)->ToString() : "?";
  };
  int file = rows.GetFieldIndex("file");
  if (file < 0) file = rows.GetFieldIndex("_file");
  int line = rows.GetFieldIndex("line_number");
  std::string place = file < 0 ? "" : text(file);
  if (file >= 0 && line >= 0) place += ":" + text(line);
  if (!place.empty()) return place;
  for (int i = 0; i < rows.num_fields() && i < 6; ++i) {
    place += fmt::format("{}{} = {}", i == 0 ? "" : ", ", rows.field(i)->name(), text(i));
  }
  return place;
}

}  // namespace

std::string_view ToString(ViolationAction action) {
  switch (action) {
    case ViolationAction::kWarn:
      return "warn";
    case ViolationAction::kDropRow:
      return "drop";
    case ViolationAction::kFailUpdate:
      return "fail";
    case ViolationAction::kQuarantine:
      return "quarantine";
  }
  return "unknown";
}

Result<std::shared_ptr<arrow::Schema>> QuarantineSchema(const arrow::Schema& rows) {
  arrow::FieldVector fields = rows.fields();
  for (const auto& field : fields) {
    if (data::EqualNames(field->name(), kReasonsColumn) ||
        data::EqualNames(field->name(), kEpochColumn)) {
      return Fail(ErrorKind::kInvalidArgument,
                  "the quarantine table adds columns {} and {} to the rows; give your column {} "
                  "another name",
                  kReasonsColumn, kEpochColumn, field->name());
    }
  }
  fields.push_back(arrow::field(kReasonsColumn, arrow::list(arrow::utf8())));
  fields.push_back(arrow::field(kEpochColumn, arrow::int64()));
  return arrow::schema(std::move(fields));
}

RowSplitter::RowSplitter(std::vector<Expectation> expectations, std::shared_ptr<arrow::Schema> rows,
                         int64_t epoch)
    : expectations_(std::move(expectations)),
      rows_(std::move(rows)),
      epoch_(epoch),
      violations_(expectations_.size()) {}

void RowSplitter::NoteFailure(const arrow::RecordBatch& checked, size_t expectation, int64_t row) {
  if (failed_ <= expectation) return;
  failed_ = expectation;
  failed_example_ = DescribeRow(checked, *rows_, row);
}

void RowSplitter::Judge(const arrow::RecordBatch& checked, std::vector<Fate>& fates) {
  for (size_t e = 0; e < expectations_.size(); ++e) {
    const auto& holds = static_cast<const arrow::BooleanArray&>(
        *checked.column(rows_->num_fields() + static_cast<int>(e)));
    for (int64_t row = 0; row < holds.length(); ++row) {
      if (!holds.IsNull(row) && holds.Value(row)) continue;
      ++violations_[e];
      switch (expectations_[e].action) {
        case ViolationAction::kWarn:
          break;
        case ViolationAction::kDropRow:
          fates[row] = std::max(fates[row], Fate::kDrop);
          break;
        case ViolationAction::kQuarantine:
          fates[row] = Fate::kQuarantine;
          break;
        case ViolationAction::kFailUpdate:
          NoteFailure(checked, e, row);
          break;
      }
    }
  }
}

Result<std::shared_ptr<arrow::RecordBatch>> RowSplitter::Quarantined(
    const arrow::RecordBatch& checked, const std::vector<Fate>& fates) const {
  arrow::Int64Builder indices, epochs;
  auto names = std::make_shared<arrow::StringBuilder>();
  arrow::ListBuilder reasons(arrow::default_memory_pool(), names);
  for (int64_t row = 0; row < checked.num_rows(); ++row) {
    if (fates[row] != Fate::kQuarantine) continue;
    MP_ARROW_RETURN_IF_ERROR(indices.Append(row));
    MP_ARROW_RETURN_IF_ERROR(epochs.Append(epoch_));
    MP_ARROW_RETURN_IF_ERROR(reasons.Append());
    for (size_t e = 0; e < expectations_.size(); ++e) {
      const auto& holds = static_cast<const arrow::BooleanArray&>(
          *checked.column(rows_->num_fields() + static_cast<int>(e)));
      if (!holds.IsNull(row) && holds.Value(row)) continue;
      MP_ARROW_RETURN_IF_ERROR(names->Append(expectations_[e].name));
    }
  }
  MP_ASSIGN_OR_RETURN(auto taken, TakeRows(RowColumns(checked, rows_), indices));
  arrow::ArrayVector columns = taken->columns();
  columns.resize(columns.size() + 2);
  MP_ARROW_RETURN_IF_ERROR(reasons.Finish(&columns[columns.size() - 2]));
  MP_ARROW_RETURN_IF_ERROR(epochs.Finish(&columns[columns.size() - 1]));
  MP_ASSIGN_OR_RETURN(auto schema, QuarantineSchema(*rows_));
  return arrow::RecordBatch::Make(std::move(schema), taken->num_rows(), std::move(columns));
}

Result<SplitRows> RowSplitter::Split(const arrow::RecordBatch& checked) {
  std::vector<Fate> fates(static_cast<size_t>(checked.num_rows()), Fate::kKeep);
  Judge(checked, fates);
  arrow::Int64Builder kept;
  int64_t dropped = 0, quarantined = 0;
  for (int64_t row = 0; row < checked.num_rows(); ++row) {
    if (fates[row] == Fate::kKeep) MP_ARROW_RETURN_IF_ERROR(kept.Append(row));
    dropped += fates[row] == Fate::kDrop ? 1 : 0;
    quarantined += fates[row] == Fate::kQuarantine ? 1 : 0;
  }
  SplitRows split;
  int64_t kept_rows = kept.length();
  if (kept_rows == checked.num_rows()) {
    split.kept = RowColumns(checked, rows_);
  } else if (kept_rows > 0) {
    MP_ASSIGN_OR_RETURN(split.kept, TakeRows(RowColumns(checked, rows_), kept));
  }
  if (quarantined > 0) {
    MP_ASSIGN_OR_RETURN(split.quarantined, Quarantined(checked, fates));
  }
  rows_in_ += checked.num_rows();
  rows_kept_ += kept_rows;
  rows_dropped_ += dropped;
  rows_quarantined_ += quarantined;
  return split;
}

std::vector<ExpectationCount> RowSplitter::counts() const {
  std::vector<ExpectationCount> counts;
  for (size_t e = 0; e < expectations_.size(); ++e) {
    counts.push_back({expectations_[e].name, expectations_[e].action, violations_[e]});
  }
  return counts;
}

Status RowSplitter::CheckFailures() const {
  if (failed_ == SIZE_MAX) return OkStatus();
  return Fail(
      ErrorKind::kInvalidArgument,
      "expectation {} (ON VIOLATION FAIL UPDATE) is violated by {} of {} rows, first by {}; "
      "nothing was written. Correct the source, or let such rows go with DROP ROW or "
      "QUARANTINE",
      expectations_[failed_].name, violations_[failed_], rows_in_, failed_example_);
}

}  // namespace millpond::pipeline
