// A listed file as a stream of Arrow's; .gz ones through a decompressor.
#pragma once

#include <memory>

#include "base/environment.h"
#include "pipeline/sources/file_listing.h"

namespace arrow::io {
class InputStream;
}

namespace millpond::pipeline {

// kConflict if the file no longer has the size that it was listed with.
Status CheckSize(const SourceFile& file, int64_t size_bytes);
Result<std::shared_ptr<arrow::io::InputStream>> OpenArrowStream(const Environment& env,
                                                                const SourceFile& file);

}  // namespace millpond::pipeline
