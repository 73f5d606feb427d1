#include "model/scoring/owned_table.h"

namespace millpond::model {
namespace {

// Also after it was made: another process may have been faster, under another owner.
Status CheckOwner(data::DeltaTable& table, const OwnedTable& wanted) {
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  const auto owner = snapshot->property(std::string(kOwnerProperty));
  if (owner == wanted.owner) return OkStatus();
  return Fail(ErrorKind::kAlreadyExists,
              "table {} is there and is {}, so it cannot become the {}: its rows would be lost. "
              "Choose another name, or DROP TABLE {} if nobody needs it",
              wanted.name.ToString(), owner ? "the " + *owner : "no table of a model", wanted.owner,
              wanted.name.ToString());
}

}  // namespace

OwnedTable TrainingSetTable(const std::string& model, data::TableName name) {
  return {std::move(name), "training set of model " + model};
}

OwnedTable ScoredFeaturesTable(const std::string& model, data::TableName name) {
  return {std::move(name), "candidates' features of model " + model};
}

OwnedTable WorkListTable(const std::string& model, data::TableName name) {
  return {std::move(name), "work list of model " + model};
}

Result<std::optional<data::DeltaTable>> FindOwnedTable(data::Catalog& catalog,
                                                       const OwnedTable& table) {
  MP_ASSIGN_OR_RETURN(bool exists, catalog.TableExists(table.name));
  if (!exists) return std::nullopt;
  MP_ASSIGN_OR_RETURN(auto found, catalog.OpenTable(table.name));
  MP_RETURN_IF_ERROR(CheckOwner(found, table));
  return found;
}

Result<data::DeltaTable> OpenOwnedTable(data::Catalog& catalog, const OwnedTable& table,
                                        data::CreateOptions create) {
  create.properties[std::string(kOwnerProperty)] = table.owner;
  MP_ASSIGN_OR_RETURN(auto opened, catalog.CreateTable(table.name, create, /*if_not_exists=*/true));
  MP_RETURN_IF_ERROR(CheckOwner(opened, table));
  return opened;
}

}  // namespace millpond::model
