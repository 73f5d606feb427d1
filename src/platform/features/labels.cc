#include "platform/features/labels.h"

#include <arrow/builder.h>
#include <arrow/compute/api.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/util/byte_size.h>

#include <utility>

#include "data/arrow/status.h"
#include "data/delta/metadata/schema.h"
#include "platform/features/entity_input.h"
#include "platform/features/feature_store.h"
#include "platform/features/kernel_batch.h"

namespace millpond::platform {
namespace {

using kernel::Column;
using kernel::TypeId;

}  // namespace

std::vector<const Column*> LabelKeys::EntityPointers() const {
  std::vector<const Column*> pointers;
  for (const Column& column : entity) pointers.push_back(&column);
  return pointers;
}

LabelKeys LabelKeys::Take(std::span<const int64_t> rows) const {
  LabelKeys taken;
  for (const Column& column : entity) taken.entity.push_back(column.Take(rows));
  taken.as_of = as_of.Take(rows);
  return taken;
}

Result<Labels> Labels::Read(arrow::RecordBatchReader& reader, Arbiter& arbiter) {
  MP_ASSIGN_OR_RETURN(MemoryReservation memory,
                      arbiter.Reserve(ResourceClass::kBatch, 0, "labels of a training set"));
  Labels labels;
  labels.memory_ = std::make_shared<MemoryReservation>(std::move(memory));
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  int64_t bytes = 0;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    MP_ARROW_RETURN_IF_ERROR(reader.ReadNext(&batch));
    if (!batch) break;
    bytes += arrow::util::TotalBufferSize(*batch);
    MP_RETURN_IF_ERROR_CONTEXT(labels.memory_->Resize(bytes),
                               "while reading the labels (they are held in memory: raise the "
                               "memory limit, or make the training set in parts)");
    batches.push_back(std::move(batch));
  }
  MP_ARROW_ASSIGN_OR_RETURN(labels.table_,
                            arrow::Table::FromRecordBatches(reader.schema(), std::move(batches)));
  return labels;
}

int64_t Labels::rows() const {
  return table_->num_rows();
}

Result<int> Labels::IndexOf(const std::string& name, const std::string& what) const {
  int found = table_->schema()->GetFieldIndex(name);
  if (found >= 0) return found;
  std::string names;
  for (int i = 0; i < table_->num_columns(); ++i) {
    const std::string& other = table_->field(i)->name();
    if (data::EqualNames(other, name)) found = found == -1 ? i : -2;
    names += (i == 0 ? "" : ", ") + other;
  }
  if (found >= 0) return found;
  return Fail(ErrorKind::kInvalidArgument,
              "the labels have no column {} ({}): give them one under that name. They have: {}",
              name, what, names);
}

Result<Column> Labels::ColumnAt(int index) const {
  MP_ARROW_ASSIGN_OR_RETURN(auto only, table_->SelectColumns({index}));
  arrow::TableBatchReader reader(*only);
  std::vector<Column> parts;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    MP_ARROW_RETURN_IF_ERROR(reader.ReadNext(&batch));
    if (!batch) break;
    MP_ASSIGN_OR_RETURN_CONTEXT(kernel::Batch rows, ToKernel(*batch), "in column {} of the labels",
                                only->field(0)->name());
    parts.push_back(std::move(rows.columns[0]));
  }
  if (parts.empty()) {
    MP_ARROW_ASSIGN_OR_RETURN(auto none, arrow::RecordBatch::MakeEmpty(only->schema()));
    MP_ASSIGN_OR_RETURN(kernel::Batch rows, ToKernel(*none));
    return std::move(rows.columns[0]);
  }
  std::vector<const Column*> pointers;
  for (const Column& part : parts) pointers.push_back(&part);
  return Concatenate(parts[0].type(), pointers);
}

Result<LabelKeys> Labels::KeysFor(const kernel::FeatureProgram& program,
                                  const TrainingOptions& options) const {
  const kernel::FeatureViewDefinition& view = program.definition;
  LabelKeys keys;
  for (size_t i = 0; i < view.entity.size(); ++i) {
    const std::string& name = view.entity[i];
    const auto renamed = options.entity_columns.find(name);
    const std::string& column = renamed == options.entity_columns.end() ? name : renamed->second;
    MP_ASSIGN_OR_RETURN(int index, IndexOf(column, "ENTITY of feature view " + view.name));
    MP_ASSIGN_OR_RETURN(Column values, ColumnAt(index));
    const kernel::Type wanted = program.used_columns[program.entity[i]].type;
    if (!EntityTypeFits(values.type(), wanted)) {
      return Fail(ErrorKind::kInvalidArgument,
                  "column {} of the labels is {}, but in {} (feature view {}) it is {}: cast it in "
                  "the labels",
                  column, kernel::ToString(values.type()), view.source, view.name,
                  kernel::ToString(wanted));
    }
    MP_ASSIGN_OR_RETURN(Column cast, CastToEntity(std::move(values), wanted));
    keys.entity.push_back(std::move(cast));
  }
  const std::string& time = options.time_column ? *options.time_column : view.timestamp;
  MP_ASSIGN_OR_RETURN(int index, IndexOf(time, "T, the TIMESTAMP of feature view " + view.name));
  MP_ASSIGN_OR_RETURN(keys.as_of, ColumnAt(index));
  const TypeId id = keys.as_of.type().id;
  if (id == TypeId::kNull) keys.as_of = Column(kernel::kTimestamp, rows());
  if (id != TypeId::kTimestamp && id != TypeId::kDate && id != TypeId::kNull) {
    return Fail(ErrorKind::kInvalidArgument,
                "column {} of the labels is {}: T must be a TIMESTAMP or a DATE", time,
                kernel::ToString(keys.as_of.type()));
  }
  return keys;
}

Result<Labels> Labels::Take(const std::vector<int64_t>& take, Arbiter& arbiter) const {
  arrow::Int64Builder builder;
  MP_ARROW_RETURN_IF_ERROR(builder.AppendValues(take));
  MP_ARROW_ASSIGN_OR_RETURN(auto indices, builder.Finish());
  MP_ARROW_ASSIGN_OR_RETURN(arrow::Datum taken, arrow::compute::Take(table_, indices));
  arrow::TableBatchReader reader(taken.table());
  return Read(reader, arbiter);
}

}  // namespace millpond::platform
