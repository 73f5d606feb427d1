// ALTER TABLE t SET TBLPROPERTIES ('k' = 'v', …), UNSET TBLPROPERTIES [IF EXISTS] ('k', …).
#include <algorithm>

#include "base/json.h"
#include "data/delta/metadata/protocol.h"
#include "data/sql/statements/alter_internal.h"
#include "data/sql/statements/property_list.h"

namespace millpond::data {
namespace {

// A property that Millpond keeps itself: what is in the files depends on it.
Status CheckMayUnset(const std::string& key) {
  for (const char* own : {property::kMaxColumnId, property::kRowIdColumn,
                          property::kRowCommitVersionColumn, property::kInCommitTimestampVersion,
                          property::kInCommitTimestampTime, property::kColumnMappingMode}) {
    if (key != own) continue;
    return Fail(ErrorKind::kInvalidArgument,
                "property {} says how the table's files are to be "
                "read, and stays",
                key);
  }
  if (!key.starts_with(property::kFeaturePrefix)) return OkStatus();
  return Fail(ErrorKind::kInvalidArgument, "a feature goes by ALTER TABLE … DROP FEATURE {}",
              key.substr(std::string_view(property::kFeaturePrefix).size()));
}

}  // namespace

Result<QueryResult> AlterSetProperties(TokenCursor& at, AlterTarget& target,
                                       StatementContext& context) {
  MP_ASSIGN_OR_RETURN(const StringMap properties, TakePropertyList(at));
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  TableChange change{"SET TBLPROPERTIES", {{"properties", DumpJson(Json(properties))}}, nullptr};
  change.apply = [&](const std::shared_ptr<const Snapshot>&, TableEdit& edit) -> Status {
    for (const auto& [key, value] : properties) {
      if (!key.starts_with(property::kConstraintPrefix)) continue;
      return Fail(ErrorKind::kInvalidArgument,
                  "a constraint comes by ALTER TABLE … ADD CONSTRAINT name CHECK ({}), which looks "
                  "at the rows that are there",
                  value);
    }
    return SetProperties(properties, edit.shape);
  };
  return Alter(target, change, properties.size() > 1 ? "properties set" : "property set", context);
}

Result<QueryResult> AlterUnsetProperties(TokenCursor& at, AlterTarget& target,
                                         StatementContext& context) {
  const bool if_exists = at.Accept("IF", "EXISTS");
  MP_ASSIGN_OR_RETURN(const auto keys, TakePropertyKeys(at));
  MP_RETURN_IF_ERROR(at.ExpectEnd());
  TableChange change{
      "UNSET TBLPROPERTIES",
      {{"properties", DumpJson(Json(keys))}, {"ifExists", if_exists ? "true" : "false"}},
      nullptr};
  change.apply = [&](const std::shared_ptr<const Snapshot>&, TableEdit& edit) -> Status {
    for (const std::string& key : keys) {
      MP_RETURN_IF_ERROR(CheckMayUnset(key));
      if (edit.shape.metadata.configuration.erase(key) > 0 || if_exists) continue;
      return Fail(ErrorKind::kInvalidArgument,
                  "the table has no property {}; UNSET TBLPROPERTIES IF EXISTS passes over it",
                  key);
    }
    return OkStatus();
  };
  return Alter(target, change, keys.size() > 1 ? "properties unset" : "property unset", context);
}

}  // namespace millpond::data
