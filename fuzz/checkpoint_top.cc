// V2 checkpoints whose top is JSON: no sidecar of theirs is there.
#include <cstdint>

#include "data/delta/log/checkpoint_reader.h"
#include "one_file_environment.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millpond;  // NOLINT: a program
  fuzz::OneFileEnvironment machine({reinterpret_cast<const char*>(data), size});
  const std::string path = "/t/_delta_log/" + data::V2CheckpointFileName(10, "uuid");
  (void)data::ReadCheckpoint(machine.env, "/t", 10, {path});
  (void)data::ReadSidecarNames(machine.env, path);
  (void)data::ReadCheckpointRemoves(machine.env, path,
                                    [](const data::RemoveFile&) { return OkStatus(); });
  return 0;
}
