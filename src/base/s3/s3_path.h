// Names of objects: "s3://bucket/key" as Millpond spells a path, and the escaped forms that a
// request needs.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millpond {

struct S3Path {
  std::string bucket;
  std::string key;  // without a leading '/'; "": the bucket itself

  std::string ToString() const {
    return key.empty() ? "s3://" + bucket : "s3://" + bucket + "/" + key;
  }
};

// A trailing '/' is dropped. kInvalidArgument: another scheme, no bucket, or a part of the key that
// is empty, "." or "..", which no file system on the way would leave alone.
Result<S3Path> ParseS3Path(std::string_view path);

// Every byte but A-Z a-z 0-9 - . _ ~ as %XX, as AWS signs it; of a key '/' stays.
std::string EscapeKey(std::string_view key);
// "a=1&b=x%2Fy": sorted by name, as AWS signs it.
std::string MakeQuery(std::vector<std::pair<std::string, std::string>> parameters);
// Undoes %XX and '+' of a listing with encoding-type=url.
std::string Unescape(std::string_view text);

}  // namespace millpond
