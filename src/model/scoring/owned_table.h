// Tables that a model writes whole: its training set, the features of its candidates, its work
// list. Each says in the property millpond.owner what it is, from its first version on, and a table
// that says anything else (or nothing: somebody's own, a flow's) is never overwritten.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "data/catalog/catalog.h"

namespace millpond::model {

inline constexpr std::string_view kOwnerProperty = "millpond.owner";

struct OwnedTable {
  data::TableName name;
  std::string owner;  // "work list of model churn"
};

OwnedTable TrainingSetTable(const std::string& model, data::TableName name);
OwnedTable ScoredFeaturesTable(const std::string& model, data::TableName name);
OwnedTable WorkListTable(const std::string& model, data::TableName name);

// Nothing if the table is not there. kAlreadyExists if it is another owner's.
Result<std::optional<data::DeltaTable>> FindOwnedTable(data::Catalog& catalog,
                                                       const OwnedTable& table);
// Made if it is not there, with `create` and the owner's mark.
Result<data::DeltaTable> OpenOwnedTable(data::Catalog& catalog, const OwnedTable& table,
                                        data::CreateOptions create);

}  // namespace millpond::model
