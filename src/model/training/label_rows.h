// Runs the SELECT of a model's labels at fixed table versions. The result is a kernel
// batch, ordered by T, entity and the other columns, so that a training set does not depend on the
// order in which the engine gave its rows.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/catalog/catalog.h"
#include "data/sql/session.h"
#include "kernel/column.h"
#include "model/training/model_definition.h"

namespace millpond::model {

// The labels of a definition: for every T of the split, or once. Checked: the columns the
// definition names are there, T and known_at are times, the label is 0 or 1 and never NULL, no
// entity or T is NULL, T is the one asked for, known_at - T lies in (0, horizon].
// Columns: the entity, T, label (BOOLEAN), known_at, then the others, in that order.
Result<kernel::Batch> LabelRows(data::SqlEngine& engine, const data::Principal& principal,
                                const ModelDefinition& definition, const TableVersions& versions);

}  // namespace millpond::model
