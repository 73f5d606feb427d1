// bench/drift: see README.md beside this file.
#include <arrow/record_batch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>

#include "base/fs/local_filesystem.h"
#include "base/json.h"
#include "base/random.h"
#include "data/arrow/status.h"
#include "data/delta/commit/write.h"
#include "data/delta/rows/scan.h"
#include "model/monitoring/drift.h"
#include "model/monitoring/drift_counts.h"
#include "platform/features/kernel_batch.h"

namespace millpond::model {
namespace {

constexpr int kRounds = 5;

std::string ColumnName(int column) {
  return "c" + std::to_string(column);
}

Status WriteRows(const Environment& env, const std::string& path, int64_t rows, int columns,
                 double shift, uint64_t seed) {
  SeededRandom random(seed);
  const auto uniform = [&] { return static_cast<double>(random.Next() >> 11) * 0x1p-53; };
  kernel::Batch batch;
  batch.rows = rows;
  for (int c = 0; c < columns; ++c) {
    kernel::Column column(kernel::kDouble, rows);
    for (int64_t row = 0; row < rows; ++row) {
      // Exponential, some at 0, one in fifty NULL: what counts and sums look like.
      const double u = uniform();
      column.mutable_doubles()[row] = u < 0.2 ? 0 : -std::log(1 - u) * 100 + shift * c;
      column.mutable_valid()[row] = random.Next() % 50 != 0;
      if (column.valid()[row] == 0) column.mutable_doubles()[row] = 0;
    }
    batch.names.push_back(ColumnName(c));
    batch.columns.push_back(std::move(column));
  }
  MP_ASSIGN_OR_RETURN(auto arrow_batch, platform::ToArrowBatch(std::move(batch)));
  data::CreateOptions create;
  MP_ASSIGN_OR_RETURN(create.schema, data::Schema::FromArrow(*arrow_batch->schema()));
  MP_ARROW_ASSIGN_OR_RETURN(auto reader,
                            arrow::RecordBatchReader::Make({arrow_batch}, arrow_batch->schema()));
  MP_RETURN_IF_ERROR(data::CreateTableFrom(env, path, create, *reader));
  return OkStatus();
}

template <typename Take>
Status Scan(const Environment& env, const std::string& path, Take take) {
  MP_ASSIGN_OR_RETURN(auto table, data::DeltaTable::Open(env, path));
  MP_ASSIGN_OR_RETURN(auto snapshot, table.Latest());
  MP_ASSIGN_OR_RETURN(auto reader, data::ScanTable(env, snapshot));
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    MP_ARROW_RETURN_IF_ERROR(reader->ReadNext(&batch));
    if (batch == nullptr) return OkStatus();
    MP_ASSIGN_OR_RETURN(auto rows, platform::ToKernel(*batch));
    MP_RETURN_IF_ERROR(take(rows));
  }
}

using Take = std::function<Status(const kernel::Batch&)>;
using Source = std::function<Status(const Take&)>;  // gives every batch

// From two sources to a PSI of each column, as a monitor does it: bins from the reference, then the
// reference and the current rows counted, a batch at a time.
Result<std::vector<double>> Drift(TaskPool& pool, const Source& reference, const Source& current,
                                  int columns) {
  std::vector<BinFitter> fitters(static_cast<size_t>(columns));
  MP_RETURN_IF_ERROR(reference([&](const kernel::Batch& rows) {
    const std::vector<uint8_t> all(static_cast<size_t>(rows.rows), 1);
    return pool.ParallelFor(fitters.size(),
                            [&](size_t i) { return fitters[i].Add(rows.columns[i], all); });
  }));
  std::vector<WatchedColumn> watched(fitters.size());
  MP_RETURN_IF_ERROR(pool.ParallelFor(fitters.size(), [&](size_t i) -> Status {
    watched[i] = {ColumnName(static_cast<int>(i)), std::move(fitters[i]).Fit()};
    return OkStatus();
  }));
  DriftCounts then(watched), now(watched);
  MP_RETURN_IF_ERROR(reference([&](const kernel::Batch& rows) { return then.Add(rows, pool); }));
  MP_RETURN_IF_ERROR(current([&](const kernel::Batch& rows) { return now.Add(rows, pool); }));
  std::vector<double> psi;
  for (size_t i = 0; i < watched.size(); ++i) {
    psi.push_back(MeasureDrift(now.of(i), then.of(i)).psi);
  }
  return psi;
}

struct Timed {
  double seconds = HUGE_VAL;
  double cpu_seconds = HUGE_VAL;  // of all threads
  std::vector<double> psi;
};

Result<Timed> BestOf(TaskPool& pool, const Source& reference, const Source& current, int columns) {
  Timed best;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    MP_ASSIGN_OR_RETURN(best.psi, Drift(pool, reference, current, columns));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    best.seconds = std::min(best.seconds, took.count());
    best.cpu_seconds =
        std::min(best.cpu_seconds, static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
  }
  return best;
}

// FOLDER [rows columns]: writes FOLDER/reference and FOLDER/current, then measures.
Status Measure(const std::string& folder, int64_t rows, int columns) {
  auto fs = MakeLocalFileSystem();
  SystemClock clock;
  SystemRandom random;
  Arbiter arbiter;
  TaskPool pool;
  const Environment env{*fs, clock, random, arbiter, pool, {}};
  const std::string reference = folder + "/reference", current = folder + "/current";
  MP_RETURN_IF_ERROR(WriteRows(env, reference, rows, columns, 0, 1));
  MP_RETURN_IF_ERROR(WriteRows(env, current, rows, columns, 1.0, 2));
  std::vector<kernel::Batch> kept[2];
  Source tables[2], memory[2];
  for (int i = 0; i < 2; ++i) {
    const std::string path = i == 0 ? reference : current;
    tables[i] = [&env, path](const Take& take) { return Scan(env, path, take); };
    MP_RETURN_IF_ERROR(tables[i]([&](const kernel::Batch& rows) {
      kept[i].push_back(rows);
      return OkStatus();
    }));
    memory[i] = [&batches = kept[i]](const Take& take) -> Status {
      for (const auto& batch : batches) MP_RETURN_IF_ERROR(take(batch));
      return OkStatus();
    };
  }
  MP_ASSIGN_OR_RETURN(auto from_tables, BestOf(pool, tables[0], tables[1], columns));
  MP_ASSIGN_OR_RETURN(auto from_memory, BestOf(pool, memory[0], memory[1], columns));
  const Json document = {{"rows", rows},
                         {"columns", columns},
                         {"threads", pool.threads()},
                         {"tables", {from_tables.seconds, from_tables.cpu_seconds}},
                         {"memory", {from_memory.seconds, from_memory.cpu_seconds}},
                         {"psi", from_memory.psi}};
  std::printf("%s\n", DumpJson(document).c_str());
  return OkStatus();
}

}  // namespace
}  // namespace millpond::model

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: drift_bench FOLDER [rows columns]\n");
    return 2;
  }
  const int64_t rows = argc > 2 ? std::atoll(argv[2]) : 100'000;
  const int columns = argc > 3 ? std::atoi(argv[3]) : 20;
  const auto done = millpond::model::Measure(argv[1], rows, columns);
  if (done) return 0;
  std::fprintf(stderr, "drift_bench: %s\n", done.error().ToString().c_str());
  return 1;
}
