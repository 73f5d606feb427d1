// The two kinds of open object behind S3FileSystem.
#pragma once

#include <memory>
#include <string>

#include "base/fs/filesystem.h"
#include "base/resources/arbiter.h"
#include "base/s3/s3_client.h"

namespace millpond::s3_internal {

inline constexpr int64_t kFirstPartBytes = int64_t{5} << 20;  // S3's least, but for the last
inline constexpr int kPartsOfOneSize = 1'000;  // then the size doubles; 10,000 in all

// One request for size, ETag and the object's end.
Result<std::unique_ptr<RandomAccessFile>> OpenObject(S3Client& client, S3Path path);

std::unique_ptr<WritableFile> CreateObject(S3Client& client, Arbiter& arbiter, S3Path path);

// Sends `body` as the whole object.
Status PutObject(S3Client& client, const S3Path& path, std::string_view body);

}  // namespace millpond::s3_internal
