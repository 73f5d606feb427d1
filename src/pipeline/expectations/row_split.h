// Sorts the rows of a batch by what they violate: kept, dropped, quarantined. The batch comes with
// one BOOLEAN column per expectation (true: holds), computed with the row in one pass of the query,
// so that judging a row costs a look at a few bits.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/expectations/expectation.h"

namespace millpond::pipeline {

inline constexpr const char* kReasonsColumn = "reasons";
inline constexpr const char* kEpochColumn = "epoch";

// The columns of <table>_quarantine: those of the rows, then reasons ARRAY<STRING> (the names of
// all expectations the row violates) and epoch BIGINT. kInvalidArgument if the rows have a column
// of one of these names.
Result<std::shared_ptr<arrow::Schema>> QuarantineSchema(const arrow::Schema& rows);

struct SplitRows {
  std::shared_ptr<arrow::RecordBatch> kept;         // null: none
  std::shared_ptr<arrow::RecordBatch> quarantined;  // null: none; with reasons and epoch
};

class RowSplitter {
 public:
  // `rows`: the columns without the conditions.
  RowSplitter(std::vector<Expectation> expectations, std::shared_ptr<arrow::Schema> rows,
              int64_t epoch);

  // `checked` has the columns of `rows` and then one BOOLEAN per expectation.
  Result<SplitRows> Split(const arrow::RecordBatch& checked);

  int64_t rows_in() const { return rows_in_; }
  int64_t rows_kept() const { return rows_kept_; }
  int64_t rows_dropped() const { return rows_dropped_; }
  int64_t rows_quarantined() const { return rows_quarantined_; }
  std::vector<ExpectationCount> counts() const;

  // After the last batch: the error of the FAIL UPDATE expectations that were violated.
  Status CheckFailures() const;

 private:
  enum class Fate : uint8_t { kKeep, kDrop, kQuarantine };
  void Judge(const arrow::RecordBatch& checked, std::vector<Fate>& fates);
  void NoteFailure(const arrow::RecordBatch& checked, size_t expectation, int64_t row);
  Result<std::shared_ptr<arrow::RecordBatch>> Quarantined(const arrow::RecordBatch& checked,
                                                          const std::vector<Fate>& fates) const;

  std::vector<Expectation> expectations_;
  std::shared_ptr<arrow::Schema> rows_;
  int64_t epoch_;
  std::vector<int64_t> violations_;
  std::string failed_example_;
  size_t failed_ = SIZE_MAX;  // the first FAIL UPDATE expectation that was violated
  int64_t rows_in_ = 0, rows_kept_ = 0, rows_dropped_ = 0, rows_quarantined_ = 0;
};

}  // namespace millpond::pipeline
