// Deletion vectors in their three places: in a file beside the data, anywhere by an absolute path,
// or inside the log entry (PROTOCOL.md, "Deletion Vectors" and "Deletion Vector File Storage
// Format"). What is read is checked: sizes, checksum, cardinality.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"
#include "data/delta/log/snapshot.h"
#include "data/delta/metadata/actions.h"
#include "data/delta/rows/row_set.h"

namespace millpond::data {

// The rows that a live file of the snapshot has lost; null if it lost none. kCorrupt names the
// vector's file and the data file, kPermissionDenied a vector outside the roots, kNotFound one that
// is gone (missing_files.h).
Result<std::shared_ptr<const RowSet>> ReadDeletedRows(const Environment& env,
                                                      const Snapshot& snapshot, size_t file);

// kCorrupt: the vector (null: none) deletes a row that the file, which has `rows` of them, has not.
Status CheckDeletedRows(const Snapshot& snapshot, size_t file, const RowSet* deleted, int64_t rows);

// What is read, for any add or remove of the table.
Result<RowSet> ReadDeletionVector(const Environment& env, const std::string& table_path,
                                  const DeletionVector& vector);

// Where the vector's bytes lie; "" for an inline one. kCorrupt: no such storage type or name.
Result<std::string> DeletionVectorPath(const std::string& table_path, const DeletionVector& vector);

// Puts the vectors of one commit into one new file of the table's folder.
class DeletionVectorWriter {
 public:
  DeletionVectorWriter(const Environment& env, std::string table_path)
      : env_(env), table_path_(std::move(table_path)) {}

  // Of a set that is not empty.
  DeletionVector Append(const RowSet& rows);
  // Durable on return. Nothing appended: no file.
  Status Finish();
  // Removes the file, as far as possible: after a commit that is known not to have happened.
  void Discard();

 private:
  Environment env_;
  std::string table_path_;
  std::string name_;   // of the file, "" before the first vector
  std::string id_;     // its UUID, encoded
  std::string bytes_;  // so far
};

}  // namespace millpond::data
