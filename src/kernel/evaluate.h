// Feature values at given times, by the one visibility rule (design section 6.1): for entity e at
// time T a window of length w sees exactly the rows with event_time in [T-w, T) and
// known_from <= T-settle < known_to.
//
//   source rows ──PrepareSource──▶ SourceRows (per entity, in event order) ─┐
//   labels (entity, T) ─────────────────────────────────────────────────────┴─EvaluateFeatures──▶
//                                                      one output row per label, in label order
//
// A value depends on nothing but the multiset of source rows and its own label: not on row order,
// on how labels are split among calls or threads, or on which method finds it. An entity with many
// rows gets a tree of mergeable states over its rows in event order; a node is used only if it lies
// wholly in the window and every row in it is visible (the node keeps the bounds), else its
// children, at last the rows.
//
// Memory is the caller's to bound: give one partition of entities at a time.
#pragma once

#include <memory>
#include <span>

#include "kernel/feature_view.h"

namespace millpond::kernel {

inline constexpr Micros kForever = INT64_MAX;

// Beside the used columns, what the table's log knows of each row. Empty spans: none.
struct RowVersions {
  // known_from becomes greatest(claim, floor); INT64_MIN for rows committed before the view's live
  // version.
  std::span<const Micros> known_from_floor;
  std::span<const Micros> known_to;  // kForever: neither updated nor deleted
};

class SourceRows {
 public:
  SourceRows(SourceRows&&) noexcept;
  SourceRows& operator=(SourceRows&&) noexcept;
  ~SourceRows();

  int64_t rows() const;  // that may be seen by some T
  int64_t entities() const;

  struct Impl;
  explicit SourceRows(std::unique_ptr<Impl> impl);
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// `columns` are program.used_columns, in that order and of those types. Rows outside WHERE, and
// rows whose entity, event time or claim is NULL, are seen by no T and are left out.
Result<SourceRows> PrepareSource(const FeatureProgram& program,
                                 std::span<const Column* const> columns, int64_t rows,
                                 const RowVersions& versions = {});

enum class WindowMethod { kAuto, kScan, kTree };  // equal results; kAuto picks by cost

struct EvaluateOptions {
  WindowMethod method = WindowMethod::kAuto;
};

// `entity` are the label's entity columns in the view's order and types; as_of is TIMESTAMP or
// DATE. A label with a NULL entity sees no rows; one with a NULL T has NULL in every output.
// Columns of the result are program.outputs; doubles in them are canonical (no -0, one NaN).
// Thread-safe over one SourceRows.
Result<Batch> EvaluateFeatures(const FeatureProgram& program, const SourceRows& source,
                               std::span<const Column* const> entity, const Column& as_of,
                               const EvaluateOptions& options = {});

// Which of `partitions` an entity belongs to, from its canonical bytes: the same for source rows
// and labels, in every process.
Result<std::vector<uint32_t>> PartitionOf(std::span<const Column* const> entity, int64_t rows,
                                          uint32_t partitions);

}  // namespace millpond::kernel
