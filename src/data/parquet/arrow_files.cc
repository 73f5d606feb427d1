#include "data/parquet/arrow_files.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>

#include <algorithm>
#include <mutex>

#include "data/arrow/status.h"

namespace millpond::data {
namespace {

class ArrowInput : public arrow::io::RandomAccessFile {
 public:
  explicit ArrowInput(std::unique_ptr<millpond::RandomAccessFile> file) : file_(std::move(file)) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> GetSize() override { return file_->size_bytes(); }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Seek(int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }

  arrow::Result<int64_t> ReadAt(int64_t position, int64_t nbytes, void* out) override {
    if (position < 0 || nbytes < 0) return arrow::Status::Invalid("negative position or length");
    nbytes = std::max<int64_t>(0, std::min(nbytes, file_->size_bytes() - position));
    if (nbytes == 0) return 0;
    ARROW_RETURN_NOT_OK(ToArrow(file_->ReadAt(position, nbytes, out)));
    return nbytes;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t nbytes) override {
    if (position < 0 || nbytes < 0) return arrow::Status::Invalid("negative position or length");
    nbytes = std::max<int64_t>(0, std::min(nbytes, file_->size_bytes() - position));
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(nbytes));
    ARROW_RETURN_NOT_OK(ReadAt(position, nbytes, buffer->mutable_data()));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<int64_t> Read(int64_t nbytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(int64_t read, ReadAt(position_, nbytes, out));
    position_ += read;
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t nbytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, nbytes));
    position_ += buffer->size();
    return buffer;
  }

 private:
  std::unique_ptr<millpond::RandomAccessFile> file_;
  int64_t position_ = 0;
  bool closed_ = false;
};

class ArrowOutput : public arrow::io::OutputStream {
 public:
  explicit ArrowOutput(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}

  arrow::Status Close() override {
    if (closed_) return arrow::Status::OK();
    closed_ = true;
    ARROW_RETURN_NOT_OK(Flush());
    ARROW_RETURN_NOT_OK(ToArrow(file_->Sync()));
    return ToArrow(file_->Close());
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return position_; }

  using arrow::io::OutputStream::Write;
  arrow::Status Write(const void* data, int64_t nbytes) override {
    pending_.append(static_cast<const char*>(data), static_cast<size_t>(nbytes));
    position_ += nbytes;
    if (pending_.size() < kBufferBytes) return arrow::Status::OK();
    return ToArrow(FlushPending());
  }

 private:
  // Parquet writes many small pieces; the file system sees few large ones.
  static constexpr size_t kBufferBytes = 1 << 20;

  Status FlushPending() {
    if (pending_.empty()) return OkStatus();
    std::string bytes = std::exchange(pending_, {});
    return file_->Append(bytes);
  }
  arrow::Status Flush() override { return ToArrow(FlushPending()); }

  std::unique_ptr<WritableFile> file_;
  std::string pending_;
  int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace

Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenArrowInput(FileSystem& fs,
                                                                    const std::string& path) {
  MP_ASSIGN_OR_RETURN(auto file, fs.OpenForRead(path));
  return std::make_shared<ArrowInput>(std::move(file));
}

Result<std::shared_ptr<arrow::io::OutputStream>> OpenArrowOutput(FileSystem& fs,
                                                                 const std::string& path,
                                                                 bool whole) {
  MP_ASSIGN_OR_RETURN(auto file, whole ? fs.CreateWhole(path) : fs.Create(path));
  return std::make_shared<ArrowOutput>(std::move(file));
}

}  // namespace millpond::data
