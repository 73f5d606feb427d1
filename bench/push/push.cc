// See README.md.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/fs/local_filesystem.h"
#include "data/catalog/catalog.h"
#include "data/sql/session.h"
#include "pipeline/flows/flow_runner.h"

namespace millpond {
namespace {

using Clock = std::chrono::steady_clock;

double MillisSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

void Check(const Status& status) {
  if (status.has_value()) return;
  std::fprintf(stderr, "%s\n", status.error().ToString().c_str());
  std::exit(1);
}
template <typename T>
T Take(Result<T> result) {
  if (!result.has_value()) Check(std::unexpected(std::move(result).error()));
  return *std::move(result);
}

struct Machine {
  std::unique_ptr<FileSystem> fs = MakeLocalFileSystem();
  FixedClock clock{*ParseTimestamp("1998-07-01T00:00:00Z")};
  SystemRandom random;
  Arbiter arbiter;
  TaskPool pool{arbiter.threads()};
  Environment env{*fs, clock, random, arbiter, pool, {}};
};

std::string Quantiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  auto at = [&](double share) { return values[static_cast<size_t>(share * (values.size() - 1))]; };
  return fmt::format("p50 {:.1f} ms, p90 {:.1f} ms, max {:.1f} ms of {}", at(0.5), at(0.9), at(1),
                     values.size());
}

void Latency(Machine& machine, const std::string& dir) {
  data::Workspace workspace{.env = machine.env,
                            .name = "push",
                            .project_dir = dir,
                            .state_dir = dir + "/.millpond",
                            .warehouse_dir = dir + "/.millpond/warehouse",
                            .readable_roots = {dir}};
  auto catalog = Take(data::Catalog::Open(workspace));
  auto engine = Take(data::SqlEngine::Open(*catalog, {}));
  MetricsRegistry metrics;
  pipeline::IngestSpools spools(workspace, {}, metrics);

  std::mutex mutex;
  std::condition_variable changed;
  int commits = 0;
  pipeline::FlowRunnerOptions options{.transformations = dir + "/transformations"};
  options.on_turn = [&](const pipeline::FlowReport& report, const std::string& error) {
    if (!error.empty()) Check(Fail(ErrorKind::kInternal, "{}", error));
    std::lock_guard lock(mutex);
    if (report.name == "main.churn.purchases") ++commits;
    changed.notify_all();
  };
  auto runner = Take(pipeline::FlowRunner::Start({*catalog, *engine, &spools, metrics}, options));
  if (!runner->Settle(600'000)) Check(Fail(ErrorKind::kInternal, "the flows do not settle"));

  std::vector<double> push, silver;
  const std::clock_t cpu = std::clock();
  for (int i = 0; i < 40; ++i) {
    std::unique_lock lock(mutex);
    int before = commits;
    auto begin = Clock::now();
    lock.unlock();
    Take(spools.Push({"main", "churn", "pushed_purchases"},
                     fmt::format(R"([{{"customer_id": {}, "purchase_date": "1998-06-30", "cds": 2,)"
                                 R"("dollars": 29.33}}])",
                                 i + 1),
                     pipeline::PushForm::kJson, fmt::format("k{}", i)));
    push.push_back(MillisSince(begin));
    lock.lock();
    changed.wait(lock, [&] { return commits > before; });
    silver.push_back(MillisSince(begin));
    // Idle again: no round at work, no view due.
    changed.wait_for(lock, std::chrono::milliseconds(300), [] { return false; });
  }
  std::printf("push durable:   %s\n", Quantiles(push).c_str());
  std::printf("push → silver:  %s\n", Quantiles(silver).c_str());
  std::printf("CPU time of the process per push: %.0f ms\n",
              1000.0 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC / 40);
}

double FsyncMillis(FileSystem& fs, const std::string& dir) {
  auto file = Take(fs.Create(dir + "/fsync"));
  std::vector<double> times;
  for (int i = 0; i < 200; ++i) {
    auto begin = Clock::now();
    Check(file->Append(std::string(200, 'x')));
    Check(file->Sync());
    times.push_back(MillisSince(begin));
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void Throughput(Machine& machine, const std::string& dir) {
  std::printf("one append and fsync: %.2f ms (median)\n", FsyncMillis(*machine.fs, dir));
  for (int pushers : {1, 8, 64}) {
    auto spool = Take(pipeline::IngestSpool::Open(
        machine.env,
        {.dir = fmt::format("{}/spool{}", dir, pushers), .max_bytes = int64_t{4} << 30}));
    std::atomic<int64_t> pushed = 0;
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    auto begin = Clock::now();
    for (int t = 0; t < pushers; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; !stop; ++i) {
          Take(spool->Append({R"({"customer_id":4,"purchase_date":"1998-06-30","cds":2})"},
                             fmt::format("{}-{}", t, i)));
          ++pushed;
        }
      });
    }
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::chrono::seconds(3), [] { return false; });
    stop = true;
    for (auto& thread : threads) thread.join();
    std::printf("%2d pushers: %.0f durable pushes/s\n", pushers,
                static_cast<double>(pushed) / MillisSince(begin) * 1000);
  }
}

void Main() {
  std::string dir = (std::filesystem::temp_directory_path() / "millpond-push-XXXXXX").string();
  if (::mkdtemp(dir.data()) == nullptr) std::exit(1);
  for (const char* part : {"data", "transformations"}) {
    std::filesystem::copy(std::string(MILLPOND_EXAMPLES) + "/churn/" + part, dir + "/" + part);
  }
  Machine machine;
  Latency(machine, dir);
  Throughput(machine, dir);
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace millpond

int main() {
  millpond::Main();
  return 0;
}
