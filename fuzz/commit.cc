// Commits and compacted files: parsed, replayed, asked.
#include <cstdint>

#include "data/delta/log/log_compaction.h"
#include "data/delta/log/replay.h"
#include "data/delta/metadata/actions_json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millpond;  // NOLINT: a program
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)data::ParseCommitInfo(bytes, "input");
  data::LogReplay replay("/t", data::TableState());
  (void)replay.ApplyCommit(bytes, "input");
  const data::TableState state = replay.Finish();
  for (size_t i = 0; i < state.files.size(); ++i) {
    (void)state.files.path(i);
    (void)state.files.num_records(i);
    (void)state.files.bounds(i, {"v"});
    (void)state.files.Find(state.files.log_path(i), state.files.deletion_vector(i));
  }
  data::LogCompactor compactor("/t");
  if (compactor.Add(bytes, "input").has_value()) (void)compactor.Finish();
  return 0;
}
