// Which source files a table has loaded, so that COPY INTO loads each once, whatever is killed and
// however many run at the same time.
//
// The record must change in the same commit as the rows, or a kill between the two would lose files
// or load them twice; and it must not grow with the log, which every reader replays. So the names
// stand in segments, files of the folder _copy_into beside the log (clean-up leaves folders that
// begin with '_' alone), and the commit holds one number: the txn action of the application
// "millpond.copyInto" (PROTOCOL.md, "Transaction Identifiers"), whose version is the name of the
// newest segment. A segment names the one before it. A segment that no commit came to name is as if
// it had never been written; two loads at once both set the txn, which is a conflict, and the loser
// begins anew on the winner's record. Versions grow, and end in random bits, so that two writers
// never give one name to two segments.
//
// A new segment takes in those before it that are not twice its size: the chain stays logarithmic
// and each name is copied a logarithmic number of times. Segments that are no longer reached are
// removed after a day.
//
// RESTORE does not take back what was loaded, and a clone begins with nothing. A file is known by
// its name: one that was written anew under an old name counts as loaded, as it does elsewhere.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "data/delta/log/snapshot.h"
#include "data/delta/log/table.h"

namespace millpond::data {

struct LoadedFile {
  std::string name;
  int64_t size_bytes = 0;
  Micros modified = 0;
  bool operator==(const LoadedFile&) const = default;
};

class LoadLedger {
 public:
  LoadLedger(const Environment& env, const Snapshot& snapshot);

  // Of these names, those that were loaded, as they were then. kCorrupt: a segment is damaged or
  // gone; the error names it.
  Result<std::map<std::string, LoadedFile>> Find(const std::set<std::string>& names) const;

  // Writes a segment, durably. The files count as loaded once the txn is committed on top of the
  // snapshot.
  Result<Txn> Append(const std::vector<LoadedFile>& files) const;
  // After a commit that is known not to have happened.
  void Discard(const Txn& txn) const;

  // Removes what is not reached from the snapshot and older than a day; best effort.
  void RemoveUnreached() const;

 private:
  struct Segment;
  std::string PathOf(int64_t version) const;
  Result<Segment> Read(int64_t version) const;

  const Environment& env_;
  std::string folder_;
  int64_t newest_ = 0;  // 0: nothing was loaded
};

}  // namespace millpond::data
