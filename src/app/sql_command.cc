// millpond sql 'SELECT …': nothing but results on standard output; messages on standard error.
#include <arrow/record_batch.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iterator>
#include <memory>

#include "app/command.h"
#include "app/result_output.h"
#include "app/terminal.h"
#include "data/arrow/read_ahead.h"
#include "data/sql/execute_each.h"
#include "data/sql/output.h"
#include "data/sql/row_progress.h"

namespace millpond::app {
namespace {

struct SqlOptions {
  std::string text;
  std::string file;
};

Result<std::string> ReadText(const SqlOptions& options, FileSystem& fs) {
  if (!options.file.empty()) return fs.ReadFile(options.file);
  if (options.text != "-") return options.text;
  std::string text;
  char buffer[1 << 16];
  while (size_t n = std::fread(buffer, 1, sizeof buffer, stdin)) text.append(buffer, n);
  return text;
}

// The rows of a result that is printed where the line of progress stands: it goes before they come.
class PrintedRows : public arrow::RecordBatchReader, public data::Interruptible {
 public:
  PrintedRows(std::shared_ptr<arrow::RecordBatchReader> rows, TerminalProgress& progress)
      : rows_(std::move(rows)), progress_(progress) {}

  std::shared_ptr<arrow::Schema> schema() const override { return rows_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    const arrow::Status status = rows_->ReadNext(batch);
    progress_.Clear();
    return status;
  }
  arrow::Status Close() override { return rows_->Close(); }
  void Interrupt() override { data::InterruptReader(*rows_); }

 private:
  std::shared_ptr<arrow::RecordBatchReader> rows_;
  TerminalProgress& progress_;
};

std::shared_ptr<arrow::RecordBatchReader> Shown(std::shared_ptr<arrow::RecordBatchReader> rows,
                                                bool printed, TerminalProgress& progress) {
  if (!printed) return data::WithProgress(std::move(rows), &progress);
  return std::make_shared<PrintedRows>(std::move(rows), progress);
}

// Results of several statements in their order. Only the last one is the command's result, which
// may be for a program to read: rows before it are tables, on standard error where it is none.
Status Print(const data::QueryResult& result, bool is_last, const CommonOptions& common,
             FileSystem& fs) {
  if (result.rows && is_last) {
    MP_RETURN_IF_ERROR(WriteResult(*result.rows, common, fs));
  } else if (result.rows) {
    const bool beside = common.format == "table" && common.output_file.empty();
    MP_RETURN_IF_ERROR(WriteTable(*result.rows, beside ? stdout : stderr));
  }
  if (!result.message.empty()) std::fprintf(stderr, "%s\n", result.message.c_str());
  return OkStatus();
}

Status RunSql(const SqlOptions& options, const CommonOptions& common) {
  MP_RETURN_IF_ERROR(data::ParseOutputFormat(common.format));
  MP_ASSIGN_OR_RETURN(auto project, common.OpenProject());
  MP_ASSIGN_OR_RETURN(std::string text, ReadText(options, project->env().fs));
  MP_ASSIGN_OR_RETURN(auto session, project->sql().Connect({"local"}));
  TerminalProgress progress(stderr);
  if (IsTerminal(stderr)) session->SetProgress(&progress);
  const data::SourceText source(options.file.empty() ? "<sql>" : options.file, std::move(text));
  MP_RETURN_IF_ERROR(
      data::ExecuteEach(*session, source, [&](data::QueryResult result, bool is_last) {
        progress.Clear();
        if (result.rows && IsTerminal(stderr)) {
          const bool printed = common.output_file.empty() && IsTerminal(stdout);
          result.rows = Shown(std::move(result.rows), printed, progress);
        }
        const Status done = Print(result, is_last, common, project->env().fs);
        progress.Clear();
        return done;
      }));
  if (const auto totals = project->store_requests().totals(); totals.all() > 0) {
    std::fprintf(stderr, "object store: %s\n", totals.ToString().c_str());
  }
  return OkStatus();
}

}  // namespace

RunCommand AddSqlCommand(CLI::App& sub, CommonOptions& common) {
  auto options = std::make_shared<SqlOptions>();
  auto* text = sub.add_option("statement", options->text,
                              "One or several statements; - reads standard input");
  auto* file = sub.add_option("-f,--file", options->file, "Read the statements from this file");
  text->excludes(file);
  sub.footer(
      "Examples:\n"
      "  millpond sql 'SELECT count(*) FROM purchases'\n"
      "  millpond sql 'SELECT * FROM purchases VERSION AS OF 3 LIMIT 10' --format csv\n"
      "  millpond sql 'DESCRIBE HISTORY purchases'\n"
      "  millpond sql \"SELECT * FROM read_files('data', format => 'csv')\" --format parquet -o "
      "out.parquet\n"
      "  millpond sql -f report.sql --format json");
  sub.callback([options] {
    if (options->text.empty() && options->file.empty())
      throw CLI::RequiredError("statement or --file");
  });
  return [options, &common] { return RunSql(*options, common); };
}

}  // namespace millpond::app
