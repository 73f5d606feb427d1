#include "app/features_audit.h"

#include <arrow/record_batch.h>
#include <arrow/table.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <set>

#include "app/model_stores.h"
#include "app/result_columns.h"
#include "app/result_output.h"
#include "app/terminal.h"
#include "data/arrow/status.h"
#include "data/sql/output.h"
#include "platform/features/feature_store.h"

namespace millpond::app {
namespace {

using model::InferenceAudit;
using platform::AuditKind;

struct AuditOptions {
  std::vector<std::string> models;
  std::string kind = "both";
  std::string from;
  std::string to;
};

std::string NameOf(AuditKind kind) {
  return kind == AuditKind::kEngine ? "engine" : "skew";
}

Result<std::shared_ptr<arrow::Table>> AuditsTable(const std::vector<InferenceAudit>& audits) {
  ResultColumns columns;
  auto& model = columns.Texts("model");
  auto& view = columns.Texts("view");
  auto& kind = columns.Texts("audit");
  auto& from = columns.Texts("from");
  auto& to = columns.Texts("to");
  std::vector<arrow::Int64Builder*> counts;
  for (const char* name :
       {"rows", "equal", "different", "marked", "marked_late", "unauditable", "without_features"}) {
    counts.push_back(&columns.Numbers(name));
  }
  for (const InferenceAudit& audit : audits) {
    const platform::AuditReport& report = audit.report;
    MP_ARROW_RETURN_IF_ERROR(model.Append(audit.model));
    MP_ARROW_RETURN_IF_ERROR(view.Append(report.view));
    MP_ARROW_RETURN_IF_ERROR(kind.Append(NameOf(report.kind)));
    MP_ARROW_RETURN_IF_ERROR(from.Append(audit.from == 0 ? "" : FormatTimestamp(audit.from)));
    MP_ARROW_RETURN_IF_ERROR(to.Append(FormatTimestamp(audit.to)));
    const int64_t values[] = {report.rows,           report.equal,       report.different,
                              report.marked,         report.marked_late, report.unauditable,
                              audit.without_features};
    for (size_t i = 0; i < std::size(values); ++i) {
      MP_ARROW_RETURN_IF_ERROR(counts[i]->Append(values[i]));
    }
  }
  return columns.Finish();
}

Result<model::InferenceAuditRequest> RequestOf(const AuditOptions& options) {
  model::InferenceAuditRequest request;
  if (options.kind == "engine") request.kinds = {AuditKind::kEngine};
  if (options.kind == "skew") request.kinds = {AuditKind::kSkew};
  if (!options.from.empty()) {
    MP_ASSIGN_OR_RETURN_CONTEXT(request.from, ParseTimestamp(options.from), "in --from");
  }
  if (!options.to.empty()) {
    MP_ASSIGN_OR_RETURN_CONTEXT(request.to, ParseTimestamp(options.to), "in --to");
  }
  return request;
}

// What does not fit into the table: each difference with its place, each reason.
void PrintFindings(const std::vector<InferenceAudit>& audits) {
  for (const InferenceAudit& audit : audits) {
    for (const auto& difference : audit.report.first) {
      std::fprintf(stderr, "%s\n",
                   fmt::format("request {} of {} at {}: {} was served as {}, the {} audit gives {}",
                               difference.request_id, audit.model,
                               FormatTimestamp(difference.as_of), difference.feature,
                               difference.served, NameOf(audit.report.kind), difference.recomputed)
                       .c_str());
    }
    for (const auto& reason : audit.report.unauditable_because) {
      std::fprintf(stderr, "%s\n",
                   fmt::format("cannot be audited ({}, view {}, {}): {}", audit.model,
                               audit.report.view, NameOf(audit.report.kind), reason)
                       .c_str());
    }
  }
}

Status RunAudit(const AuditOptions& options, const CommonOptions& common) {
  MP_RETURN_IF_ERROR(data::ParseOutputFormat(common.format));
  MP_ASSIGN_OR_RETURN(auto request, RequestOf(options));
  MP_ASSIGN_OR_RETURN(auto project, common.OpenProject());
  MP_ASSIGN_OR_RETURN(auto audits, AuditFeatures(*project, options.models, request));
  MP_ASSIGN_OR_RETURN(auto table, AuditsTable(audits));
  arrow::TableBatchReader rows(*table);
  MP_RETURN_IF_ERROR(WriteResult(rows, common, project->env().fs));
  PrintFindings(audits);
  MP_ASSIGN_OR_RETURN(auto verdict, AuditVerdict(audits));
  std::fprintf(stderr, "%s\n", verdict.c_str());
  return OkStatus();
}

}  // namespace

Result<std::vector<InferenceAudit>> AuditFeatures(Project& project,
                                                  const std::vector<std::string>& models,
                                                  const model::InferenceAuditRequest& request) {
  MP_ASSIGN_OR_RETURN(auto definitions,
                      model::LoadModelDefinitions(project.env().fs, project.PathOf("models")));
  for (const std::string& name : models) {
    if (std::ranges::find(definitions, name, &model::ModelDefinition::name) != definitions.end()) {
      continue;
    }
    return Fail(ErrorKind::kNotFound, "there is no models/{}.yml in {}", name,
                project.config().project_dir);
  }
  MP_ASSIGN_OR_RETURN(auto stores, ModelStores::Open(project));
  std::vector<InferenceAudit> audits;
  Status first = OkStatus();  // one model's trouble keeps no other from being audited
  for (const auto& definition : definitions) {
    if (!models.empty() && std::ranges::find(models, definition.name) == models.end()) continue;
    auto of_model = model::AuditInferences(
        {project.features(), stores->registry(), project.sql(), {"local"}}, definition, request);
    if (of_model) {
      std::ranges::move(*of_model, std::back_inserter(audits));
    } else if (first) {
      first = std::unexpected<Error>(std::move(of_model).error());
    }
  }
  MP_RETURN_IF_ERROR(first);
  return audits;
}

Result<std::string> AuditVerdict(const std::vector<InferenceAudit>& audits) {
  if (audits.empty()) {
    return "nothing to audit: no endpoint has answered yet (millpond serve), or none keeps its "
           "answers (serve.log in models/*.yml)";
  }
  int64_t rows = 0, different = 0, marked = 0, unauditable = 0;
  std::set<std::string> models;
  const InferenceAudit* worst = nullptr;
  for (const InferenceAudit& audit : audits) {
    models.insert(audit.model);
    rows += audit.report.rows;
    different += audit.report.different;
    marked += audit.report.marked;
    unauditable += audit.report.unauditable;
    if (worst == nullptr && audit.report.different > 0) worst = &audit;
  }
  if (worst == nullptr) {
    return fmt::format("{} comparisons of answers of {}: 0 differ, {} marked, {} not auditable",
                       WithThousands(rows), fmt::join(models, ", "), WithThousands(marked),
                       WithThousands(unauditable));
  }
  return Fail(ErrorKind::kCorrupt,
              "{} of {} comparisons differ, first in {} (view {}, {} audit): features were served "
              "that training would not compute; millpond features audit --models {} --audit {} "
              "--from {} --to {} shows them",
              WithThousands(different), WithThousands(rows), worst->table, worst->report.view,
              NameOf(worst->report.kind), worst->model, NameOf(worst->report.kind),
              FormatTimestamp(worst->from), FormatTimestamp(worst->to));
}

RunCommand AddFeaturesAudit(CLI::App& sub, CommonOptions& common) {
  auto options = std::make_shared<AuditOptions>();
  sub.add_option("--models", options->models, "Models; none: all with an inference table");
  sub.add_option("--audit", options->kind,
                 "engine: by the versions that were read; skew: by the rule of training, today")
      ->check(CLI::IsMember({"engine", "skew", "both"}));
  sub.add_option("--from", options->from, "Answers of T from here on; else where it last ended");
  sub.add_option("--to", options->to, "Answers of T before this; else now");
  sub.footer(
      "What endpoints served, computed again by the batch path and compared bit by bit. Exits "
      "with\n"
      "1 if an unmarked answer differs. Kept in main.monitoring.audits unless a period is given.\n"
      "Examples:\n"
      "  millpond features audit\n"
      "  millpond features audit --models churn --from 1998-07-01 --format json");
  return [options, &common] { return RunAudit(*options, common); };
}

}  // namespace millpond::app
