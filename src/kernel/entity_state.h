// Feature values of one entity at T from its blocks (entity_block.h): for requests, where one label
// is asked for at a time. The values are those of EvaluateFeatures over the same rows, bit for bit;
// a test holds them equal.
//
// A tile's states stand for its block only if every row of it is in the window and visible at
// T - settle; else the block's rows are asked for. Of a window's blocks those are the two at its
// edges and the few whose rows are not all known yet.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include "kernel/entity_block.h"

namespace millpond::kernel {

// A block ready to be evaluated; it may be shared by threads.
SourceRows PrepareBlock(const FeatureProgram& program, EntityBlock block);
int64_t MemoryBytes(const SourceRows& rows);

// All rows of the entity at hand: one row of program.outputs. No rows: the entity is unknown.
Batch EvaluateEntity(const FeatureProgram& program, const SourceRows& rows, Micros as_of);

// `tiles` of all blocks of the entity in event order; rows_of(i) gives the rows of block i and is
// called at most once for each.
using BlockRows = std::function<Result<std::shared_ptr<const SourceRows>>(size_t block)>;
Result<Batch> EvaluateTiles(const FeatureProgram& program, std::span<const EntityTile> tiles,
                            const BlockRows& rows_of, Micros as_of);

}  // namespace millpond::kernel
