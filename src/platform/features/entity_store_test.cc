// Where rows go, block by block: what comes back is what went in, in event order, whatever the
// order and the ties in which it came.
#include "platform/features/entity_store.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "kernel/evaluate_test_rows.h"

namespace millpond::platform {
namespace {

using kernel::Row;
using testing::FailsWith;
using ::testing::HasSubstr;

class EntityStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    kernel::FeatureViewDefinition view = kernel::MakeView(1);
    view.windows = {{"short", 300}, {"long", 3000}, {"life", {}}};
    MP_ASSERT_OK_AND_ASSIGN(program_, kernel::Compile(view));
    MP_ASSERT_OK_AND_ASSIGN(store_, KeyValueStore::Open(dir_ / "kv"));
    entities_ = std::make_unique<EntityStore>(*store_, program_, "\x02\x01");
  }

  void Add(std::span<const Row> rows) {
    kernel::Source source = kernel::MakeSource(*program_, rows);
    std::vector<const kernel::Column*> columns;
    for (const kernel::Column& column : source.columns) columns.push_back(&column);
    MP_ASSERT_OK_AND_ASSIGN(
        kernel::SourceRows prepared,
        kernel::PrepareSource(*program_, columns, static_cast<int64_t>(rows.size()), {}));
    KeyValueBatch batch;
    std::vector<std::string> touched;
    for (const kernel::NamedBlock& named : kernel::BlocksByEntity(prepared)) {
      entity_ = named.entity;
      MP_ASSERT_OK(entities_->Add(named.entity, named.rows, batch, touched));
    }
    MP_ASSERT_OK(store_->Write(std::move(batch)));
  }

  // Of the entity's blocks in the order of their keys: every one is small enough, and no row lies
  // before a row of an earlier block.
  void CheckBlocks(size_t rows) {
    size_t found = 0;
    Micros last = INT64_MIN;
    MP_ASSERT_OK(store_->Visit("\x02\x01" + entity_ + '\x01',
                               [&](std::string_view, std::string_view bytes) -> Result<bool> {
                                 MP_ASSIGN_OR_RETURN(kernel::EntityBlock block,
                                                     kernel::DecodeBlock(*program_, bytes));
                                 EXPECT_LE(block.rows(), kernel::kBlockRows);
                                 EXPECT_GE(block.event_time.front(), last);
                                 last = block.event_time.back();
                                 found += static_cast<size_t>(block.rows());
                                 return true;
                               }));
    EXPECT_EQ(found, rows);
  }

  Result<kernel::Batch> Evaluate(Micros at) {
    const auto snapshot = store_->TakeSnapshot();
    MP_ASSIGN_OR_RETURN(auto entity, entities_->Load(entity_, *snapshot));
    if (entity->rows) return kernel::EvaluateEntity(*program_, *entity->rows, at);
    const kernel::BlockRows rows_of =
        [&](size_t block) -> Result<std::shared_ptr<const kernel::SourceRows>> {
      MP_ASSIGN_OR_RETURN(auto rows, entities_->LoadRows(entity->row_keys[block], *snapshot));
      return rows->rows;
    };
    return kernel::EvaluateTiles(*program_, entity->tiles, rows_of, at);
  }

  void ExpectValuesOf(std::span<const Row> rows, Micros at) {
    kernel::Source source = kernel::MakeSource(*program_, rows);
    std::vector<const kernel::Column*> columns;
    for (const kernel::Column& column : source.columns) columns.push_back(&column);
    MP_ASSERT_OK_AND_ASSIGN(
        kernel::SourceRows prepared,
        kernel::PrepareSource(*program_, columns, static_cast<int64_t>(rows.size()), {}));
    const auto key = kernel::Column::Repeat(kernel::Value::Bigint(0), 1);
    const kernel::Column* keys = &key;
    MP_ASSERT_OK_AND_ASSIGN(
        kernel::Batch expected,
        kernel::EvaluateFeatures(*program_, prepared, {&keys, 1},
                                 kernel::Column::Repeat(kernel::Value::Timestamp(at), 1)));
    MP_ASSERT_OK_AND_ASSIGN(kernel::Batch actual, Evaluate(at));
    kernel::ExpectSame(expected, actual);
  }

  std::vector<Row> MakeRows(int count, int64_t span) {
    std::vector<Row> rows = kernel::MakeRows(random_, count, 1, span);
    for (Row& row : rows) row.key = kernel::Value::Bigint(0);
    return rows;
  }

  testing::TempDir dir_;
  SeededRandom random_{21};
  std::shared_ptr<const kernel::FeatureProgram> program_;
  std::unique_ptr<KeyValueStore> store_;
  std::unique_ptr<EntityStore> entities_;
  std::string entity_;
};

TEST_F(EntityStoreTest, AnUnknownEntityHasNoRows) {
  entity_ = "nobody";
  ExpectValuesOf({}, 10);
}

// `span` instants for so many rows: from all apart to one for all.
class EntityStoreOrder : public EntityStoreTest, public ::testing::WithParamInterface<int64_t> {};

TEST_P(EntityStoreOrder, RowsComeBackInEventOrder) {
  const std::vector<Row> rows = MakeRows(2500, GetParam());
  size_t added = 0;
  while (added < rows.size()) {
    const size_t count = std::min<size_t>(1 + NextBelow(random_, 400), rows.size() - added);
    Add(std::span(rows).subspan(added, count));
    added += count;
    CheckBlocks(added);
    if (HasFailure()) return;
  }
  for (int i = 0; i < 30; ++i) {
    const auto at = static_cast<Micros>(NextBelow(random_, static_cast<uint64_t>(GetParam()) + 60));
    ExpectValuesOf(rows, at);
    if (HasFailure()) FAIL() << "at " << at;
  }
}

INSTANTIATE_TEST_SUITE_P(Instants, EntityStoreOrder, ::testing::Values(1, 2, 5, 40, 3000, 100'000));

TEST_F(EntityStoreTest, RowsInOrderFillTheirBlocks) {
  std::vector<Row> rows = MakeRows(2000, 1'000'000);
  rows.resize(2000);  // without some of the twins
  std::ranges::sort(rows, {}, &Row::event_time);
  for (size_t i = 0; i < rows.size(); i += 10) Add(std::span(rows).subspan(i, 10));
  CheckBlocks(rows.size());
  const auto snapshot = store_->TakeSnapshot();
  MP_ASSERT_OK_AND_ASSIGN(auto entity, entities_->Load(entity_, *snapshot));
  EXPECT_EQ(entity->tiles.size(), 8u);
  for (size_t i = 0; i + 1 < entity->tiles.size(); ++i) {
    EXPECT_FALSE(entity->tiles[i].states.empty());
    EXPECT_GE(entity->tiles[i].rows, kernel::kBlockRows - 8);
  }
}

TEST_F(EntityStoreTest, DamageIsCorrupt) {
  Add(MakeRows(2000, 1000));
  const auto damage = [&](char kind, std::string_view value) {
    std::vector<std::string> keys;
    MP_EXPECT_OK(store_->Visit("\x02\x01" + entity_ + kind,
                               [&](std::string_view key, std::string_view) -> Result<bool> {
                                 keys.emplace_back(key);
                                 return true;
                               }));
    KeyValueBatch batch;
    for (const std::string& key : keys) batch.Put(key, value);
    MP_EXPECT_OK(store_->Write(std::move(batch)));
  };
  damage('\x01', "rows");
  EXPECT_THAT(Evaluate(500), FailsWith(ErrorKind::kCorrupt, HasSubstr("not a block")));
  damage('\x00', "tile");
  EXPECT_THAT(Evaluate(500), FailsWith(ErrorKind::kCorrupt, HasSubstr("not a tile")));
}

}  // namespace
}  // namespace millpond::platform
