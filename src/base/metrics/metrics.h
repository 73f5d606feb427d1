// Counters, gauges and histograms in Prometheus' text form, by prometheus-cpp. Names and labels are
// Prometheus' (millpond_requests_total, base units: seconds, bytes). A handle is found or made by
// name and labels once and then kept: updating it costs an atomic (a histogram: a lock of its own).
// All thread-safe; handles live as long as the registry. A name that is used for two kinds of
// metric is a bug, and a CHECK.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace millpond {

using MetricLabels = std::map<std::string, std::string>;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Add(double value = 1) = 0;
  virtual double value() const = 0;
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void Set(double value) = 0;
  virtual void Add(double value) = 0;
  virtual double value() const = 0;
};

class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
  // The least upper bound below which at least `share` of the observations lie, interpolated within
  // its bucket as Prometheus' histogram_quantile does; NaN without observations.
  virtual double Quantile(double share) const = 0;
  virtual int64_t count() const = 0;
};

class MetricsRegistry {
 public:
  MetricsRegistry();
  ~MetricsRegistry();
  MetricsRegistry(const MetricsRegistry&) = delete;
  MetricsRegistry& operator=(const MetricsRegistry&) = delete;

  Counter& FindCounter(const std::string& name, const std::string& help,
                       const MetricLabels& labels = {});
  Gauge& FindGauge(const std::string& name, const std::string& help,
                   const MetricLabels& labels = {});
  // Default buckets are for seconds, 50 µs to 60 s.
  Histogram& FindHistogram(const std::string& name, const std::string& help,
                           const MetricLabels& labels = {},
                           const std::vector<double>& upper_bounds = {});
  // Called before each Render, to set gauges that somebody else keeps.
  void OnRender(std::function<void()> refresh);

  std::string Render() const;  // text/plain; version=0.0.4

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace millpond
