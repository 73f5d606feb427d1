#include "platform/features/label_input.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/csv/api.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <numeric>
#include <set>
#include <utility>

#include "data/arrow/status.h"
#include "data/delta/rows/scan.h"
#include "data/parquet/arrow_files.h"
#include "data/parquet/reader.h"

namespace millpond::platform {
namespace {

std::shared_ptr<arrow::DataType> ArrowType(kernel::Type type) {
  switch (type.id) {
    case kernel::TypeId::kBoolean:
      return arrow::boolean();
    case kernel::TypeId::kBigint:
      return arrow::int64();
    case kernel::TypeId::kDouble:
      return arrow::float64();
    case kernel::TypeId::kDecimal:
      return arrow::decimal128(type.precision, type.scale);
    case kernel::TypeId::kDate:
      return arrow::date32();
    case kernel::TypeId::kTimestamp:
    default:
      return arrow::utf8();  // a TIMESTAMP too: TimestampColumns reads it
  }
}

// The rows of a CSV file. Turns text columns into TIMESTAMPs by the one reading of ISO 8601 that
// Millpond has: with or without a zone, with up to six digits of fraction; a date alone is
// midnight, no zone is UTC.
class TimestampColumns : public arrow::RecordBatchReader {
 public:
  TimestampColumns(std::shared_ptr<arrow::RecordBatchReader> rows, std::set<std::string> columns,
                   std::string path)
      : rows_(std::move(rows)), schema_(rows_->schema()), path_(std::move(path)) {
    for (int i = 0; i < schema_->num_fields(); ++i) {
      if (!columns.contains(schema_->field(i)->name())) continue;
      columns_.push_back(i);
      auto field = schema_->field(i)->WithType(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
      schema_ = schema_->SetField(i, field).ValueOrDie();
    }
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    const arrow::Status read = rows_->ReadNext(batch);
    if (!read.ok()) {
      const Error error = data::FromArrow(read);
      return data::ToArrow(Error(error.kind(), fmt::format("{}: {}", path_, error.message())));
    }
    if (!*batch) return arrow::Status::OK();
    for (int i : columns_) {
      const auto& text = static_cast<const arrow::StringArray&>(*(*batch)->column(i));
      arrow::TimestampBuilder builder(schema_->field(i)->type(), arrow::default_memory_pool());
      ARROW_RETURN_NOT_OK(builder.Reserve(text.length()));
      for (int64_t row = 0; row < text.length(); ++row) {
        if (text.IsNull(row)) {
          builder.UnsafeAppendNull();
          continue;
        }
        auto at = ParseTimestamp(text.GetView(row));
        if (!at) {
          return data::ToArrow(Error(
              at.error().kind(), fmt::format("{}, row {}, column {}: {}", path_, seen_ + row + 1,
                                             schema_->field(i)->name(), at.error().ToString())));
        }
        builder.UnsafeAppend(*at);
      }
      ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
      ARROW_ASSIGN_OR_RAISE(*batch, (*batch)->SetColumn(i, schema_->field(i), array));
    }
    seen_ += (*batch)->num_rows();
    return arrow::Status::OK();
  }

 private:
  std::shared_ptr<arrow::RecordBatchReader> rows_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<int> columns_;
  std::string path_;
  int64_t seen_ = 1;  // the header
};

// Types for the columns that views name; gives the names of those that hold moments.
std::set<std::string> TypeColumns(const std::vector<ViewBinding>& views,
                                  const TrainingOptions& options,
                                  arrow::csv::ConvertOptions& convert) {
  std::set<std::string> moments;
  for (const ViewBinding& binding : views) {
    const kernel::FeatureProgram& program = *binding.program;
    for (size_t i = 0; i < program.definition.entity.size(); ++i) {
      const auto renamed = options.entity_columns.find(program.definition.entity[i]);
      const std::string& name =
          renamed == options.entity_columns.end() ? program.definition.entity[i] : renamed->second;
      const kernel::Type type = program.used_columns[static_cast<size_t>(program.entity[i])].type;
      convert.column_types[name] = ArrowType(type);
      if (type == kernel::kTimestamp) moments.insert(name);
    }
    const std::string& time = options.time_column ? *options.time_column : binding.view.timestamp;
    convert.column_types[time] = arrow::utf8();
    moments.insert(time);
  }
  return moments;
}

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenCsv(const Environment& env,
                                                          const std::string& path,
                                                          const std::vector<ViewBinding>& views,
                                                          const TrainingOptions& options) {
  auto convert = arrow::csv::ConvertOptions::Defaults();
  convert.null_values = {""};
  convert.strings_can_be_null = true;
  convert.quoted_strings_can_be_null = false;
  std::set<std::string> moments = TypeColumns(views, options, convert);
  decltype(convert.column_types) declared;
  auto parse = arrow::csv::ParseOptions::Defaults();
  parse.newlines_in_values = true;
  auto read = arrow::csv::ReadOptions::Defaults();
  read.use_threads = false;  // errors then name the row
  const auto open = [&]() -> Result<std::shared_ptr<arrow::RecordBatchReader>> {
    MP_ASSIGN_OR_RETURN(auto file, data::OpenArrowInput(env.fs, path));
    MP_ARROW_ASSIGN_OR_RETURN(std::shared_ptr<arrow::RecordBatchReader> rows,
                              arrow::csv::StreamingReader::Make(arrow::io::default_io_context(),
                                                                file, read, parse, convert));
    return rows;
  };
  // Columns that no view names are passed through as they stand: 007 and 1.10 are text. Their names
  // come from the header, read with nothing converted.
  std::swap(convert.column_types, declared);
  MP_ASSIGN_OR_RETURN(auto header, open());
  std::swap(convert.column_types, declared);
  for (const std::string& name : header->schema()->field_names()) {
    convert.column_types.emplace(name, arrow::utf8());
  }
  MP_ASSIGN_OR_RETURN(auto rows, open());
  return std::make_shared<TimestampColumns>(std::move(rows), std::move(moments), path);
}

// A Parquet file's rows; the reader of the file lives as long as they do.
class ParquetRows : public arrow::RecordBatchReader {
 public:
  ParquetRows(std::unique_ptr<data::ParquetReader> file,
              std::shared_ptr<arrow::RecordBatchReader> rows)
      : file_(std::move(file)), rows_(std::move(rows)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    auto next = file_->Next(*rows_);
    if (!next) return data::ToArrow(next.error());
    *batch = std::move(*next);
    return arrow::Status::OK();
  }

 private:
  std::unique_ptr<data::ParquetReader> file_;
  std::shared_ptr<arrow::RecordBatchReader> rows_;
};

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenParquet(const Environment& env,
                                                              const std::string& path) {
  MP_ASSIGN_OR_RETURN(auto file, data::ParquetReader::Open(env, path));
  std::vector<int> columns(static_cast<size_t>(file->schema()->num_fields()));
  std::iota(columns.begin(), columns.end(), 0);
  MP_ASSIGN_OR_RETURN(auto rows, file->Read(file->LeavesOf(columns)));
  return std::make_shared<ParquetRows>(std::move(file), std::move(rows));
}

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> OpenLabelRows(
    data::Catalog& catalog, const std::string& what, const std::vector<ViewBinding>& views,
    const TrainingOptions& options) {
  if (what.ends_with(".csv") || what.ends_with(".parquet")) {
    const Environment& env = catalog.workspace().env;
    auto opened =
        what.ends_with(".csv") ? OpenCsv(env, what, views, options) : OpenParquet(env, what);
    if (opened) return opened;
    return std::unexpected<Error>(
        std::move(opened).error().WithContext("while reading the labels from " + what));
  }
  auto name = data::ParseTableName(what);
  if (!name) {
    return Fail(
        ErrorKind::kInvalidArgument,
        "labels are a .csv or .parquet file or a table of the catalog, and '{}' is none: {}", what,
        name.error().ToString());
  }
  MP_ASSIGN_OR_RETURN_CONTEXT(data::DeltaTable table, catalog.OpenTable(*name), "labels {}", what);
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  return data::ScanTable(catalog.workspace().env, snapshot);
}

}  // namespace millpond::platform
