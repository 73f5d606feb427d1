#include "data/delta/log/table.h"

#include "data/delta/log/table_shared.h"

namespace millpond::data {

Result<DeltaTable> DeltaTable::Open(const Environment& env, std::string path, DataRoots roots) {
  DeltaTable table(
      std::make_shared<Shared>(env, WithoutTrailingSlash(std::move(path)), std::move(roots)));
  MP_RETURN_IF_ERROR(table.Latest());
  return table;
}

const std::string& DeltaTable::path() const {
  return shared_->path;
}

const Environment& DeltaTable::environment() const {
  return shared_->env;
}

Result<std::shared_ptr<const Snapshot>> DeltaTable::Latest() {
  std::shared_ptr<const Snapshot> known;
  {
    std::lock_guard lock(shared_->mutex);
    known = shared_->latest;
  }
  auto latest = known == nullptr ? shared_->log.Load(std::nullopt) : shared_->log.Advance(known);
  if (latest.has_value()) Remember(*latest);
  return latest;
}

Result<std::shared_ptr<const Snapshot>> DeltaTable::AtVersion(int64_t version) {
  {
    std::lock_guard lock(shared_->mutex);
    if (shared_->latest != nullptr && shared_->latest->version() == version) {
      return shared_->latest;
    }
  }
  return shared_->log.Load(version);
}

void DeltaTable::SetListener(CommitListener* listener) {
  shared_->listener = listener;
}

void DeltaTable::SetExpressions(std::shared_ptr<RowExpressionEngine> engine) {
  std::lock_guard lock(shared_->mutex);
  shared_->expressions = std::move(engine);
}

std::shared_ptr<RowExpressionEngine> DeltaTable::expressions() const {
  std::lock_guard lock(shared_->mutex);
  return shared_->expressions;
}

void DeltaTable::Remember(std::shared_ptr<const Snapshot> snapshot) {
  std::lock_guard lock(shared_->mutex);
  auto& latest = shared_->latest;
  // Another thread may have seen a newer one meanwhile; another table in the same place counts as
  // newer whatever its version.
  if (latest != nullptr && latest->metadata().id == snapshot->metadata().id &&
      latest->version() > snapshot->version()) {
    return;
  }
  latest = std::move(snapshot);
}

void DeltaTable::Notify(const CommitEvent& event) const {
  if (CommitListener* listener = shared_->listener) listener->OnCommit(event);
}

}  // namespace millpond::data
