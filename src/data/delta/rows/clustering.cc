#include "data/delta/rows/clustering.h"

#include <algorithm>

#include "base/json.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/rows/column_ranges.h"

namespace millpond::data {
namespace {

constexpr size_t kMaxColumns = 4;
constexpr const char* kColumns = "clusteringColumns";
constexpr const char* kCubeId = "ZCUBE_ID";
constexpr const char* kCubeColumns = "ZCUBE_ZORDER_BY";
constexpr const char* kCubeCurve = "ZCUBE_ZORDER_CURVE";
constexpr const char* kHilbert = "hilbert";
constexpr const char* kZOrder = "zorder";

}  // namespace

Result<std::vector<std::string>> ClusteringColumns(const Snapshot& snapshot) {
  std::vector<std::string> columns;
  const auto domain = snapshot.domains().find(kClusteringDomain);
  if (domain == snapshot.domains().end()) return columns;
  MP_ASSIGN_OR_RETURN(const Json json, ParseJson(domain->second.configuration,
                                                 fmt::format("the domain {} of table {}",
                                                             kClusteringDomain, snapshot.path())));
  const auto list = json.is_object() ? json.find(kColumns) : json.end();
  if (!json.is_object() || list == json.end() || !list->is_array()) {
    return Fail(ErrorKind::kCorrupt, "the domain {} of table {} lacks its '{}'", kClusteringDomain,
                snapshot.path(), kColumns);
  }
  for (const Json& path : *list) {
    if (path.is_array() && path.size() > 1) {
      return Fail(ErrorKind::kUnsupported,
                  "table {} is clustered by the field {} of a struct, which is not built yet: "
                  "cluster it by columns",
                  snapshot.path(), DumpJson(path));
    }
    const auto field = std::ranges::find_if(snapshot.schema().fields(), [&](const auto& one) {
      return path.is_array() && path.size() == 1 && path[0] == PhysicalName(one);
    });
    if (field == snapshot.schema().fields().end()) {
      return Fail(ErrorKind::kCorrupt, "table {} is clustered by {}, which it does not have",
                  snapshot.path(), DumpJson(path));
    }
    columns.push_back(field->name);
  }
  return columns;
}

Result<DomainMetadata> ClusteringDomain(const Schema& schema,
                                        const std::vector<std::string>& columns) {
  if (columns.size() > kMaxColumns) {
    return Fail(ErrorKind::kInvalidArgument, "a table is clustered by at most {} columns, found {}",
                kMaxColumns, columns.size());
  }
  Json list = Json::array();
  for (const std::string& column : columns) {
    const StructField* field = schema.Find(column);
    if (field == nullptr) {
      return Fail(ErrorKind::kInvalidArgument, "clustering column '{}' is not in the schema",
                  column);
    }
    MP_RETURN_IF_ERROR(ColumnRanges::Make(*field));
    Json path = Json::array({PhysicalName(*field)});
    if (std::ranges::find(list, path) != list.end()) {
      return Fail(ErrorKind::kInvalidArgument, "clustering column '{}' stands twice", column);
    }
    list.push_back(std::move(path));
  }
  Json json;
  json[kColumns] = std::move(list);
  json["domainName"] = kClusteringDomain;
  return DomainMetadata{kClusteringDomain, DumpJson(json), false};
}

std::optional<Cube> CubeOf(const AddFile& file) {
  const auto id = file.tags.find(kCubeId), columns = file.tags.find(kCubeColumns);
  if (id == file.tags.end() || columns == file.tags.end()) return std::nullopt;
  const auto curve = file.tags.find(kCubeCurve);
  const bool hilbert = curve != file.tags.end() && curve->second == kHilbert;
  return Cube{id->second, columns->second, hilbert ? Curve::kHilbert : Curve::kZOrder};
}

void SetCube(const Cube& cube, AddFile& file) {
  file.tags[kCubeId] = cube.id;
  file.tags[kCubeColumns] = cube.columns;
  file.tags[kCubeCurve] = cube.curve == Curve::kHilbert ? kHilbert : kZOrder;
}

std::string CubeColumns(const std::vector<std::string>& columns) {
  return DumpJson(Json(columns));
}

}  // namespace millpond::data
