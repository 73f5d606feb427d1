#include "data/delta/commit/write_rows.h"

#include <arrow/record_batch.h>

#include "data/arrow/read_ahead.h"
#include "data/arrow/status.h"
#include "data/delta/commit/row_rules.h"
#include "data/delta/log/table.h"
#include "data/delta/rows/data_writer.h"

namespace millpond::data {
namespace {

constexpr int64_t kSliceRows = 64 * 1024;  // bounds what one step holds besides the open files

Status WriteBatch(const arrow::RecordBatch& batch, RowRules& rules, DataWriter& writer) {
  for (int64_t at = 0; at < batch.num_rows(); at += kSliceRows) {
    MP_ASSIGN_OR_RETURN(auto ready, rules.Apply(*batch.Slice(at, kSliceRows)));
    MP_RETURN_IF_ERROR(writer.Write(*ready));
  }
  return OkStatus();
}

}  // namespace

Status WriteRows(const DeltaTable& table, arrow::RecordBatchReader& rows, RowRules& rules,
                 DataWriter& writer) {
  const auto ahead = ReadAhead(rows);
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    MP_RETURN_IF_ERROR(table.environment().cancellation.Check());
    MP_ARROW_RETURN_IF_ERROR(ahead->ReadNext(&batch));
    if (batch == nullptr) return OkStatus();
    MP_RETURN_IF_ERROR_CONTEXT(WriteBatch(*batch, rules, writer), "while writing to table {}",
                               table.path());
  }
}

}  // namespace millpond::data
