// The arguments of read_files.
#include <algorithm>
#include <array>
#include <map>

#include "pipeline/sources/column_list.h"
#include "pipeline/sources/file_source.h"

namespace millpond::pipeline {
namespace {

using data::ArgumentValue;
using data::FunctionArguments;

class Reader {
 public:
  explicit Reader(const FunctionArguments& arguments) : arguments_(arguments) {}

  // The first of the names that was given, or null. A NULL counts as not given.
  const ArgumentValue* Take(std::initializer_list<std::string_view> names) {
    const ArgumentValue* found = nullptr;
    for (std::string_view name : names) {
      known_.emplace_back(name);
      auto at = arguments_.named.find(std::string(name));
      if (at != arguments_.named.end() && at->second.value.index() != 0) found = &at->second;
    }
    return found;
  }

  Status Text(std::initializer_list<std::string_view> names, std::string& out) {
    const ArgumentValue* value = Take(names);
    if (value == nullptr) return OkStatus();
    if (value->AsString() == nullptr) return Wrong(*value, *names.begin(), "a string");
    out = *value->AsString();
    return OkStatus();
  }

  Status Character(std::initializer_list<std::string_view> names, char& out) {
    std::string text(1, out);
    const ArgumentValue* value = Take(names);
    if (value == nullptr) return OkStatus();
    if (value->AsString() == nullptr) return Wrong(*value, *names.begin(), "a string");
    text = *value->AsString();
    if (text == "\\t") text = "\t";
    if (text.size() != 1) return Wrong(*value, *names.begin(), "one character (or '\\t')");
    out = text[0];
    return OkStatus();
  }

  Status Flag(std::initializer_list<std::string_view> names, bool& out) {
    const ArgumentValue* value = Take(names);
    if (value == nullptr) return OkStatus();
    if (const bool* flag = std::get_if<bool>(&value->value)) {
      out = *flag;
      return OkStatus();
    }
    return Wrong(*value, *names.begin(), "true or false");
  }

  Status Count(std::initializer_list<std::string_view> names, int64_t& out) {
    const ArgumentValue* value = Take(names);
    if (value == nullptr) return OkStatus();
    const int64_t* number = std::get_if<int64_t>(&value->value);
    if (number == nullptr || *number < 1)
      return Wrong(*value, *names.begin(), "a whole number > 0");
    out = *number;
    return OkStatus();
  }

  Status Texts(std::initializer_list<std::string_view> names,
               std::optional<std::vector<std::string>>& out) {
    const ArgumentValue* value = Take(names);
    if (value == nullptr) return OkStatus();
    const auto* texts = std::get_if<std::vector<std::string>>(&value->value);
    if (texts == nullptr) return Wrong(*value, *names.begin(), "a list of strings");
    out = *texts;
    return OkStatus();
  }

  Status RefuseOthers() const {
    for (const auto& [name, value] : arguments_.named) {
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      return FailAt(arguments_.source, value.offset, ErrorKind::kInvalidArgument,
                    "read_files has no option '{}'; it has {}", name, fmt::join(known_, ", "));
    }
    return OkStatus();
  }

  std::unexpected<Error> Wrong(const ArgumentValue& value, std::string_view name,
                               std::string_view expected) const {
    return FailAt(arguments_.source, value.offset, ErrorKind::kInvalidArgument,
                  "option {} of read_files must be {}", name, expected);
  }

 private:
  const FunctionArguments& arguments_;
  std::vector<std::string> known_;
};

Result<FileFormat::Kind> ParseKind(const FunctionArguments& arguments, std::string format,
                                   const ArgumentValue& path) {
  if (format.empty()) {
    // By the ending, as far as the path has one.
    std::string_view name = *path.AsString();
    if (name.ends_with(".gz")) name.remove_suffix(3);
    size_t dot = name.rfind('.');
    if (dot != std::string_view::npos) format = name.substr(dot + 1);
    if (format == "jsonl" || format == "ndjson") format = "json";
    if (format == "txt" || format == "log") format = "text";
  }
  std::transform(format.begin(), format.end(), format.begin(), ::tolower);
  if (format == "text") return FileFormat::Kind::kText;
  if (format == "csv") return FileFormat::Kind::kCsv;
  if (format == "json") return FileFormat::Kind::kJson;
  if (format == "parquet") return FileFormat::Kind::kParquet;
  return FailAt(arguments.source, path.offset, ErrorKind::kInvalidArgument,
                "read_files needs format => 'text', 'csv', 'json' or 'parquet'{}",
                format.empty() ? "" : fmt::format(", not '{}'", format));
}

}  // namespace

Result<ReadFilesCall> ParseReadFiles(const FunctionArguments& arguments) {
  Reader reader(arguments);
  ReadFilesCall call;
  const ArgumentValue* path = reader.Take({"path"});
  if (path == nullptr && arguments.positional.size() == 1) path = &arguments.positional[0];
  if (path == nullptr || path->AsString() == nullptr || path->AsString()->empty() ||
      arguments.positional.size() > 1) {
    return FailAt(arguments.source, arguments.offset, ErrorKind::kInvalidArgument,
                  "read_files takes one path (a file, a folder or a pattern) and named options: "
                  "read_files('data', format => 'csv')");
  }
  call.pattern = *path->AsString();
  std::string kind, schema;
  FileFormat& format = call.format;
  MP_RETURN_IF_ERROR(reader.Text({"format"}, kind));
  MP_RETURN_IF_ERROR(reader.Flag({"header"}, format.header));
  MP_RETURN_IF_ERROR(reader.Character({"delimiter", "delim", "sep"}, format.delimiter));
  MP_RETURN_IF_ERROR(reader.Character({"quote"}, format.quote));
  MP_RETURN_IF_ERROR(reader.Text({"nullstr", "nullvalue"}, format.null_text));
  MP_RETURN_IF_ERROR(reader.Text({"schema"}, schema));
  MP_RETURN_IF_ERROR(reader.Flag({"recursive", "recursivefilelookup"}, call.recursive));
  MP_RETURN_IF_ERROR(reader.Texts({"files"}, call.files));
  MP_RETURN_IF_ERROR(reader.Flag({"file_column"}, format.file_column));
  MP_RETURN_IF_ERROR(
      reader.Count({"max_files_per_epoch", "maxfilespertrigger"}, call.max_files_per_epoch));
  MP_RETURN_IF_ERROR(reader.RefuseOthers());
  MP_ASSIGN_OR_RETURN(format.kind, ParseKind(arguments, kind, *path));
  if (!schema.empty()) {
    auto columns = ParseColumnList(schema);
    if (!columns.has_value()) {
      return FailAt(arguments.source, reader.Take({"schema"})->offset, columns.error().kind(), "{}",
                    columns.error().ToString());
    }
    format.schema = *columns;
  }
  if (format.kind == FileFormat::Kind::kText) format.file_column = false;
  return call;
}

}  // namespace millpond::pipeline
