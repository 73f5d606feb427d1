#include "data/delta/log/checkpoint_actions_internal.h"

#include <arrow/record_batch.h>
#include <simdjson.h>

#include <charconv>

#include "base/fs/filesystem.h"
#include "data/delta/log/file_list.h"
#include "data/delta/metadata/actions_json.h"
#include "data/delta/metadata/arrow_fields.h"

namespace millpond::data {
namespace {

Result<RemoveFile> ReadRemove(const arrow::Array* node, int64_t row) {
  RemoveFile remove;
  auto path = Text(Child(node, "path"), row);
  if (!path) return Fail(ErrorKind::kCorrupt, "a remove without a path");
  remove.path = std::move(*path);
  remove.deletion_timestamp_ms = Number(Child(node, "deletionTimestamp"), row);
  remove.data_change = false;
  remove.extended_file_metadata = Flag(Child(node, "extendedFileMetadata"), row);
  remove.partition_values = PartitionMap(Child(node, "partitionValues"), row);
  remove.size_bytes = Number(Child(node, "size"), row);
  remove.deletion_vector = Vector(Child(node, "deletionVector"), row);
  remove.base_row_id = Number(Child(node, "baseRowId"), row);
  remove.default_row_commit_version = Number(Child(node, "defaultRowCommitVersion"), row);
  return remove;
}

Metadata ReadMetadata(const arrow::Array* node, int64_t row) {
  Metadata metadata;
  metadata.id = Text(Child(node, "id"), row).value_or("");
  metadata.name = Text(Child(node, "name"), row);
  metadata.description = Text(Child(node, "description"), row);
  const arrow::Array* format = Child(node, "format");
  metadata.format_provider = Text(Child(format, "provider"), row).value_or("parquet");
  metadata.format_options = TextMap(Child(format, "options"), row);
  metadata.schema_json = Text(Child(node, "schemaString"), row).value_or("");
  metadata.partition_columns = TextList(Child(node, "partitionColumns"), row);
  metadata.configuration = TextMap(Child(node, "configuration"), row);
  metadata.created_time_ms = Number(Child(node, "createdTime"), row);
  return metadata;
}

Protocol ReadProtocol(const arrow::Array* node, int64_t row) {
  Protocol protocol;
  protocol.min_reader_version =
      static_cast<int>(Number(Child(node, "minReaderVersion"), row).value_or(1));
  protocol.min_writer_version =
      static_cast<int>(Number(Child(node, "minWriterVersion"), row).value_or(1));
  for (auto& name : TextList(Child(node, "readerFeatures"), row)) {
    protocol.reader_features.insert(std::move(name));
  }
  for (auto& name : TextList(Child(node, "writerFeatures"), row)) {
    protocol.writer_features.insert(std::move(name));
  }
  return protocol;
}

Txn ReadTxn(const arrow::Array* node, int64_t row) {
  Txn txn;
  txn.app_id = Text(Child(node, "appId"), row).value_or("");
  txn.version = Number(Child(node, "version"), row).value_or(0);
  txn.last_updated_ms = Number(Child(node, "lastUpdated"), row);
  return txn;
}

DomainMetadata ReadDomain(const arrow::Array* node, int64_t row) {
  DomainMetadata domain;
  domain.domain = Text(Child(node, "domain"), row).value_or("");
  domain.configuration = Text(Child(node, "configuration"), row).value_or("");
  domain.removed = Flag(Child(node, "removed"), row).value_or(false);
  return domain;
}

std::optional<int64_t> WholeNumber(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Sidecars lie in the table's own _sidecars, whatever folder the path names.
Result<Sidecar> MakeSidecar(std::string_view path, int64_t size_bytes, int64_t modified_ms) {
  const std::string decoded = PercentDecode(path);
  Sidecar sidecar{std::string(FileName(decoded)), size_bytes, modified_ms};
  if (!sidecar.name.empty() && sidecar.name != "." && sidecar.name != "..") return sidecar;
  return Fail(ErrorKind::kCorrupt, "a sidecar without a path");
}

int64_t NumberOf(const simdjson::dom::element& object, const char* field, int64_t otherwise) {
  int64_t number = 0;
  return object[field].get(number) == simdjson::SUCCESS ? number : otherwise;
}

// Calls visit(node, row) for the rows in which the column is set: mostly none or very few.
template <typename Visit>
Status ForEachSet(const arrow::RecordBatch& batch, const char* name, Visit visit) {
  const auto node = batch.GetColumnByName(name);
  if (node == nullptr || node->null_count() == batch.num_rows()) return OkStatus();
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    if (!node->IsNull(row)) MP_RETURN_IF_ERROR(visit(node.get(), row));
  }
  return OkStatus();
}

}  // namespace

const std::vector<std::string>& SmallActionColumns() {
  static const std::vector<std::string> columns = {
      "metaData", "protocol", "txn", "domainMetadata", "sidecar", "checkpointMetadata"};
  return columns;
}

Status ReadSmallActions(const arrow::RecordBatch& batch, CheckpointTop* top) {
  auto take = [&](auto action) {
    top->actions.push_back(std::move(action));
    return OkStatus();
  };
  MP_RETURN_IF_ERROR(ForEachSet(batch, "metaData", [&](const arrow::Array* node, int64_t row) {
    return take(ReadMetadata(node, row));
  }));
  MP_RETURN_IF_ERROR(ForEachSet(batch, "protocol", [&](const arrow::Array* node, int64_t row) {
    return take(ReadProtocol(node, row));
  }));
  MP_RETURN_IF_ERROR(ForEachSet(batch, "txn", [&](const arrow::Array* node, int64_t row) {
    return take(ReadTxn(node, row));
  }));
  MP_RETURN_IF_ERROR(ForEachSet(
      batch, "domainMetadata",
      [&](const arrow::Array* node, int64_t row) { return take(ReadDomain(node, row)); }));
  MP_RETURN_IF_ERROR(
      ForEachSet(batch, "checkpointMetadata", [&](const arrow::Array* node, int64_t row) {
        top->v2_version = Number(Child(node, "version"), row).value_or(-1);
        const StringMap tags = TextMap(Child(node, "tags"), row);
        if (const auto tag = tags.find(kNumAddsTag); tag != tags.end()) {
          top->num_adds = WholeNumber(tag->second);
        }
        return OkStatus();
      }));
  return ForEachSet(batch, "sidecar", [&](const arrow::Array* node, int64_t row) -> Status {
    MP_ASSIGN_OR_RETURN(auto sidecar,
                        MakeSidecar(Text(Child(node, "path"), row).value_or(""),
                                    Number(Child(node, "sizeInBytes"), row).value_or(-1),
                                    Number(Child(node, "modificationTime"), row).value_or(0)));
    top->sidecars.push_back(std::move(sidecar));
    return OkStatus();
  });
}

Status ReadRemoves(const arrow::RecordBatch& batch, const std::function<Status(RemoveFile)>& sink) {
  return ForEachSet(batch, "remove", [&](const arrow::Array* node, int64_t row) -> Status {
    MP_ASSIGN_OR_RETURN(auto remove, ReadRemove(node, row));
    return sink(std::move(remove));
  });
}

std::string CheckpointMetadataLine(int64_t version, int64_t num_adds) {
  return fmt::format("{{\"checkpointMetadata\":{{\"version\":{},\"tags\":{{\"{}\":\"{}\"}}}}}}\n",
                     version, kNumAddsTag, num_adds);
}

std::string SidecarLine(const Sidecar& sidecar) {
  return fmt::format(
      "{{\"sidecar\":{{\"path\":\"{}\",\"sizeInBytes\":{},\"modificationTime\":{},\"tags\":{{}}}}}}"
      "\n",
      sidecar.name, sidecar.size_bytes, sidecar.modification_time_ms);
}

Status ParseCheckpointTop(std::string_view bytes, std::string_view what, CheckpointTop* top,
                          const std::function<Status(Action)>& files) {
  MP_RETURN_IF_ERROR(ParseCommit(bytes, what, [&](Action action) -> Status {
    const bool is_file =
        std::holds_alternative<AddFile>(action) || std::holds_alternative<RemoveFile>(action);
    if (is_file) return files(std::move(action));
    top->actions.push_back(std::move(action));
    return OkStatus();
  }));
  simdjson::dom::parser parser;
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
    simdjson::dom::element parsed, body;
    if (parser.parse(line.data(), line.size()).get(parsed) != simdjson::SUCCESS) continue;
    if (parsed["checkpointMetadata"].get(body) == simdjson::SUCCESS) {
      top->v2_version = NumberOf(body, "version", -1);
      std::string_view count;
      if (body["tags"][kNumAddsTag].get(count) == simdjson::SUCCESS) {
        top->num_adds = WholeNumber(count);
      }
    } else if (parsed["sidecar"].get(body) == simdjson::SUCCESS) {
      std::string_view path;
      if (body["path"].get(path) != simdjson::SUCCESS) path = "";
      MP_ASSIGN_OR_RETURN_CONTEXT(auto sidecar,
                                  MakeSidecar(path, NumberOf(body, "sizeInBytes", -1),
                                              NumberOf(body, "modificationTime", 0)),
                                  "{}", what);
      top->sidecars.push_back(std::move(sidecar));
    }
  }
  return OkStatus();
}

}  // namespace millpond::data
