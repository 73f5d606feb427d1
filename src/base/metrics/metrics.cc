#include "base/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <mutex>

#include "base/check.h"

namespace millpond {
namespace {

constexpr double kDefaultBounds[] = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                     0.01,    0.025,  0.05,    0.1,    0.25,  0.5,    1,
                                     2.5,     5,      10,      25,     60};

class PrometheusCounter : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
  void Add(double value) override { counter_.Increment(value); }
  double value() const override { return counter_.Value(); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void Set(double value) override { gauge_.Set(value); }
  void Add(double value) override { gauge_.Increment(value); }
  double value() const override { return gauge_.Value(); }

 private:
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void Observe(double value) override { histogram_.Observe(value); }

  double Quantile(double share) const override {
    const auto collected = histogram_.Collect().histogram;
    const auto& buckets = collected.bucket;  // counts are cumulative; the last bound is infinity
    const double total = static_cast<double>(collected.sample_count);
    if (total == 0) return std::numeric_limits<double>::quiet_NaN();
    const double rank = std::clamp(share, 0.0, 1.0) * total;
    double lower = 0;
    double below = 0;
    for (const auto& bucket : buckets) {
      const double count = static_cast<double>(bucket.cumulative_count);
      if (count >= rank && count > below) {
        if (std::isinf(bucket.upper_bound)) return lower;
        if (below == 0 && bucket.upper_bound <= 0) return bucket.upper_bound;
        return lower + (bucket.upper_bound - lower) * (rank - below) / (count - below);
      }
      below = count;
      lower = bucket.upper_bound;
    }
    return lower;
  }

  int64_t count() const override {
    return static_cast<int64_t>(histogram_.Collect().histogram.sample_count);
  }

 private:
  prometheus::Histogram& histogram_;
};

// The handles of one kind of metric, by name and labels.
template <typename Handle>
using Handles = std::map<std::pair<std::string, MetricLabels>, std::unique_ptr<Handle>>;

template <typename Wrapper, typename Handle, typename Make>
Handle& FindOrMake(Handles<Handle>& handles, const std::string& name, const MetricLabels& labels,
                   Make make) {
  auto& handle = handles[{name, labels}];
  if (handle != nullptr) return *handle;
  // What prometheus-cpp throws is one name for two kinds of metric, or one that is none: a bug.
  try {
    handle = std::make_unique<Wrapper>(make());
  } catch (const std::exception& e) {
    internal::CheckFailed(__FILE__, __LINE__, fmt::format("metric {}: {}", name, e.what()));
  }
  return *handle;
}

}  // namespace

struct MetricsRegistry::Impl {
  mutable std::mutex mutex;
  prometheus::Registry registry;
  Handles<Counter> counters;
  Handles<Gauge> gauges;
  Handles<Histogram> histograms;
  std::vector<std::function<void()>> refreshes;
};

MetricsRegistry::MetricsRegistry() : impl_(std::make_unique<Impl>()) {}
MetricsRegistry::~MetricsRegistry() = default;

Counter& MetricsRegistry::FindCounter(const std::string& name, const std::string& help,
                                      const MetricLabels& labels) {
  std::lock_guard lock(impl_->mutex);
  return FindOrMake<PrometheusCounter>(impl_->counters, name, labels, [&]() -> auto& {
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(impl_->registry);
    return family.Add(labels);
  });
}

Gauge& MetricsRegistry::FindGauge(const std::string& name, const std::string& help,
                                  const MetricLabels& labels) {
  std::lock_guard lock(impl_->mutex);
  return FindOrMake<PrometheusGauge>(impl_->gauges, name, labels, [&]() -> auto& {
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry);
    return family.Add(labels);
  });
}

Histogram& MetricsRegistry::FindHistogram(const std::string& name, const std::string& help,
                                          const MetricLabels& labels,
                                          const std::vector<double>& upper_bounds) {
  std::lock_guard lock(impl_->mutex);
  return FindOrMake<PrometheusHistogram>(impl_->histograms, name, labels, [&]() -> auto& {
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(impl_->registry);
    const std::vector<double> bounds =
        upper_bounds.empty()
            ? std::vector<double>(std::begin(kDefaultBounds), std::end(kDefaultBounds))
            : upper_bounds;
    return family.Add(labels, bounds);
  });
}

void MetricsRegistry::OnRender(std::function<void()> refresh) {
  std::lock_guard lock(impl_->mutex);
  impl_->refreshes.push_back(std::move(refresh));
}

std::string MetricsRegistry::Render() const {
  std::vector<std::function<void()>> refreshes;
  {
    std::lock_guard lock(impl_->mutex);
    refreshes = impl_->refreshes;
  }
  for (const auto& refresh : refreshes) refresh();  // unlocked: they look for their gauges
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace millpond
