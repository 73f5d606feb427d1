#include "data/delta/log/checksum.h"

#include <simdjson.h>

#include "base/json.h"
#include "data/delta/metadata/actions_json.h"
#include "data/delta/metadata/protocol.h"

namespace millpond::data {
namespace {

using simdjson::dom::element;

// Transactions and domains are optional; a table with very many would write them all again with
// every commit.
constexpr size_t kMaxListed = 1000;

std::unexpected<Error> Bad(std::string_view what, std::string_view field) {
  return Fail(ErrorKind::kCorrupt, "the checksum {} has no sound field '{}'", what, field);
}

// The JSON object of an action, without its name around it.
Result<std::string> BodyOf(const Action& action) {
  MP_ASSIGN_OR_RETURN(const std::string line, ActionLine(action));
  const size_t begin = line.find(':') + 1;
  return line.substr(begin, line.rfind('}') - begin);
}

template <typename Map>
Status AppendList(const char* name, const Map& map, std::string* text) {
  if (map.size() > kMaxListed) return OkStatus();
  *text += fmt::format(",\"{}\":[", name);
  bool first = true;
  for (const auto& [key, action] : map) {
    MP_ASSIGN_OR_RETURN(const std::string body, BodyOf(action));
    if (!first) *text += ',';
    *text += body;
    first = false;
  }
  *text += ']';
  return OkStatus();
}

std::unexpected<Error> Differs(const Snapshot& snapshot, std::string_view what, const auto& found,
                               const auto& said) {
  return Fail(ErrorKind::kCorrupt,
              "version {} of table {} has {} {}, and its checksum file says {}: a file of its "
              "_delta_log has been changed",
              snapshot.version(), snapshot.path(), what, found, said);
}

}  // namespace

Result<VersionChecksum> ParseChecksum(std::string_view bytes, std::string_view what) {
  VersionChecksum checksum;
  simdjson::dom::parser parser;
  element root;
  if (auto error = parser.parse(bytes.data(), bytes.size()).get(root); error) {
    return Fail(ErrorKind::kCorrupt, "the checksum {} is not valid JSON: {}", what,
                simdjson::error_message(error));
  }
  for (const auto& [name, number] : {std::pair("tableSizeBytes", &checksum.table_size_bytes),
                                     std::pair("numFiles", &checksum.num_files)}) {
    if (root[name].get(*number) != simdjson::SUCCESS || *number < 0) return Bad(what, name);
  }
  for (const char* name : {"metadata", "protocol"}) {
    element body;
    if (root[name].get(body) != simdjson::SUCCESS || !body.is_object()) return Bad(what, name);
    const char* action = name[0] == 'm' ? "metaData" : "protocol";
    const std::string line =
        fmt::format(R"({{"{}":{}}})", action, std::string(simdjson::minify(body)));
    MP_RETURN_IF_ERROR(ParseCommit(line, what, [&](Action parsed) {
      if (auto* metadata = std::get_if<Metadata>(&parsed)) checksum.metadata = *metadata;
      if (auto* protocol = std::get_if<Protocol>(&parsed)) checksum.protocol = *protocol;
      return OkStatus();
    }));
  }
  return checksum;
}

Status VerifyChecksum(const VersionChecksum& checksum, const Snapshot& snapshot) {
  const auto files = static_cast<int64_t>(snapshot.files().size());
  if (files != checksum.num_files) {
    return Differs(snapshot, "so many files:", files, checksum.num_files);
  }
  if (snapshot.files().total_bytes() != checksum.table_size_bytes) {
    return Differs(snapshot, "so many bytes:", snapshot.files().total_bytes(),
                   checksum.table_size_bytes);
  }
  if (checksum.protocol && *checksum.protocol != snapshot.protocol()) {
    return Differs(snapshot, "another", "protocol", "so");
  }
  if (!checksum.metadata) return OkStatus();
  const Metadata& said = *checksum.metadata;
  const Metadata& found = snapshot.metadata();
  if (said.id != found.id) return Differs(snapshot, "the id", found.id, said.id);
  if (said.schema_json != found.schema_json || said.partition_columns != found.partition_columns ||
      said.configuration != found.configuration) {
    return Differs(snapshot, "another", "schema or other properties", "so");
  }
  return OkStatus();
}

Result<std::string> FormatChecksum(const Snapshot& snapshot, const std::string& txn_id) {
  const FileTotals totals = snapshot.files().Totals();
  std::string text = "{";
  if (!txn_id.empty()) text += fmt::format("\"txnId\":{},", DumpJson(Json(txn_id)));
  text += fmt::format(R"("tableSizeBytes":{},"numFiles":{},"numMetadata":1,"numProtocol":1)",
                      snapshot.files().total_bytes(), snapshot.files().size());
  if (InCommitTimestampsEnabled(snapshot.protocol(), snapshot.metadata())) {
    text += fmt::format(R"(,"inCommitTimestampOpt":{})", snapshot.commit_time() / kMicrosPerMilli);
  }
  MP_RETURN_IF_ERROR(AppendList("setTransactions", snapshot.state().txns, &text));
  MP_RETURN_IF_ERROR(AppendList("domainMetadata", snapshot.domains(), &text));
  MP_ASSIGN_OR_RETURN(const std::string metadata, BodyOf(snapshot.metadata()));
  MP_ASSIGN_OR_RETURN(const std::string protocol, BodyOf(snapshot.protocol()));
  text += fmt::format(R"(,"metadata":{},"protocol":{})", metadata, protocol);
  text += fmt::format(
      R"(,"fileSizeHistogram":{{"sortedBinBoundaries":[{}],"fileCounts":[{}],"totalBytes":[{}]}})",
      fmt::join(FileTotals::BinStarts(), ","), fmt::join(totals.file_counts, ","),
      fmt::join(totals.total_bytes, ","));
  text += fmt::format(R"(,"numDeletedRecordsOpt":{},"numDeletionVectorsOpt":{})"
                      R"(,"deletedRecordCountsHistogramOpt":{{"deletedRecordCounts":[{}]}}}})",
                      totals.deleted_records, totals.deletion_vectors,
                      fmt::join(totals.deleted_record_counts, ","));
  return text;
}

}  // namespace millpond::data
