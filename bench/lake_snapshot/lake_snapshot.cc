// bench/lake_snapshot: opens a Delta table, lists its files, follows it; see README.md beside this
// file.
//
//   lake_snapshot TABLE [COMMITS]
//
// COMMITS: a folder of commit files that come after TABLE's version; they are moved into its log
// after it has been loaded. Prints one JSON object.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>

#include "base/fs/local_filesystem.h"
#include "base/json.h"
#include "base/random.h"
#include "data/delta/log/table.h"

namespace millpond::data {
namespace {

double Seconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

double CpuSeconds(std::clock_t since) {
  return static_cast<double>(std::clock() - since) / CLOCKS_PER_SEC;
}

int64_t PeakBytes() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

size_t ListFiles(const Snapshot& snapshot) {
  size_t bytes = 0;
  for (size_t i = 0; i < snapshot.files().size(); ++i) bytes += snapshot.files().path(i).size();
  return bytes;
}

Status Measure(const Environment& env, const std::string& path, const char* commits, Json* answer) {
  auto begin = std::chrono::steady_clock::now();
  auto cpu = std::clock();
  MP_ASSIGN_OR_RETURN(auto table, DeltaTable::Open(env, path));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  (*answer)["open_seconds"] = Seconds(begin);
  const size_t listed = ListFiles(*snapshot);
  (*answer)["seconds"] = Seconds(begin);
  (*answer)["cpu_seconds"] = CpuSeconds(cpu);
  (*answer)["path_bytes"] = listed;
  (*answer)["files"] = snapshot->files().size();
  (*answer)["peak_bytes"] = PeakBytes();
  (*answer)["bytes_per_file"] = snapshot->files().memory_bytes() / snapshot->files().size();
  begin = std::chrono::steady_clock::now();
  const auto bounds = snapshot->files().Bounds({"column_001"});
  size_t known = 0;
  for (size_t i = 0; i < snapshot->files().size(); ++i) known += HasValue(bounds.at(i).min);
  (*answer)["first_bounds_seconds"] = Seconds(begin);
  (*answer)["known_bounds"] = known;
  (*answer)["bytes_per_file_with_bounds"] =
      snapshot->files().memory_bytes() / snapshot->files().size();
  if (commits != nullptr) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(commits)) {
      files.push_back(entry.path());
    }
    std::ranges::sort(files);
    for (const auto& file : files) {
      std::filesystem::rename(file, path + "/_delta_log/" + file.filename().string());
    }
    begin = std::chrono::steady_clock::now();
    cpu = std::clock();
    MP_ASSIGN_OR_RETURN(auto newest, table.Latest());
    (*answer)["follow_seconds"] = Seconds(begin);
    (*answer)["follow_cpu_seconds"] = CpuSeconds(cpu);
    (*answer)["followed"] = newest->version() - snapshot->version();
    (*answer)["files_after"] = newest->files().size();
  }
  (*answer)["peak_bytes_with_bounds"] = PeakBytes();
  return OkStatus();
}

}  // namespace
}  // namespace millpond::data

int main(int argc, char** argv) {
  using namespace millpond;  // NOLINT: a program
  if (argc < 2) {
    std::fprintf(stderr, "usage: lake_snapshot TABLE [COMMITS]\n");
    return 2;
  }
  const auto fs = MakeLocalFileSystem();
  const SystemClock clock;
  SeededRandom random(1);
  Arbiter arbiter({.memory_bytes = int64_t{4} << 30, .threads = 2});
  TaskPool pool;
  const Environment env{*fs, clock, random, arbiter, pool, {}};
  Json answer;
  const Status done = data::Measure(env, argv[1], argc > 2 ? argv[2] : nullptr, &answer);
  if (!done.has_value()) {
    std::fprintf(stderr, "%s\n", done.error().ToString().c_str());
    return 1;
  }
  std::printf("%s\n", DumpJson(answer).c_str());
  return 0;
}
