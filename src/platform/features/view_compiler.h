// A parsed CREATE FEATURE VIEW and the schema of its source, compiled to a kernel program.
#pragma once

#include <memory>

#include "base/result.h"
#include "data/delta/metadata/schema.h"
#include "kernel/feature_view.h"
#include "platform/features/view_statement.h"

namespace millpond::platform {

// The kernel's type for a column; nullopt where it has none (nested types, BINARY).
std::optional<kernel::Type> KernelType(const data::DataType& type);

Result<std::shared_ptr<const kernel::FeatureProgram>> CompileView(const ViewStatement& statement,
                                                                  const data::Schema& source);

// What can be said about a statement without its source: expressions, windows, names of features.
Status CheckView(const ViewStatement& statement);

// The canonical texts of all outputs, in order, as one: what tells versions of a view apart.
std::string CanonicalText(const kernel::FeatureProgram& program);

}  // namespace millpond::platform
