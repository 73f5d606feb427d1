// bench/drift: see README.md beside this file.
#include <arrow/record_batch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "base/fs/local_filesystem.h"
#include "base/random.h"
#include "data/arrow/status.h"
#include "data/delta/scan.h"
#include "data/delta/write.h"
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

// From two Delta tables to a PSI of each column, as a monitor does it: bins from the reference,
// then the reference and the current rows counted, a batch at a time.
Result<std::vector<double>> Drift(const Environment& env, const std::string& reference,
                                  const std::string& current, int columns) {
  std::vector<BinFitter> fitters(static_cast<size_t>(columns));
  MP_RETURN_IF_ERROR(Scan(env, reference, [&](const kernel::Batch& rows) {
    const std::vector<uint8_t> all(static_cast<size_t>(rows.rows), 1);
    return env.pool.ParallelFor(fitters.size(),
                                [&](size_t i) { return fitters[i].Add(rows.columns[i], all); });
  }));
  std::vector<WatchedColumn> watched(fitters.size());
  MP_RETURN_IF_ERROR(env.pool.ParallelFor(fitters.size(), [&](size_t i) -> Status {
    watched[i] = {ColumnName(static_cast<int>(i)), std::move(fitters[i]).Fit()};
    return OkStatus();
  }));
  DriftCounts then(watched), now(watched);
  const auto count = [&](DriftCounts& counts) {
    return [&](const kernel::Batch& rows) { return counts.Add(rows, env.pool); };
  };
  MP_RETURN_IF_ERROR(Scan(env, reference, count(then)));
  MP_RETURN_IF_ERROR(Scan(env, current, count(now)));
  std::vector<double> psi;
  for (size_t i = 0; i < watched.size(); ++i)
    psi.push_back(MeasureDrift(now.of(i), then.of(i)).psi);
  return psi;
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
  double best = HUGE_VAL, best_cpu = HUGE_VAL;
  std::vector<double> psi;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();  // of all threads
    MP_ASSIGN_OR_RETURN(psi, Drift(env, reference, current, columns));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count());
    best_cpu = std::min(best_cpu, static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC);
  }
  std::printf(
      "{\"rows\": %lld, \"columns\": %d, \"threads\": %d, \"seconds\": %.6f, "
      "\"cpu_seconds\": %.6f, \"psi\": [",
      static_cast<long long>(rows), columns, pool.threads(), best, best_cpu);
  for (size_t i = 0; i < psi.size(); ++i) std::printf("%s%.9f", i == 0 ? "" : ", ", psi[i]);
  std::printf("]}\n");
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
