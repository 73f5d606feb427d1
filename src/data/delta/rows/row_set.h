// A set of row positions of one data file, as a compressed bitmap, and its bytes in a deletion
// vector (PROTOCOL.md, "Deletion Vector Format": a magic number and a portable 64-bit Roaring
// bitmap). A value; its memory is a few bytes a row where rows are scattered, and next to nothing
// for ranges.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace millpond::data {

class RowSet {
 public:
  RowSet();
  RowSet(const RowSet& other);
  RowSet(RowSet&&) noexcept;
  RowSet& operator=(RowSet other) noexcept;
  ~RowSet();

  // False: it was there.
  bool Add(uint64_t row);
  void AddRange(uint64_t first, uint64_t end);  // [first, end)
  void AddAll(const RowSet& other);

  bool Contains(uint64_t row) const;
  bool Intersects(const RowSet& other) const;
  RowSet Minus(const RowSet& other) const;
  bool operator==(const RowSet& other) const;

  bool empty() const;
  int64_t size() const;
  uint64_t greatest() const;                                           // of a set that is not empty
  void ForEach(const std::function<void(uint64_t row)>& visit) const;  // in order
  // Of the rows first … first + count - 1, those that are not in the set, as offsets from `first`,
  // put behind what `kept` holds.
  void AppendKept(uint64_t first, uint32_t count, std::vector<uint32_t>* kept) const;
  bool AnyIn(uint64_t first, uint32_t count) const;

  std::string Serialize() const;
  // kCorrupt: not such bytes. `what` names them.
  static Result<RowSet> Parse(std::string_view bytes, std::string_view what);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millpond::data
