#include "data/delta/commit/conflict.h"

#include <algorithm>
#include <set>

#include "data/delta/commit/table_rules.h"
#include "data/delta/log/file_list.h"
#include "data/delta/metadata/protocol.h"

namespace millpond::data {
namespace {

class ConflictCheck {
 public:
  ConflictCheck(const PendingCommit& ours, const Metadata& read_metadata,
                const std::string& table_path, int64_t version)
      : ours_(ours), read_metadata_(read_metadata), table_path_(table_path), version_(version) {
    for (const auto& remove : ours.removes) removed_.insert(KeyOf(remove));
    for (const auto& rows : ours.row_deletes) {
      touched_.insert(ResolveDataPath(table_path, rows.file.path));
    }
  }

  // Two that turn on the same feature at once want the same: the second finds it done.
  Status operator()(const Protocol& protocol) const {
    if (ours_.protocol == protocol) return OkStatus();
    return Conflict("changed the protocol");
  }

  Status operator()(const Metadata& metadata) const {
    // Not so for marks of identity values, which stand in the schema.
    const bool same_change = ours_.metadata == metadata;
    if (same_change && metadata.schema_json == read_metadata_.schema_json) return OkStatus();
    // Another's identity values change nothing for us, unless ours would undo their mark.
    if (!ours_.metadata && SameButForIdentity(read_metadata_, metadata)) return OkStatus();
    bool same_rows = metadata.id == read_metadata_.id &&
                     metadata.schema_json == read_metadata_.schema_json &&
                     metadata.partition_columns == read_metadata_.partition_columns;
    // Our rows were checked by the constraints that we read.
    const bool same_rules = SameRules(read_metadata_, Schema(), metadata, Schema());
    if (same_rows && same_rules && ours_.IsBlindAppend()) return OkStatus();
    return Conflict("changed the table's {}", !same_rows   ? "schema"
                                              : same_rules ? "properties"
                                                           : "constraints");
  }

  Status operator()(const Txn& txn) const {
    if (!ours_.txn || ours_.txn->app_id != txn.app_id) return OkStatus();
    return Conflict("committed version {} of the same application '{}'", txn.version, txn.app_id);
  }

  Status operator()(const DomainMetadata& domain) const {
    bool same = std::ranges::any_of(
        ours_.domains, [&](const auto& other) { return other.domain == domain.domain; });
    if (!same || domain.domain == kRowTrackingDomain) return OkStatus();
    return Conflict("changed the domain metadata '{}'", domain.domain);
  }

  Status operator()(const AddFile& add) const {
    if (ours_.depends_on_whole_table) return Conflict("added the file {}", add.path);
    if (removed_.contains(KeyOf(add))) return Conflict("changed the file {}", add.path);
    return OkStatus();
  }

  Status operator()(const RemoveFile& remove) const {
    if (ours_.depends_on_whole_table) return Conflict("removed the file {}", remove.path);
    if (removed_.contains(KeyOf(remove))) return Conflict("also removed the file {}", remove.path);
    return OkStatus();
  }

  Status operator()(const CommitInfo&) const { return OkStatus(); }
  Status operator()(const CdcFile&) const { return OkStatus(); }

 private:
  template <typename File>
  std::string KeyOf(const File& file) const {
    return FileKey(table_path_, file.path, file.deletion_vector ? &*file.deletion_vector : nullptr);
  }

  template <typename File>
  bool Touches(const File& file) const {
    return !touched_.empty() && touched_.contains(ResolveDataPath(table_path_, file.path));
  }

  template <typename... Args>
  std::unexpected<Error> Conflict(fmt::format_string<Args...> format, Args&&... args) const {
    return Fail(ErrorKind::kConflict,
                "another writer committed version {} of table {} first and {}: read the table "
                "again and repeat the {}",
                version_, table_path_, fmt::format(format, std::forward<Args>(args)...),
                ours_.info.operation);
  }

  const PendingCommit& ours_;
  const Metadata& read_metadata_;
  const std::string& table_path_;
  int64_t version_;
  std::set<std::string> removed_;
  std::set<std::string> touched_;  // files that lose rows
};

}  // namespace

Status CheckConflict(const PendingCommit& ours, const Metadata& read_metadata,
                     const std::string& table_path, const std::vector<Action>& winner,
                     int64_t winner_version) {
  ConflictCheck check(ours, read_metadata, table_path, winner_version);
  for (const auto& action : winner) MP_RETURN_IF_ERROR(std::visit(check, action));
  return OkStatus();
}

std::vector<AddFile> NewRows(const std::string& table_path, const std::vector<Action>& commit) {
  std::set<std::string> removed;
  for (const Action& action : commit) {
    const auto* remove = std::get_if<RemoveFile>(&action);
    if (remove != nullptr) removed.insert(ResolveDataPath(table_path, remove->path));
  }
  std::vector<AddFile> added;
  for (const Action& action : commit) {
    const auto* add = std::get_if<AddFile>(&action);
    if (add == nullptr || !add->data_change) continue;
    if (!removed.contains(ResolveDataPath(table_path, add->path))) added.push_back(*add);
  }
  return added;
}

}  // namespace millpond::data
