// Two schemas of one table side by side: what rows bring that the table lacks, and whether rows
// that were made for one version fit another. Pure.
#pragma once

#include "data/delta/metadata/schema.h"

namespace millpond::data {

// `table` with the columns that only `rows` has, nullable, behind its own, at every level; names do
// not differ by case. `widen`: a column gets the wider type where the protocol lets it widen.
// kInvalidArgument: a column that is another kind of thing in the rows.
Result<Schema> MergedSchema(const Schema& table, const Schema& rows, bool widen);

}  // namespace millpond::data
