#include "model/serving/inference_audit.h"

#include <arrow/record_batch.h>

#include <algorithm>

#include "data/arrow/status.h"
#include "data/catalog/catalog.h"
#include "data/sql/tokenizer.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {
namespace {

using data::QuoteName;
using data::QuoteString;
using platform::AuditKind;
using platform::AuditReport;

// Rows whose T lies so long before an audit may have reached their table after it.
constexpr Micros kOverlap = 5 * 60 * kMicrosPerSecond;

std::string_view ToString(AuditKind kind) {
  return kind == AuditKind::kEngine ? "engine" : "skew";
}

std::string TimestampLiteral(Micros at) {
  return fmt::format("TIMESTAMPTZ {}", QuoteString(FormatTimestamp(at)));
}

// Column 0 of a query, an integer or a timestamp; NULLs left out.
Result<std::vector<int64_t>> IntegersOf(data::SqlSession& session, const std::string& query) {
  MP_ASSIGN_OR_RETURN(auto reader, session.Select(query, "<audit>"));
  std::vector<int64_t> values;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
    if (!batch) return values;
    MP_ASSIGN_OR_RETURN(kernel::Batch rows, platform::ToKernel(*batch));
    const kernel::Column& column = rows.columns[0];
    for (int64_t row = 0; row < column.size(); ++row) {
      if (!column.IsNull(row)) values.push_back(column.int64s()[row]);
    }
  }
}

void Add(AuditReport& total, AuditReport day) {
  total.rows += day.rows;
  total.equal += day.equal;
  total.different += day.different;
  total.marked += day.marked;
  total.marked_late += day.marked_late;
  total.unauditable += day.unauditable;
  std::ranges::move(day.first, std::back_inserter(total.first));
  for (auto& reason : day.unauditable_because) {
    auto& reasons = total.unauditable_because;
    if (std::ranges::find(reasons, reason) == reasons.end()) reasons.push_back(std::move(reason));
  }
}

class Auditor {
 public:
  Auditor(const InferenceAuditParts& parts, const ModelDefinition& definition,
          const InferenceAuditRequest& request, data::SqlSession& session)
      : features_(parts.features),
        definition_(definition),
        request_(request),
        session_(session),
        now_(parts.features.catalog().workspace().env.clock.Now()) {}

  Result<std::vector<InferenceAudit>> Run() {
    MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(definition_.serve.table));
    MP_ASSIGN_OR_RETURN(bool exists, features_.catalog().TableExists(name));
    std::vector<InferenceAudit> audits;
    if (!exists) return audits;
    MP_ASSIGN_OR_RETURN(auto table, features_.catalog().OpenTable(name));
    MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
    for (const auto& field : snapshot->schema().fields()) columns_.push_back(field.name);
    for (const ViewColumns& view : definition_.views) {
      // A table from before the model used the view has none of its columns.
      if (!Has(view.view + "_source_version")) continue;
      for (AuditKind kind : request_.kinds) {
        MP_ASSIGN_OR_RETURN_CONTEXT(audits.emplace_back(), AuditView(view, kind),
                                    "in the {} audit of view {} over {}", ToString(kind), view.view,
                                    definition_.serve.table);
      }
    }
    return audits;
  }

 private:
  bool Has(const std::string& column) const {
    return std::ranges::find(columns_, column) != columns_.end();
  }
  bool goes_on() const { return !request_.from && !request_.to; }

  Result<InferenceAudit> AuditView(const ViewColumns& view, AuditKind kind) {
    InferenceAudit audit;
    audit.model = definition_.name;
    audit.table = definition_.serve.table;
    audit.to = request_.to.value_or(now_);
    audit.report.view = view.view;
    audit.report.kind = kind;
    audit.from = request_.from.value_or(0);
    if (goes_on()) {
      MP_ASSIGN_OR_RETURN(audit.from, LastEnd(view.view, kind));
    }
    const std::string period = fmt::format(
        "as_of >= {} AND as_of < {}", TimestampLiteral(audit.from), TimestampLiteral(audit.to));
    MP_ASSIGN_OR_RETURN(auto days,
                        IntegersOf(session_, fmt::format("SELECT DISTINCT date_trunc('day', as_of) "
                                                         "AS day FROM {} WHERE {} ORDER BY day",
                                                         definition_.serve.table, period)));
    for (Micros day : days) {
      MP_RETURN_IF_ERROR(features_.catalog().workspace().env.cancellation.Check());
      const Micros from = std::max(day, audit.from);
      const Micros to = std::min(day + kMicrosPerDay, audit.to);
      MP_RETURN_IF_ERROR(AuditDay(view, from, to, audit));
    }
    if (goes_on() && audit.from < audit.to) MP_RETURN_IF_ERROR(Keep(audit));
    return audit;
  }

  // Where the last audit that went on by itself ended, less the overlap; 0: there was none.
  Result<Micros> LastEnd(const std::string& view, AuditKind kind) {
    MP_ASSIGN_OR_RETURN(auto name, data::ParseTableName(kAuditTable));
    MP_ASSIGN_OR_RETURN(bool exists, features_.catalog().TableExists(name));
    if (!exists) return 0;
    MP_ASSIGN_OR_RETURN(
        auto ends,
        IntegersOf(session_, fmt::format("SELECT max(period_to) FROM {} WHERE model = {} "
                                         "AND view = {} AND audit = {}",
                                         kAuditTable, QuoteString(definition_.name),
                                         QuoteString(view), QuoteString(ToString(kind)))));
    return ends.empty() ? 0 : ends[0] - kOverlap;
  }

  Status AuditDay(const ViewColumns& view, Micros from, Micros to, InferenceAudit& audit) {
    MP_ASSIGN_OR_RETURN(platform::FeatureView definition, features_.Find(view.view));
    platform::ServedColumns columns;
    columns.source_version = view.view + "_source_version";
    columns.view_version = view.view + "_view_version";
    columns.compared.emplace();
    std::vector<std::string> wanted = {"request_id", "as_of", columns.source_version, "marked",
                                       columns.view_version};
    std::ranges::copy(definition.entity, std::back_inserter(wanted));
    for (const platform::FeatureColumn& column : definition.columns) {
      if (!view.Takes(column.name) || !Has(column.name)) continue;
      columns.compared->push_back(column.name);
      wanted.push_back(column.name);
    }
    std::string list;
    for (const std::string& column : wanted) {
      list += (list.empty() ? "" : ", ") + QuoteName(column);
    }
    const std::string rows = fmt::format("FROM {} WHERE as_of >= {} AND as_of < {} AND {} IS ",
                                         definition_.serve.table, TimestampLiteral(from),
                                         TimestampLiteral(to), QuoteName(columns.source_version));
    MP_ASSIGN_OR_RETURN(auto without, IntegersOf(session_, "SELECT count(*) " + rows + "NULL"));
    audit.without_features += without.at(0);
    MP_ASSIGN_OR_RETURN(auto served,
                        session_.Select("SELECT " + list + " " + rows + "NOT NULL", "<audit>"));
    MP_ASSIGN_OR_RETURN(auto report, platform::AuditServedRows(features_, view.view, *served,
                                                               columns, audit.report.kind));
    Add(audit.report, std::move(report));
    return OkStatus();
  }

  Status Keep(const InferenceAudit& audit) {
    const AuditReport& report = audit.report;
    const std::string create = fmt::format(
        "CREATE TABLE IF NOT EXISTS {} (audited_at TIMESTAMP, model STRING, view STRING, audit "
        "STRING, period_from TIMESTAMP, period_to TIMESTAMP, \"rows\" BIGINT, equal BIGINT, "
        "different BIGINT, marked BIGINT, marked_late BIGINT, unauditable BIGINT, "
        "without_features BIGINT)",
        kAuditTable);
    MP_RETURN_IF_ERROR(session_.Execute(create, "<audit>"));
    const std::string insert = fmt::format(
        "INSERT INTO {} VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})", kAuditTable,
        TimestampLiteral(now_), QuoteString(audit.model), QuoteString(report.view),
        QuoteString(ToString(report.kind)), TimestampLiteral(audit.from),
        TimestampLiteral(audit.to), report.rows, report.equal, report.different, report.marked,
        report.marked_late, report.unauditable, audit.without_features);
    MP_RETURN_IF_ERROR(session_.Execute(insert, "<audit>"));
    return OkStatus();
  }

  platform::FeatureStore& features_;
  const ModelDefinition& definition_;
  const InferenceAuditRequest& request_;
  data::SqlSession& session_;
  const Micros now_;
  std::vector<std::string> columns_;
};

}  // namespace

Result<std::vector<InferenceAudit>> AuditInferences(const InferenceAuditParts& parts,
                                                    const ModelDefinition& definition,
                                                    const InferenceAuditRequest& request) {
  MP_ASSIGN_OR_RETURN(auto session, parts.sql.Connect(parts.principal));
  return Auditor(parts, definition, request, *session).Run();
}

}  // namespace millpond::model
