// COPY INTO t FROM 'path' | (SELECT … FROM 'path') FILEFORMAT = CSV | JSON | PARQUET
//   [PATTERN = 'glob'] [FILES = ('a', 'b')] [FORMAT_OPTIONS ('header' = 'true', …)]
//   [COPY_OPTIONS ('mergeSchema' = 'true', 'force' = 'true')]
//
// Columns are matched by name. A file that the table has loaded is not loaded again, unless it is
// forced; what was loaded is recorded in the rows' own commit (data/delta/change/load_ledger.h).
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <map>
#include <set>

#include "data/arrow/status.h"
#include "data/delta/change/load_ledger.h"
#include "data/sql/statements/change_statement_internal.h"
#include "data/sql/statements/copy_source.h"
#include "data/sql/tokenizer.h"

namespace millpond::data {
namespace {

// Rows of files depend on no row of the table.
class DependsOnNothing : public ReadDependency {
 public:
  Result<bool> DependsOn(const std::shared_ptr<const Snapshot>&,
                         const std::vector<size_t>&) override {
    return false;
  }
};

std::set<std::string> NamesOf(const std::vector<ReadableFile>& files) {
  std::set<std::string> names;
  for (const ReadableFile& file : files) names.insert(file.name);
  return names;
}

class Load {
 public:
  Load(const CopySource& copy, ChangeTarget target, StatementContext& context)
      : copy_(copy), target_(std::move(target)), context_(context) {}

  // kConflict: another writer was faster; a new Load on a newer snapshot may go on.
  Result<QueryResult> Run() {
    const Environment& env = target_.table.environment();
    const LoadLedger ledger(env, *target_.snapshot);
    MP_ASSIGN_OR_RETURN(files_, ListCopyFiles(copy_, context_));
    MP_RETURN_IF_ERROR(LeaveOutLoaded(ledger));
    if (files_.empty()) return Nothing();

    MP_ASSIGN_OR_RETURN(auto rows, OpenRows());
    MP_ASSIGN_OR_RETURN(auto change, RowChange::Begin(target_.table, target_.snapshot, schema_));
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      MP_RETURN_IF_ERROR(env.cancellation.Check());
      MP_ARROW_RETURN_IF_ERROR(rows->ReadNext(&batch));
      if (batch == nullptr) break;
      MP_RETURN_IF_ERROR(change->Write(*batch, ChangeType::kInsert));
    }
    rows = nullptr;
    MP_RETURN_IF_ERROR(CheckUnchanged());
    MP_ASSIGN_OR_RETURN(const auto commit, Commit(ledger, *change));
    return QueryResult{
        nullptr, fmt::format("{} rows copied into {} from {} files{}{}", commit.rows, target_.name,
                             files_.size(), LoadedText(), CommitText(commit))};
  }

 private:
  Status LeaveOutLoaded(const LoadLedger& ledger) {
    if (copy_.force) return OkStatus();
    MP_ASSIGN_OR_RETURN(const auto loaded, ledger.Find(NamesOf(files_)));
    std::erase_if(files_, [&](const ReadableFile& file) {
      const auto found = loaded.find(file.name);
      if (found == loaded.end()) return false;
      ++loaded_;
      const LoadedFile& then = found->second;
      if (then.size_bytes != file.size_bytes || then.modified != file.modified) ++changed_;
      return true;
    });
    return OkStatus();
  }

  std::string LoadedText() const {
    if (loaded_ == 0) return "";
    std::string text = fmt::format("; {} were loaded before", loaded_);
    if (changed_ > 0) text += fmt::format(", {} of which changed since", changed_);
    return text;
  }

  QueryResult Nothing() const {
    const std::string why = loaded_ > 0 ? LoadedText() : "; there are no files in " + copy_.path;
    return {nullptr, fmt::format("0 rows copied into {}{}", target_.name, why)};
  }

  // The query over the files' rows, its columns as the table's of the same name.
  Result<std::shared_ptr<arrow::RecordBatchReader>> OpenRows() {
    const Schema& table = target_.snapshot->schema();
    MP_ASSIGN_OR_RETURN(auto files, OpenCopyFiles(copy_, files_, table, context_));
    MP_RETURN_IF_ERROR(CheckSameTypes(files));
    const std::string relation = Relation(std::move(files));
    RunOptions options;
    if (!copy_.select.empty()) {
      const std::vector<Replacement> path = {{copy_.path_offset, copy_.path_end, relation}};
      MP_ASSIGN_OR_RETURN(const auto found, context_.Describe(copy_.select, path));
      MP_ASSIGN_OR_RETURN(options.columns, ColumnsOf(*found));
      return context_.Run(copy_.select, path, std::move(options));
    }
    ComposedQuery sql(context_.source(), copy_.path_offset);
    sql.Text("SELECT * FROM " + relation);
    MP_ASSIGN_OR_RETURN(const auto found, context_.Describe(sql.sql()));
    MP_ASSIGN_OR_RETURN(options.columns, ColumnsOf(*found));
    return context_.Run(sql.sql(), std::move(options));
  }

  // Of columns that several streams have: a union would bring them to one type first, and lose what
  // that type cannot hold.
  Status CheckSameTypes(
      const std::vector<std::shared_ptr<arrow::RecordBatchReader>>& streams) const {
    std::map<std::string, std::shared_ptr<arrow::DataType>> types;
    for (const auto& stream : streams) {
      for (const auto& field : stream->schema()->fields()) {
        const auto [first, is_new] = types.emplace(LowerName(field->name()), field->type());
        const auto& type = *first->second;
        if (is_new || type.Equals(*field->type()) || AreOneNumber(type, *field->type())) continue;
        return FailAt(context_.source(), copy_.path_offset, ErrorKind::kInvalidArgument,
                      "the column {} is {} in one file and {} in another: copy them one after the "
                      "other, with FILES or PATTERN",
                      field->name(), type.ToString(), field->type()->ToString());
      }
    }
    return OkStatus();
  }

  // Whole numbers of any width are whole numbers still. Text has no types but those guessed from
  // the values seen: 5 in one file and 0.5 in another are doubles, as they are in one file.
  bool AreOneNumber(const arrow::DataType& a, const arrow::DataType& b) const {
    if (copy_.format != "parquet") return arrow::is_numeric(a.id()) && arrow::is_numeric(b.id());
    return arrow::is_signed_integer(a.id()) && arrow::is_signed_integer(b.id());
  }

  // Streams of other columns become one by the columns' names.
  std::string Relation(std::vector<std::shared_ptr<arrow::RecordBatchReader>> streams) const {
    std::string relation;
    for (auto& stream : streams) {
      const QueryName name = context_.tables().Add(std::move(stream));
      const std::string text =
          fmt::format("lake.{}.{}", QuoteName(name.schema), QuoteName(name.table));
      if (streams.size() == 1) return text;
      relation +=
          (relation.empty() ? "(SELECT * FROM " : " UNION ALL BY NAME SELECT * FROM ") + text;
    }
    return relation + ")";
  }

  Result<std::vector<TargetColumn>> ColumnsOf(const arrow::Schema& found) {
    MP_ASSIGN_OR_RETURN(const Schema given, Schema::FromArrow(found));
    std::vector<StructField> fields = target_.snapshot->schema().fields();
    std::vector<TargetColumn> columns;
    for (const StructField& field : given.fields()) {
      const StructField* known = target_.snapshot->schema().Find(field.name);
      columns.push_back({field.name, known != nullptr ? known->type : field.type});
      if (known != nullptr) continue;
      if (!copy_.merge_schema) {
        return FailAt(context_.source(), copy_.path_offset, ErrorKind::kInvalidArgument,
                      "the files have a column {}, which table {} lacks: COPY_OPTIONS "
                      "('mergeSchema' = 'true') adds it, FROM (SELECT … FROM 'path') leaves it out",
                      field.name, target_.name);
      }
      fields.push_back({field.name, field.type});
    }
    if (fields.size() > target_.snapshot->schema().size()) schema_ = Schema(std::move(fields));
    return columns;
  }

  // What was read is what will be on record.
  Status CheckUnchanged() const {
    MP_ASSIGN_OR_RETURN(const auto now, ListCopyFiles(copy_, context_));
    for (const ReadableFile& file : files_) {
      if (std::ranges::find(now, file) != now.end()) continue;
      return FailAt(context_.source(), copy_.path_offset, ErrorKind::kUnavailable,
                    "file {} changed or went while it was read; nothing was loaded: run it again",
                    file.path);
    }
    return OkStatus();
  }

  Result<CommitResult> Commit(const LoadLedger& ledger, RowChange& change) const {
    std::vector<LoadedFile> loaded;
    for (const ReadableFile& file : files_) {
      loaded.push_back({file.name, file.size_bytes, file.modified});
    }
    MP_ASSIGN_OR_RETURN(const Txn txn, ledger.Append(loaded));
    RowChangeCommit commit{"COPY INTO",
                           {{"path", copy_.path}, {"format", copy_.format}},
                           {{"numSourceFiles", fmt::format("{}", files_.size())},
                            {"numSkippedFiles", fmt::format("{}", loaded_)}},
                           std::make_shared<DependsOnNothing>(),
                           txn};
    auto result = change.Commit(std::move(commit));
    if (!result.has_value() && result.error().kind() != ErrorKind::kOutcomeUnknown) {
      ledger.Discard(txn);
    }
    return result;
  }

  const CopySource& copy_;
  ChangeTarget target_;
  StatementContext& context_;
  std::vector<ReadableFile> files_;  // to load
  int64_t loaded_ = 0, changed_ = 0;
  std::optional<Schema> schema_;  // of the table from this load on, where it gets columns
};

}  // namespace

Result<QueryResult> ExecuteCopyInto(const Statement& statement, StatementContext& context) {
  TokenCursor at(statement.tokens, statement.source);
  MP_RETURN_IF_ERROR(at.Expect("COPY"));
  if (!at.Accept("INTO")) {
    return FailAt(statement.source, at.offset(), ErrorKind::kUnsupported,
                  "of COPY there is COPY INTO t FROM 'path' FILEFORMAT = …; results are written to "
                  "a file by --format parquet -o FILE");
  }
  MP_ASSIGN_OR_RETURN(ChangeTarget target, TakeTargetTable(at, context));
  MP_ASSIGN_OR_RETURN(const CopySource copy, TakeCopySource(at, statement.source));
  for (int attempt = 1;; ++attempt) {
    auto done = Load(copy, target, context).Run();
    if (done.has_value()) {
      LoadLedger(target.table.environment(), *target.snapshot).RemoveUnreached();
      return done;
    }
    if (done.error().kind() != ErrorKind::kConflict || attempt == kStatementTries) {
      return ErrorAt(statement.source, target.offset, done.error());
    }
    MP_ASSIGN_OR_RETURN(target.snapshot, target.table.Latest());
    context.tables().HoldStill(target.snapshot);
  }
}

}  // namespace millpond::data
