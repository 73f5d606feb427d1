#include "model/scoring/scored_table_internal.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "base/json.h"
#include "base/sha256.h"
#include "data/arrow/status.h"
#include "data/delta/rows/scan.h"
#include "model/scoring/tagged_table_internal.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {
namespace {

using kernel::Batch;
using kernel::Column;
using kernel::Value;

Result<const Column*> ColumnNamed(const Batch& batch, const std::string& name) {
  int found = batch.Find(name);
  if (found >= 0) return &batch.columns[static_cast<size_t>(found)];
  return Fail(ErrorKind::kInvalidArgument, "the score table has no column {}", name);
}

Batch ListRows(const Batch& scores, const std::vector<WorkListEntry>& list,
               const WorkListPolicy& policy) {
  std::vector<int64_t> take;
  Column rank(kernel::kBigint), holdout(kernel::kBoolean), propensity(kernel::kDouble);
  for (const WorkListEntry& entry : list) {
    take.push_back(static_cast<int64_t>(entry.row));
    rank.Append(Value::Bigint(entry.rank));
    holdout.Append(Value::Boolean(entry.holdout));
    propensity.Append(Value::Double(entry.propensity));
  }
  Batch rows;
  rows.rows = static_cast<int64_t>(list.size());
  rows.names = {"rank"};
  rows.columns.push_back(std::move(rank));
  for (size_t i = 0; i < scores.columns.size(); ++i) {
    rows.names.push_back(scores.names[i]);
    rows.columns.push_back(scores.columns[i].Take(take));
  }
  rows.names.insert(rows.names.end(), {"campaign", "holdout", "propensity"});
  rows.columns.push_back(Column::Repeat(Value::Varchar(policy.campaign), rows.rows));
  rows.columns.push_back(std::move(holdout));
  rows.columns.push_back(std::move(propensity));
  return rows;
}

}  // namespace

std::vector<std::string> EntityKeys(const Batch& batch, const std::vector<const Column*>& entity) {
  std::vector<std::string> keys;
  std::vector<std::string> values(entity.size());
  for (int64_t row = 0; row < batch.rows; ++row) {
    for (size_t i = 0; i < entity.size(); ++i) {
      bool text = entity[i]->type().id == kernel::TypeId::kVarchar && !entity[i]->IsNull(row);
      values[i] = text ? std::string(entity[i]->text(row)) : entity[i]->ValueAt(row).ToString();
    }
    keys.push_back(EntityKey(values));
  }
  return keys;
}

Result<ScoredTable> ScoredTable::Open(data::Catalog& catalog, const data::TableName& name) {
  ScoredTable scored;
  MP_ASSIGN_OR_RETURN(auto table, catalog.OpenTable(name));
  MP_ASSIGN_OR_RETURN(scored.snapshot_, table.Latest());
  MP_ASSIGN_OR_RETURN(auto reader, data::ScanTable(catalog.workspace().env, scored.snapshot_, {}));
  MP_ARROW_ASSIGN_OR_RETURN(auto rows, reader->ToTable());
  MP_ARROW_ASSIGN_OR_RETURN(auto whole, rows->CombineChunksToBatch());
  MP_ASSIGN_OR_RETURN(scored.batch_, platform::ToKernel(*whole));
  return scored;
}

Result<WrittenWorkList> ScoredTable::WriteWorkList(data::Catalog& catalog,
                                                   const OwnedTable& list_table,
                                                   const std::vector<std::string>& entity,
                                                   const WorkListPolicy& policy) const {
  std::vector<const Column*> keys;
  for (const std::string& column : entity) {
    MP_ASSIGN_OR_RETURN(const Column* key, ColumnNamed(batch_, column));
    keys.push_back(key);
  }
  MP_ASSIGN_OR_RETURN(const Column* margins, ColumnNamed(batch_, "margin"));
  MP_ASSIGN_OR_RETURN(auto list,
                      MakeWorkList(margins->doubles(), EntityKeys(batch_, keys), policy));
  Json made_from = {{"table", snapshot_->metadata().id},
                    {"version", snapshot_->version()},
                    {"campaign", policy.campaign},
                    {"capacity", policy.capacity},
                    {"holdout", policy.holdout}};
  MP_ASSIGN_OR_RETURN(
      auto write,
      WriteUnlessTagged(
          catalog, list_table, "WORK LIST", Sha256::Hex(DumpJson(made_from)),
          [&]() -> Result<std::shared_ptr<arrow::Table>> {
            MP_ASSIGN_OR_RETURN(auto rows, platform::ToArrowBatch(ListRows(batch_, list, policy)));
            MP_ARROW_ASSIGN_OR_RETURN(auto table, arrow::Table::FromRecordBatches({rows}));
            return table;
          }));
  WrittenWorkList result{write.written, write.version, static_cast<int64_t>(list.size()), 0};
  for (const WorkListEntry& entry : list) result.holdout_rows += entry.holdout ? 1 : 0;
  return result;
}

}  // namespace millpond::model
