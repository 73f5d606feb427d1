// Parts of a model's section in report.html; each draws one member of evaluation.json and nothing
// where that is missing.
#pragma once

#include "base/json_fwd.h"
#include "model/report/page.h"

namespace millpond::model {

void AddAction(Page& page, const Json& action);
void AddLeakCheck(Page& page, const Json& leak_check);

}  // namespace millpond::model
