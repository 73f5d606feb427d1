// One version of a score table, and the work list made of it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/catalog/catalog.h"
#include "kernel/column.h"
#include "model/scoring/owned_table.h"
#include "model/scoring/work_list.h"

namespace millpond::model {

struct WrittenWorkList {
  bool written = false;
  int64_t version = 0;
  int64_t rows = 0;
  int64_t holdout_rows = 0;
};

class ScoredTable {
 public:
  static Result<ScoredTable> Open(data::Catalog& catalog, const data::TableName& name);

  int64_t version() const { return snapshot_->version(); }
  int64_t rows() const { return batch_.rows; }

  // rank, the score table's columns, campaign, holdout, propensity; in order. Not written again if
  // it was made from this version with this policy.
  Result<WrittenWorkList> WriteWorkList(data::Catalog& catalog, const OwnedTable& list_table,
                                        const std::vector<std::string>& entity,
                                        const WorkListPolicy& policy) const;

 private:
  std::shared_ptr<const data::Snapshot> snapshot_;
  kernel::Batch batch_;
};

// The text of each value of a row, for EntityKey: VARCHAR as it is, others as SQL prints them.
std::vector<std::string> EntityKeys(const kernel::Batch& batch,
                                    const std::vector<const kernel::Column*>& entity);

}  // namespace millpond::model
