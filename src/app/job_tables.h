// Jobs and their runs as tables, for `millpond jobs` in whatever --format.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <vector>

#include "app/command.h"
#include "platform/jobs/job_list.h"

namespace millpond::app {

Result<std::shared_ptr<arrow::Table>> JobsTable(const std::vector<platform::JobStatus>& jobs);
Result<std::shared_ptr<arrow::Table>> RunsTable(const std::vector<platform::JobRun>& runs);
// Two columns, field and value.
Result<std::shared_ptr<arrow::Table>> JobFields(const platform::JobDefinition& job,
                                                const platform::JobStatus& status);
Result<std::shared_ptr<arrow::Table>> RunFields(const platform::JobRun& run);

Status WriteTable(const arrow::Table& table, const CommonOptions& common, FileSystem& fs);

}  // namespace millpond::app
