#include "pipeline/ingest/ingest_spools.h"

#include <map>
#include <mutex>
#include <shared_mutex>

#include "data/catalog/warehouse.h"
#include "data/catalog/workspace.h"

namespace millpond::pipeline {
namespace {

constexpr int kLockWaitMs = 1000;

// One source as it is served, with its counters.
struct Served {
  PushSource source;
  std::shared_ptr<IngestSpool> spool;
  Counter* kept = nullptr;
  Counter* duplicate = nullptr;
  Counter* refused = nullptr;
  Counter* rows = nullptr;
};

Served MakeServed(const PushSource& source, std::shared_ptr<IngestSpool> spool,
                  MetricsRegistry& metrics) {
  const std::string table = source.name.ToString();
  auto batches = [&](const char* outcome) {
    return &metrics.FindCounter("millpond_ingest_batches_total",
                                "Batches pushed, by what came of them",
                                {{"table", table}, {"outcome", outcome}});
  };
  return {source,
          std::move(spool),
          batches("kept"),
          batches("duplicate"),
          batches("refused"),
          &metrics.FindCounter("millpond_ingest_rows_total", "Rows pushed and kept",
                               {{"table", table}})};
}

}  // namespace

struct IngestSpools::Impl {
  Impl(const data::Workspace& w, IngestLimits l, MetricsRegistry& m)
      : workspace(w), limits(l), metrics(m) {}

  Result<Served> FindServed(const data::TableName& table) const;
  void SetGauges() const;

  const data::Workspace& workspace;
  const IngestLimits limits;
  MetricsRegistry& metrics;
  mutable std::shared_mutex mutex;
  std::map<data::TableName, Served> served;
  // Opened once and owned until the end, also when the project's files name them no longer.
  std::map<data::TableName, std::shared_ptr<IngestSpool>> spools;
  std::function<void()> on_push;
};

IngestSpools::IngestSpools(const data::Workspace& workspace, IngestLimits limits,
                           MetricsRegistry& metrics)
    : impl_(std::make_shared<Impl>(workspace, limits, metrics)) {
  // The registry forgets no callback: it must not outlive what it looks at.
  metrics.OnRender([weak = std::weak_ptr<Impl>(impl_)] {
    if (auto impl = weak.lock()) impl->SetGauges();
  });
}

IngestSpools::~IngestSpools() = default;

void IngestSpools::Impl::SetGauges() const {
  std::shared_lock lock(mutex);
  for (const auto& [name, spool] : spools) {
    const MetricLabels labels = {{"table", name.ToString()}};
    metrics
        .FindGauge("millpond_ingest_waiting_bytes", "Pushed and not yet committed by a flow",
                   labels)
        .Set(static_cast<double>(spool->bytes()));
    metrics
        .FindGauge("millpond_ingest_forgotten_keys", "Idempotency keys forgotten before their time",
                   labels)
        .Set(static_cast<double>(spool->forgotten_keys()));
  }
}

Status IngestSpools::Serve(const std::vector<PushSource>& sources) {
  std::unique_lock lock(impl_->mutex);
  std::map<data::TableName, Served> served;
  for (const PushSource& source : sources) {
    auto spool = impl_->spools.find(source.name);
    if (spool == impl_->spools.end()) {
      SpoolOptions options{.dir = SpoolDir(impl_->workspace, source.name),
                           .max_bytes = impl_->limits.max_bytes,
                           .key_days = impl_->limits.key_days,
                           .lock_wait_ms = kLockWaitMs};
      MP_ASSIGN_OR_RETURN(std::shared_ptr<IngestSpool> opened,
                          IngestSpool::Open(impl_->workspace.env, std::move(options)));
      spool = impl_->spools.emplace(source.name, std::move(opened)).first;
    }
    served.emplace(source.name, MakeServed(source, spool->second, impl_->metrics));
  }
  impl_->served = std::move(served);
  return OkStatus();
}

std::vector<PushTarget> IngestSpools::targets() const {
  std::shared_lock lock(impl_->mutex);
  std::vector<PushTarget> targets;
  for (const auto& [name, one] : impl_->served) {
    targets.push_back({one.source, one.spool->bytes()});
  }
  return targets;
}

Result<data::TableName> IngestSpools::Find(const std::string& table) const {
  std::shared_lock lock(impl_->mutex);
  auto name = data::ParseTableName(table);
  if (name.has_value() && impl_->served.contains(data::FoldCase(*name))) {
    return data::FoldCase(*name);
  }
  const data::TableName* found = nullptr;
  size_t matches = 0;
  std::vector<std::string> known;
  for (const auto& [other, one] : impl_->served) {
    known.push_back(other.ToString());
    if (other.table != data::FoldCase(table)) continue;
    found = &other;
    ++matches;
  }
  if (matches == 1) return *found;
  if (known.empty()) {
    return Fail(
        ErrorKind::kNotFound,
        "no table of this project takes pushes; one does that is a STREAMING TABLE AS SELECT "
        "* FROM STREAM read_push('NAME', schema => '…')");
  }
  return Fail(ErrorKind::kNotFound, "{} '{}'; rows are pushed to {}",
              matches > 1 ? "several tables that take pushes are called"
                          : "no table that takes pushes is called",
              table, fmt::join(known, ", "));
}

Result<Served> IngestSpools::Impl::FindServed(const data::TableName& table) const {
  std::shared_lock lock(mutex);
  auto found = served.find(table);
  if (found != served.end()) return found->second;
  return Fail(ErrorKind::kNotFound, "table {} takes no pushes", table.ToString());
}

Result<PushResult> IngestSpools::Push(const data::TableName& table, std::string_view body,
                                      PushForm form, const std::string& idempotency_key) {
  MP_ASSIGN_OR_RETURN(Served served, impl_->FindServed(table));
  auto push = [&]() -> Result<PushResult> {
    MP_ASSIGN_OR_RETURN(auto lines, ReadPushedRows(body, form, *served.source.schema));
    return served.spool->Append(lines, idempotency_key);
  };
  auto result = push();
  if (!result.has_value()) {
    served.refused->Add();
    return result;
  }
  (result->duplicate ? served.duplicate : served.kept)->Add();
  if (result->duplicate || result->rows == 0) return result;
  served.rows->Add(static_cast<double>(result->rows));
  std::function<void()> listener;
  {
    std::shared_lock lock(impl_->mutex);
    listener = impl_->on_push;
  }
  if (listener) listener();
  return result;
}

Status IngestSpools::Seal() {
  std::vector<std::shared_ptr<IngestSpool>> spools;
  {
    std::shared_lock lock(impl_->mutex);
    for (const auto& [name, spool] : impl_->spools) spools.push_back(spool);
  }
  Status first = OkStatus();
  for (const auto& spool : spools) {
    auto sealed = spool->Seal();
    if (!sealed.has_value() && first.has_value()) first = std::unexpected(sealed.error());
  }
  return first;
}

void IngestSpools::OnPush(std::function<void()> listener) {
  std::unique_lock lock(impl_->mutex);
  impl_->on_push = std::move(listener);
}

}  // namespace millpond::pipeline
