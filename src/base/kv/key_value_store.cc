#include "base/kv/key_value_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <utility>

namespace millpond {
namespace {

rocksdb::Slice ToSlice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

std::string_view ToView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

ErrorKind KindOf(const rocksdb::Status& status) {
  if (status.IsCorruption()) return ErrorKind::kCorrupt;
  if (status.IsNotFound()) return ErrorKind::kNotFound;
  if (status.IsNoSpace() || status.IsMemoryLimit()) return ErrorKind::kResourceExhausted;
  if (status.IsInvalidArgument()) return ErrorKind::kCorrupt;  // a folder of another shape
  // The lock file of another process is an I/O error without a code of its own.
  if (status.ToString().find("lock ") != std::string::npos) return ErrorKind::kConflict;
  return ErrorKind::kUnavailable;
}

std::unexpected<Error> FailStore(std::string_view operation, std::string_view dir,
                                 const rocksdb::Status& status) {
  return Fail(KindOf(status), "cannot {} the store at {}: {}", operation, dir, status.ToString());
}

rocksdb::Options MakeOptions(const KeyValueOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(static_cast<size_t>(options.block_cache_bytes));
  table.cache_index_and_filter_blocks = true;  // so that the cache's size bounds them too
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_size = 16 << 10;
  rocksdb::Options result;
  result.create_if_missing = options.create_if_missing;
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  result.write_buffer_size = static_cast<size_t>(options.write_buffer_bytes);
  result.max_write_buffer_number = 2;
  result.max_open_files = 256;
  result.keep_log_file_num = 2;
  result.max_log_file_size = 1 << 20;
  result.stats_dump_period_sec = 0;
  result.stats_persist_period_sec = 0;
  result.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return result;
}

// The first key after all that begin with `prefix`; empty: there is none.
std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return end;
}

}  // namespace

struct KeyValueBatch::Impl {
  rocksdb::WriteBatch batch;
};

KeyValueBatch::KeyValueBatch() : impl_(std::make_unique<Impl>()) {}
KeyValueBatch::KeyValueBatch(KeyValueBatch&&) noexcept = default;
KeyValueBatch& KeyValueBatch::operator=(KeyValueBatch&&) noexcept = default;
KeyValueBatch::~KeyValueBatch() = default;

// Building a batch in memory fails only for limits that it does not set.
void KeyValueBatch::Put(std::string_view key, std::string_view value) {
  (void)impl_->batch.Put(ToSlice(key), ToSlice(value));
}

void KeyValueBatch::Delete(std::string_view key) {
  (void)impl_->batch.Delete(ToSlice(key));
}

void KeyValueBatch::DeleteRange(std::string_view begin, std::string_view end) {
  (void)impl_->batch.DeleteRange(ToSlice(begin), ToSlice(end));
}

int64_t KeyValueBatch::bytes() const {
  return static_cast<int64_t>(impl_->batch.GetDataSize());
}

struct KeyValueStore::Impl {
  std::string dir;
  std::unique_ptr<rocksdb::DB> db;

  rocksdb::ReadOptions ReadAs(const Snapshot* snapshot) const;
};

class KeyValueStore::Snapshot {
 public:
  explicit Snapshot(rocksdb::DB& db) : db_(db), snapshot_(db.GetSnapshot()) {}
  ~Snapshot() { db_.ReleaseSnapshot(snapshot_); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB& db_;
  const rocksdb::Snapshot* snapshot_;
};

rocksdb::ReadOptions KeyValueStore::Impl::ReadAs(const Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  if (snapshot != nullptr) options.snapshot = snapshot->get();
  return options;
}

KeyValueStore::KeyValueStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KeyValueStore::~KeyValueStore() = default;

Result<std::unique_ptr<KeyValueStore>> KeyValueStore::Open(const std::string& dir,
                                                           const KeyValueOptions& options) {
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(MakeOptions(options), dir, &db);
  if (!status.ok()) return FailStore("open", dir, status);
  auto impl = std::make_unique<Impl>();
  impl->dir = dir;
  impl->db.reset(db);
  return std::unique_ptr<KeyValueStore>(new KeyValueStore(std::move(impl)));
}

Status KeyValueStore::Destroy(const std::string& dir) {
  const rocksdb::Status status = rocksdb::DestroyDB(dir, rocksdb::Options());
  if (!status.ok() && !status.IsNotFound()) return FailStore("remove", dir, status);
  return OkStatus();
}

Status KeyValueStore::Write(KeyValueBatch batch) {
  rocksdb::WriteOptions options;
  options.sync = false;
  const rocksdb::Status status = impl_->db->Write(options, &batch.impl_->batch);
  if (!status.ok()) return FailStore("write to", impl_->dir, status);
  return OkStatus();
}

std::shared_ptr<const KeyValueStore::Snapshot> KeyValueStore::TakeSnapshot() const {
  return std::make_shared<const Snapshot>(*impl_->db);
}

Result<std::optional<std::string>> KeyValueStore::Get(std::string_view key,
                                                      const Snapshot* snapshot) const {
  std::string value;
  const rocksdb::Status status = impl_->db->Get(impl_->ReadAs(snapshot), ToSlice(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok()) return FailStore("read", impl_->dir, status);
  return value;
}

Status KeyValueStore::Visit(std::string_view prefix, const Visitor& visit,
                            const Snapshot* snapshot) const {
  rocksdb::ReadOptions options = impl_->ReadAs(snapshot);
  const std::string end = PrefixEnd(prefix);
  const rocksdb::Slice bound = ToSlice(end);
  if (!end.empty()) options.iterate_upper_bound = &bound;
  std::unique_ptr<rocksdb::Iterator> at(impl_->db->NewIterator(options));
  for (at->Seek(ToSlice(prefix)); at->Valid(); at->Next()) {
    MP_ASSIGN_OR_RETURN(bool more, visit(ToView(at->key()), ToView(at->value())));
    if (!more) return OkStatus();
  }
  if (!at->status().ok()) return FailStore("read", impl_->dir, at->status());
  return OkStatus();
}

Result<std::optional<KeyValueStore::Entry>> KeyValueStore::LastUpTo(
    std::string_view prefix, std::string_view key, const Snapshot* snapshot) const {
  rocksdb::ReadOptions options = impl_->ReadAs(snapshot);
  const rocksdb::Slice lower = ToSlice(prefix);
  options.iterate_lower_bound = &lower;
  std::unique_ptr<rocksdb::Iterator> at(impl_->db->NewIterator(options));
  at->SeekForPrev(ToSlice(key));
  if (!at->status().ok()) return FailStore("read", impl_->dir, at->status());
  if (!at->Valid() || !ToView(at->key()).starts_with(prefix)) return std::nullopt;
  return Entry{at->key().ToString(), at->value().ToString()};
}

Result<std::optional<KeyValueStore::Entry>> KeyValueStore::FirstAfter(
    std::string_view prefix, std::string_view key, const Snapshot* snapshot) const {
  std::optional<Entry> found;
  rocksdb::ReadOptions options = impl_->ReadAs(snapshot);
  const std::string end = PrefixEnd(prefix);
  const rocksdb::Slice bound = ToSlice(end);
  if (!end.empty()) options.iterate_upper_bound = &bound;
  std::unique_ptr<rocksdb::Iterator> at(impl_->db->NewIterator(options));
  at->Seek(ToSlice(key));
  if (at->Valid() && ToView(at->key()) == key) at->Next();
  if (!at->status().ok()) return FailStore("read", impl_->dir, at->status());
  if (at->Valid() && ToView(at->key()).starts_with(prefix)) {
    found = Entry{at->key().ToString(), at->value().ToString()};
  }
  return found;
}

}  // namespace millpond
