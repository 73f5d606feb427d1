#include "platform/features/online_store.h"

#include <condition_variable>
#include <optional>
#include <thread>
#include <utility>

#include "base/fs/file_lock.h"
#include "base/log.h"
#include "base/sha256.h"
#include "data/catalog/catalog.h"
#include "platform/features/entity_input.h"
#include "platform/features/online_feeder.h"
#include "platform/features/served_views.h"

namespace millpond::platform {
namespace {

constexpr std::string_view kFormatKey("\x00", 1);
constexpr std::string_view kFormat = "millpond online store 1";
constexpr int64_t kWriteBufferBytes = 16 << 20;

Result<std::unique_ptr<KeyValueStore>> OpenStore(const std::string& dir,
                                                 const OnlineOptions& options) {
  const KeyValueOptions kv{.block_cache_bytes = options.cache_bytes,
                           .write_buffer_bytes = kWriteBufferBytes};
  MP_ASSIGN_OR_RETURN(auto store, KeyValueStore::Open(dir, kv));
  MP_ASSIGN_OR_RETURN(auto format, store->Get(kFormatKey));
  if (format && *format != kFormat) {
    return Fail(ErrorKind::kCorrupt, "it is in the format '{}', not '{}'", *format, kFormat);
  }
  bool empty = true;
  MP_RETURN_IF_ERROR(store->Visit("", [&](std::string_view, std::string_view) -> Result<bool> {
    empty = false;
    return false;
  }));
  if (!format && !empty) return Fail(ErrorKind::kCorrupt, "it does not say its format");
  if (!format) {
    KeyValueBatch batch;
    batch.Put(kFormatKey, kFormat);
    MP_RETURN_IF_ERROR(store->Write(std::move(batch)));
  }
  return store;
}

// What cannot be read is made again: the store holds nothing that its sources do not.
Result<std::unique_ptr<KeyValueStore>> OpenOrRenew(FileSystem& fs, const std::string& dir,
                                                   const OnlineOptions& options) {
  auto store = OpenStore(dir, options);
  if (store || store.error().kind() == ErrorKind::kResourceExhausted ||
      store.error().kind() == ErrorKind::kConflict) {
    return store;
  }
  LogWarn("features",
          "the online store at {} is damaged and will be built again from its sources: "
          "{}",
          dir, store.error().ToString());
  MP_RETURN_IF_ERROR(fs.RemoveTree(dir));
  return OpenStore(dir, options);
}

class LocalOnlineStore : public OnlineStore, public data::CommitFeedListener {
 public:
  LocalOnlineStore(FeatureStore& features, const OnlineOptions& options, MetricsRegistry& metrics,
                   FileLock lock, MemoryReservation memory, std::unique_ptr<KeyValueStore> store)
      : features_(features),
        options_(options),
        metrics_(metrics),
        lock_(std::move(lock)),
        memory_(std::move(memory)),
        store_(std::move(store)),
        budget_(options.entity_cache_bytes),
        feeder_(features, *store_, FeederOptions()),
        gate_(std::make_shared<RenderGate>()) {
    gate_->views = &served_;
  }

  ~LocalOnlineStore() override {
    {
      std::lock_guard lock(gate_->mutex);
      gate_->views = nullptr;
    }
    features_.catalog().commits().Unsubscribe(this);
    {
      std::lock_guard lock(wake_mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (follower_.joinable()) follower_.join();
  }

  void Start() {
    features_.catalog().commits().Subscribe(this);
    follower_ = std::thread([this] { Follow(); });
    metrics_.OnRender([gate = gate_, &clock = features_.catalog().workspace().env.clock] {
      std::lock_guard lock(gate->mutex);
      if (gate->views == nullptr) return;
      for (const auto& view : gate->views->All()) {
        const auto lag = clock.Now() - view->head()->applied_through;
        view->metrics().lag_seconds.Set(static_cast<double>(lag) / kMicrosPerSecond);
      }
    });
  }

  Status Serve(const std::string& name) override {
    std::lock_guard serving(serve_mutex_);
    MP_ASSIGN_OR_RETURN(FeatureView definition, features_.Find(name));
    const auto old = served_.Find(definition.name);
    if (old && old->definition().version == definition.version) return OkStatus();
    MP_RETURN_IF_ERROR(features_.Deploy(definition.name));
    const Micros now = features_.catalog().workspace().env.clock.Now();
    MP_ASSIGN_OR_RETURN(auto bindings, features_.Bind({definition.name}, {}));
    ViewBinding& binding = bindings.front();
    if (!binding.live) {
      return Fail(ErrorKind::kConflict, "table {} was replaced while feature view {} was deployed",
                  definition.source, definition.name);
    }
    MP_ASSIGN_OR_RETURN(OnlineViewRecord record, RecordFor(binding));
    auto view = std::make_shared<OnlineView>(*store_, binding, record, budget_, metrics_);
    MP_RETURN_IF_ERROR_CONTEXT(BringUp(*view, binding, now),
                               "while filling the online state of "
                               "feature view {}",
                               definition.name);
    served_.Put(std::move(view));
    return DropOthers(definition.name, record.number);
  }

  std::vector<OnlineViewStatus> Views() const override {
    std::vector<OnlineViewStatus> list;
    for (const auto& view : served_.All()) list.push_back(view->Describe());
    return list;
  }

  Result<std::vector<kernel::SourceColumn>> EntityColumns(const std::string& name) const override {
    const auto view = served_.Find(name);
    if (!view) return NotServed(name, 0);
    return EntityColumnsOf(view->program());
  }

  Result<OnlineFeatures> Get(const std::string& name, const kernel::Batch& entity, Micros as_of,
                             int64_t view_version) override {
    const auto view = served_.Find(name, view_version);
    if (!view) return NotServed(name, view_version);
    return view->Get(entity, as_of);
  }

  Status CatchUp() override {
    std::lock_guard feeding(feed_mutex_);
    Status first = OkStatus();
    for (const auto& view : served_.All()) {
      Status status = Advance(*view);
      if (!status && first) first = std::move(status);
    }
    return first;
  }

  void OnCommit(const data::CommitRecord& record) override {
    {
      std::lock_guard lock(wake_mutex_);
      int64_t& newest = announced_[record.table_id];
      newest = std::max(newest, record.version);
      woken_ = true;
    }
    wake_.notify_all();
  }

 private:
  std::unexpected<Error> NotServed(const std::string& name, int64_t version) const {
    return Fail(ErrorKind::kNotFound, "feature view {}{} is not served here; served are: {}", name,
                version == 0 ? "" : fmt::format(" v{}", version), served_.Names());
  }

  Result<std::vector<OnlineViewRecord>> Records() const {
    std::vector<OnlineViewRecord> records;
    MP_RETURN_IF_ERROR(
        store_->Visit(kRecordPrefix, [&](std::string_view, std::string_view value) -> Result<bool> {
          MP_ASSIGN_OR_RETURN(OnlineViewRecord record, DecodeRecord(value));
          records.push_back(std::move(record));
          return true;
        }));
    return records;
  }

  // The record of exactly this definition over this table, or a new one.
  Result<OnlineViewRecord> RecordFor(const ViewBinding& binding) const {
    OnlineViewRecord wanted{.number = 1,
                            .view = binding.view.name,
                            .definition = Sha256::Hex(binding.view.canonical),
                            .table_id = binding.snapshot->metadata().id,
                            .live_version = binding.live->version};
    MP_ASSIGN_OR_RETURN(auto records, Records());
    for (const OnlineViewRecord& record : records) {
      if (record.view == wanted.view && record.definition == wanted.definition &&
          record.table_id == wanted.table_id && record.live_version == wanted.live_version) {
        return record;
      }
      wanted.number = std::max(wanted.number, record.number + 1);
    }
    return wanted;
  }

  // Goes on from what the store has, else builds; then applies what came meanwhile.
  Status BringUp(OnlineView& view, const ViewBinding& binding, Micros now) {
    const OnlineViewRecord& record = view.record();
    bool built = false;
    if (record.complete && record.version <= binding.snapshot->version()) {
      view.Publish({.epoch = 1,
                    .version = record.version,
                    .applied_through = record.applied_through,
                    .rows = record.rows,
                    .problem = {},
                    .snapshot = store_->TakeSnapshot()});
      Status status = feeder_.Advance(view, false);
      if (!status && status.error().kind() != ErrorKind::kCorrupt) return status;
      built = status.has_value();
      if (!built) {
        LogWarn("features", "the online state of feature view {} is damaged: {}",
                view.definition().name, status.error().ToString());
      }
    }
    if (!built) {
      LogInfo("features", "building the online state of feature view {} from version {} of {}",
              view.definition().name, binding.snapshot->version(), view.definition().source);
      MP_RETURN_IF_ERROR(feeder_.Build(view, binding, now));
    }
    return feeder_.Advance(view, false);
  }

  // Rows of earlier definitions of the view, once this one has taken its place.
  Status DropOthers(const std::string& view, uint32_t number) {
    MP_ASSIGN_OR_RETURN(auto records, Records());
    for (const OnlineViewRecord& record : records) {
      if (record.view != view || record.number == number) continue;
      KeyValueBatch batch;
      batch.DeleteRange(RowPrefix(record.number), RowPrefix(record.number + 1));
      batch.Delete(RecordKey(record.number));
      MP_RETURN_IF_ERROR(store_->Write(std::move(batch)));
    }
    return OkStatus();
  }

  Status Advance(OnlineView& view) {
    const int64_t before = view.head()->version;
    MP_RETURN_IF_ERROR(feeder_.Advance(view, true));
    const int64_t after = view.head()->version;
    if (after == before || WasAnnounced(view.live().table_id, after)) return OkStatus();
    // Another process's commit: others who hear of commits shall know it too.
    MP_ASSIGN_OR_RETURN(data::TableName name, data::ParseTableName(view.definition().source));
    MP_RETURN_IF_ERROR(features_.catalog().commits().Reconcile(name));
    return OkStatus();
  }

  bool WasAnnounced(const std::string& table_id, int64_t version) {
    std::lock_guard lock(wake_mutex_);
    const auto found = announced_.find(table_id);
    return found != announced_.end() && found->second >= version;
  }

  void Follow() {
    std::string last_error;
    while (true) {
      {
        std::unique_lock lock(wake_mutex_);
        wake_.wait_for(lock, std::chrono::milliseconds(options_.follow_interval_ms),
                       [&] { return stopping_ || woken_; });
        if (stopping_) return;
        woken_ = false;
      }
      const Status status = CatchUp();
      std::string error = status ? "" : status.error().ToString();
      if (!error.empty() && error != last_error) {
        LogWarn("features", "online features cannot follow their sources: {}", error);
      }
      last_error = std::move(error);
    }
  }

  FeatureStore& features_;
  const OnlineOptions options_;
  MetricsRegistry& metrics_;
  FileLock lock_;
  MemoryReservation memory_;
  std::unique_ptr<KeyValueStore> store_;
  CacheBudget budget_;
  OnlineFeeder feeder_;
  ServedViews served_;  // after store_ and budget_, which its views use

  // The registry calls back for as long as it lives, which is longer than the store.
  struct RenderGate {
    std::mutex mutex;
    const ServedViews* views = nullptr;
  };
  std::shared_ptr<RenderGate> gate_;

  std::mutex serve_mutex_;  // one Serve at a time
  std::mutex feed_mutex_;   // one feeding of the served views at a time

  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool woken_ = false;
  std::map<std::string, int64_t> announced_;  // by table id: the newest version heard of
  std::thread follower_;
};

}  // namespace

Result<std::unique_ptr<OnlineStore>> OnlineStore::Open(FeatureStore& features,
                                                       OnlineOptions options,
                                                       MetricsRegistry& metrics) {
  const Environment& env = features.catalog().workspace().env;
  MP_RETURN_IF_ERROR(env.fs.CreateDirectories(options.dir));
  MP_ASSIGN_OR_RETURN(FileLock lock, FileLock::TryAcquire(JoinPath(options.dir, "owner.lock"),
                                                          "the online store at " + options.dir));
  const int64_t bytes = options.cache_bytes + options.entity_cache_bytes + 2 * kWriteBufferBytes +
                        FeederOptions().pending_bytes + 2 * FeederOptions().batch_bytes;
  MP_ASSIGN_OR_RETURN(MemoryReservation memory,
                      env.arbiter.Reserve(ResourceClass::kServing, bytes, "online features"));
  MP_ASSIGN_OR_RETURN(auto store, OpenOrRenew(env.fs, JoinPath(options.dir, "rocksdb"), options));
  auto opened = std::make_unique<LocalOnlineStore>(features, options, metrics, std::move(lock),
                                                   std::move(memory), std::move(store));
  opened->Start();
  return opened;
}

}  // namespace millpond::platform
