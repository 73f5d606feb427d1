// Tables as folders: <warehouse>/<catalog>/<schema>/<table>, each with a Delta log, or with a file
// _location that holds the path of a table elsewhere. The folders are the truth about which tables
// there are.
//
// A dropped table's folder moves to <warehouse>/.trash/<catalog>.<schema>.<table>/<time>-<random>,
// from where it can come back until it is emptied.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fs/filesystem.h"
#include "base/random.h"
#include "data/catalog/table_name.h"

namespace millpond::data {

class Warehouse {
 public:
  Warehouse(FileSystem& fs, std::string root) : fs_(fs), root_(std::move(root)) {}

  // The folder that a new table of this name gets: lower case.
  std::string PathOf(const TableName& name) const;
  // The table of this name, whatever the case of its folders; none if there is no log with a
  // commit.
  Result<std::optional<TableName>> Find(const TableName& name) const;
  // Its folder's path, exactly as the parts are spelled.
  std::string ExactPath(const TableName& name) const;
  // Where its log lies: its folder, or where _location says.
  Result<std::string> Location(const TableName& exact) const;
  // Puts the table at `path` under this name, durably. kAlreadyExists: there is such a name.
  Status Register(const TableName& name, const std::string& path);
  Result<std::vector<TableName>> List() const;
  // Durable. `to` is not there.
  Status Move(const TableName& exact, const TableName& to);
  // Durable: the folder is first renamed to a name that no listing shows, then emptied. An object
  // store cannot rename a folder: killed in between, part of the table is left, and dropped again.
  Status Remove(const TableName& exact, RandomSource& random);
  // Moves its folder to the trash, durably. `now`: by the system's clock. On an object store, which
  // cannot rename a folder, it is removed.
  Status Trash(const TableName& exact, RandomSource& random, Micros now);
  // Brings back the table of this name that was dropped last. kNotFound: none is in the trash.
  // kAlreadyExists: there is a table of this name.
  Status Untrash(const TableName& name);
  // Removes what came into the trash before `before`.
  Status EmptyTrash(Micros before);
  Result<std::vector<TableName>> TrashedTables() const;

 private:
  Result<bool> IsTable(const TableName& exact) const;
  std::string TrashOf(const TableName& name) const;
  Result<std::vector<std::string>> Folders(const std::string& dir) const;

  FileSystem& fs_;
  std::string root_;
};

// Lower case of ASCII letters; names have no others.
std::string FoldCase(std::string_view name);
TableName FoldCase(const TableName& name);

}  // namespace millpond::data
