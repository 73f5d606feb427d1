#include "data/delta/care/snapshot_lease.h"

#include "base/json.h"
#include "base/random.h"

namespace millpond::data {
namespace {

constexpr const char* kFolder = "_leases";
constexpr int64_t kDayMillis = int64_t{24} * 3600 * 1000;

struct Lease {
  RetentionHold hold;
  int64_t expires_ms = 0;
};

Result<Lease> ReadLease(const Environment& env, const std::string& path) {
  MP_ASSIGN_OR_RETURN(const std::string text, env.fs.ReadFile(path));
  MP_ASSIGN_OR_RETURN(const Json json, ParseJson(text, path));
  const bool whole = json.is_object() && json.contains("version") && json.contains("holder") &&
                     json.contains("expires") && json["version"].is_number_integer() &&
                     json["holder"].is_string() && json["expires"].is_number_integer();
  if (!whole) {
    return Fail(ErrorKind::kCorrupt,
                "{} is no lease: nobody can tell which version it keeps; remove it if its reader "
                "is gone",
                path);
  }
  return Lease{{json["version"].get<int64_t>(), json["holder"].get<std::string>(), "lease"},
               json["expires"].get<int64_t>()};
}

Result<std::vector<FileInfo>> ListLeases(const Environment& env, const std::string& table_path) {
  auto files = env.fs.List(JoinPath(table_path, kFolder));
  if (!files.has_value() && files.error().kind() == ErrorKind::kNotFound) {
    return std::vector<FileInfo>();
  }
  if (files.has_value()) {
    std::erase_if(*files, [](const FileInfo& file) {
      return file.is_directory || !FileName(file.path).ends_with(".json");
    });
  }
  return files;
}

}  // namespace

SnapshotLease::SnapshotLease(const Environment& env, std::string path, int64_t version,
                             std::string holder, int64_t life_ms)
    : env_(env),
      path_(std::move(path)),
      version_(version),
      holder_(std::move(holder)),
      life_ms_(life_ms) {}

SnapshotLease::~SnapshotLease() {
  (void)env_.fs.Remove(path_);  // else it expires
}

std::string SnapshotLease::Text(int64_t expires_ms) const {
  return DumpJson(Json{{"version", version_}, {"holder", holder_}, {"expires", expires_ms}});
}

Result<std::unique_ptr<SnapshotLease>> SnapshotLease::Take(const Environment& env,
                                                           const std::string& table_path,
                                                           int64_t version, std::string holder,
                                                           int64_t life_ms) {
  const std::string folder = JoinPath(table_path, kFolder);
  MP_RETURN_IF_ERROR(env.fs.CreateDirectories(folder));
  std::unique_ptr<SnapshotLease> lease(new SnapshotLease(
      env, JoinPath(folder, NewUuid4(env.random) + ".json"), version, std::move(holder), life_ms));
  MP_RETURN_IF_ERROR(lease->Renew());
  return lease;
}

Status SnapshotLease::Renew() {
  const int64_t expires = SystemClock().NowMillis() + life_ms_;
  MP_RETURN_IF_ERROR(env_.fs.ReplaceFile(path_, Text(expires)));
  expires_ms_ = expires;
  return OkStatus();
}

Result<std::vector<RetentionHold>> ReadLeases(const Environment& env,
                                              const std::string& table_path) {
  MP_ASSIGN_OR_RETURN(const auto files, ListLeases(env, table_path));
  const int64_t now = SystemClock().NowMillis();
  std::vector<RetentionHold> holds;
  for (const FileInfo& file : files) {
    auto lease = ReadLease(env, file.path);
    if (!lease.has_value() && lease.error().kind() == ErrorKind::kNotFound) continue;  // given up
    MP_RETURN_IF_ERROR(lease);
    if (lease->expires_ms > now) holds.push_back(std::move(lease->hold));
  }
  return holds;
}

void RemoveOldLeases(const Environment& env, const std::string& table_path) {
  const auto files = ListLeases(env, table_path);
  if (!files.has_value()) return;
  const int64_t old = SystemClock().NowMillis() - kDayMillis;
  for (const FileInfo& file : *files) {
    const auto lease = ReadLease(env, file.path);
    if (lease.has_value() && lease->expires_ms < old) (void)env.fs.Remove(file.path);
  }
}

}  // namespace millpond::data
