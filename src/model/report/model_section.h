// The part of report.html about one model: draws evaluation.json (training/evaluation_document.h)
// as sentences, tables and charts. What the document does not have is left out.
#pragma once

#include <string>

#include "base/json_fwd.h"
#include "model/report/page.h"

namespace millpond::model {

struct ModelSectionFacts {
  std::string name;
  std::string description;
  std::string run_id;
  int64_t version = 0;
};

void AddModelSection(Page& page, const ModelSectionFacts& facts, const Json& evaluation);

}  // namespace millpond::model
