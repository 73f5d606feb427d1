// The machine's own file system by POSIX calls. One per process is enough.
#pragma once

#include <memory>

#include "base/fs/filesystem.h"

namespace millpond {

std::unique_ptr<FileSystem> MakeLocalFileSystem();

}  // namespace millpond
