#include "data/sql/output.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>

#include <algorithm>

#include "base/json.h"
#include "data/arrow/status.h"
#include "data/parquet/writer.h"
#include "data/sql/table_output_internal.h"
#include "data/sql/value_text.h"

namespace millpond::data {
namespace {

// Runs `visit` over every batch; gives the number of rows.
Result<int64_t> ForEachBatch(arrow::RecordBatchReader& rows,
                             const std::function<Status(const arrow::RecordBatch&)>& visit) {
  int64_t count = 0;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    MP_ARROW_RETURN_IF_ERROR(rows.ReadNext(&batch));
    if (batch == nullptr) return count;
    MP_RETURN_IF_ERROR(visit(*batch));
    count += batch->num_rows();
  }
}

std::string CsvField(const std::string& text) {
  bool quote = text.empty() || text.find_first_of(",\"\r\n") != std::string::npos;
  if (!quote) return text;
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

Result<int64_t> WriteCsv(arrow::RecordBatchReader& rows, const ByteSink& sink) {
  std::string header;
  for (const auto& field : rows.schema()->fields()) {
    header += (header.empty() ? "" : ",") + CsvField(field->name());
  }
  MP_RETURN_IF_ERROR(sink(header + "\n"));
  return ForEachBatch(rows, [&](const arrow::RecordBatch& batch) {
    std::string text;
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      for (int i = 0; i < batch.num_columns(); ++i) {
        if (i > 0) text += ",";
        if (!batch.column(i)->IsNull(row)) text += CsvField(CellText(*batch.column(i), row));
      }
      text += "\n";
    }
    return sink(text);
  });
}

Result<int64_t> WriteJson(arrow::RecordBatchReader& rows, const ByteSink& sink) {
  std::vector<std::string> keys;
  for (const auto& field : rows.schema()->fields()) keys.push_back(DumpJson(Json(field->name())));
  bool first = true;
  MP_RETURN_IF_ERROR(sink("["));
  auto count = ForEachBatch(rows, [&](const arrow::RecordBatch& batch) {
    std::string text;
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      text += first ? "\n{" : ",\n{";
      first = false;
      for (int i = 0; i < batch.num_columns(); ++i) {
        text += (i > 0 ? ", " : "") + keys[i] + ": " + CellJson(*batch.column(i), row);
      }
      text += "}";
    }
    return sink(text);
  });
  MP_RETURN_IF_ERROR(count);
  MP_RETURN_IF_ERROR(sink(first ? "]\n" : "\n]\n"));
  return count;
}

// Arrow's writers write into the sink; its errors keep their kind.
class SinkStream : public arrow::io::OutputStream {
 public:
  explicit SinkStream(const ByteSink& sink) : sink_(sink) { set_mode(arrow::io::FileMode::WRITE); }
  arrow::Status Write(const void* data, int64_t bytes) override {
    position_ += bytes;
    return ToArrow(sink_({static_cast<const char*>(data), static_cast<size_t>(bytes)}));
  }
  using arrow::io::OutputStream::Write;
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }

 private:
  const ByteSink& sink_;
  int64_t position_ = 0;
  bool closed_ = false;
};

Result<int64_t> WriteParquet(arrow::RecordBatchReader& rows, const ByteSink& sink) {
  auto stream = std::make_shared<SinkStream>(sink);
  MP_ASSIGN_OR_RETURN(auto writer, ParquetWriter::Open(stream, "the result", rows.schema()));
  MP_ASSIGN_OR_RETURN(int64_t count, ForEachBatch(rows, [&](const arrow::RecordBatch& batch) {
                        return writer->Write(batch);
                      }));
  MP_RETURN_IF_ERROR(writer->Close());
  return count;
}

Result<int64_t> WriteArrow(arrow::RecordBatchReader& rows, const ByteSink& sink) {
  auto stream = std::make_shared<SinkStream>(sink);
  MP_ARROW_ASSIGN_OR_RETURN(auto writer, arrow::ipc::MakeStreamWriter(stream, rows.schema()));
  MP_ASSIGN_OR_RETURN(int64_t count,
                      ForEachBatch(rows, [&](const arrow::RecordBatch& batch) -> Status {
                        MP_ARROW_RETURN_IF_ERROR(writer->WriteRecordBatch(batch));
                        return OkStatus();
                      }));
  MP_ARROW_RETURN_IF_ERROR(writer->Close());
  return count;
}

Result<int64_t> WriteText(arrow::RecordBatchReader& rows, const ByteSink& sink, int64_t max_rows) {
  TextTable table(*rows.schema(), max_rows);
  MP_ASSIGN_OR_RETURN(int64_t count, ForEachBatch(rows, [&](const arrow::RecordBatch& batch) {
                        table.Add(batch);
                        return OkStatus();
                      }));
  MP_RETURN_IF_ERROR(sink(table.Render(count)));
  return count;
}

}  // namespace

Result<OutputFormat> ParseOutputFormat(std::string_view name) {
  static constexpr std::pair<std::string_view, OutputFormat> kFormats[] = {
      {"table", OutputFormat::kTable},
      {"csv", OutputFormat::kCsv},
      {"json", OutputFormat::kJson},
      {"parquet", OutputFormat::kParquet},
      {"arrow", OutputFormat::kArrow}};
  for (const auto& [word, format] : kFormats) {
    if (word == name) return format;
  }
  return Fail(ErrorKind::kInvalidArgument,
              "there is no output format '{}'; there are table, csv, json, parquet and arrow",
              name);
}

Result<int64_t> WriteOutput(arrow::RecordBatchReader& rows, OutputFormat format,
                            const ByteSink& sink, const OutputOptions& options) {
  switch (format) {
    case OutputFormat::kTable:
      return WriteText(rows, sink, options.max_rows);
    case OutputFormat::kCsv:
      return WriteCsv(rows, sink);
    case OutputFormat::kJson:
      return WriteJson(rows, sink);
    case OutputFormat::kParquet:
      return WriteParquet(rows, sink);
    case OutputFormat::kArrow:
      return WriteArrow(rows, sink);
  }
  return Fail(ErrorKind::kInternal, "output format {}", static_cast<int>(format));
}

}  // namespace millpond::data
