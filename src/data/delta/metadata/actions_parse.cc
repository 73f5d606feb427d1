#include <simdjson.h>

#include <algorithm>

#include "data/delta/metadata/actions_json.h"

namespace millpond::data {
namespace {

using simdjson::dom::element;

// Reads the fields of one action; absent and null fields keep their defaults. A field of the wrong
// JSON type is remembered and reported once by Check().
class Fields {
 public:
  explicit Fields(element object) : object_(object) {}

  bool Find(const char* key, element* out) const {
    return object_[key].get(*out) == simdjson::SUCCESS && !out->is_null();
  }
  void Read(const char* key, std::string* out) {
    if (element value; Find(key, &value)) {
      std::string_view text;
      if (value.get(text) != simdjson::SUCCESS) return Complain(key);
      *out = std::string(text);
    }
  }
  void Read(const char* key, int64_t* out) {
    if (element value; Find(key, &value) && value.get(*out) != simdjson::SUCCESS) Complain(key);
  }
  void Read(const char* key, int* out) {
    int64_t wide = *out;
    Read(key, &wide);
    if (wide < 0 || wide > 1'000'000) return Complain(key);
    *out = static_cast<int>(wide);
  }
  void Read(const char* key, bool* out) {
    if (element value; Find(key, &value) && value.get(*out) != simdjson::SUCCESS) Complain(key);
  }
  template <typename T>
  void Read(const char* key, std::optional<T>* out) {
    if (element ignored; !Find(key, &ignored)) return;
    T value{};
    Read(key, &value);
    *out = std::move(value);
  }
  // Values that are no text are kept as their JSON.
  void Read(const char* key, StringMap* out) {
    ReadMap(key, [&](std::string name, element value) {
      if (value.is_null()) return;
      std::string_view text;
      (*out)[std::move(name)] =
          value.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(value);
    });
  }
  void Read(const char* key, PartitionValues* out) {
    ReadMap(key, [&](std::string name, element value) {
      std::string_view text;
      std::optional<std::string> read;
      if (value.get(text) == simdjson::SUCCESS) {
        read = std::string(text);
      } else if (!value.is_null()) {
        read = simdjson::minify(value);
      }
      (*out)[std::move(name)] = std::move(read);
    });
  }
  template <typename Add>
  void ReadList(const char* key, Add add) {
    element value;
    if (!Find(key, &value)) return;
    simdjson::dom::array list;
    if (value.get(list) != simdjson::SUCCESS) return Complain(key);
    for (element entry : list) {
      std::string_view text;
      if (entry.get(text) != simdjson::SUCCESS) return Complain(key);
      add(std::string(text));
    }
  }
  void Read(const char* key, std::set<std::string>* out) {
    ReadList(key, [&](std::string text) { out->insert(std::move(text)); });
  }
  void Read(const char* key, std::vector<std::string>* out) {
    ReadList(key, [&](std::string text) { out->push_back(std::move(text)); });
  }
  void Read(const char* key, std::optional<DeletionVector>* out) {
    element value;
    if (!Find(key, &value)) return;
    Fields fields(value);
    DeletionVector vector;
    fields.Read("storageType", &vector.storage_type);
    fields.Read("pathOrInlineDv", &vector.path_or_inline);
    fields.Read("offset", &vector.offset);
    fields.Read("sizeInBytes", &vector.size_bytes);
    fields.Read("cardinality", &vector.cardinality);
    if (!fields.wrong_.empty()) Complain(key);
    *out = std::move(vector);
  }
  void Require(const char* key, std::string* out) {
    if (element value; !Find(key, &value)) return Complain(key);
    Read(key, out);
  }

  Status Check() const {
    if (wrong_.empty()) return OkStatus();
    return Fail(ErrorKind::kCorrupt, "field '{}' is missing or not of its type", wrong_);
  }

 private:
  template <typename Use>
  void ReadMap(const char* key, Use use) {
    element value;
    if (!Find(key, &value)) return;
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return Complain(key);
    for (auto [name, entry] : object) use(std::string(name), entry);
  }
  void Complain(const char* key) {
    if (wrong_.empty()) wrong_ = key;
  }

  element object_;
  std::string wrong_;
};

Status ReadAdd(Fields& fields, AddFile* add) {
  fields.Require("path", &add->path);
  fields.Read("partitionValues", &add->partition_values);
  fields.Read("size", &add->size_bytes);
  fields.Read("modificationTime", &add->modification_time_ms);
  fields.Read("dataChange", &add->data_change);
  fields.Read("stats", &add->stats);
  fields.Read("tags", &add->tags);
  fields.Read("deletionVector", &add->deletion_vector);
  fields.Read("baseRowId", &add->base_row_id);
  fields.Read("defaultRowCommitVersion", &add->default_row_commit_version);
  fields.Read("clusteringProvider", &add->clustering_provider);
  return fields.Check();
}

Status ReadRemove(Fields& fields, RemoveFile* remove) {
  fields.Require("path", &remove->path);
  fields.Read("deletionTimestamp", &remove->deletion_timestamp_ms);
  fields.Read("dataChange", &remove->data_change);
  fields.Read("extendedFileMetadata", &remove->extended_file_metadata);
  fields.Read("partitionValues", &remove->partition_values);
  fields.Read("size", &remove->size_bytes);
  fields.Read("stats", &remove->stats);
  fields.Read("tags", &remove->tags);
  fields.Read("deletionVector", &remove->deletion_vector);
  fields.Read("baseRowId", &remove->base_row_id);
  fields.Read("defaultRowCommitVersion", &remove->default_row_commit_version);
  return fields.Check();
}

Status ReadCdc(Fields& fields, CdcFile* cdc) {
  fields.Require("path", &cdc->path);
  fields.Read("partitionValues", &cdc->partition_values);
  fields.Read("size", &cdc->size_bytes);
  fields.Read("tags", &cdc->tags);
  return fields.Check();
}

Status ReadMetadata(Fields& fields, Metadata* metadata) {
  fields.Read("id", &metadata->id);
  fields.Read("name", &metadata->name);
  fields.Read("description", &metadata->description);
  fields.Read("schemaString", &metadata->schema_json);
  fields.Read("partitionColumns", &metadata->partition_columns);
  fields.Read("configuration", &metadata->configuration);
  fields.Read("createdTime", &metadata->created_time_ms);
  if (element value; fields.Find("format", &value)) {
    Fields format(value);
    format.Read("provider", &metadata->format_provider);
    format.Read("options", &metadata->format_options);
    MP_RETURN_IF_ERROR(format.Check());
  }
  return fields.Check();
}

Status ReadProtocol(Fields& fields, Protocol* protocol) {
  fields.Read("minReaderVersion", &protocol->min_reader_version);
  fields.Read("minWriterVersion", &protocol->min_writer_version);
  fields.Read("readerFeatures", &protocol->reader_features);
  fields.Read("writerFeatures", &protocol->writer_features);
  return fields.Check();
}

Status ReadTxn(Fields& fields, Txn* txn) {
  fields.Require("appId", &txn->app_id);
  fields.Read("version", &txn->version);
  fields.Read("lastUpdated", &txn->last_updated_ms);
  return fields.Check();
}

Status ReadDomain(Fields& fields, DomainMetadata* domain) {
  fields.Require("domain", &domain->domain);
  fields.Read("configuration", &domain->configuration);
  fields.Read("removed", &domain->removed);
  return fields.Check();
}

// commitInfo is anybody's: what does not fit is ignored, except the timestamp that readers need.
Status ReadCommitInfo(element object, CommitInfo* info) {
  Fields strict(object), loose(object);
  strict.Read("inCommitTimestamp", &info->in_commit_timestamp_ms);
  loose.Read("timestamp", &info->timestamp_ms);
  loose.Read("operation", &info->operation);
  loose.Read("operationParameters", &info->operation_parameters);
  loose.Read("operationMetrics", &info->operation_metrics);
  loose.Read("tags", &info->tags);
  loose.Read("engineInfo", &info->engine_info);
  loose.Read("txnId", &info->txn_id);
  loose.Read("isBlindAppend", &info->is_blind_append);
  return strict.Check();
}

template <typename T>
Status ReadAndSink(Status (*read)(Fields&, T*), element body,
                   const std::function<Status(Action)>& sink) {
  T action;
  Fields fields(body);
  MP_RETURN_IF_ERROR(read(fields, &action));
  return sink(Action(std::move(action)));
}

bool IsAction(std::string_view name) {
  static constexpr std::string_view kActions[] = {
      "add", "remove", "metaData", "protocol", "txn", "domainMetadata", "cdc", "commitInfo"};
  return std::ranges::find(kActions, name) != std::end(kActions);
}

// A commit that was cut at a line's end is whole JSON. One of ours says how many actions it has.
class Completeness {
 public:
  void See(const Action& action) {
    ++actions_;
    const auto* info = std::get_if<CommitInfo>(&action);
    if (info == nullptr || !info->engine_info.starts_with("Millpond/")) return;
    const auto count = info->tags.find(kActionCountTag);
    if (count != info->tags.end()) promised_ = count->second;
  }

  Status Check(std::string_view what) const {
    if (!promised_ || *promised_ == fmt::format("{}", actions_)) return OkStatus();
    const bool has_more = actions_ > std::strtoll(promised_->c_str(), nullptr, 10);
    return Fail(
        ErrorKind::kCorrupt,
        "{} {}: it says that it has {} actions, and has {}; bring the file back from a copy", what,
        has_more ? "has lines twice, or lines that are not its own" : "is cut", *promised_,
        actions_);
  }

 private:
  int64_t actions_ = 0;
  std::optional<std::string> promised_;
};

Status ReadLine(element line, const std::function<Status(Action)>& sink) {
  simdjson::dom::object object;
  if (line.get(object) != simdjson::SUCCESS) {
    return Fail(ErrorKind::kCorrupt, "a line is one JSON object");
  }
  for (auto [name, body] : object) {
    if (body.is_null()) continue;
    if (!body.is_object() && IsAction(name)) {
      return Fail(ErrorKind::kCorrupt, "the action '{}' is no object", name);
    }
    if (name == "add") return ReadAndSink(ReadAdd, body, sink);
    if (name == "remove") return ReadAndSink(ReadRemove, body, sink);
    if (name == "metaData") return ReadAndSink(ReadMetadata, body, sink);
    if (name == "protocol") return ReadAndSink(ReadProtocol, body, sink);
    if (name == "txn") return ReadAndSink(ReadTxn, body, sink);
    if (name == "domainMetadata") return ReadAndSink(ReadDomain, body, sink);
    if (name == "cdc") return ReadAndSink(ReadCdc, body, sink);
    if (name == "commitInfo") {
      CommitInfo info;
      MP_RETURN_IF_ERROR(ReadCommitInfo(body, &info));
      return sink(Action(std::move(info)));
    }
  }
  return OkStatus();
}

}  // namespace

Status ParseCommit(std::string_view bytes, std::string_view what,
                   const std::function<Status(Action)>& sink) {
  simdjson::dom::parser parser;
  int64_t number = 0;
  bool empty = true;
  Completeness completeness;
  const std::function<Status(Action)> seen = [&](Action action) {
    completeness.See(action);
    return sink(std::move(action));
  };
  while (!bytes.empty()) {
    size_t end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    element parsed;
    if (auto error = parser.parse(line.data(), line.size()).get(parsed); error) {
      return Fail(ErrorKind::kCorrupt, "{}:{}: not valid JSON: {}", what, number,
                  simdjson::error_message(error));
    }
    MP_RETURN_IF_ERROR_CONTEXT(ReadLine(parsed, seen), "{}:{}", what, number);
    empty = false;
  }
  if (!empty) return completeness.Check(what);
  return Fail(ErrorKind::kCorrupt,
              "{} is empty, and a commit has at least one action: bring the file back from a copy",
              what);
}

Result<CommitInfo> ParseCommitInfo(std::string_view bytes, std::string_view what) {
  CommitInfo info;
  simdjson::dom::parser parser;
  while (!bytes.empty()) {
    size_t end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
    if (line.find("\"commitInfo\"") == line.npos) continue;
    element parsed, body;
    if (auto error = parser.parse(line.data(), line.size()).get(parsed); error) {
      return Fail(ErrorKind::kCorrupt, "{}: the commitInfo is not valid JSON: {}", what,
                  simdjson::error_message(error));
    }
    if (parsed["commitInfo"].get(body) != simdjson::SUCCESS || !body.is_object()) continue;
    MP_RETURN_IF_ERROR_CONTEXT(ReadCommitInfo(body, &info), "{}", what);
    break;
  }
  return info;
}

}  // namespace millpond::data
