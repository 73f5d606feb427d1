// What the copies of one DeltaTable handle share.
#pragma once

#include <atomic>
#include <mutex>

#include "data/delta/log/log_care.h"
#include "data/delta/log/log_store.h"
#include "data/delta/log/table.h"

namespace millpond::data {

struct DeltaTable::Shared {
  Shared(const Environment& environment, std::string table_path, DataRoots roots)
      : env(environment), path(std::move(table_path)), log(env, path, std::move(roots)) {}

  Environment env;
  std::string path;
  LogStore log;
  LogCare care;
  std::atomic<CommitListener*> listener = nullptr;

  std::mutex mutex;  // guards what follows; never held while reading the log
  std::shared_ptr<const Snapshot> latest;
  std::shared_ptr<RowExpressionEngine> expressions;
};

inline std::string WithoutTrailingSlash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace millpond::data
