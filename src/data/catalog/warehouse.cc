#include "data/catalog/warehouse.h"

#include <algorithm>
#include <charconv>

#include "base/fs/scheme_filesystem.h"

namespace millpond::data {
namespace {

constexpr const char* kTrash = ".trash";
constexpr const char* kLocationFile = "_location";

// When an entry of the trash came there; nullopt: it is none.
std::optional<Micros> TrashedAt(std::string_view entry) {
  Micros at = 0;
  const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), at);
  if (error != std::errc() || end == entry.data() + entry.size() || *end != '-') {
    return std::nullopt;
  }
  return at;
}

Result<std::vector<FileInfo>> ListIfThere(FileSystem& fs, const std::string& dir) {
  auto entries = fs.List(dir);
  if (entries.has_value() || entries.error().kind() != ErrorKind::kNotFound) return entries;
  return std::vector<FileInfo>();
}

}  // namespace

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

std::string Warehouse::TrashOf(const TableName& name) const {
  return fmt::format("{}/{}/{}", root_, kTrash, FoldCase(name).ToString());
}

Result<std::string> Warehouse::Location(const TableName& exact) const {
  const std::string folder = ExactPath(exact);
  auto location = fs_.ReadFile(JoinPath(folder, kLocationFile));
  if (location.has_value() || location.error().kind() != ErrorKind::kNotFound) return location;
  return folder;
}

Status Warehouse::Register(const TableName& name, const std::string& path) {
  const std::string folder = PathOf(name);
  MP_RETURN_IF_ERROR(fs_.CreateDirectories(folder));
  return fs_.PutIfAbsent(JoinPath(folder, kLocationFile), path);
}

// A crash while a table is made may leave a log without a commit: that is no table yet.
Result<bool> Warehouse::IsTable(const TableName& exact) const {
  std::string log = JoinPath(ExactPath(exact), "_delta_log");
  MP_ASSIGN_OR_RETURN(bool first, fs_.FileExists(JoinPath(log, "00000000000000000000.json")));
  if (first) return true;
  auto entries = fs_.List(log);
  if (!entries.has_value()) {
    if (entries.error().kind() == ErrorKind::kNotFound) {
      return fs_.FileExists(JoinPath(ExactPath(exact), kLocationFile));
    }
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
  MP_ASSIGN_OR_RETURN(bool there, IsTable(folded));
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
        MP_ASSIGN_OR_RETURN(bool log, IsTable(table));
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

Status Warehouse::Trash(const TableName& exact, RandomSource& random, Micros now) {
  const std::string path = ExactPath(exact), trash = TrashOf(exact);
  if (IsStorePath(path)) return Remove(exact, random);
  MP_RETURN_IF_ERROR(fs_.CreateDirectories(trash));
  MP_RETURN_IF_ERROR(
      fs_.Rename(path, JoinPath(trash, fmt::format("{}-{:016x}", now, random.Next()))));
  MP_RETURN_IF_ERROR(fs_.SyncDirectory(trash));
  return fs_.SyncDirectory(ParentPath(path));
}

Status Warehouse::Untrash(const TableName& name) {
  MP_ASSIGN_OR_RETURN(const auto entries, ListIfThere(fs_, TrashOf(name)));
  const FileInfo* newest = nullptr;
  for (const FileInfo& entry : entries) {
    const auto at = TrashedAt(FileName(entry.path));
    if (!at) continue;
    if (newest == nullptr || *at > *TrashedAt(FileName(newest->path))) newest = &entry;
  }
  if (newest == nullptr) {
    return Fail(ErrorKind::kNotFound, "no table {} has been dropped, or too long ago",
                name.ToString());
  }
  MP_ASSIGN_OR_RETURN(const auto there, Find(name));
  if (there) {
    return Fail(ErrorKind::kAlreadyExists,
                "there is a table {} again: drop it for good by DROP TABLE {} PURGE, or copy it, "
                "before the old one comes back",
                there->ToString(), there->ToString());
  }
  const std::string path = PathOf(name);
  MP_RETURN_IF_ERROR(fs_.CreateDirectories(ParentPath(path)));
  MP_RETURN_IF_ERROR(fs_.Rename(newest->path, path));
  MP_RETURN_IF_ERROR(fs_.SyncDirectory(ParentPath(path)));
  return fs_.SyncDirectory(TrashOf(name));
}

Status Warehouse::EmptyTrash(Micros before) {
  MP_ASSIGN_OR_RETURN(const auto tables, ListIfThere(fs_, JoinPath(root_, kTrash)));
  for (const FileInfo& table : tables) {
    MP_ASSIGN_OR_RETURN(const auto entries, ListIfThere(fs_, table.path));
    for (const FileInfo& entry : entries) {
      const auto at = TrashedAt(FileName(entry.path));
      if (at && *at < before) MP_RETURN_IF_ERROR(fs_.RemoveTree(entry.path));
    }
  }
  return OkStatus();
}

Result<std::vector<TableName>> Warehouse::TrashedTables() const {
  std::vector<TableName> tables;
  MP_ASSIGN_OR_RETURN(const auto folders, ListIfThere(fs_, JoinPath(root_, kTrash)));
  for (const FileInfo& folder : folders) {
    auto name = ParseTableName(FileName(folder.path));
    MP_ASSIGN_OR_RETURN(const auto entries, ListIfThere(fs_, folder.path));
    if (name.has_value() && !entries.empty()) tables.push_back(*std::move(name));
  }
  return tables;
}

}  // namespace millpond::data
