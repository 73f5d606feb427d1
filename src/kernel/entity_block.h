// The rows of one entity as an online store keeps them. A row is what a window can ask of it: its
// event time, when it was known, and the values of the program's row expressions; WHERE and the
// claim have been applied. Rows stand in blocks in event order, and beside each block a tile: its
// bounds and, if asked for, one mergeable state per aggregate.
//
//   rows of commits ──PrepareSource──► BlocksByEntity ──MergeBlocks, SplitBlock──► blocks, tiles
//
// The bytes of blocks and tiles belong to one program and one version of Millpond: they are made
// again from the source when either changes (docs/formats/online-blocks.md). The states inside a
// tile are the permanent ones of aggregate.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/evaluate.h"

namespace millpond::kernel {

inline constexpr int64_t kBlockRows = 256;

struct EntityBlock {
  std::vector<Micros> event_time;  // ascending
  std::vector<Micros> known_from;
  std::vector<Column> expressions;  // program.row_expressions; doubles canonical

  int64_t rows() const { return static_cast<int64_t>(event_time.size()); }
};

struct NamedBlock {
  std::string entity;  // canonical bytes of the entity columns
  EntityBlock rows;
};

// The rows of each entity of a prepared source, in order of the entities' bytes. The source must
// have been prepared without known_to.
std::vector<NamedBlock> BlocksByEntity(const SourceRows& source);

// Rows of both, in order.
EntityBlock MergeBlocks(const EntityBlock& a, const EntityBlock& b);
EntityBlock SliceBlock(const EntityBlock& block, int64_t from, int64_t to);

// Where to cut a block of too many rows: ascending row numbers, neither 0 nor rows(). Every part
// has at most kBlockRows. Rows of one event time are parted only where they alone are more. With
// `keep_full` parts are filled from the front (rows that arrive in event order), else halved.
std::vector<int64_t> SplitPoints(const EntityBlock& block, bool keep_full);

std::string EncodeBlock(const EntityBlock& block);
// Blocks in event order, as one. kCorrupt: not the bytes of blocks of this program.
Result<EntityBlock> DecodeBlocks(const FeatureProgram& program,
                                 std::span<const std::string_view> blocks);
Result<EntityBlock> DecodeBlock(const FeatureProgram& program, std::string_view bytes);

struct EntityTile {
  int64_t rows = 0;
  Micros first_event = 0;
  Micros last_event = 0;
  Micros first_known_from = 0;
  Micros last_known_from = 0;
  std::vector<AggregateState> states;  // by aggregate, over all rows of the block; or empty
};

EntityTile MakeTile(const FeatureProgram& program, const EntityBlock& block, bool with_states);
std::string EncodeTile(const EntityTile& tile);
Result<EntityTile> DecodeTile(const FeatureProgram& program, std::string_view bytes);

}  // namespace millpond::kernel
