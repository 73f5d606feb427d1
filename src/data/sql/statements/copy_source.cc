#include "data/sql/statements/copy_source.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "data/sql/statements/column_type.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

constexpr const char* kReader = "read_files";
constexpr ErrorKind kBad = ErrorKind::kInvalidArgument;

// "('key' = 'value', …)", keys in lower case.
Result<std::map<std::string, std::string>> TakeOptions(TokenCursor& at) {
  std::map<std::string, std::string> options;
  MP_RETURN_IF_ERROR(at.Expect("("));
  do {
    MP_ASSIGN_OR_RETURN(const std::string key, at.TakeString("an option"));
    MP_RETURN_IF_ERROR(at.Expect("="));
    MP_ASSIGN_OR_RETURN(options[LowerName(key)], at.TakeString("a value, as text"));
  } while (at.Accept(","));
  MP_RETURN_IF_ERROR(at.Expect(")"));
  return options;
}

// 'mergeSchema' of FORMAT_OPTIONS is about the files alone; read_files does not know it.
Status TakeFormatOptions(TokenCursor& at, const SourceText& source, CopySource& copy) {
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(copy.format_options, TakeOptions(at));
  const auto merge = copy.format_options.extract("mergeschema");
  if (merge.empty()) return OkStatus();
  copy.merge_files = EqualNames(merge.mapped(), "true");
  if (copy.merge_files || EqualNames(merge.mapped(), "false")) return OkStatus();
  return FailAt(source, offset, kBad, "FORMAT_OPTIONS: 'mergeSchema' is 'true' or 'false'");
}

Status TakeCopyOptions(TokenCursor& at, const SourceText& source, CopySource& copy) {
  const size_t offset = at.offset();
  MP_ASSIGN_OR_RETURN(const auto options, TakeOptions(at));
  for (const auto& [key, value] : options) {
    bool* flag = key == "mergeschema" ? &copy.merge_schema : key == "force" ? &copy.force : nullptr;
    const bool on = EqualNames(value, "true");
    if (flag == nullptr || (!on && !EqualNames(value, "false"))) {
      return FailAt(source, offset, kBad,
                    "COPY_OPTIONS are 'mergeSchema' and 'force', each 'true' or 'false'; found "
                    "'{}' = '{}'",
                    key, value);
    }
    *flag = on;
  }
  return OkStatus();
}

Status TakePath(TokenCursor& at, CopySource& copy) {
  copy.path_offset = at.offset();
  MP_ASSIGN_OR_RETURN(copy.path, at.TakeString("a path, as text"));
  return OkStatus();
}

// "(SELECT … FROM 'path' …)": the text, and the path in it.
Status TakeSelect(TokenCursor& at, const SourceText& source, CopySource& copy) {
  const size_t offset = at.offset();
  for (size_t i = 0; at.Peek(i + 1) != nullptr; ++i) {
    const Token& path = *at.Peek(i + 1);
    if (!at.Peek(i)->Is("FROM") || path.kind != TokenKind::kString) continue;
    copy.path = path.Value();
    copy.path_offset = path.offset;
    copy.path_end = path.end();
    break;
  }
  size_t end = offset;
  for (int depth = 0; !at.AtEnd(); at.Skip()) {
    const Token& token = *at.Peek();
    if (depth == 0 && token.IsPunctuation(")")) break;
    if (token.IsPunctuation("(")) ++depth;
    if (token.IsPunctuation(")")) --depth;
    end = token.end();
  }
  copy.select = source.text().substr(offset, end - offset);
  if (copy.path.empty() || copy.path_end > end) {
    return FailAt(source, offset, kBad,
                  "a query of COPY INTO reads one path: SELECT … FROM 'path'");
  }
  return at.Expect(")");
}

Result<std::vector<std::string>> TakeFiles(TokenCursor& at) {
  std::vector<std::string> files;
  MP_RETURN_IF_ERROR(at.Expect("("));
  do {
    MP_ASSIGN_OR_RETURN(files.emplace_back(), at.TakeString("a file's name"));
  } while (at.Accept(","));
  MP_RETURN_IF_ERROR(at.Expect(")"));
  return files;
}

Status TakeFormat(TokenCursor& at, CopySource& copy) {
  MP_RETURN_IF_ERROR(at.Expect("FILEFORMAT"));
  MP_RETURN_IF_ERROR(at.Expect("="));
  for (const char* format : {"CSV", "JSON", "PARQUET"}) {
    if (!at.Accept(format)) continue;
    copy.format = LowerName(format);
    return OkStatus();
  }
  return at.Unexpected("CSV, JSON or PARQUET");
}

Result<RelationFunction*> Reader(const CopySource& copy, StatementContext& context) {
  RelationFunction* reader = context.FindFunction(kReader);
  if (reader != nullptr) return reader;
  return FailAt(context.source(), copy.path_offset, ErrorKind::kUnsupported,
                "COPY INTO reads files by {}, which this engine does not have", kReader);
}

// Options as read_files takes them: a word as true or false, all else as text.
FunctionArguments ArgumentsOf(const CopySource& copy, StatementContext& context) {
  FunctionArguments call{kReader, {}, {}, context.source(), copy.path_offset};
  std::string path = copy.path;
  if (copy.pattern) path = JoinPath(path, *copy.pattern);
  call.positional.push_back({path, copy.path_offset});
  call.named["format"] = {copy.format, copy.path_offset};
  for (const auto& [key, value] : copy.format_options) {
    if (key == "inferschema") continue;  // the table's types say more
    ArgumentValue argument{value, copy.path_offset};
    if (EqualNames(value, "true")) argument.value = true;
    if (EqualNames(value, "false")) argument.value = false;
    call.named[key] = std::move(argument);
  }
  call.may_read = [&context](const std::string& file) {
    return context.tables().MayReadFile(file);
  };
  return call;
}

// The files' columns with the table's types, where they have the same name.
std::string TypedColumns(const Schema& found, const Schema& table, bool by_position) {
  std::string text;
  for (size_t i = 0; i < found.size(); ++i) {
    const StructField* column = table.Find(found.fields()[i].name);
    if (by_position) column = i < table.size() ? &table.fields()[i] : nullptr;
    const StructField& from = column != nullptr ? *column : found.fields()[i];
    if (!from.type.is_primitive()) return "";
    const std::string& name = by_position ? from.name : found.fields()[i].name;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", QuoteName(name), TypeText(from.type));
  }
  return text;
}

}  // namespace

Result<CopySource> TakeCopySource(TokenCursor& at, const SourceText& source) {
  CopySource copy;
  MP_RETURN_IF_ERROR(at.Expect("FROM"));
  if (at.Accept("(")) {
    MP_RETURN_IF_ERROR(TakeSelect(at, source, copy));
  } else {
    MP_RETURN_IF_ERROR(TakePath(at, copy));
  }
  MP_RETURN_IF_ERROR(TakeFormat(at, copy));
  while (!at.AtEnd()) {
    if (at.Accept("PATTERN", "=")) {
      MP_ASSIGN_OR_RETURN(copy.pattern, at.TakeString("a pattern"));
    } else if (at.Accept("FILES", "=")) {
      MP_ASSIGN_OR_RETURN(copy.files, TakeFiles(at));
    } else if (at.Accept("FORMAT_OPTIONS")) {
      MP_RETURN_IF_ERROR(TakeFormatOptions(at, source, copy));
    } else if (at.Accept("COPY_OPTIONS")) {
      MP_RETURN_IF_ERROR(TakeCopyOptions(at, source, copy));
    } else {
      return at.Unexpected("PATTERN, FILES, FORMAT_OPTIONS or COPY_OPTIONS");
    }
  }
  if (copy.pattern && copy.files) {
    return FailAt(source, copy.path_offset, kBad, "COPY INTO takes PATTERN or FILES, not both");
  }
  return copy;
}

Result<std::vector<ReadableFile>> ListCopyFiles(const CopySource& copy, StatementContext& context) {
  MP_ASSIGN_OR_RETURN(RelationFunction * reader, Reader(copy, context));
  MP_ASSIGN_OR_RETURN(auto files,
                      reader->Files(ArgumentsOf(copy, context), context.catalog().workspace()));
  if (!copy.files) return files;
  std::vector<ReadableFile> wanted;
  for (const std::string& name : *copy.files) {
    const auto found = std::ranges::find_if(files, [&](const ReadableFile& file) {
      return file.path.ends_with("/" + name) || file.path == name;
    });
    if (found == files.end()) {
      return FailAt(context.source(), copy.path_offset, ErrorKind::kNotFound,
                    "there is no file {} in {}", name, copy.path);
    }
    wanted.push_back(*found);
  }
  return wanted;
}

namespace {

// Files of one schema.
Result<std::shared_ptr<arrow::RecordBatchReader>> OpenGroup(const CopySource& copy,
                                                            std::vector<std::string> paths,
                                                            const Schema& table,
                                                            StatementContext& context) {
  const Workspace& workspace = context.catalog().workspace();
  MP_ASSIGN_OR_RETURN(RelationFunction * reader, Reader(copy, context));
  FunctionArguments call = ArgumentsOf(copy, context);
  call.named["files"] = {std::move(paths), copy.path_offset};
  if (copy.format == "csv") call.named.try_emplace("header", ArgumentValue{true, copy.path_offset});
  MP_ASSIGN_OR_RETURN(auto rows, reader->Open(call, workspace));
  if (copy.format == "parquet" || call.named.contains("schema")) return rows;
  MP_ASSIGN_OR_RETURN(const Schema found, Schema::FromArrow(*rows->schema()));
  const bool* header = std::get_if<bool>(&call.named["header"].value);
  const bool by_position = copy.format == "csv" && header != nullptr && !*header;
  std::string typed = TypedColumns(found, table, by_position);
  if (typed.empty()) return rows;
  if (copy.format == "json") call.named.erase("header");
  call.named["schema"] = {std::move(typed), copy.path_offset};
  return reader->Open(call, workspace);
}

// The files by their columns.
Result<std::vector<std::vector<std::string>>> GroupsOf(const CopySource& copy,
                                                       std::vector<std::string> paths,
                                                       const Schema& table,
                                                       StatementContext& context) {
  std::vector<std::vector<std::string>> groups;
  std::map<std::string, size_t> by_schema;
  for (std::string& path : paths) {
    MP_ASSIGN_OR_RETURN(const auto rows, OpenGroup(copy, {path}, table, context));
    const auto [entry, is_new] = by_schema.emplace(rows->schema()->ToString(), groups.size());
    if (is_new) groups.emplace_back();
    groups[entry->second].push_back(std::move(path));
  }
  return groups;
}

}  // namespace

Result<std::vector<std::shared_ptr<arrow::RecordBatchReader>>> OpenCopyFiles(
    const CopySource& copy, const std::vector<ReadableFile>& files, const Schema& table,
    StatementContext& context) {
  std::vector<std::string> paths;
  for (const ReadableFile& file : files) paths.push_back(file.path);
  std::vector<std::vector<std::string>> groups = {paths};
  if (copy.merge_files) {
    MP_ASSIGN_OR_RETURN(groups, GroupsOf(copy, std::move(paths), table, context));
  }
  std::vector<std::shared_ptr<arrow::RecordBatchReader>> streams;
  for (std::vector<std::string>& group : groups) {
    MP_ASSIGN_OR_RETURN(streams.emplace_back(), OpenGroup(copy, std::move(group), table, context));
  }
  return streams;
}

}  // namespace millpond::data
