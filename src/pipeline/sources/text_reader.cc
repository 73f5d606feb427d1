// Lines of a file. The stream is read in blocks; the unfinished last line of a block is carried
// into the next one. Only "\n" ends a line ("\r" before it belongs to the end), so that the count
// of lines is that of every editor and of wc.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/util/utf8.h>

#include <algorithm>
#include <cstring>

#include "data/arrow/status.h"
#include "pipeline/sources/arrow_input.h"
#include "pipeline/sources/format_readers_internal.h"

namespace millpond::pipeline {
namespace {

constexpr int64_t kBlockBytes = int64_t{1} << 20;
// A file without line ends is no text; without a limit it would be read into memory whole.
constexpr size_t kMaxLineBytes = size_t{64} << 20;

// The length of the well-formed UTF-8 sequence at the start of `bytes`, 0 if there is none
// (Unicode standard, table 3-7).
size_t SequenceLength(std::string_view bytes) {
  auto at = [&](size_t i) { return i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0; };
  auto tail = [&](size_t i) { return (at(i) & 0xC0) == 0x80; };
  uint8_t lead = at(0), second = at(1);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (lead == 0xE0 && second < 0xA0) return 0;
    if (lead == 0xED && second > 0x9F) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (lead == 0xF0 && second < 0x90) return 0;
    if (lead == 0xF4 && second > 0x8F) return 0;
    return tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

class TextReader : public arrow::RecordBatchReader {
 public:
  TextReader(SourceFile file, std::shared_ptr<arrow::io::InputStream> input)
      : file_(std::move(file)), input_(std::move(input)), schema_(TextSchema()) {}

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    *out = nullptr;
    while (!ended_ && lines_.length() == 0) ARROW_RETURN_NOT_OK(ReadBlock());
    if (lines_.length() == 0) return arrow::Status::OK();
    int64_t rows = lines_.length();
    arrow::StringBuilder files;
    arrow::Int64Builder numbers;
    ARROW_RETURN_NOT_OK(files.Reserve(rows));
    ARROW_RETURN_NOT_OK(files.ReserveData(rows * static_cast<int64_t>(file_.name.size())));
    ARROW_RETURN_NOT_OK(numbers.Reserve(rows));
    for (int64_t i = 0; i < rows; ++i) {
      files.UnsafeAppend(file_.name);
      numbers.UnsafeAppend(line_number_ - rows + i + 1);
    }
    std::vector<std::shared_ptr<arrow::Array>> columns(3);
    ARROW_RETURN_NOT_OK(lines_.Finish(&columns[0]));
    ARROW_RETURN_NOT_OK(files.Finish(&columns[1]));
    ARROW_RETURN_NOT_OK(numbers.Finish(&columns[2]));
    *out = arrow::RecordBatch::Make(schema_, rows, std::move(columns));
    return arrow::Status::OK();
  }

 private:
  arrow::Status ReadBlock() {
    ARROW_ASSIGN_OR_RAISE(auto block, input_->Read(kBlockBytes));
    if (block->size() == 0) {
      ended_ = true;
      return carried_.empty() ? arrow::Status::OK() : AddLine(std::exchange(carried_, ""));
    }
    std::string_view rest(reinterpret_cast<const char*>(block->data()),
                          static_cast<size_t>(block->size()));
    for (size_t end; (end = rest.find('\n')) != std::string_view::npos;) {
      std::string_view line = rest.substr(0, end);
      if (carried_.empty()) {
        ARROW_RETURN_NOT_OK(AddLine(line));
      } else {
        carried_ += line;
        ARROW_RETURN_NOT_OK(AddLine(std::exchange(carried_, "")));
      }
      rest.remove_prefix(end + 1);
    }
    carried_ += rest;
    if (carried_.size() > kMaxLineBytes) {
      return data::ToArrow(Error(
          ErrorKind::kInvalidArgument,
          fmt::format("{}:{}: this line is longer than {} MiB; is the file a text with line ends?",
                      file_.name, line_number_ + 1, kMaxLineBytes >> 20)));
    }
    return arrow::Status::OK();
  }

  arrow::Status AddLine(std::string_view line) {
    if (line_number_ == 0 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++line_number_;
    if (ReplaceInvalidUtf8(line, replaced_)) line = replaced_;
    return lines_.Append(line);
  }

  SourceFile file_;
  std::shared_ptr<arrow::io::InputStream> input_;
  std::shared_ptr<arrow::Schema> schema_;
  arrow::StringBuilder lines_;
  std::string carried_, replaced_;
  int64_t line_number_ = 0;  // of the last line added
  bool ended_ = false;
};

}  // namespace

std::shared_ptr<arrow::Schema> TextSchema() {
  return arrow::schema({arrow::field("line", arrow::utf8()), arrow::field("file", arrow::utf8()),
                        arrow::field("line_number", arrow::int64())});
}

bool ReplaceInvalidUtf8(std::string_view bytes, std::string& out) {
  // Without its tables Arrow takes every text for valid. Once; afterwards one atomic load.
  arrow::util::InitializeUTF8();
  if (arrow::util::ValidateUTF8(reinterpret_cast<const uint8_t*>(bytes.data()),
                                static_cast<int64_t>(bytes.size()))) {
    return false;
  }
  out.clear();
  while (!bytes.empty()) {
    size_t length = SequenceLength(bytes);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      bytes.remove_prefix(1);
    } else {
      out += bytes.substr(0, length);
      bytes.remove_prefix(length);
    }
  }
  return true;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenText(const Environment& env,
                                                           const SourceFile& file) {
  MP_ASSIGN_OR_RETURN(auto input, OpenArrowStream(env, file));
  return std::make_shared<TextReader>(file, std::move(input));
}

}  // namespace millpond::pipeline
