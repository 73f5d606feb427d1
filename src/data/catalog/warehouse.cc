#include "data/catalog/warehouse.h"

#include <algorithm>

#include "base/fs/scheme_filesystem.h"

namespace millpond::data {

std::string FoldCase(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

TableName FoldCase(const TableName& name) {
  return {FoldCase(name.catalog), FoldCase(name.schema), FoldCase(name.table)};
}

std::string Warehouse::ExactPath(const TableName& name) const {
  return fmt::format("{}/{}/{}/{}", root_, name.catalog, name.schema, name.table);
}

std::string Warehouse::PathOf(const TableName& name) const {
  return ExactPath(FoldCase(name));
}

// A crash while a table is made may leave a log without a commit: that is no table yet.
Result<bool> Warehouse::HasCommits(const TableName& exact) const {
  std::string log = JoinPath(ExactPath(exact), "_delta_log");
  MP_ASSIGN_OR_RETURN(bool first, fs_.FileExists(JoinPath(log, "00000000000000000000.json")));
  if (first) return true;
  auto entries = fs_.List(log);
  if (!entries.has_value()) {
    if (entries.error().kind() == ErrorKind::kNotFound) return false;
    return std::unexpected<Error>(std::move(entries).error());
  }
  return std::ranges::any_of(*entries, [](const FileInfo& entry) {
    std::string_view name = FileName(entry.path);
    return !name.starts_with('.') && !name.starts_with('_') &&
           (name.ends_with(".json") || name.ends_with(".parquet"));
  });
}

Result<std::optional<TableName>> Warehouse::Find(const TableName& name) const {
  TableName folded = FoldCase(name);
  MP_ASSIGN_OR_RETURN(bool there, HasCommits(folded));
  if (there) return folded;
  // A folder that another program spelled with capitals.
  MP_ASSIGN_OR_RETURN(auto all, List());
  auto found =
      std::ranges::find_if(all, [&](const TableName& other) { return FoldCase(other) == folded; });
  if (found == all.end()) return std::nullopt;
  return *found;
}

Result<std::vector<std::string>> Warehouse::Folders(const std::string& dir) const {
  std::vector<std::string> names;
  auto found = fs_.List(dir);
  if (!found.has_value()) {
    if (found.error().kind() == ErrorKind::kNotFound) return names;
    return std::unexpected<Error>(std::move(found).error());
  }
  for (const auto& info : *found) {
    std::string name(FileName(info.path));
    if (info.is_directory && ValidateNamePart(name, "folder").has_value()) names.push_back(name);
  }
  return names;
}

Result<std::vector<TableName>> Warehouse::List() const {
  std::vector<TableName> tables;
  MP_ASSIGN_OR_RETURN(auto catalogs, Folders(root_));
  for (const auto& catalog : catalogs) {
    MP_ASSIGN_OR_RETURN(auto schemas, Folders(JoinPath(root_, catalog)));
    for (const auto& schema : schemas) {
      MP_ASSIGN_OR_RETURN(auto names, Folders(fmt::format("{}/{}/{}", root_, catalog, schema)));
      for (const auto& name : names) {
        TableName table{catalog, schema, name};
        MP_ASSIGN_OR_RETURN(bool log, HasCommits(table));
        if (log) tables.push_back(std::move(table));
      }
    }
  }
  std::ranges::sort(tables);
  return tables;
}

Status Warehouse::Move(const TableName& exact, const TableName& to) {
  const std::string from_path = ExactPath(exact), to_path = ExactPath(to);
  const std::string from_parent = ParentPath(from_path), to_parent = ParentPath(to_path);
  MP_RETURN_IF_ERROR(fs_.CreateDirectories(to_parent));
  MP_RETURN_IF_ERROR(fs_.Rename(from_path, to_path));
  MP_RETURN_IF_ERROR(fs_.SyncDirectory(to_parent));
  return from_parent == to_parent ? OkStatus() : fs_.SyncDirectory(from_parent);
}

Status Warehouse::Remove(const TableName& exact, RandomSource& random) {
  std::string path = ExactPath(exact), parent = ParentPath(path);
  if (IsStorePath(path)) return fs_.RemoveTree(path);
  std::string trash = JoinPath(parent, fmt::format(".dropped-{:016x}", random.Next()));
  MP_RETURN_IF_ERROR(fs_.Rename(path, trash));
  MP_RETURN_IF_ERROR(fs_.SyncDirectory(parent));
  return fs_.RemoveTree(trash);
}

}  // namespace millpond::data
