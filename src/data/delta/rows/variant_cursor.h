// Columns with variants read by the positions of rows in a data file, for a scan that chooses the
// rows itself (SQL). Row groups in which nothing is asked for are not read; within one, batches go
// by in order.
#pragma once

#include <arrow/type_fwd.h>

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/environment.h"
#include "data/delta/log/snapshot.h"
#include "data/delta/rows/variant_columns.h"
#include "data/parquet/reader.h"

namespace millpond::data {

// One column of one file of a snapshot, which must outlive what is read of it.
struct VariantPlace {
  const Snapshot* snapshot;
  size_t file;
  size_t column;  // of the schema
  bool operator==(const VariantPlace&) const = default;
};

class VariantCursor {
 public:
  static Result<std::unique_ptr<VariantCursor>> Open(const Environment& env,
                                                     const VariantPlace& place, VariantForm form);

  const VariantPlace& place() const { return place_; }
  // Can it go on to the row without going back, or to another row group?
  bool Reaches(int64_t row) const;
  int64_t first_row() const { return first_; }  // of the batch at hand

  // The values at these rows, ascending, in parts that together have as many. Errors name file and
  // column.
  Result<arrow::ArrayVector> At(const std::vector<int64_t>& rows);

 private:
  VariantCursor(const VariantPlace& place, VariantForm form) : place_(place), form_(form) {}
  const StructField& field() const { return place_.snapshot->schema().fields()[place_.column]; }
  Status Seek(int64_t row);
  Status OpenGroup(int64_t row);
  Result<std::shared_ptr<arrow::Array>> Values(const arrow::Array& indices) const;

  VariantPlace place_;
  VariantForm form_;
  FieldMatch match_ = FieldMatch::kPhysicalName;
  std::unique_ptr<ParquetReader> reader_;
  std::vector<int> leaves_;  // none: the file does not have the column
  std::shared_ptr<arrow::RecordBatchReader> batches_;
  std::shared_ptr<arrow::Array> column_;  // of the batch at hand
  int64_t first_ = 0, batch_rows_ = 0;    // which rows these are
  int64_t group_end_ = 0;
};

// The cursors of a scan. Those at rest, up to a bound, go on where they stand when the next rows
// are asked for. Thread-safe.
class VariantCursors {
 public:
  VariantCursors(const Environment& env, VariantForm form) : env_(env), form_(form) {}
  VariantForm form() const { return form_; }
  Result<arrow::ArrayVector> At(const VariantPlace& place, const std::vector<int64_t>& rows);
  // The first error that At gave, for a caller whose way it takes would lose its kind.
  std::optional<Error> failed();

 private:
  Result<arrow::ArrayVector> Find(const VariantPlace& place, const std::vector<int64_t>& rows);
  std::unique_ptr<VariantCursor> Take(const VariantPlace& place, int64_t row);

  Environment env_;
  VariantForm form_;
  std::mutex mutex_;
  std::optional<Error> failed_;
  std::list<std::unique_ptr<VariantCursor>> idle_;  // the one that rests longest first
};

}  // namespace millpond::data
