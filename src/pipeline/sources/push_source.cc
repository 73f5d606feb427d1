#include "pipeline/sources/push_source.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <charconv>

#include "base/environment.h"
#include "data/catalog/warehouse.h"
#include "data/catalog/workspace.h"
#include "data/delta/metadata/schema.h"
#include "pipeline/sources/column_list.h"
#include "pipeline/sources/file_source.h"

namespace millpond::pipeline {
namespace {

constexpr std::string_view kOpen = "open-", kEnding = ".jsonl";
constexpr size_t kIdDigits = 16, kNumberDigits = 9;

Status CheckColumns(const arrow::Schema& schema) {
  for (const auto& field : schema.fields()) {
    MP_ASSIGN_OR_RETURN(data::DataType type, data::FromArrowType(*field->type()));
    if (!type.is_primitive() || type.kind() == data::TypeKind::kBinary) {
      return Fail(ErrorKind::kUnsupported,
                  "column '{}' of read_push is {}; rows are pushed as flat JSON, so take it as a "
                  "STRING and make the rest of it in the query",
                  field->name(), type.ToString());
    }
    if (data::EqualNames(field->name(), kBatchField)) {
      return Fail(ErrorKind::kInvalidArgument,
                  "column '{}' of read_push has the name that marks a batch; choose another",
                  field->name());
    }
  }
  return OkStatus();
}

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Result<PushSource> ParseReadPush(const data::FunctionArguments& arguments) {
  auto refuse = [&](size_t offset, const Error& error) {
    return FailAt(arguments.source, offset, error.kind(), "{}", error.ToString());
  };
  const auto& positional = arguments.positional;
  auto schema = arguments.named.find("schema");
  bool complete = positional.size() == 1 && positional[0].AsString() != nullptr &&
                  arguments.named.size() == 1 && schema != arguments.named.end() &&
                  schema->second.AsString() != nullptr;
  if (!complete) {
    return FailAt(arguments.source, arguments.offset, ErrorKind::kInvalidArgument,
                  "read_push takes the name that rows are pushed to, and their schema: "
                  "read_push('clicks', schema => 'user_id BIGINT, at TIMESTAMP')");
  }
  PushSource source;
  auto name = data::ParseTableName(*positional[0].AsString());
  if (!name.has_value()) return refuse(positional[0].offset, name.error());
  source.name = data::FoldCase(*name);
  auto columns = ParseColumnList(*schema->second.AsString());
  if (!columns.has_value()) return refuse(schema->second.offset, columns.error());
  source.schema = *columns;
  Status checked = CheckColumns(*source.schema);
  if (!checked.has_value()) return refuse(schema->second.offset, checked.error());
  return source;
}

std::string SegmentName::ToString() const {
  return fmt::format("{}{}-{:09}{}", open ? kOpen : "", spool_id, number, kEnding);
}

std::optional<SegmentName> ParseSegmentName(std::string_view file_name) {
  SegmentName name;
  name.open = file_name.starts_with(kOpen);
  if (name.open) file_name.remove_prefix(kOpen.size());
  if (!file_name.ends_with(kEnding)) return std::nullopt;
  file_name.remove_suffix(kEnding.size());
  if (file_name.size() < kIdDigits + 1 + kNumberDigits || file_name[kIdDigits] != '-') {
    return std::nullopt;
  }
  name.spool_id = file_name.substr(0, kIdDigits);
  std::string_view digits = file_name.substr(kIdDigits + 1);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), name.number);
  bool whole = error == std::errc() && end == digits.data() + digits.size() && name.number > 0;
  if (!whole || !IsHex(name.spool_id)) return std::nullopt;
  return name;
}

std::string SpoolDir(const data::Workspace& workspace, const data::TableName& name) {
  return JoinPath(JoinPath(workspace.state_dir, "ingest"), name.ToString());
}

Result<std::vector<SourceFile>> ListSegments(const data::Workspace& workspace,
                                             const data::TableName& name) {
  auto entries = workspace.env.fs.List(SpoolDir(workspace, name));
  if (!entries.has_value()) {
    if (entries.error().kind() == ErrorKind::kNotFound) return std::vector<SourceFile>();
    return std::unexpected(std::move(entries).error());
  }
  std::vector<SourceFile> segments;
  for (const FileInfo& entry : *entries) {
    auto segment = ParseSegmentName(FileName(entry.path));
    if (!segment.has_value() || segment->open) continue;
    segments.push_back({segment->ToString(), entry.path, entry.size_bytes, entry.modified});
  }
  // By id, then by number: numbers of more than nine digits would sort wrongly as text.
  std::ranges::stable_sort(segments, {}, [](const SourceFile& file) {
    auto segment = *ParseSegmentName(file.name);
    return std::pair(std::move(segment.spool_id), segment.number);
  });
  return segments;
}

bool IsRead(const std::vector<std::string>& newest, std::string_view segment) {
  auto name = ParseSegmentName(segment);
  return name.has_value() && std::any_of(newest.begin(), newest.end(), [&](const auto& text) {
           auto one = ParseSegmentName(text);
           return one.has_value() && one->spool_id == name->spool_id && one->number >= name->number;
         });
}

void NoteRead(std::string_view segment, std::vector<std::string>& newest) {
  auto name = ParseSegmentName(segment);
  if (!name.has_value() || IsRead(newest, segment)) return;
  std::erase_if(newest, [&](const std::string& text) {
    auto one = ParseSegmentName(text);
    return one.has_value() && one->spool_id == name->spool_id;
  });
  newest.emplace_back(segment);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ScanSegments(
    const Environment& env, const std::shared_ptr<arrow::Schema>& schema,
    std::vector<SourceFile> segments) {
  FileFormat format;
  format.kind = FileFormat::Kind::kPushed;
  format.schema = schema;
  return ScanFiles(env, format, std::move(segments), schema);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ReadPush::Open(
    const data::FunctionArguments& arguments, const data::Workspace& workspace) {
  MP_ASSIGN_OR_RETURN(PushSource source, ParseReadPush(arguments));
  MP_ASSIGN_OR_RETURN(auto segments, ListSegments(workspace, source.name));
  return ScanSegments(workspace.env, source.schema, std::move(segments));
}

}  // namespace millpond::pipeline
