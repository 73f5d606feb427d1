#include "platform/features/audit.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <algorithm>
#include <bit>
#include <set>
#include <utility>

#include "base/json.h"
#include "data/catalog/catalog.h"
#include "data/delta/metadata/schema.h"
#include "kernel/bound_expression.h"
#include "kernel/canonical.h"
#include "platform/features/kernel_batch.h"
#include "platform/features/served_rows.h"
#include "platform/features/view_binding.h"

namespace millpond::platform {
namespace {

using kernel::Column;

constexpr size_t kMaxDifferences = 20;
constexpr const char* kTimeColumn = "moment of the request";

bool SameBits(const Column& a, const Column& b, int64_t row) {
  if (a.IsNull(row) || b.IsNull(row)) return a.IsNull(row) && b.IsNull(row);
  if (a.type().id == kernel::TypeId::kDouble) {
    return std::bit_cast<uint64_t>(kernel::CanonicalDouble(a.doubles()[row])) ==
           std::bit_cast<uint64_t>(kernel::CanonicalDouble(b.doubles()[row]));
  }
  return kernel::CompareCanonical(a, row, b, row) == 0;
}

// Errors that say that the past cannot be had any more, not that something failed just now.
bool IsGone(const Error& error) {
  return error.kind() == ErrorKind::kNotFound || error.kind() == ErrorKind::kUnsupported ||
         error.kind() == ErrorKind::kCorrupt;
}

class Audit {
 public:
  Audit(FeatureStore& features, FeatureView view, const ServedRows& served, AuditKind kind)
      : features_(features), view_(std::move(view)), served_(served) {
    report_.view = view_.name;
    report_.kind = kind;
    report_.rows = served.rows();
  }

  Result<AuditReport> Run() {
    if (!served_.has_features()) {
      Unauditable(served_.rows(), fmt::format("the rows have no feature of {}", view_.name));
      return std::move(report_);
    }
    MP_RETURN_IF_ERROR(ReadStamps());
    MP_RETURN_IF_ERROR(ReadLateCommits());
    // By the version to read; -1: the newest.
    std::map<int64_t, std::vector<int64_t>> by_version;
    for (int64_t row = 0; row < served_.rows(); ++row) {
      if (served_.as_of().IsNull(row) || served_.source_version().IsNull(row)) {
        Unauditable(1, "the row has no T or no version");
      } else if (!served_.IsOf(row, view_.version)) {
        Unauditable(1, fmt::format("the row was served by another version of {} than {}",
                                   view_.name, view_.version));
      } else if (report_.kind == AuditKind::kSkew && IsMarked(row)) {
        ++report_.marked;
      } else {
        by_version[VersionFor(row)].push_back(row);
      }
    }
    for (const auto& [version, rows] : by_version) {
      MP_RETURN_IF_ERROR(CompareAt(version, rows));
    }
    return std::move(report_);
  }

 private:
  // When the commits of the source were stamped, by version.
  Status ReadStamps() {
    MP_ASSIGN_OR_RETURN(data::TableName name, data::ParseTableName(view_.source));
    data::Catalog& catalog = features_.catalog();
    MP_ASSIGN_OR_RETURN(data::DeltaTable table, catalog.OpenTable(name));
    MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
    MP_RETURN_IF_ERROR(catalog.commits().Reconcile(name));
    MP_ASSIGN_OR_RETURN(auto records, catalog.commits().EventsSince(0));
    for (const data::CommitRecord& record : records) {
      if (record.table_id == snapshot->metadata().id) stamps_[record.version] = record.commit_time;
    }
    newest_ = snapshot->version();
    return OkStatus();
  }

  Status ReadLateCommits() {
    if (report_.kind != AuditKind::kSkew || served_.rows() == 0) return OkStatus();
    const auto times = served_.as_of().int64s();
    const auto [first, last] = std::ranges::minmax(times);
    MP_ASSIGN_OR_RETURN(late_, features_.LateCommits(view_.name, first, last));
    return OkStatus();
  }

  bool IsMarked(int64_t row) {
    if (served_.IsMarked(row)) return true;
    const Micros at = served_.as_of().int64s()[row];
    const std::string key = kernel::CanonicalRow(served_.EntityPointers(), row);
    for (const LateCommit& late : late_) {
      // A version that was in by then was not late for this answer.
      if (at - late.settle < late.stamp || at > late.seen ||
          served_.source_version().int64s()[row] >= late.version) {
        continue;
      }
      if (!late.all_entities && !late.entities.contains(key)) continue;
      ++report_.marked_late;
      return true;
    }
    return false;
  }

  // Where no commit after the answer's version was stamped by T - settle, the newest version gives
  // what that version gave: one join serves all such rows.
  int64_t VersionFor(int64_t row) const {
    if (report_.kind == AuditKind::kSkew) return -1;
    const int64_t version = served_.source_version().int64s()[row];
    if (version == newest_) return -1;
    const auto next = stamps_.find(version + 1);
    const bool complete =
        next != stamps_.end() && next->second > served_.as_of().int64s()[row] - view_.settle;
    return complete ? -1 : version;
  }

  Status CompareAt(int64_t version, const std::vector<int64_t>& rows) {
    TrainingOptions options;
    if (version >= 0) options.versions[view_.source] = version;
    options.time_column = kTimeColumn;
    MP_ASSIGN_OR_RETURN(auto labels, Labels(rows));
    MP_ASSIGN_OR_RETURN(auto reader, AsReader(labels));
    auto set = features_.TrainingSetFor(*reader, {view_.name}, options);
    if (!set) {
      if (!IsGone(set.error())) return std::unexpected(std::move(set).error());
      Unauditable(static_cast<int64_t>(rows.size()), set.error().ToString());
      return OkStatus();
    }
    return Compare(*set, rows);
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Labels(const std::vector<int64_t>& rows) const {
    kernel::Batch labels;
    labels.rows = static_cast<int64_t>(rows.size());
    const auto entity = served_.EntityPointers();
    for (size_t i = 0; i < entity.size(); ++i) {
      labels.names.push_back(view_.entity[i]);
      labels.columns.push_back(entity[i]->Take(rows));
    }
    labels.names.emplace_back(kTimeColumn);
    labels.columns.push_back(served_.as_of().Take(rows));
    return ToArrowBatch(std::move(labels));
  }

  Status Compare(const TrainingSet& set, const std::vector<int64_t>& rows) {
    std::vector<bool> differs(rows.size());
    for (const std::string& feature : set.feature_columns) {
      if (!served_.Has(feature)) continue;
      MP_ASSIGN_OR_RETURN(Column recomputed, ColumnOf(*set.rows, feature));
      const Column served = served_.Feature(feature).Take(rows);
      MP_ASSIGN_OR_RETURN(recomputed, CastLike(std::move(recomputed), served, feature));
      for (size_t i = 0; i < rows.size(); ++i) {
        const auto row = static_cast<int64_t>(i);
        if (SameBits(served, recomputed, row)) continue;
        differs[i] = true;
        if (report_.first.size() >= kMaxDifferences) continue;
        report_.first.push_back({served_.RequestId(rows[i]), served_.as_of().int64s()[rows[i]],
                                 feature, served.ValueAt(row).ToString(),
                                 recomputed.ValueAt(row).ToString()});
      }
    }
    const auto different = std::ranges::count(differs, true);
    report_.different += different;
    report_.equal += static_cast<int64_t>(rows.size()) - different;
    return OkStatus();
  }

  Result<Column> CastLike(Column recomputed, const Column& served,
                          const std::string& feature) const {
    if (recomputed.type() == served.type()) return recomputed;
    if (served.type() == kernel::kNullType) {
      // A column of nothing but NULL.
      return recomputed;
    }
    const std::string names[] = {"value"};
    const kernel::Type types[] = {recomputed.type()};
    auto cast =
        kernel::BindOver(kernel::Cast(kernel::ColumnRef("value"), served.type()), names, types);
    if (!cast) {
      return Fail(ErrorKind::kInvalidArgument,
                  "feature {} is {} in the view {} and {} in the served rows: they cannot be "
                  "compared",
                  feature, kernel::ToString(recomputed.type()), view_.name,
                  kernel::ToString(served.type()));
    }
    const Column* inputs[] = {&recomputed};
    return cast->Evaluate(inputs, recomputed.size());
  }

  void Unauditable(int64_t rows, const std::string& reason) {
    report_.unauditable += rows;
    auto& reasons = report_.unauditable_because;
    if (reasons.size() < kMaxDifferences && std::ranges::find(reasons, reason) == reasons.end()) {
      reasons.push_back(reason);
    }
  }

  FeatureStore& features_;
  FeatureView view_;
  const ServedRows& served_;
  AuditReport report_;
  std::map<int64_t, Micros> stamps_;
  int64_t newest_ = 0;
  std::vector<LateCommit> late_;
};

}  // namespace

Json AuditReport::ToJson() const {
  Json differences = Json::array();
  for (const AuditDifference& difference : first) {
    differences.push_back({{"request_id", difference.request_id},
                           {"as_of", FormatTimestamp(difference.as_of)},
                           {"feature", difference.feature},
                           {"served", difference.served},
                           {"recomputed", difference.recomputed}});
  }
  return {{"view", view},
          {"audit", kind == AuditKind::kEngine ? "engine" : "skew"},
          {"rows", rows},
          {"compared", compared()},
          {"equal", equal},
          {"different", different},
          {"marked", marked},
          {"marked_late", marked_late},
          {"unauditable", unauditable},
          {"unauditable_because", unauditable_because},
          {"first_differences", std::move(differences)}};
}

Result<AuditReport> AuditServedRows(FeatureStore& features, const std::string& view,
                                    arrow::RecordBatchReader& served, const ServedColumns& columns,
                                    AuditKind kind) {
  MP_ASSIGN_OR_RETURN(FeatureView definition, features.Find(view));
  MP_ASSIGN_OR_RETURN(data::TableName source, data::ParseTableName(definition.source));
  MP_ASSIGN_OR_RETURN(data::DeltaTable table, features.catalog().OpenTable(source));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  MP_ASSIGN_OR_RETURN(auto program, ProgramOf(definition, snapshot->schema()));
  MP_ASSIGN_OR_RETURN(
      ServedRows rows,
      ServedRows::Read(served, *program, columns, features.catalog().workspace().env.arbiter));
  return Audit(features, std::move(definition), rows, kind).Run();
}

}  // namespace millpond::platform
