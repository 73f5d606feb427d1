// Partition values of rows as the log and the folders spell them (PROTOCOL.md, "Partition Value
// Serialization").
#pragma once

#include <arrow/type_fwd.h>

#include <optional>
#include <string>
#include <vector>

#include "data/delta/metadata/schema.h"

namespace millpond::data {

// One serialised value for each row; nullopt for NULL. Empty text cannot be told from NULL in the
// log and becomes NULL, as the protocol says: refused where the column is NOT NULL.
Result<std::vector<std::optional<std::string>>> PartitionTexts(const arrow::Array& array,
                                                               const StructField& field);

// "country=DE/day=2024-01-31", escaped as Hive and Spark do; "" without partition columns.
std::string PartitionFolder(const std::vector<std::string>& columns,
                            const std::vector<std::optional<std::string>>& values);

}  // namespace millpond::data
