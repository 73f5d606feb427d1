// Millpond's files as Arrow's streams, so that Parquet goes through the same seam (and the same
// injected faults) as everything else. Errors keep their kind on the way through Arrow.
#pragma once

#include <arrow/io/type_fwd.h>

#include <memory>
#include <string>

#include "base/fs/filesystem.h"

namespace millpond::data {

Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenArrowInput(FileSystem& fs,
                                                                    const std::string& path);

// Close() syncs: a file that Arrow has closed without error is on the disk. `whole`: it has its
// name from then on only (FileSystem::CreateWhole).
Result<std::shared_ptr<arrow::io::OutputStream>> OpenArrowOutput(FileSystem& fs,
                                                                 const std::string& path,
                                                                 bool whole = false);

}  // namespace millpond::data
