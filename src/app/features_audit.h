// millpond features audit, and the audit job: the audits of all endpoints' inference tables
// (model/serving/inference_audit.h).
#pragma once

#include <string>
#include <vector>

#include "app/command.h"
#include "model/serving/inference_audit.h"

namespace millpond::app {

// Of the models named, or of all that serve; kNotFound: no such model, or no answers of it yet.
Result<std::vector<model::InferenceAudit>> AuditFeatures(
    Project& project, const std::vector<std::string>& models,
    const model::InferenceAuditRequest& request);

// "12,004 answers of 2 models audited: 0 differ, 3 marked"; as an error (kCorrupt, which no job
// tries again) where an answer differs from what it should have been, naming the first.
Result<std::string> AuditVerdict(const std::vector<model::InferenceAudit>& audits);

// `sub`: the command audit.
RunCommand AddFeaturesAudit(CLI::App& sub, CommonOptions& common);

}  // namespace millpond::app
