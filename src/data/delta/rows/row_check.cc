#include "data/delta/rows/row_check.h"

#include <arrow/record_batch.h>

#include "data/arrow/status.h"
#include "data/delta/rows/row_conditions.h"
#include "data/delta/rows/scan.h"

namespace millpond::data {

Status CheckExistingRows(const DeltaTable& table, std::shared_ptr<const Snapshot> snapshot,
                         const RowCheck& check) {
  const auto engine = table.expressions();
  if (engine == nullptr) {
    return Fail(ErrorKind::kUnsupported,
                "constraint {} of table {} needs SQL, and the table was opened without: open it "
                "by the catalog",
                check.name, table.path());
  }
  const std::string broken = fmt::format("CHECK constraint {} ({}) is not met in table {}",
                                         check.name, check.expression, table.path());
  MP_ASSIGN_OR_RETURN(const auto condition, RowConditions::Bind(engine.get(), snapshot->schema(),
                                                                {{broken, {check.expression}}}));
  const Environment& env = table.environment();
  MP_ASSIGN_OR_RETURN(const auto rows, ScanTable(env, std::move(snapshot)));
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    MP_RETURN_IF_ERROR(env.cancellation.Check());
    MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
    if (batch == nullptr) return OkStatus();
    MP_RETURN_IF_ERROR(condition.Check(*batch));
  }
}

}  // namespace millpond::data
