#include "pipeline/ingest/spool_batch.h"

#include "base/json.h"
#include "base/sha256.h"
#include "pipeline/sources/push_source.h"

namespace millpond::pipeline {
namespace {

constexpr size_t kDigestDigits = 16;

std::string DigestOf(std::string_view bytes) {
  return Sha256::Hex(bytes).substr(0, kDigestDigits);
}

// Within a JSON string the quotation marks would be escaped, so these bytes stand for the field.
const std::string& MarkBegins() {
  static const std::string text = fmt::format("\"{}\":{{", kBatchField);
  return text;
}

std::string MarkText(const BatchMark& mark) {
  OrderedJson json = {{"rows", mark.rows},
                      {"bytes", mark.bytes},
                      {"sha256", mark.digest},
                      {"at", FormatTimestamp(mark.at)}};
  if (!mark.key.empty()) json["key"] = mark.key;
  return fmt::format("\"{}\":{}", kBatchField, DumpJson(json));
}

// The mark of a line, if it has a well-formed one, which begins at `at`.
bool ReadMark(std::string_view line, size_t at, BatchMark& mark) {
  if (!line.ends_with("}}")) return false;
  std::string_view text = line.substr(at + kBatchField.size() + 3);
  text.remove_suffix(1);
  auto json = ParseJson(text, "mark");
  if (!json.has_value()) return false;
  try {
    mark.rows = json->at("rows");
    mark.bytes = json->at("bytes");
    mark.digest = json->at("sha256");
    mark.at = ParseTimestamp(json->at("at").get<std::string>()).value_or(0);
    mark.key = json->value("key", "");
  } catch (const Json::exception&) {
    return false;  // other bytes that look like a mark: no batch ends here
  }
  return true;
}

}  // namespace

Result<EncodedBatch> EncodeBatch(const std::vector<std::string>& lines, Micros at,
                                 const std::string& key) {
  EncodedBatch batch;
  batch.mark.rows = static_cast<int64_t>(lines.size());
  batch.mark.at = at;
  batch.mark.key = key;
  size_t size = 256 + key.size();
  for (const std::string& line : lines) size += line.size() + 1;
  batch.bytes.reserve(size);
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    bool is_object = line.starts_with('{') && line.ends_with('}') && line.size() >= 2;
    if (!is_object || line.find('\n') != std::string::npos) {
      return Fail(ErrorKind::kInvalidArgument, "row {} is not one JSON object in one line", i + 1);
    }
    if (i + 1 < lines.size()) {
      batch.bytes += line;
      batch.bytes += '\n';
    } else {
      batch.bytes += std::string_view(line).substr(0, line.size() - 1);
      if (line.size() > 2) batch.bytes += ',';
    }
  }
  batch.mark.bytes = static_cast<int64_t>(batch.bytes.size());
  batch.mark.digest = DigestOf(batch.bytes);
  batch.bytes += MarkText(batch.mark) + "}\n";
  return batch;
}

ScannedSegment ScanSegment(std::string_view bytes) {
  ScannedSegment segment;
  size_t whole_to = 0;  // the end of the last whole batch
  for (size_t begin = 0; begin < bytes.size();) {
    size_t end = bytes.find('\n', begin);
    if (end == std::string_view::npos) break;
    std::string_view line = bytes.substr(begin, end - begin);
    size_t mark_at = line.rfind(MarkBegins());
    BatchMark mark;
    if (mark_at != std::string_view::npos && ReadMark(line, mark_at, mark)) {
      auto batch_end = static_cast<int64_t>(begin + mark_at);
      bool fits = mark.bytes > 0 && mark.bytes <= batch_end - static_cast<int64_t>(whole_to);
      auto from = static_cast<size_t>(batch_end - mark.bytes);
      if (fits && DigestOf(bytes.substr(from, static_cast<size_t>(mark.bytes))) == mark.digest) {
        segment.damaged |= from != whole_to;
        segment.whole += bytes.substr(from, end + 1 - from);
        segment.marks.push_back(std::move(mark));
        whole_to = end + 1;
      }
    }
    begin = end + 1;
  }
  return segment;
}

}  // namespace millpond::pipeline
