#include "app/result_output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "data/sql/output.h"

namespace millpond::app {
namespace {

Status WriteBytes(std::string_view bytes, std::FILE* out) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size() && std::fflush(out) == 0) {
    return OkStatus();
  }
  return Fail(ErrorKind::kUnavailable, "cannot write to standard {}: {}",
              out == stdout ? "output" : "error", std::strerror(errno));
}

}  // namespace

Result<int64_t> WriteResult(arrow::RecordBatchReader& rows, const CommonOptions& common,
                            FileSystem& fs) {
  MP_ASSIGN_OR_RETURN(auto format, data::ParseOutputFormat(common.format));
  if (common.output_file.empty()) {
    return data::WriteOutput(rows, format,
                             [](std::string_view bytes) { return WriteBytes(bytes, stdout); });
  }
  std::string temporary = common.output_file + ".partial";
  auto written = [&]() -> Result<int64_t> {
    MP_ASSIGN_OR_RETURN(auto file, fs.Create(temporary));
    MP_ASSIGN_OR_RETURN(
        int64_t count,
        data::WriteOutput(rows, format, [&](std::string_view bytes) { return file->Append(bytes); },
                          {.max_rows = 0}));
    MP_RETURN_IF_ERROR(file->Close());
    MP_RETURN_IF_ERROR(fs.Rename(temporary, common.output_file));
    return count;
  }();
  if (!written.has_value()) (void)fs.Remove(temporary);  // the write's own error is what counts
  return written;
}

Status WriteTable(arrow::RecordBatchReader& rows, std::FILE* out) {
  const auto write = [out](std::string_view bytes) { return WriteBytes(bytes, out); };
  MP_RETURN_IF_ERROR(data::WriteOutput(rows, data::OutputFormat::kTable, write));
  return write("\n");
}

}  // namespace millpond::app
