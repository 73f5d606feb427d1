// Prepared source rows: grouped by entity, each group in order of (event_time, known_from). Rows
// tied in both stand in any order: the aggregates that ask for order compare the bytes of
// FeatureProgram::tie then.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/evaluate.h"

namespace millpond::kernel {

struct SourceRows::Impl {
  std::vector<Micros> event_time;
  std::vector<Micros> known_from;
  std::vector<Micros> known_to;     // empty: every row is kForever
  std::vector<Column> expressions;  // program.row_expressions; doubles canonical
  // Which rows an aggregate takes: FILTER holds, and the argument is one it counts.
  std::vector<std::vector<uint8_t>> takes;   // by aggregate
  std::vector<std::vector<uint32_t>> codes;  // by aggregate: distinct values numbered
  std::vector<uint32_t> code_counts;         // by aggregate
  std::vector<int64_t> entity_begin;         // entities + 1
  std::vector<uint8_t> entity_in_order;      // known_from never falls, and no row is ever hidden
  std::unordered_map<std::string, int64_t> entities;  // canonical bytes -> number

  int64_t rows() const { return static_cast<int64_t>(event_time.size()); }
};

// Fills what follows from the sorted rows and expressions: order, takes, codes.
void FinishSourceRows(const FeatureProgram& program, SourceRows::Impl* impl);

}  // namespace millpond::kernel
