// The actions of the Delta log (PROTOCOL.md, "Actions") as plain values. Unknown fields are ignored
// on reading, as the protocol asks. See actions_json.h for their text.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "data/delta/metadata/schema.h"

namespace millpond::data {

using StringMap = std::map<std::string, std::string>;
// Column -> serialised value; nullopt is NULL.
using PartitionValues = std::map<std::string, std::optional<std::string>>;

struct Protocol {
  int min_reader_version = 1;
  int min_writer_version = 2;
  std::set<std::string> reader_features;  // meaningful from reader version 3
  std::set<std::string> writer_features;  // meaningful from writer version 7
  bool operator==(const Protocol&) const = default;
};

struct Metadata {
  std::string id;
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::string format_provider = "parquet";
  StringMap format_options;
  std::string schema_json;
  std::vector<std::string> partition_columns;
  StringMap configuration;
  std::optional<int64_t> created_time_ms;
  bool operator==(const Metadata&) const = default;

  // configuration[key] == "true", without regard to case.
  bool IsEnabled(const std::string& key) const;
};

struct DeletionVector {
  std::string storage_type;
  std::string path_or_inline;
  std::optional<int64_t> offset;
  int64_t size_bytes = 0;
  int64_t cardinality = 0;
  bool operator==(const DeletionVector&) const = default;

  std::string UniqueId() const;  // part of the key of a file action
};

struct AddFile {
  std::string path = {};  // as in the log: percent-encoded, relative to the table or absolute
  PartitionValues partition_values = {};
  int64_t size_bytes = 0;
  int64_t modification_time_ms = 0;
  bool data_change = true;
  std::string stats = {};  // JSON, "" if there is none
  StringMap tags = {};
  std::optional<DeletionVector> deletion_vector = {};
  std::optional<int64_t> base_row_id = {};
  std::optional<int64_t> default_row_commit_version = {};
  std::optional<std::string> clustering_provider = {};
};

struct RemoveFile {
  std::string path = {};
  std::optional<int64_t> deletion_timestamp_ms = {};
  bool data_change = true;
  std::optional<bool> extended_file_metadata = {};
  PartitionValues partition_values = {};
  std::optional<int64_t> size_bytes = {};
  std::string stats = {};
  StringMap tags = {};
  std::optional<DeletionVector> deletion_vector = {};
  std::optional<int64_t> base_row_id = {};
  std::optional<int64_t> default_row_commit_version = {};
};

struct CdcFile {
  std::string path;
  PartitionValues partition_values;
  int64_t size_bytes = 0;
  StringMap tags;
};

// An application's own version: a later commit with the same id and a version not above is a
// repeat.
struct Txn {
  std::string app_id;
  int64_t version = 0;
  std::optional<int64_t> last_updated_ms;
};

struct DomainMetadata {
  std::string domain;
  std::string configuration;
  bool removed = false;
  bool operator==(const DomainMetadata&) const = default;
};

struct CommitInfo {
  std::optional<int64_t> in_commit_timestamp_ms;
  std::optional<int64_t> timestamp_ms;
  std::string operation;
  StringMap operation_parameters;
  StringMap operation_metrics;
  StringMap tags;
  std::string engine_info;
  std::string txn_id;  // unique to one attempt: tells our commit from another's
  bool is_blind_append = false;
};

using Action =
    std::variant<CommitInfo, Protocol, Metadata, Txn, DomainMetadata, AddFile, RemoveFile, CdcFile>;

}  // namespace millpond::data
