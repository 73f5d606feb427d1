// CSV, JSON lines and Parquet by Arrow's readers.
#include <arrow/csv/api.h>
#include <arrow/io/interfaces.h>
#include <arrow/json/api.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <charconv>
#include <numeric>

#include "data/arrow/status.h"
#include "data/parquet/reader.h"
#include "pipeline/sources/arrow_input.h"
#include "pipeline/sources/format_readers_internal.h"
#include "pipeline/sources/push_source.h"

namespace millpond::pipeline {
namespace {

bool ReadAsText(const arrow::DataType& type) {
  return type.id() == arrow::Type::TIMESTAMP || type.id() == arrow::Type::DATE32;
}

// The declared types with text in the place of what we read ourselves.
std::shared_ptr<arrow::Schema> PhysicalSchema(const arrow::Schema& declared) {
  arrow::FieldVector fields;
  for (const auto& field : declared.fields()) {
    fields.push_back(ReadAsText(*field->type()) ? field->WithType(arrow::utf8()) : field);
  }
  return arrow::schema(std::move(fields));
}

Error InFile(const SourceFile& file, const arrow::Status& status) {
  Error error = data::FromArrow(status);
  if (error.kind() == ErrorKind::kUnavailable) return error;
  return Error(ErrorKind::kInvalidArgument, fmt::format("{}: {}", file.name, error.message()));
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenCsv(
    const Environment& env, const SourceFile& file, const FileFormat& format,
    const std::shared_ptr<arrow::Schema>& schema) {
  auto read = arrow::csv::ReadOptions::Defaults();
  auto parse = arrow::csv::ParseOptions::Defaults();
  auto convert = arrow::csv::ConvertOptions::Defaults();
  read.use_threads = false;  // errors then name the row
  parse.delimiter = format.delimiter;
  parse.quote_char = format.quote;
  parse.newlines_in_values = true;
  convert.strings_can_be_null = true;
  convert.quoted_strings_can_be_null = false;
  convert.null_values = {""};
  if (!format.null_text.empty()) convert.null_values.push_back(format.null_text);
  if (schema != nullptr) {
    auto physical = PhysicalSchema(*schema);
    for (const auto& field : physical->fields()) {
      convert.column_types[field->name()] = field->type();
      if (!format.header) read.column_names.push_back(field->name());
    }
    if (format.header) convert.include_columns = physical->field_names();
  } else {
    read.autogenerate_column_names = !format.header;
  }
  MP_ASSIGN_OR_RETURN(auto input, OpenArrowStream(env, file));
  auto reader = arrow::csv::StreamingReader::Make(arrow::io::default_io_context(), input, read,
                                                  parse, convert);
  if (!reader.ok()) return std::unexpected(InFile(file, reader.status()));
  return std::move(reader).ValueUnsafe();
}

// Arrow counts the rows of JSON from the begin of the block that it reads, from 0.
std::string WithFileRow(std::string message, int64_t rows_before) {
  constexpr std::string_view kIn = " in row ";
  size_t at = message.rfind(kIn);
  if (at == std::string::npos) return fmt::format("after row {}: {}", rows_before, message);
  size_t begin = at + kIn.size();
  int64_t row = 0;
  auto parsed = std::from_chars(message.data() + begin, message.data() + message.size(), row);
  size_t end = parsed.ptr - message.data();
  return message.replace(begin, end - begin, std::to_string(rows_before + row + 1));
}

namespace {

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenJsonLines(
    const Environment& env, const SourceFile& file, const arrow::json::ParseOptions& parse) {
  auto read = arrow::json::ReadOptions::Defaults();
  read.use_threads = false;
  MP_ASSIGN_OR_RETURN(auto input, OpenArrowStream(env, file));
  auto reader = arrow::json::StreamingReader::Make(input, read, parse);
  if (!reader.ok()) {
    const arrow::Status& status = reader.status();
    return std::unexpected(InFile(file, status.WithMessage(WithFileRow(status.message(), 0))));
  }
  return std::move(reader).ValueUnsafe();
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenJson(
    const Environment& env, const SourceFile& file, const std::shared_ptr<arrow::Schema>& schema) {
  auto parse = arrow::json::ParseOptions::Defaults();
  if (schema != nullptr) {
    parse.explicit_schema = PhysicalSchema(*schema);
    parse.unexpected_field_behavior = arrow::json::UnexpectedFieldBehavior::Ignore;
  }
  return OpenJsonLines(env, file, parse);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenPushed(
    const Environment& env, const SourceFile& file, const std::shared_ptr<arrow::Schema>& schema) {
  auto mark =
      arrow::struct_({arrow::field("rows", arrow::int64()), arrow::field("bytes", arrow::int64()),
                      arrow::field("sha256", arrow::utf8()), arrow::field("at", arrow::utf8()),
                      arrow::field("key", arrow::utf8())});
  arrow::FieldVector fields = PhysicalSchema(*schema)->fields();
  fields.push_back(arrow::field(std::string(kBatchField), std::move(mark)));
  auto parse = arrow::json::ParseOptions::Defaults();
  parse.explicit_schema = arrow::schema(std::move(fields));
  parse.unexpected_field_behavior = arrow::json::UnexpectedFieldBehavior::Error;
  auto rows = OpenJsonLines(env, file, parse);
  if (rows.has_value() || rows.error().kind() != ErrorKind::kInvalidArgument) return rows;
  return Fail(ErrorKind::kInvalidArgument, "{}{}", rows.error().message(), kOtherSchema);
}

namespace {

// Batches of a Parquet file, its reader kept, its errors in our words.
class ParquetRows : public arrow::RecordBatchReader {
 public:
  ParquetRows(std::unique_ptr<data::ParquetReader> file,
              std::shared_ptr<arrow::RecordBatchReader> rows)
      : file_(std::move(file)), rows_(std::move(rows)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    auto batch = file_->Next(*rows_);
    if (!batch.has_value()) return data::ToArrow(batch.error());
    *out = std::move(*batch);
    return arrow::Status::OK();
  }

 private:
  std::unique_ptr<data::ParquetReader> file_;
  std::shared_ptr<arrow::RecordBatchReader> rows_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenParquet(const Environment& env,
                                                              const SourceFile& file) {
  MP_ASSIGN_OR_RETURN(auto info, env.fs.Stat(file.path));
  MP_RETURN_IF_ERROR(CheckSize(file, info.size_bytes));
  MP_ASSIGN_OR_RETURN(auto opened, data::ParquetReader::Open(env, file.path));
  std::vector<int> columns(static_cast<size_t>(opened->schema()->num_fields()));
  std::iota(columns.begin(), columns.end(), 0);
  MP_ASSIGN_OR_RETURN(auto rows, opened->Read(opened->LeavesOf(columns)));
  return std::make_shared<ParquetRows>(std::move(opened), std::move(rows));
}

}  // namespace millpond::pipeline
