#include "data/delta/rows/deletion_vector.h"

#include <algorithm>
#include <array>

#include "base/random.h"
#include "data/delta/log/data_paths.h"
#include "data/delta/log/file_list.h"
#include "data/delta/rows/base85_internal.h"
#include "data/delta/rows/crc32.h"
#include "data/delta/rows/missing_files.h"

namespace millpond::data {
namespace {

constexpr char kFileVersion = 1;
constexpr size_t kUuidText = 20;  // characters of Base85
constexpr int64_t kMaxBytes = int64_t{1} << 31;

std::string BigEndian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

uint32_t FromBigEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// "6ba7b810-9dad-11d1-80b4-00c04fd430c8" of 16 bytes.
std::string UuidText(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return text;
}

std::string UuidBytes(std::string_view text) {
  std::string bytes;
  std::string digits(text);
  std::erase(digits, '-');
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string NameOf(const std::string& uuid) {
  return "deletion_vector_" + uuid + ".bin";
}

Result<std::string> ReadStored(const Environment& env, const std::string& path,
                               const DeletionVector& vector) {
  const auto corrupt = [&](std::string_view why) {
    return Fail(ErrorKind::kCorrupt,
                "the deletion vector at {} of {} {}: bring the file back from a copy",
                vector.offset.value_or(0), path, why);
  };
  MP_ASSIGN_OR_RETURN(auto file, env.fs.OpenForRead(path));
  const int64_t offset = vector.offset.value_or(1);
  if (offset < 0 || vector.size_bytes < 0 || vector.size_bytes > kMaxBytes) {
    return corrupt("has a place or a size that none has");
  }
  const int64_t length = vector.size_bytes + 8;  // its size before it, its checksum behind it
  if (offset > file->size_bytes() - length) return corrupt("reaches past the file's end");
  std::string bytes(length, '\0');
  MP_RETURN_IF_ERROR(file->ReadAt(offset, length, bytes.data()));
  const std::string_view all = bytes;
  if (FromBigEndian(all.substr(0, 4)) != static_cast<uint64_t>(vector.size_bytes)) {
    return corrupt("has another size than the log says");
  }
  std::string data(all.substr(4, vector.size_bytes));
  if (Crc32(data) != FromBigEndian(all.substr(4 + vector.size_bytes))) {
    return corrupt("does not match its checksum");
  }
  return data;
}

}  // namespace

Result<std::string> DeletionVectorPath(const std::string& table_path,
                                       const DeletionVector& vector) {
  const std::string& text = vector.path_or_inline;
  if (vector.storage_type == "i") return std::string();
  if (vector.storage_type == "p") return ResolveDataPath(table_path, text);
  const auto bytes = vector.storage_type == "u" && text.size() >= kUuidText
                         ? DecodeBase85(std::string_view(text).substr(text.size() - kUuidText))
                         : std::nullopt;
  if (!bytes) {
    return Fail(ErrorKind::kCorrupt,
                "the log of table {} names a deletion vector '{}{}', which is no place", table_path,
                vector.storage_type, text);
  }
  const std::string prefix = text.substr(0, text.size() - kUuidText);
  const std::string name = NameOf(UuidText(*bytes));
  return JoinPath(table_path, prefix.empty() ? name : JoinPath(prefix, name));
}

Result<RowSet> ReadDeletionVector(const Environment& env, const std::string& table_path,
                                  const DeletionVector& vector) {
  MP_ASSIGN_OR_RETURN(const std::string path, DeletionVectorPath(table_path, vector));
  std::string data;
  if (path.empty()) {
    auto decoded = DecodeBase85(vector.path_or_inline);
    if (!decoded || static_cast<int64_t>(decoded->size()) < vector.size_bytes ||
        vector.size_bytes < 0) {
      return Fail(ErrorKind::kCorrupt,
                  "an inline deletion vector in the log of table {} is no Base85 text of {} bytes",
                  table_path, vector.size_bytes);
    }
    data = decoded->substr(0, vector.size_bytes);
  } else {
    MP_ASSIGN_OR_RETURN(data, ReadStored(env, path, vector));
  }
  const std::string what = path.empty() ? "an inline deletion vector of " + table_path
                                        : "the deletion vector in " + path;
  MP_ASSIGN_OR_RETURN(RowSet rows, RowSet::Parse(data, what));
  if (rows.size() != vector.cardinality) {
    return Fail(ErrorKind::kCorrupt, "{} holds {} rows, and the log says {}", what, rows.size(),
                vector.cardinality);
  }
  return rows;
}

Result<std::shared_ptr<const RowSet>> ReadDeletedRows(const Environment& env,
                                                      const Snapshot& snapshot, size_t file) {
  const DeletionVector* vector = snapshot.files().deletion_vector(file);
  if (vector == nullptr) return std::shared_ptr<const RowSet>();
  MP_ASSIGN_OR_RETURN(const std::string path, DeletionVectorPath(snapshot.path(), *vector));
  if (!path.empty()) MP_RETURN_IF_ERROR(CheckPath(snapshot, path));
  auto rows = ReadDeletionVector(env, snapshot.path(), *vector);
  if (!rows.has_value() && rows.error().kind() == ErrorKind::kNotFound) {
    return std::unexpected(FileIsGone(env, snapshot, path));
  }
  if (!rows.has_value()) {
    return std::unexpected<Error>(std::move(rows).error().WithContext(
        fmt::format("data file {}", snapshot.files().log_path(file))));
  }
  return std::make_shared<const RowSet>(*std::move(rows));
}

Status CheckDeletedRows(const Snapshot& snapshot, size_t file, const RowSet* deleted,
                        int64_t rows) {
  if (deleted == nullptr || deleted->empty() ||
      deleted->greatest() < static_cast<uint64_t>(std::max<int64_t>(rows, 0))) {
    return OkStatus();
  }
  return Fail(ErrorKind::kCorrupt,
              "the deletion vector of data file {} of table {} version {} deletes row {}, and the "
              "file has {} rows: bring the vector or the file back from a copy",
              snapshot.files().log_path(file), snapshot.path(), snapshot.version(),
              deleted->greatest(), rows);
}

DeletionVector DeletionVectorWriter::Append(const RowSet& rows) {
  if (bytes_.empty()) {
    const std::string uuid = NewUuid4(env_.random);
    name_ = NameOf(uuid);
    id_ = EncodeBase85(UuidBytes(uuid));
    bytes_.push_back(kFileVersion);
  }
  const std::string data = rows.Serialize();
  DeletionVector vector;
  vector.storage_type = "u";
  vector.path_or_inline = id_;
  vector.offset = static_cast<int64_t>(bytes_.size());
  vector.size_bytes = static_cast<int64_t>(data.size());
  vector.cardinality = rows.size();
  bytes_ += BigEndian(static_cast<uint32_t>(data.size()));
  bytes_ += data;
  bytes_ += BigEndian(Crc32(data));
  return vector;
}

Status DeletionVectorWriter::Finish() {
  if (bytes_.empty()) return OkStatus();
  MP_ASSIGN_OR_RETURN(auto file, env_.fs.Create(JoinPath(table_path_, name_)));
  MP_RETURN_IF_ERROR(file->Append(bytes_));
  MP_RETURN_IF_ERROR(file->Sync());
  MP_RETURN_IF_ERROR(file->Close());
  return env_.fs.SyncDirectory(table_path_);
}

void DeletionVectorWriter::Discard() {
  if (!name_.empty()) (void)env_.fs.Remove(JoinPath(table_path_, name_));  // harmless if it stays
}

}  // namespace millpond::data
