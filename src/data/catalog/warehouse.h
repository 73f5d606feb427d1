// Tables as folders: <warehouse>/<catalog>/<schema>/<table>, each with a Delta log. The folders are
// the truth about which tables there are.
#pragma once

#include <optional>
#include <string>
#include <vector>

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
  Result<std::vector<TableName>> List() const;
  // Durable. `to` is not there.
  Status Move(const TableName& exact, const TableName& to);
  // Durable: the folder is first renamed to a name that no listing shows, then emptied. An object
  // store cannot rename a folder: killed in between, part of the table is left, and dropped again.
  Status Remove(const TableName& exact, RandomSource& random);

 private:
  Result<bool> HasCommits(const TableName& exact) const;
  Result<std::vector<std::string>> Folders(const std::string& dir) const;

  FileSystem& fs_;
  std::string root_;
};

// Lower case of ASCII letters; names have no others.
std::string FoldCase(std::string_view name);
TableName FoldCase(const TableName& name);

}  // namespace millpond::data
