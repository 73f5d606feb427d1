#include "pipeline/sources/file_source.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include "base/environment.h"
#include "data/arrow/status.h"
#include "pipeline/sources/format_readers_internal.h"

namespace millpond::pipeline {
namespace {

constexpr const char* kFileColumn = "_file";

// What a type that a file brought along, or that was guessed, is called in a table.
std::shared_ptr<arrow::DataType> TableType(const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case arrow::Type::NA:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::DICTIONARY:
    case arrow::Type::TIME32:
    case arrow::Type::TIME64:
      return arrow::utf8();
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
      return arrow::binary();
    case arrow::Type::DATE64:
      return arrow::date32();
    case arrow::Type::TIMESTAMP:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    default:
      return type;
  }
}

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenFile(
    const Environment& env, const FileFormat& format, const SourceFile& file,
    const std::shared_ptr<arrow::Schema>& schema) {
  switch (format.kind) {
    case FileFormat::Kind::kText:
      return OpenText(env, file);
    case FileFormat::Kind::kCsv:
      return OpenCsv(env, file, format, schema);
    case FileFormat::Kind::kJson:
      return OpenJson(env, file, schema);
    case FileFormat::Kind::kParquet:
      return OpenParquet(env, file);
    case FileFormat::Kind::kPushed:
      return OpenPushed(env, file, schema);
  }
  return Fail(ErrorKind::kInternal, "unknown file format");
}

template <typename Builder, typename Parse>
arrow::Result<std::shared_ptr<arrow::Array>> ParseText(const arrow::StringArray& text,
                                                       Builder& builder, int64_t first_row,
                                                       const std::string& where,
                                                       const Parse& parse) {
  ARROW_RETURN_NOT_OK(builder.Reserve(text.length()));
  for (int64_t i = 0; i < text.length(); ++i) {
    if (text.IsNull(i) || text.GetView(i).empty()) {
      builder.UnsafeAppendNull();
      continue;
    }
    auto value = parse(text.GetView(i));
    if (!value.has_value()) {
      return data::ToArrow(
          Error(ErrorKind::kInvalidArgument,
                fmt::format("{}, row {}: {}", where, first_row + i + 1, value.error().message())));
    }
    builder.UnsafeAppend(*value);
  }
  return builder.Finish();
}

// Arrow's readers of text take a decimal of more digits than its type has.
arrow::Status CheckDigits(const arrow::Array& column, int64_t first_row, const std::string& where) {
  const auto& type = static_cast<const arrow::Decimal128Type&>(*column.type());
  const auto& values = static_cast<const arrow::Decimal128Array&>(column);
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) continue;
    arrow::Decimal128 value(values.GetValue(i));
    if (value.FitsInPrecision(type.precision())) continue;
    return data::ToArrow(Error(
        ErrorKind::kInvalidArgument,
        fmt::format("{}, row {}: {} is out of the range of DECIMAL({},{}); declare a wider type",
                    where, first_row + i + 1, value.ToString(type.scale()), type.precision(),
                    type.scale())));
  }
  return arrow::Status::OK();
}

// All files, one after another, in the types of `schema`.
class FilesReader : public arrow::RecordBatchReader {
 public:
  FilesReader(const Environment& env, FileFormat format, std::vector<SourceFile> files,
              std::shared_ptr<arrow::Schema> schema)
      : env_(env), format_(std::move(format)), files_(std::move(files)), schema_(schema) {
    int columns = schema_->num_fields() - (format_.file_column ? 1 : 0);
    file_schema_ = arrow::schema(
        arrow::FieldVector(schema_->fields().begin(), schema_->fields().begin() + columns));
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* out) override {
    *out = nullptr;
    while (true) {
      ARROW_RETURN_NOT_OK(data::ToArrow(env_.cancellation.Check()));
      if (reader_ == nullptr) {
        if (next_ == files_.size()) return arrow::Status::OK();
        if (files_[next_].size_bytes == 0) {
          ++next_;
          continue;
        }
        auto opened = OpenFile(env_, format_, files_[next_], file_schema_);
        if (!opened.has_value()) return data::ToArrow(opened.error());
        reader_ = *opened;
        row_ = format_.kind == FileFormat::Kind::kCsv && format_.header ? 1 : 0;
      }
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(InThisFile(reader_->ReadNext(&batch)));
      if (batch == nullptr) {
        reader_ = nullptr;
        ++next_;
      } else if (batch->num_rows() > 0) {
        ARROW_ASSIGN_OR_RAISE(*out, Conform(*batch));
        row_ += batch->num_rows();
        return arrow::Status::OK();
      }
    }
  }

 private:
  const std::string& file_name() const { return files_[next_].name; }

  // Arrow's message does not say which file it speaks of.
  arrow::Status InThisFile(const arrow::Status& status) const {
    if (status.ok() || status.detail() != nullptr) return status;
    const bool pushed = format_.kind == FileFormat::Kind::kPushed;
    std::string message = status.message();
    if (pushed || format_.kind == FileFormat::Kind::kJson) message = WithFileRow(message, row_);
    return data::ToArrow(
        Error(ErrorKind::kInvalidArgument,
              fmt::format("{}: {}{}", file_name(), message, pushed ? kOtherSchema : "")));
  }

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Conform(const arrow::RecordBatch& batch) {
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (const auto& field : file_schema_->fields()) {
      auto column = batch.GetColumnByName(field->name());
      if (column == nullptr) {
        return data::ToArrow(
            Error(ErrorKind::kInvalidArgument,
                  fmt::format("{}: there is no column '{}' (or more than one); the first file or "
                              "the declared schema has it",
                              file_name(), field->name())));
      }
      ARROW_ASSIGN_OR_RAISE(column, Convert(column, *field));
      columns.push_back(std::move(column));
    }
    if (format_.file_column) {
      ARROW_ASSIGN_OR_RAISE(auto name, arrow::MakeArrayFromScalar(arrow::StringScalar(file_name()),
                                                                  batch.num_rows()));
      columns.push_back(std::move(name));
    }
    return arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(columns));
  }

  arrow::Result<std::shared_ptr<arrow::Array>> Convert(const std::shared_ptr<arrow::Array>& column,
                                                       const arrow::Field& field) {
    std::string where = fmt::format("{}, column '{}'", file_name(), field.name());
    if (column->type()->Equals(field.type())) {
      if (column->type_id() == arrow::Type::DECIMAL128) {
        ARROW_RETURN_NOT_OK(CheckDigits(*column, row_, where));
      }
      return column;
    }
    if (column->type_id() == arrow::Type::STRING && field.type()->id() == arrow::Type::TIMESTAMP) {
      arrow::TimestampBuilder builder(field.type(), arrow::default_memory_pool());
      return ParseText(static_cast<const arrow::StringArray&>(*column), builder, row_, where,
                       ParseTimestamp);
    }
    if (column->type_id() == arrow::Type::STRING && field.type()->id() == arrow::Type::DATE32) {
      arrow::Date32Builder builder;
      return ParseText(static_cast<const arrow::StringArray&>(*column), builder, row_, where,
                       ParseDate);
    }
    auto cast = arrow::compute::Cast(*column, field.type());
    if (cast.ok()) return cast;
    return data::ToArrow(
        Error(ErrorKind::kInvalidArgument,
              fmt::format("{}: cannot read {} as {}: {}", where, column->type()->ToString(),
                          field.type()->ToString(), cast.status().message())));
  }

  Environment env_;
  FileFormat format_;
  std::vector<SourceFile> files_;
  std::shared_ptr<arrow::Schema> schema_, file_schema_;
  std::shared_ptr<arrow::RecordBatchReader> reader_;
  size_t next_ = 0;  // the file that reader_ reads, or is to be opened
  int64_t row_ = 0;  // rows given of it, a header counted: a row is a line where each has its own
};

}  // namespace

Result<std::shared_ptr<arrow::Schema>> SchemaOfFiles(const Environment& env,
                                                     const FileFormat& format,
                                                     const std::vector<SourceFile>& files) {
  arrow::FieldVector fields;
  if (format.kind == FileFormat::Kind::kText) {
    fields = TextSchema()->fields();
  } else if (format.schema != nullptr) {
    fields = format.schema->fields();
  } else {
    size_t first = 0;
    while (first < files.size() && files[first].size_bytes == 0) ++first;
    if (first == files.size()) {
      return Fail(ErrorKind::kInvalidArgument,
                  "{}, so the columns cannot be taken from it; declare them with schema => "
                  "'a BIGINT, b STRING'",
                  files.empty() ? "there is no file yet" : files[0].name + " has no content");
    }
    MP_ASSIGN_OR_RETURN(auto reader, OpenFile(env, format, files[first], nullptr));
    for (const auto& field : reader->schema()->fields()) {
      fields.push_back(arrow::field(field->name(), TableType(field->type())));
    }
  }
  if (format.file_column) fields.push_back(arrow::field(kFileColumn, arrow::utf8()));
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ScanFiles(const Environment& env,
                                                            const FileFormat& format,
                                                            std::vector<SourceFile> files,
                                                            std::shared_ptr<arrow::Schema> schema) {
  return std::make_shared<FilesReader>(env, format, std::move(files), std::move(schema));
}

}  // namespace millpond::pipeline
