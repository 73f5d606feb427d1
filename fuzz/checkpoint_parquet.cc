// Checkpoints as Parquet files, with statistics taken along and left in the file.
#include <cstdint>

#include "data/delta/log/checkpoint_reader.h"
#include "data/delta/log/file_list.h"
#include "one_file_environment.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millpond;  // NOLINT: a program
  fuzz::OneFileEnvironment machine({reinterpret_cast<const char*>(data), size});
  const std::string path = "/t/_delta_log/" + data::CheckpointFileName(10);
  const auto schema = std::make_shared<data::Schema>(
      std::vector<data::StructField>{{"v", data::TypeKind::kLong, true, {}}});
  for (const int64_t stats_in_memory : {int64_t{0}, data::kFilesWithStatsInMemory}) {
    auto content = data::ReadCheckpoint(machine.env, "/t", 10, {path}, stats_in_memory);
    if (!content.has_value()) continue;
    const data::FileList files("/t", schema, content->files);
    const auto bounds = files.Bounds({"v"});
    for (size_t i = 0; i < files.size() && i < 100; ++i) {
      (void)files.num_records(i);
      (void)bounds.at(i);
      (void)files.ReadAdd(i);
    }
  }
  (void)data::ReadCheckpointRemoves(machine.env, path,
                                    [](const data::RemoveFile&) { return OkStatus(); });
  return 0;
}
