// Blocks and tiles against EvaluateFeatures over the same rows: whatever the order in which rows
// come, however blocks split, at every kind of T, bit for bit.
#include "kernel/entity_state.h"

#include <algorithm>
#include <map>

#include "base/testing/result_matchers.h"
#include "kernel/evaluate_test_rows.h"

namespace millpond::kernel {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

// What a store does with an entity, in memory and through the bytes.
class Entity {
 public:
  explicit Entity(const FeatureProgram& program) : program_(program) {}

  void Add(const EntityBlock& rows) {
    // Into the last block that begins at or before each row's time; all into the first if none.
    size_t from = 0;
    while (from < static_cast<size_t>(rows.rows())) {
      size_t at = 0;
      while (at + 1 < starts_.size() && starts_[at + 1] <= rows.event_time[from]) ++at;
      size_t to = from + 1;
      while (to < static_cast<size_t>(rows.rows()) &&
             (at + 1 >= starts_.size() || rows.event_time[to] < starts_[at + 1])) {
        ++to;
      }
      Insert(at, SliceBlock(rows, static_cast<int64_t>(from), static_cast<int64_t>(to)));
      from = to;
    }
  }

  Result<Batch> Evaluate(Micros at) {
    std::vector<EntityTile> tiles;
    for (size_t i = 0; i < blocks_.size(); ++i) {
      MP_ASSIGN_OR_RETURN(EntityBlock block, DecodeBlock(program_, blocks_[i]));
      const bool with_states = i + 1 < blocks_.size();
      EntityTile tile = MakeTile(program_, block, with_states);
      MP_ASSIGN_OR_RETURN(EntityTile read, DecodeTile(program_, EncodeTile(tile)));
      tiles.push_back(std::move(read));
    }
    rows_read = 0;
    const BlockRows rows_of = [&](size_t block) -> Result<std::shared_ptr<const SourceRows>> {
      MP_ASSIGN_OR_RETURN(EntityBlock rows, DecodeBlock(program_, blocks_[block]));
      rows_read += rows.rows();
      return std::make_shared<const SourceRows>(PrepareBlock(program_, std::move(rows)));
    };
    return EvaluateTiles(program_, tiles, rows_of, at);
  }

  Result<Batch> EvaluateWhole(Micros at) const {
    EntityBlock all;
    for (const std::string& bytes : blocks_) {
      MP_ASSIGN_OR_RETURN(EntityBlock block, DecodeBlock(program_, bytes));
      all = all.rows() == 0 ? std::move(block) : MergeBlocks(all, block);
    }
    return EvaluateEntity(program_, PrepareBlock(program_, std::move(all)), at);
  }

  size_t blocks() const { return blocks_.size(); }
  const std::string& bytes(size_t block) const { return blocks_[block]; }
  int64_t rows_read = 0;

 private:
  void Insert(size_t at, const EntityBlock& rows) {
    if (blocks_.empty()) {
      starts_.push_back(INT64_MIN);
      Put(0, rows, true);
      return;
    }
    auto block = DecodeBlock(program_, blocks_[at]);
    ASSERT_TRUE(block.has_value());
    const bool append = rows.event_time.front() >= block->event_time.back();
    Put(at, MergeBlocks(*block, rows), append);
  }

  void Put(size_t at, const EntityBlock& block, bool append) {
    std::vector<int64_t> cuts = SplitPoints(block, append);
    cuts.insert(cuts.begin(), 0);
    cuts.push_back(block.rows());
    std::vector<std::string> parts;
    std::vector<Micros> starts;
    for (size_t i = 0; i + 1 < cuts.size(); ++i) {
      const EntityBlock part = SliceBlock(block, cuts[i], cuts[i + 1]);
      ASSERT_LE(part.rows(), kBlockRows);
      parts.push_back(EncodeBlock(part));
      starts.push_back(i == 0 ? starts_[at] : part.event_time.front());
    }
    if (at < blocks_.size()) {
      blocks_.erase(blocks_.begin() + static_cast<int64_t>(at));
      starts_.erase(starts_.begin() + static_cast<int64_t>(at));
    } else {
      starts_.clear();
    }
    blocks_.insert(blocks_.begin() + static_cast<int64_t>(at), parts.begin(), parts.end());
    starts_.insert(starts_.begin() + static_cast<int64_t>(at), starts.begin(), starts.end());
  }

  const FeatureProgram& program_;
  std::vector<std::string> blocks_;
  std::vector<Micros> starts_;
};

struct Scenario {
  uint64_t seed;
  int rows;
  int64_t span;
  bool in_order;
};

// Some of the outputs of MakeView over windows of any length.
FeatureViewDefinition RandomView(RandomSource& random, int64_t span) {
  FeatureViewDefinition view = MakeView(static_cast<Micros>(NextBelow(random, 3)));
  for (WindowDefinition& window : view.windows) {
    if (window.range) {
      window.range = 1 + static_cast<Micros>(NextBelow(random, static_cast<uint64_t>(span)));
    }
  }
  const uint64_t share = 1 + NextBelow(random, 3);
  std::erase_if(view.outputs, [&](const OutputDefinition& output) {
    return output.name != "f0" && NextBelow(random, 4) >= share;
  });
  return view;
}

class EntityStateRandom : public ::testing::TestWithParam<Scenario> {};

std::vector<Micros> Moments(RandomSource& random, const FeatureViewDefinition& view,
                            std::span<const Row> rows, int64_t span) {
  std::vector<Micros> moments = {INT64_MIN, 0, 1, span, span + 100, INT64_MAX};
  for (int i = 0; i < 6; ++i) {
    const Row& row = rows[NextBelow(random, rows.size())];
    const Micros known = row.event_time + row.delay;
    for (Micros at : {row.event_time, known}) {
      moments.insert(moments.end(), {at, at + 1, at + 2});
      // Where the row is about to leave a window.
      for (const auto& window : view.windows) {
        if (window.range)
          moments.insert(moments.end(), {at + *window.range, at + *window.range + 1});
      }
    }
  }
  for (int i = 0; i < 12; ++i) {
    moments.push_back(static_cast<Micros>(NextBelow(random, static_cast<uint64_t>(span) + 50)));
  }
  return moments;
}

TEST_P(EntityStateRandom, EqualsEvaluateFeatures) {
  const Scenario& scenario = GetParam();
  SeededRandom random(scenario.seed);
  const FeatureViewDefinition view = RandomView(random, scenario.span);
  MP_ASSERT_OK_AND_ASSIGN(auto program, Compile(view));
  std::vector<Row> rows = MakeRows(random, scenario.rows, 1, scenario.span);
  for (Row& row : rows) {
    if (scenario.in_order) row.delay = 1;
  }
  if (scenario.in_order) std::ranges::sort(rows, {}, &Row::event_time);
  std::vector<Micros> floors;
  for (const Row& row : rows) {
    floors.push_back(NextBelow(random, 4) == 0 && !scenario.in_order
                         ? row.event_time + static_cast<Micros>(NextBelow(random, 50))
                         : INT64_MIN);
  }
  Source source = MakeSource(*program, rows);

  Entity entity(*program);
  for (size_t from = 0; from < rows.size();) {
    const size_t to = std::min(rows.size(), from + 1 + NextBelow(random, 90));
    std::vector<int64_t> take;
    for (size_t row = from; row < to; ++row) take.push_back(static_cast<int64_t>(row));
    std::vector<Column> columns;
    for (const Column& column : source.columns) columns.push_back(column.Take(take));
    std::vector<const Column*> pointers;
    for (const Column& column : columns) pointers.push_back(&column);
    MP_ASSERT_OK_AND_ASSIGN(SourceRows part,
                            PrepareSource(*program, pointers, static_cast<int64_t>(take.size()),
                                          {std::span(floors).subspan(from, to - from), {}}));
    for (const NamedBlock& block : BlocksByEntity(part)) entity.Add(block.rows);
    from = to;
  }
  EXPECT_GE(entity.blocks(), static_cast<size_t>(scenario.rows / 300));

  std::vector<const Column*> pointers;
  for (const Column& column : source.columns) pointers.push_back(&column);
  MP_ASSERT_OK_AND_ASSIGN(
      SourceRows all,
      PrepareSource(*program, pointers, static_cast<int64_t>(rows.size()), {floors, {}}));
  for (const Micros at : Moments(random, view, rows, scenario.span)) {
    const Column key = Column::Repeat(Value::Bigint(0), 1);
    const Column* keys = &key;
    MP_ASSERT_OK_AND_ASSIGN(
        Batch expected,
        EvaluateFeatures(*program, all, {&keys, 1}, Column::Repeat(Value::Timestamp(at), 1)));
    MP_ASSERT_OK_AND_ASSIGN(Batch tiles, entity.Evaluate(at));
    ExpectSame(expected, tiles);
    MP_ASSERT_OK_AND_ASSIGN(Batch whole, entity.EvaluateWhole(at));
    ExpectSame(expected, whole);
    if (HasFailure()) FAIL() << "at " << at;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Scenarios, EntityStateRandom,
    ::testing::Values(Scenario{1, 20, 100, false}, Scenario{2, 255, 300, false},
                      Scenario{3, 257, 300, true}, Scenario{4, 800, 90, false},
                      Scenario{5, 3000, 20'000, false}, Scenario{6, 3000, 20'000, true},
                      Scenario{7, 1500, 4, false}, Scenario{8, 1500, 1, true},
                      Scenario{9, 2500, 5'000, false}, Scenario{10, 600, 2'000, false},
                      Scenario{11, 900, 1'000'000, true}, Scenario{12, 3000, 3'000, false}));

TEST(EntityState, ReadsFewRowsOfALongHistory) {
  FeatureViewDefinition view = MakeView(1);
  view.windows = {{"short", 1000}, {"long", 50'000}, {"life", {}}};
  MP_ASSERT_OK_AND_ASSIGN(auto program, Compile(view));
  SeededRandom random(3);
  std::vector<Row> rows = MakeRows(random, 20'000, 1, 100'000);
  for (Row& row : rows) row.delay = 1;
  std::ranges::sort(rows, {}, &Row::event_time);
  Source source = MakeSource(*program, rows);
  std::vector<const Column*> pointers;
  for (const Column& column : source.columns) pointers.push_back(&column);
  MP_ASSERT_OK_AND_ASSIGN(SourceRows all,
                          PrepareSource(*program, pointers, static_cast<int64_t>(rows.size()), {}));
  Entity entity(*program);
  for (const NamedBlock& block : BlocksByEntity(all)) entity.Add(block.rows);
  MP_ASSERT_OK_AND_ASSIGN(Batch batch, entity.Evaluate(100'001));
  EXPECT_EQ(batch.rows, 1);
  // The newest block, and one at the left edge of each bounded window.
  EXPECT_LE(entity.rows_read, 3 * kBlockRows);
}

TEST(EntityState, AnUnknownEntityHasTheValuesOfNoRows) {
  MP_ASSERT_OK_AND_ASSIGN(auto program, Compile(MakeView(1)));
  Entity entity(*program);
  MP_ASSERT_OK_AND_ASSIGN(Batch batch, entity.Evaluate(5));
  EXPECT_EQ(batch.columns[0].ValueAt(0), Value::Bigint(0));
  EntityBlock none;
  for (const BoundExpression& expression : program->row_expressions) {
    none.expressions.emplace_back(expression.type());
  }
  ExpectSame(batch, EvaluateEntity(*program, PrepareBlock(*program, std::move(none)), 5));
}

TEST(EntityState, DamagedBytesAreCorruptWhereverTheyAreCut) {
  MP_ASSERT_OK_AND_ASSIGN(auto program, Compile(MakeView(1)));
  SeededRandom random(5);
  std::vector<Row> rows = MakeRows(random, 40, 1, 100);
  Source source = MakeSource(*program, rows);
  std::vector<const Column*> pointers;
  for (const Column& column : source.columns) pointers.push_back(&column);
  MP_ASSERT_OK_AND_ASSIGN(SourceRows all,
                          PrepareSource(*program, pointers, static_cast<int64_t>(rows.size()), {}));
  const auto blocks = BlocksByEntity(all);
  ASSERT_EQ(blocks.size(), 1u);
  const std::string block = EncodeBlock(blocks[0].rows);
  const std::string tile = EncodeTile(MakeTile(*program, blocks[0].rows, true));
  for (size_t size = 0; size < block.size(); ++size) {
    EXPECT_THAT(DecodeBlock(*program, std::string_view(block).substr(0, size)),
                FailsWith(ErrorKind::kCorrupt, HasSubstr("not a block")));
  }
  EXPECT_FALSE(DecodeBlock(*program, block + "x").has_value());
  for (size_t size = 0; size < tile.size(); ++size) {
    EXPECT_FALSE(DecodeTile(*program, std::string_view(tile).substr(0, size)).has_value());
  }
  for (size_t i = 0; i < 3000; ++i) {  // any other bytes: an error or a block, never a crash
    std::string bad = i % 2 == 0 ? block : tile;
    bad[NextBelow(random, bad.size())] = static_cast<char>(random.Next());
    auto read_block = DecodeBlock(*program, bad);
    auto read_tile = DecodeTile(*program, bad);
    if (read_block.has_value()) PrepareBlock(*program, std::move(*read_block));
  }
}

}  // namespace
}  // namespace millpond::kernel
