// Care of a project's tables within a budget: small files put together, clustered tables ordered,
// expired files removed. It looks at every table first, does first what gains most for the bytes
// that it has to read, and tells what it did, what it left, and why.
//
// The budget is in bytes of files read and in seconds of the machine's clock, for one call: an
// hourly job of ten minutes and 10 GB is a budget an hour. A table with the property
// delta.autoOptimize.autoCompact = false is left alone.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "data/catalog/catalog.h"
#include "data/delta/care/retention.h"

namespace millpond::data {

struct CareBudget {
  int64_t bytes = int64_t{10} << 30;
  int64_t seconds = 600;
};

struct CareOptions {
  CareBudget budget = {};
  std::vector<TableName> tables = {};  // empty: all
  bool vacuum = true;
  Progress* progress = nullptr;
};

struct CareStep {
  TableName table;
  std::string work;          // "optimize", "cluster", "vacuum"
  int64_t files = 0;         // that it is about
  int64_t bytes = 0;         // to be read
  double gain = 0;           // files fewer for each MB read
  std::string outcome = {};  // "12 files became 1", "left: 3 GB of the budget are left, it needs 5"
  bool done = false;
};

struct CareReport {
  std::vector<CareStep> steps;  // in the order of the work
  int64_t bytes_read = 0;
  int64_t done = 0, left = 0;  // steps
};

// A table that fails (somebody dropped it, a feature that is not known) is a step with its error as
// the outcome; the others go on. kCancelled ends it.
Result<CareReport> CareForTables(Catalog& catalog, const CareOptions& options);

// Of the catalog's pins, those of this table.
Result<std::vector<RetentionHold>> PinsOf(Catalog& catalog, const Snapshot& snapshot);

// The report as lines for a person, a step each.
std::string ToText(const CareReport& report);

}  // namespace millpond::data
