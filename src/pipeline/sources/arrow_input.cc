#include "pipeline/sources/arrow_input.h"

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/compression.h>

#include <algorithm>

#include "data/arrow/status.h"

namespace millpond::pipeline {
namespace {

class ArrowFile : public arrow::io::RandomAccessFile {
 public:
  explicit ArrowFile(std::unique_ptr<millpond::RandomAccessFile> file) : file_(std::move(file)) {}

  arrow::Status Close() override {
    file_.reset();
    return arrow::Status::OK();
  }
  bool closed() const override { return file_ == nullptr; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Seek(int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> GetSize() override { return file_->size_bytes(); }

  arrow::Result<int64_t> ReadAt(int64_t position, int64_t length, void* out) override {
    length = std::clamp<int64_t>(file_->size_bytes() - position, 0, length);
    if (length > 0) ARROW_RETURN_NOT_OK(data::ToArrow(file_->ReadAt(position, length, out)));
    return length;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t length) override {
    length = std::clamp<int64_t>(file_->size_bytes() - position, 0, length);
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(length));
    ARROW_RETURN_NOT_OK(ReadAt(position, length, buffer->mutable_data()).status());
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<int64_t> Read(int64_t length, void* out) override {
    ARROW_ASSIGN_OR_RAISE(int64_t read, ReadAt(position_, length, out));
    position_ += read;
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t length) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, length));
    position_ += buffer->size();
    return buffer;
  }

 private:
  std::unique_ptr<millpond::RandomAccessFile> file_;
  int64_t position_ = 0;
};

}  // namespace

Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenArrowFile(const Environment& env,
                                                                   const SourceFile& file) {
  MP_ASSIGN_OR_RETURN(auto opened, env.fs.OpenForRead(file.path));
  if (opened->size_bytes() != file.size_bytes) {
    return Fail(ErrorKind::kConflict,
                "file {} changed while it was to be read: {} bytes when it was listed, {} now; "
                "run again when nobody writes it",
                file.name, file.size_bytes, opened->size_bytes());
  }
  return std::make_shared<ArrowFile>(std::move(opened));
}

Result<std::shared_ptr<arrow::io::InputStream>> OpenArrowStream(const Environment& env,
                                                                const SourceFile& file) {
  MP_ASSIGN_OR_RETURN(auto opened, OpenArrowFile(env, file));
  if (!file.path.ends_with(".gz")) return opened;
  MP_ARROW_ASSIGN_OR_RETURN(auto codec, arrow::util::Codec::Create(arrow::Compression::GZIP));
  // The codec only makes the decompressor; the stream does not keep it.
  MP_ARROW_ASSIGN_OR_RETURN(auto stream,
                            arrow::io::CompressedInputStream::Make(codec.get(), opened));
  return stream;
}

}  // namespace millpond::pipeline
