// A lease: somebody is reading a version of the table, and its files must stay until they are done.
// It is a small file "_leases/<id>.json" in the table's folder, which other engines pass over as
// every folder whose name begins with "_": {"version": 7, "holder": "…", "expires": ms}. Its owner
// renews it before it expires and removes it at the end; one that has expired belonged to a process
// that is gone. Time is the system's, whatever the project's clock says.
//
// A snapshot of the latest version needs no lease for as long as the table's retention time lasts:
// nothing of it can be vacuumed before.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"
#include "data/delta/care/retention.h"

namespace millpond::data {

class SnapshotLease {
 public:
  // Durable on return. `holder` is for people.
  static Result<std::unique_ptr<SnapshotLease>> Take(const Environment& env,
                                                     const std::string& table_path, int64_t version,
                                                     std::string holder, int64_t life_ms);
  ~SnapshotLease();  // gives it up
  SnapshotLease(const SnapshotLease&) = delete;
  SnapshotLease& operator=(const SnapshotLease&) = delete;

  // Lasts `life_ms` from now on.
  Status Renew();
  int64_t expires_ms() const { return expires_ms_; }

 private:
  SnapshotLease(const Environment& env, std::string path, int64_t version, std::string holder,
                int64_t life_ms);
  std::string Text(int64_t expires_ms) const;

  Environment env_;
  std::string path_;
  int64_t version_;
  std::string holder_;
  int64_t life_ms_;
  int64_t expires_ms_ = 0;
};

// The leases that have not expired. A file that is no lease keeps nothing, and is an error:
// kCorrupt names it, since nobody can know what it was to keep.
Result<std::vector<RetentionHold>> ReadLeases(const Environment& env,
                                              const std::string& table_path);
// Removes those that expired a day ago or more, as far as possible.
void RemoveOldLeases(const Environment& env, const std::string& table_path);

}  // namespace millpond::data
