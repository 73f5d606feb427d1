#include "app/result_output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "data/sql/output.h"

namespace millpond::app {
namespace {

Status WriteStandardOutput(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size() ||
      std::fflush(stdout) != 0) {
    return Fail(ErrorKind::kUnavailable, "cannot write to standard output: {}",
                std::strerror(errno));
  }
  return OkStatus();
}

}  // namespace

Result<int64_t> WriteResult(arrow::RecordBatchReader& rows, const CommonOptions& common,
                            FileSystem& fs) {
  MP_ASSIGN_OR_RETURN(auto format, data::ParseOutputFormat(common.format));
  if (common.output_file.empty()) return data::WriteOutput(rows, format, WriteStandardOutput);
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

}  // namespace millpond::app
