// One version of a Delta table: protocol, metadata, schema, files. Immutable and shared as
// shared_ptr<const Snapshot>; methods are thread-safe and do no I/O, statistics apart
// (file_list.h). Millpond can read a snapshot that exists: features it does not know were refused
// on the way.
#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "data/delta/log/file_list.h"
#include "data/delta/metadata/actions.h"
#include "data/delta/metadata/schema.h"

namespace millpond::data {

// What log replay adds up to; see replay.h.
struct TableState {
  std::optional<Protocol> protocol;
  std::optional<Metadata> metadata;
  std::shared_ptr<const Schema> schema;  // metadata's, parsed
  FileList files;
  std::map<std::string, Txn> txns;
  std::map<std::string, DomainMetadata> domains;  // removed ones are not there
  // Removes since the checkpoint that the state began with, for the next checkpoint.
  std::vector<std::shared_ptr<const std::vector<RemoveFile>>> tombstones;
};

// Folders outside the table in which its data files may lie (data_paths.h). Null: anywhere.
using DataRoots = std::shared_ptr<const std::vector<std::string>>;

// Where a snapshot's log lies, so that a newer one can be made from it and a checkpoint written.
struct SnapshotOrigin {
  int64_t checkpoint_version = -1;  // -1: replayed from version 0
  std::vector<std::string> checkpoint_files;
  Micros commit_file_modified = 0;  // of the version's own log file, if it was there
  int64_t commit_file_size = -1;    // -1: it was not (only the checkpoint is left)
  DataRoots data_roots;
};

class Snapshot {
 public:
  // kUnsupported names a reader feature; kCorrupt a missing or unreadable protocol or schema.
  static Result<std::shared_ptr<const Snapshot>> Make(std::string path, int64_t version,
                                                      Micros commit_time, TableState state,
                                                      SnapshotOrigin origin);

  const std::string& path() const { return path_; }
  int64_t version() const { return version_; }
  Micros commit_time() const { return commit_time_; }  // in-commit timestamp, else log file's time
  const Protocol& protocol() const { return *state_.protocol; }
  const Metadata& metadata() const { return *state_.metadata; }  // metadata().id: the table's id
  const Schema& schema() const { return *state_.schema; }
  // Logical, partition columns included, in the schema's order.
  const std::shared_ptr<arrow::Schema>& arrow_schema() const { return arrow_schema_; }
  const FileList& files() const { return state_.files; }

  bool IsPartitionColumn(std::string_view column) const;
  std::optional<int64_t> txn_version(const std::string& app_id) const;
  const std::map<std::string, DomainMetadata>& domains() const { return state_.domains; }
  // A table property ("delta.checkpointInterval"), or nullopt.
  std::optional<std::string> property(const std::string& key) const;

  const TableState& state() const { return state_; }
  const SnapshotOrigin& origin() const { return origin_; }

 private:
  Snapshot() = default;

  std::string path_;
  int64_t version_ = 0;
  Micros commit_time_ = 0;
  TableState state_;
  SnapshotOrigin origin_;
  std::shared_ptr<arrow::Schema> arrow_schema_;
};

}  // namespace millpond::data
