#include "base/metrics/metrics.h"

#include <cmath>
#include <thread>

#include "base/testing/result_matchers.h"

namespace millpond {
namespace {

using ::testing::HasSubstr;

TEST(MetricsTest, RendersWhatPrometheusReads) {
  MetricsRegistry registry;
  registry.FindCounter("millpond_requests_total", "requests", {{"method", "GET"}}).Add(3);
  registry.FindGauge("millpond_connections", "open").Set(2.5);
  registry.FindHistogram("millpond_seconds", "time", {}, {0.1, 1}).Observe(0.5);
  const std::string text = registry.Render();
  EXPECT_THAT(text, HasSubstr("# HELP millpond_requests_total requests\n"
                              "# TYPE millpond_requests_total counter\n"
                              "millpond_requests_total{method=\"GET\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("millpond_connections 2.5\n"));
  EXPECT_THAT(text, HasSubstr("millpond_seconds_bucket{le=\"0.1\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("millpond_seconds_bucket{le=\"+Inf\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("millpond_seconds_sum 0.5\n"));
}

TEST(MetricsTest, OneNameAndItsLabelsIsOneHandle) {
  MetricsRegistry registry;
  Counter& a = registry.FindCounter("c_total", "c", {{"k", "1"}});
  EXPECT_EQ(&a, &registry.FindCounter("c_total", "c", {{"k", "1"}}));
  EXPECT_NE(&a, &registry.FindCounter("c_total", "c", {{"k", "2"}}));
}

TEST(MetricsTest, CountsFromManyThreads) {
  MetricsRegistry registry;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        registry.FindCounter("c_total", "c").Add();
        registry.FindHistogram("h", "h").Observe(0.001);
        registry.FindGauge("g", "g").Add(i % 2 == 0 ? 1 : -1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(registry.FindCounter("c_total", "c").value(), 4000);
  EXPECT_EQ(registry.FindHistogram("h", "h").count(), 4000);
  EXPECT_EQ(registry.FindGauge("g", "g").value(), 0);
}

TEST(MetricsTest, QuantilesAreThoseOfPrometheus) {
  MetricsRegistry registry;
  Histogram& empty = registry.FindHistogram("empty", "h");
  EXPECT_TRUE(std::isnan(empty.Quantile(0.5)));
  Histogram& h = registry.FindHistogram("h", "h", {}, {1, 2, 4});
  for (double value : {0.5, 0.6, 1.5, 1.6, 1.7, 1.8, 3.0, 3.5}) h.Observe(value);
  EXPECT_DOUBLE_EQ(h.Quantile(0), 0);
  EXPECT_DOUBLE_EQ(h.Quantile(0.25), 1);   // the end of the first bucket
  EXPECT_DOUBLE_EQ(h.Quantile(0.5), 1.5);  // two of the four in (1, 2]
  EXPECT_DOUBLE_EQ(h.Quantile(0.875), 3);  // one of the two in (2, 4]
  EXPECT_DOUBLE_EQ(h.Quantile(1), 4);
  h.Observe(100);  // in the bucket without a bound: the greatest bound is what is known
  EXPECT_DOUBLE_EQ(h.Quantile(1), 4);
}

TEST(MetricsTest, AsksForGaugesThatOthersKeepBeforeItRenders) {
  MetricsRegistry registry;
  registry.OnRender([&] { registry.FindGauge("lag_seconds", "lag").Set(7); });
  EXPECT_THAT(registry.Render(), HasSubstr("lag_seconds 7\n"));
}

TEST(MetricsDeathTest, ANameOfTwoKinds) {
  MetricsRegistry registry;
  registry.FindCounter("x", "x");
  EXPECT_DEATH(registry.FindGauge("x", "x"), "metric x");
}

}  // namespace
}  // namespace millpond
