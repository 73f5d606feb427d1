// A table's own description as text: comments, properties, and the statement that would make it.
#pragma once

#include <string>

#include "data/delta/log/snapshot.h"

namespace millpond::data {

// A text in a column's metadata ("comment", "CURRENT_DEFAULT"), "" if there is none.
std::string ColumnText(const StructField& field, const std::string& key);

// The configuration, and the protocol as properties, as SHOW TBLPROPERTIES has it.
StringMap AllProperties(const Snapshot& snapshot);

// CREATE TABLE name (…) …, which makes the same table again: what Millpond gives out itself (ids,
// names of hidden columns) is left out. `location`: of a table outside the warehouse, "" within.
std::string CreateTableText(const std::string& name, const Snapshot& snapshot,
                            const std::string& location = "");

// "; it needs the features clustering, domainMetadata": what whoever uses the table must know
// beyond what every program knows; "" if that is nothing.
std::string NeededFeaturesText(const Snapshot& snapshot);

// The columns of CLUSTER BY by the names that people use, "" if there are none.
std::string ClusteringText(const Snapshot& snapshot);

}  // namespace millpond::data
