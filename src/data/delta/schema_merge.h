// Two schemas of one table side by side: what rows bring that the table lacks, and whether rows
// that were made for one version fit another. Pure.
#pragma once

#include "data/delta/actions.h"
#include "data/delta/schema.h"

namespace millpond::data {

// `table` with the columns that only `rows` has, nullable, behind its own, at every level; names do
// not differ by case. `widen`: a column gets the wider type where the protocol lets it widen.
// kInvalidArgument: a column that is another kind of thing in the rows.
Result<Schema> MergedSchema(const Schema& table, const Schema& rows, bool widen);

bool SameConstraints(const Metadata& a, const Metadata& b);

// Are rows that were checked and written for the one as right for the other? Names, ids in files,
// types, nullability, partitioning and every rule about values are the same; comments, defaults and
// other properties may differ.
bool SameRowRules(const Schema& a, const Metadata& a_metadata, const Schema& b,
                  const Metadata& b_metadata);

}  // namespace millpond::data
