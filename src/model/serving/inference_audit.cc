#include "model/serving/inference_audit.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <set>

#include "base/fs/filesystem.h"
#include "base/json.h"
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

// Rows whose T lies so long before an audit, and the time between commits of the log, may have
// reached their table after it.
constexpr Micros kOverlap = 5 * 60 * kMicrosPerSecond;
constexpr Micros kLeastPeriod = 60 * kMicrosPerSecond;  // halved no further where memory is short

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
        registry_(parts.registry),
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
    for (const ViewColumns& used : definition_.views) {
      MP_ASSIGN_OR_RETURN(platform::FeatureView view, features_.Find(used.view));
      // A table from before the model used the view has none of its columns.
      if (!Has(view.name + "_source_version")) continue;
      for (AuditKind kind : request_.kinds) {
        MP_ASSIGN_OR_RETURN_CONTEXT(audits.emplace_back(), AuditView(view, kind),
                                    "in the {} audit of view {} over {}", ToString(kind), view.name,
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

  Result<InferenceAudit> AuditView(const platform::FeatureView& view, AuditKind kind) {
    InferenceAudit audit;
    audit.model = definition_.name;
    audit.table = definition_.serve.table;
    audit.to = request_.to.value_or(now_);
    audit.report.view = view.name;
    audit.report.kind = kind;
    audit.from = request_.from.value_or(0);
    if (goes_on()) {
      MP_ASSIGN_OR_RETURN(audit.from, LastEnd(view.name, kind));
    }
    MP_ASSIGN_OR_RETURN(
        auto days,
        IntegersOf(session_, fmt::format("SELECT DISTINCT date_trunc('day', as_of) AS day "
                                         "FROM {} WHERE {} ORDER BY day",
                                         audit.table, Within(audit.from, audit.to))));
    for (Micros day : days) {
      const Micros from = std::max(day, audit.from);
      const Micros to = std::min(day + kMicrosPerDay, audit.to);
      MP_RETURN_IF_ERROR(AuditPeriod(view, from, to, audit));
    }
    if (goes_on() && audit.from < audit.to) MP_RETURN_IF_ERROR(Keep(audit));
    return audit;
  }

  static std::string Within(Micros from, Micros to) {
    return fmt::format("as_of >= {} AND as_of < {}", TimestampLiteral(from), TimestampLiteral(to));
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
    // A clock that was moved may have been later then.
    return ends.empty() ? 0 : std::min(ends[0], now_) - kOverlap - definition_.serve.log_every;
  }

  // In halves where its rows do not fit into memory.
  Status AuditPeriod(const platform::FeatureView& view, Micros from, Micros to,
                     InferenceAudit& audit) {
    MP_RETURN_IF_ERROR(features_.catalog().workspace().env.cancellation.Check());
    MP_ASSIGN_OR_RETURN(
        auto without,
        IntegersOf(session_,
                   fmt::format("SELECT count(*) FROM {} WHERE {} AND {} IS NULL", audit.table,
                               Within(from, to), QuoteName(view.name + "_source_version"))));
    MP_ASSIGN_OR_RETURN(
        auto versions, IntegersOf(session_, fmt::format("SELECT DISTINCT model_version FROM {} "
                                                        "WHERE {} AND {} IS NOT NULL",
                                                        audit.table, Within(from, to),
                                                        QuoteName(view.name + "_source_version"))));
    AuditReport report;
    for (int64_t version : versions) {
      auto of_version = AuditVersion(view, version, from, to, audit);
      if (!of_version && of_version.error().kind() == ErrorKind::kResourceExhausted &&
          to - from > kLeastPeriod) {
        const Micros middle = from + (to - from) / 2;
        MP_RETURN_IF_ERROR(AuditPeriod(view, from, middle, audit));
        return AuditPeriod(view, middle, to, audit);
      }
      if (!of_version) return std::unexpected<Error>(std::move(of_version).error());
      Add(report, std::move(*of_version));
    }
    audit.without_features += without.at(0);
    Add(audit.report, std::move(report));
    return OkStatus();
  }

  // The rows that one version of the model answered, by the features that it has.
  Result<AuditReport> AuditVersion(const platform::FeatureView& view, int64_t version, Micros from,
                                   Micros to, const InferenceAudit& audit) {
    MP_ASSIGN_OR_RETURN(auto features, FeaturesOf(version));
    platform::ServedColumns columns;
    columns.source_version = view.name + "_source_version";
    columns.view_version = view.name + "_view_version";
    columns.compared.emplace();
    std::vector<std::string> wanted = {"request_id", "as_of", columns.source_version, "marked",
                                       columns.view_version};
    std::ranges::copy(view.entity, std::back_inserter(wanted));
    for (const platform::FeatureColumn& column : view.columns) {
      if (!features.contains(column.name) || !Has(column.name)) continue;
      columns.compared->push_back(column.name);
      wanted.push_back(column.name);
    }
    std::string list;
    for (const std::string& column : wanted) {
      list += (list.empty() ? "" : ", ") + QuoteName(column);
    }
    MP_ASSIGN_OR_RETURN(
        auto served,
        session_.Select(fmt::format("SELECT {} FROM {} WHERE {} AND {} IS NOT NULL AND "
                                    "model_version = {}",
                                    list, audit.table, Within(from, to),
                                    QuoteName(columns.source_version), version),
                        "<audit>"));
    return platform::AuditServedRows(features_, view.name, *served, columns, audit.report.kind);
  }

  // The features of a version of the model, by its own folder; none where it is gone, so that its
  // rows cannot be audited.
  Result<std::set<std::string>> FeaturesOf(int64_t version) {
    std::set<std::string> names;
    auto found = registry_.GetVersion(definition_.name, version);
    if (!found && found.error().kind() == ErrorKind::kNotFound) return names;
    if (!found) return std::unexpected<Error>(std::move(found).error());
    MP_ASSIGN_OR_RETURN(std::string text, features_.catalog().workspace().env.fs.ReadFile(
                                              JoinPath(found->source, "features.json")));
    MP_ASSIGN_OR_RETURN(Json json, ParseJson(text, found->source + "/features.json"));
    for (const Json& column : json.value("columns", Json::array())) {
      if (column.is_string()) names.insert(column.get<std::string>());
    }
    return names;
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
  platform::ModelRegistry& registry_;
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
