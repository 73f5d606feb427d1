#include "pipeline/sources/read_files.h"

#include <arrow/record_batch.h>

#include <set>

#include "data/catalog/workspace.h"
#include "pipeline/sources/file_source.h"

namespace millpond::pipeline {

namespace {

// The files that the call means and the session may read.
Result<std::vector<SourceFile>> ListFiles(const ReadFilesCall& call,
                                          const data::FunctionArguments& arguments,
                                          const data::Workspace& workspace) {
  MP_ASSIGN_OR_RETURN(auto files, ListSourceFiles(workspace, call.pattern, call.recursive));
  if (call.files) {
    const std::set<std::string> wanted(call.files->begin(), call.files->end());
    std::erase_if(files, [&](const SourceFile& file) { return !wanted.contains(file.path); });
  }
  for (const auto& file : files) {
    if (arguments.may_read) MP_RETURN_IF_ERROR(arguments.may_read(file.path));
  }
  return files;
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> ReadFiles::Open(
    const data::FunctionArguments& arguments, const data::Workspace& workspace) {
  MP_ASSIGN_OR_RETURN(ReadFilesCall call, ParseReadFiles(arguments));
  auto open = [&]() -> Result<std::shared_ptr<arrow::RecordBatchReader>> {
    MP_ASSIGN_OR_RETURN(auto files, ListFiles(call, arguments, workspace));
    MP_ASSIGN_OR_RETURN(auto schema, SchemaOfFiles(workspace.env, call.format, files));
    return ScanFiles(workspace.env, call.format, std::move(files), std::move(schema));
  };
  auto reader = open();
  if (!reader.has_value()) {
    return FailAt(arguments.source, arguments.offset, reader.error().kind(), "{}",
                  reader.error().ToString());
  }
  return reader;
}

Result<std::vector<data::ReadableFile>> ReadFiles::Files(const data::FunctionArguments& arguments,
                                                         const data::Workspace& workspace) {
  MP_ASSIGN_OR_RETURN(const ReadFilesCall call, ParseReadFiles(arguments));
  auto files = ListFiles(call, arguments, workspace);
  if (!files.has_value()) {
    return FailAt(arguments.source, arguments.offset, files.error().kind(), "{}",
                  files.error().ToString());
  }
  std::vector<data::ReadableFile> found;
  for (const SourceFile& file : *files) {
    found.push_back({file.name, file.path, file.size_bytes, file.modified});
  }
  return found;
}

}  // namespace millpond::pipeline
