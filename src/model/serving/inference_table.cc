#include "model/serving/inference_table.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "data/arrow/status.h"
#include "data/delta/commit/transaction.h"
#include "data/delta/commit/write.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {
namespace {

constexpr char kAppId[] = "millpond.inference";
constexpr int kTries = 20;

}  // namespace

Result<data::DeltaTable> InferenceTable::OpenOrCreate(const data::Schema& wanted) {
  data::CreateOptions create;
  create.schema = wanted;
  create.operation = "CREATE INFERENCE TABLE";
  Environment env = catalog_.workspace().env;
  if (!env.cancellation.cancelled()) {
    return catalog_.CreateTable(name_, create, /*if_not_exists=*/true);
  }
  // The last commit of a server that was told to stop, when the project's work is cancelled; the
  // catalog hears of it when it is opened again.
  env.cancellation = {};
  const std::string path = catalog_.TablePath(name_);
  auto table = data::DeltaTable::Open(env, path);
  if (table || table.error().kind() != ErrorKind::kNotFound) return table;
  return data::DeltaTable::Create(env, path, create);
}

Status InferenceTable::Open(const data::Schema& wanted) {
  MP_ASSIGN_OR_RETURN(auto table, OpenOrCreate(wanted));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  next_number_ = std::max(next_number_, snapshot->txn_version(kAppId).value_or(-1) + 1);
  table_ = std::move(table);
  return OkStatus();
}

Status InferenceTable::AddColumns(const data::Schema& wanted) {
  for (int attempt = 0;; ++attempt) {
    MP_ASSIGN_OR_RETURN(auto snapshot, table_->Latest());
    std::vector<data::StructField> fields = snapshot->schema().fields();
    const size_t before = fields.size();
    for (const auto& field : wanted.fields()) {
      const data::StructField* there = snapshot->schema().Find(field.name);
      if (there == nullptr) {
        fields.push_back(field);
      } else if (there->type != field.type) {
        return Fail(ErrorKind::kConflict,
                    "column '{}' of the inference table {} is {} and the model's is {}: name "
                    "another table in serve.table",
                    field.name, name_.ToString(), there->type.ToString(), field.type.ToString());
      }
    }
    if (fields.size() == before) return OkStatus();
    MP_ASSIGN_OR_RETURN(auto transaction, data::Transaction::BeginAt(*table_, snapshot));
    data::Metadata metadata = snapshot->metadata();
    metadata.schema_json = data::Schema(std::move(fields)).ToJson();
    transaction.SetMetadata(std::move(metadata));
    transaction.SetOperation("ADD COLUMNS");
    auto committed = transaction.Commit();
    if (committed) return OkStatus();
    if (committed.error().kind() != ErrorKind::kConflict || attempt == kTries) {
      return std::unexpected<Error>(std::move(committed).error());
    }
  }
}

Status InferenceTable::Write(const std::shared_ptr<arrow::RecordBatch>& rows) {
  MP_ASSIGN_OR_RETURN(auto wanted, data::Schema::FromArrow(*rows->schema()));
  if (!table_) MP_RETURN_IF_ERROR(Open(wanted));
  MP_RETURN_IF_ERROR(AddColumns(wanted));
  MP_ARROW_ASSIGN_OR_RETURN(auto reader, arrow::RecordBatchReader::Make({rows}, rows->schema()));
  data::WriteOptions options;
  options.operation = "INFERENCE LOG";
  options.txn = data::Txn{.app_id = kAppId, .version = next_number_, .last_updated_ms = {}};
  MP_RETURN_IF_ERROR(data::WriteTable(*table_, *reader, options));
  ++next_number_;
  return OkStatus();
}

Status InferenceTable::Append(const kernel::Batch& rows) {
  MP_ASSIGN_OR_RETURN(auto batch, platform::ToArrowBatch(rows));
  Status written = Write(batch);
  if (written) return written;
  const ErrorKind kind = written.error().kind();
  // The table was dropped under the handle, or the project's work was cancelled: once more on a new
  // handle, under the same number.
  if (kind != ErrorKind::kNotFound && kind != ErrorKind::kCancelled) return written;
  table_.reset();
  return Write(batch);
}

}  // namespace millpond::model
