#include "pipeline/sources/arrow_input.h"

#include <arrow/io/compressed.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/compression.h>

#include "data/arrow/status.h"
#include "data/parquet/arrow_files.h"

namespace millpond::pipeline {

Status CheckSize(const SourceFile& file, int64_t size_bytes) {
  if (size_bytes == file.size_bytes) return OkStatus();
  return Fail(ErrorKind::kConflict,
              "file {} changed while it was to be read: {} bytes when it was listed, {} now; run "
              "again when nobody writes it",
              file.name, file.size_bytes, size_bytes);
}

Result<std::shared_ptr<arrow::io::InputStream>> OpenArrowStream(const Environment& env,
                                                                const SourceFile& file) {
  MP_ASSIGN_OR_RETURN(auto opened, data::OpenArrowInput(env.fs, file.path));
  MP_ARROW_ASSIGN_OR_RETURN(int64_t size_bytes, opened->GetSize());
  MP_RETURN_IF_ERROR(CheckSize(file, size_bytes));
  if (!file.path.ends_with(".gz")) return opened;
  MP_ARROW_ASSIGN_OR_RETURN(auto codec, arrow::util::Codec::Create(arrow::Compression::GZIP));
  // The codec only makes the decompressor; the stream does not keep it.
  MP_ARROW_ASSIGN_OR_RETURN(auto stream,
                            arrow::io::CompressedInputStream::Make(codec.get(), opened));
  return stream;
}

}  // namespace millpond::pipeline
