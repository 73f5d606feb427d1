#include "platform/features/served_rows.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/util/byte_size.h>

#include <algorithm>
#include <utility>

#include "data/arrow/status.h"
#include "platform/features/audit.h"
#include "platform/features/entity_input.h"
#include "platform/features/kernel_batch.h"

namespace millpond::platform {
namespace {

using kernel::Column;

// In Arrow, in the kernel's columns, and recomputed beside them.
constexpr int64_t kCopies = 3;

Result<std::shared_ptr<arrow::Table>> ReadAll(arrow::RecordBatchReader& reader,
                                              MemoryReservation& memory) {
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  int64_t bytes = 0;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    MP_ARROW_RETURN_IF_ERROR(reader.ReadNext(&batch));
    if (!batch) break;
    bytes += arrow::util::TotalBufferSize(*batch) * kCopies;
    MP_RETURN_IF_ERROR_CONTEXT(memory.Resize(bytes),
                               "while reading served rows (they are held in memory: audit a "
                               "shorter period, or raise the memory limit)");
    batches.push_back(std::move(batch));
  }
  MP_ARROW_ASSIGN_OR_RETURN(auto table,
                            arrow::Table::FromRecordBatches(reader.schema(), std::move(batches)));
  return table;
}

Result<Column> ColumnOfType(const arrow::Table& table, const std::string& name,
                            kernel::Type wanted) {
  MP_ASSIGN_OR_RETURN(Column column, ColumnOf(table, name));
  if (column.type() == wanted) return column;
  if (column.type() == kernel::kNullType) return Column(wanted, column.size());
  return Fail(ErrorKind::kInvalidArgument, "column {} of the served rows is {}, not {}", name,
              kernel::ToString(column.type()), kernel::ToString(wanted));
}

const std::string& Renamed(const std::map<std::string, std::string>& names,
                           const std::string& name) {
  const auto found = names.find(name);
  return found == names.end() ? name : found->second;
}

}  // namespace

Result<Column> ColumnOf(const arrow::Table& table, const std::string& name) {
  const int index = table.schema()->GetFieldIndex(name);
  if (index < 0) {
    return Fail(ErrorKind::kInvalidArgument, "the served rows have no column {}: they have {}",
                name, fmt::join(table.schema()->field_names(), ", "));
  }
  MP_ARROW_ASSIGN_OR_RETURN(auto only, table.SelectColumns({index}));
  MP_ARROW_ASSIGN_OR_RETURN(auto batch, only->CombineChunksToBatch());
  MP_ASSIGN_OR_RETURN_CONTEXT(kernel::Batch rows, ToKernel(*batch), "in column {}", name);
  return std::move(rows.columns[0]);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> AsReader(
    const std::shared_ptr<arrow::RecordBatch>& batch) {
  MP_ARROW_ASSIGN_OR_RETURN(auto reader, arrow::RecordBatchReader::Make({batch}, batch->schema()));
  return reader;
}

Result<ServedRows> ServedRows::Read(arrow::RecordBatchReader& reader,
                                    const kernel::FeatureProgram& program,
                                    const ServedColumns& columns, Arbiter& arbiter) {
  ServedRows served;
  MP_ASSIGN_OR_RETURN(served.memory_,
                      arbiter.Reserve(ResourceClass::kBatch, 0, "served rows of an audit"));
  MP_ASSIGN_OR_RETURN(auto table, ReadAll(reader, served.memory_));
  MP_ASSIGN_OR_RETURN(served.request_id_, ColumnOf(*table, columns.request_id));
  MP_ASSIGN_OR_RETURN(served.as_of_, ColumnOfType(*table, columns.as_of, kernel::kTimestamp));
  MP_ASSIGN_OR_RETURN(served.source_version_,
                      ColumnOfType(*table, columns.source_version, kernel::kBigint));
  MP_ASSIGN_OR_RETURN(served.marked_, ColumnOfType(*table, columns.marked, kernel::kBoolean));
  served.view_version_ = Column(kernel::kBigint, table->num_rows());
  if (!columns.view_version.empty()) {
    MP_ASSIGN_OR_RETURN(served.view_version_,
                        ColumnOfType(*table, columns.view_version, kernel::kBigint));
  }
  for (const kernel::SourceColumn& wanted : EntityColumnsOf(program)) {
    const std::string& name = Renamed(columns.entity, wanted.name);
    MP_ASSIGN_OR_RETURN(Column values, ColumnOf(*table, name));
    if (!EntityTypeFits(values.type(), wanted.type)) {
      return Fail(ErrorKind::kInvalidArgument, "column {} of the served rows is {}, not {}", name,
                  kernel::ToString(values.type()), kernel::ToString(wanted.type));
    }
    MP_ASSIGN_OR_RETURN(Column cast, CastToEntity(std::move(values), wanted.type));
    served.entity_.push_back(std::move(cast));
  }
  for (const kernel::FeatureOutput& output : program.outputs) {
    if (columns.compared &&
        std::ranges::find(*columns.compared, output.name) == columns.compared->end()) {
      continue;
    }
    MP_ASSIGN_OR_RETURN(Column values, ColumnOf(*table, Renamed(columns.features, output.name)));
    served.features_.emplace(output.name, std::move(values));
  }
  return served;
}

std::string ServedRows::RequestId(int64_t row) const {
  const bool is_text = request_id_.type() == kernel::kVarchar && !request_id_.IsNull(row);
  return is_text ? std::string(request_id_.text(row)) : request_id_.ValueAt(row).ToString();
}

std::vector<const Column*> ServedRows::EntityPointers() const {
  std::vector<const Column*> pointers;
  for (const Column& column : entity_) pointers.push_back(&column);
  return pointers;
}

}  // namespace millpond::platform
