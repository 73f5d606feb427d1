#include "app/stores.h"

#include <cstdlib>

#include "base/fs/local_filesystem.h"
#include "base/fs/scheme_filesystem.h"
#include "base/s3/s3_filesystem.h"

namespace millpond::app {
namespace {

const SystemClock kSystemClock;

std::optional<std::string> Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace

std::unique_ptr<FileSystem> MakeProjectFileSystem(StoreParts parts) {
  const auto open = [parts]() -> Result<std::unique_ptr<FileSystem>> {
    S3ClientOptions options;
    MP_ASSIGN_OR_RETURN(options.config, LoadS3Config(Variable, *MakeLocalFileSystem()));
    options.clock = &kSystemClock;
    options.random = &parts.random;
    options.counts = &parts.counts;
    options.cancellation = parts.cancellation;
    return MakeS3FileSystem(std::move(options), parts.arbiter);
  };
  return std::make_unique<SchemeFileSystem>(MakeLocalFileSystem(), "s3://", open);
}

}  // namespace millpond::app
