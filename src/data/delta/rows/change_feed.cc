#include "data/delta/rows/change_feed.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <deque>
#include <unordered_map>

#include "data/arrow/status.h"
#include "data/delta/rows/change_range_internal.h"
#include "data/delta/rows/version_changes_internal.h"

namespace millpond::data {
namespace {

// The rows of all parts of all versions, with the feed's columns behind them.
class ChangeReader : public arrow::RecordBatchReader {
 public:
  ChangeReader(const Environment& env, LogStore log, std::map<int64_t, Micros> times,
               std::shared_ptr<const Snapshot> end, const ChangeRange& range)
      : env_(env),
        log_(std::move(log)),
        times_(std::move(times)),
        end_(std::move(end)),
        next_version_(range.first),
        last_version_(range.last) {
    arrow::FieldVector fields = end_->arrow_schema()->fields();
    fields.push_back(arrow::field(kChangeTypeColumn, arrow::utf8()));
    fields.push_back(arrow::field(kCommitVersionColumn, arrow::int64()));
    fields.push_back(
        arrow::field(kCommitTimestampColumn, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")));
    schema_ = arrow::schema(std::move(fields));
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    auto next = Next();
    if (!next.has_value()) return ToArrow(next.error());
    *batch = std::move(*next);
    return arrow::Status::OK();
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> Next() {
    while (true) {
      MP_RETURN_IF_ERROR(env_.cancellation.Check());
      if (parts_.empty()) {
        if (next_version_ > last_version_) return std::shared_ptr<arrow::RecordBatch>();
        MP_RETURN_IF_ERROR(OpenVersion());
        continue;
      }
      std::shared_ptr<arrow::RecordBatch> batch;
      MP_ARROW_RETURN_IF_ERROR(parts_.front().rows->ReadNext(&batch));
      if (batch != nullptr) return WithColumns(*batch, parts_.front().change_type);
      parts_.pop_front();
    }
  }

  Status OpenVersion() {
    version_ = next_version_++;
    MP_ASSIGN_OR_RETURN(auto changes, ReadVersionChanges(env_, log_, version_, end_));
    timestamp_ = changes.in_commit_time ? *changes.in_commit_time : times_.at(version_);
    parts_ = std::move(changes.parts);
    return OkStatus();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> WithColumns(const arrow::RecordBatch& rows,
                                                          const std::string& change_type) const {
    arrow::ArrayVector columns = rows.columns();
    const auto add = [&](const arrow::Scalar& value) -> Status {
      MP_ARROW_ASSIGN_OR_RETURN(auto column, arrow::MakeArrayFromScalar(value, rows.num_rows()));
      columns.push_back(std::move(column));
      return OkStatus();
    };
    if (!change_type.empty()) MP_RETURN_IF_ERROR(add(arrow::StringScalar(change_type)));
    MP_RETURN_IF_ERROR(add(arrow::Int64Scalar(version_)));
    MP_RETURN_IF_ERROR(
        add(arrow::TimestampScalar(timestamp_, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))));
    return arrow::RecordBatch::Make(schema_, rows.num_rows(), std::move(columns));
  }

  Environment env_;
  LogStore log_;
  std::map<int64_t, Micros> times_;
  std::shared_ptr<const Snapshot> end_;
  int64_t next_version_, last_version_;
  std::shared_ptr<arrow::Schema> schema_;
  // Of the version at hand.
  int64_t version_ = -1;
  Micros timestamp_ = 0;
  std::deque<ChangedRows> parts_;
};

}  // namespace

Result<std::shared_ptr<arrow::RecordBatchReader>> ReadChanges(DeltaTable table,
                                                              const ChangeRange& range,
                                                              DataRoots roots) {
  MP_ASSIGN_OR_RETURN(const auto latest, table.Latest());
  if (range.first < 0 || range.first > latest->version() || range.last < range.first) {
    return Fail(ErrorKind::kInvalidArgument,
                "versions {} to {} of table {} are no range of its versions, the last of which is "
                "{}",
                range.first, range.last, table.path(), latest->version());
  }
  ChangeRange asked = range;
  asked.last = std::min(range.last, latest->version());
  MP_ASSIGN_OR_RETURN(auto end, table.AtVersion(asked.last));
  for (const char* column : {kChangeTypeColumn, kCommitVersionColumn, kCommitTimestampColumn}) {
    if (end->schema().Find(column) == nullptr) continue;
    return Fail(ErrorKind::kUnsupported,
                "table {} has a column {} of its own, which the change feed adds: rename it",
                table.path(), column);
  }
  LogStore log(table.environment(), table.path(), std::move(roots));
  MP_ASSIGN_OR_RETURN(const LogListing listing, log.List());
  MP_RETURN_IF_ERROR(CheckChangeRange(table, log, listing, asked, *end));
  return std::make_shared<ChangeReader>(table.environment(), std::move(log), LogFileTimes(listing),
                                        std::move(end), asked);
}

Result<int64_t> FirstVersionFrom(DeltaTable& table, Micros at) {
  MP_ASSIGN_OR_RETURN(const auto latest, table.Latest());
  if (at > latest->commit_time()) {
    return Fail(ErrorKind::kNotFound,
                "table {} has no version at or after {}; its last one is {}, of {}", table.path(),
                FormatTimestamp(at), latest->version(), FormatTimestamp(latest->commit_time()));
  }
  const auto before = table.AtTime(at);
  if (before.has_value()) {
    return (*before)->commit_time() == at ? (*before)->version() : (*before)->version() + 1;
  }
  if (before.error().kind() != ErrorKind::kNotFound) {
    return std::unexpected<Error>(before.error());
  }
  const LogStore log(table.environment(), table.path(), nullptr);
  MP_ASSIGN_OR_RETURN(const LogListing listing, log.List());
  return listing.commits.empty() ? latest->version() : listing.commits.begin()->first;
}

}  // namespace millpond::data
