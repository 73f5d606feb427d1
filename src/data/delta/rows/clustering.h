// What a table says about its clustering (PROTOCOL.md, "Clustered Table"): the columns, in the
// domain metadata delta.clustering under their physical names; and what files say: the tags of the
// cube in which they were ordered, as delta-spark writes them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/delta/log/snapshot.h"
#include "data/delta/rows/curve.h"

namespace millpond::data {

inline constexpr const char* kClusteringDomain = "delta.clustering";
inline constexpr const char* kClusteringProvider = "liquid";

// Logical names; empty: the table is not clustered. kUnsupported: by a field of a struct. kCorrupt:
// the domain is none.
Result<std::vector<std::string>> ClusteringColumns(const Snapshot& snapshot);

// The domain for these columns of the schema. kInvalidArgument: no such column, one twice, too
// many, or one whose type cannot order files.
Result<DomainMetadata> ClusteringDomain(const Schema& schema,
                                        const std::vector<std::string>& columns);

// Which run ordered a file, and by what.
struct Cube {
  std::string id;
  std::string columns;  // JSON list of logical names
  Curve curve = Curve::kHilbert;
  bool operator==(const Cube&) const = default;
};

// nullopt: the file was not ordered.
std::optional<Cube> CubeOf(const AddFile& file);
void SetCube(const Cube& cube, AddFile& file);
// As Cube::columns has them.
std::string CubeColumns(const std::vector<std::string>& columns);

}  // namespace millpond::data
