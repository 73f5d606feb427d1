#include "base/kv/key_value_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"

namespace millpond {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;

class KeyValueStoreTest : public ::testing::Test {
 protected:
  void Open() {
    store_.reset();
    MP_ASSERT_OK_AND_ASSIGN(store_, KeyValueStore::Open(dir_ / "kv"));
  }
  void SetUp() override { Open(); }

  void Put(std::string_view key, std::string_view value) {
    KeyValueBatch batch;
    batch.Put(key, value);
    MP_ASSERT_OK(store_->Write(std::move(batch)));
  }
  std::string Get(std::string_view key, const KeyValueStore::Snapshot* snapshot = nullptr) {
    auto value = store_->Get(key, snapshot);
    EXPECT_TRUE(value.has_value());
    return value->value_or("(none)");
  }
  std::string Keys(std::string_view prefix, const KeyValueStore::Snapshot* snapshot = nullptr) {
    std::string keys;
    MP_EXPECT_OK(store_->Visit(
        prefix,
        [&](std::string_view key, std::string_view) -> Result<bool> {
          keys += std::string(key) + " ";
          return true;
        },
        snapshot));
    return keys;
  }

  testing::TempDir dir_;
  std::unique_ptr<KeyValueStore> store_;
};

TEST_F(KeyValueStoreTest, KeepsBatchesAcrossOpens) {
  KeyValueBatch batch;
  batch.Put("a", "1");
  batch.Put(std::string("\0b", 2), std::string("\0", 1));
  batch.Put("c", "3");
  batch.Delete("c");
  EXPECT_GT(batch.bytes(), 0);
  MP_ASSERT_OK(store_->Write(std::move(batch)));
  Open();
  EXPECT_EQ(Get("a"), "1");
  EXPECT_EQ(Get(std::string("\0b", 2)), std::string("\0", 1));
  EXPECT_EQ(Get("c"), "(none)");
}

TEST_F(KeyValueStoreTest, VisitsAPrefixInOrderOfUnsignedBytes) {
  for (const char* key : {"b\xff", "a", "b\x01", "b", "c", "b\x7f"}) Put(key, "");
  EXPECT_EQ(Keys("b"), "b b\x01 b\x7f b\xff ");
  EXPECT_EQ(Keys("\xff"), "");
  EXPECT_EQ(Keys(""), "a b b\x01 b\x7f b\xff c ");
  int seen = 0;
  MP_ASSERT_OK(store_->Visit(
      "", [&](std::string_view, std::string_view) -> Result<bool> { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
  EXPECT_THAT(store_->Visit("",
                            [](std::string_view, std::string_view) -> Result<bool> {
                              return Fail(ErrorKind::kInternal, "mine");
                            }),
              FailsWith(ErrorKind::kInternal, "mine"));
}

TEST_F(KeyValueStoreTest, FindsTheKeysBesideAnother) {
  for (const char* key : {"a9", "b1", "b5", "c0"}) Put(key, key);
  const auto last = [&](std::string_view key) {
    auto entry = store_->LastUpTo("b", key);
    EXPECT_TRUE(entry.has_value());
    return entry->has_value() ? (*entry)->value : "(none)";
  };
  EXPECT_EQ(last("b0"), "(none)");
  EXPECT_EQ(last("b1"), "b1");
  EXPECT_EQ(last("b4"), "b1");
  EXPECT_EQ(last("b9"), "b5");
  const auto next = [&](std::string_view key) {
    auto entry = store_->FirstAfter("b", key);
    EXPECT_TRUE(entry.has_value());
    return entry->has_value() ? (*entry)->value : "(none)";
  };
  EXPECT_EQ(next("b"), "b1");
  EXPECT_EQ(next("b1"), "b5");
  EXPECT_EQ(next("b5"), "(none)");
}

TEST_F(KeyValueStoreTest, ASnapshotStandsStill) {
  Put("a", "old");
  auto snapshot = store_->TakeSnapshot();
  KeyValueBatch batch;
  batch.DeleteRange("a", "b");
  batch.Put("z", "new");
  MP_ASSERT_OK(store_->Write(std::move(batch)));
  EXPECT_EQ(Get("a"), "(none)");
  EXPECT_EQ(Get("a", snapshot.get()), "old");
  EXPECT_EQ(Keys("", snapshot.get()), "a ");
  EXPECT_EQ(Keys(""), "z ");
}

TEST_F(KeyValueStoreTest, ASecondOwnerIsRefused) {
  EXPECT_THAT(KeyValueStore::Open(dir_ / "kv"), FailsWith(ErrorKind::kConflict, HasSubstr("kv")));
}

TEST_F(KeyValueStoreTest, ADamagedStoreIsCorruptAndCanBeDestroyed) {
  Put("a", "1");
  store_.reset();
  std::ofstream(dir_ / "kv/CURRENT", std::ios::trunc) << "nonsense";
  EXPECT_THAT(KeyValueStore::Open(dir_ / "kv"), FailsWith(ErrorKind::kCorrupt, HasSubstr("open")));
  MP_ASSERT_OK(KeyValueStore::Destroy(dir_ / "kv"));
  MP_ASSERT_OK(KeyValueStore::Destroy(dir_ / "never"));
  Open();
  EXPECT_EQ(Get("a"), "(none)");
}

}  // namespace
}  // namespace millpond
