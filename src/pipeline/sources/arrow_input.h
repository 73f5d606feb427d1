// A file behind base's seam as Arrow reads files; .gz ones through a decompressor.
#pragma once

#include <memory>

#include "base/environment.h"
#include "pipeline/sources/file_listing.h"

namespace arrow::io {
class InputStream;
class RandomAccessFile;
}  // namespace arrow::io

namespace millpond::pipeline {

// kConflict if the file no longer has the size that it was listed with.
Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenArrowFile(const Environment& env,
                                                                   const SourceFile& file);
Result<std::shared_ptr<arrow::io::InputStream>> OpenArrowStream(const Environment& env,
                                                                const SourceFile& file);

}  // namespace millpond::pipeline
