#include "pipeline/sources/read_files.h"

#include <arrow/record_batch.h>

#include "data/catalog/workspace.h"
#include "pipeline/sources/file_source.h"

namespace millpond::pipeline {

Result<std::shared_ptr<arrow::RecordBatchReader>> ReadFiles::Open(
    const data::FunctionArguments& arguments, const data::Workspace& workspace) {
  MP_ASSIGN_OR_RETURN(ReadFilesCall call, ParseReadFiles(arguments));
  auto open = [&]() -> Result<std::shared_ptr<arrow::RecordBatchReader>> {
    MP_ASSIGN_OR_RETURN(auto files, ListSourceFiles(workspace, call.pattern, call.recursive));
    for (const auto& file : files) {
      if (arguments.may_read) MP_RETURN_IF_ERROR(arguments.may_read(file.path));
    }
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

}  // namespace millpond::pipeline
