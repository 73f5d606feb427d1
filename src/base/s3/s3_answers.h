// The XML that an object store answers with, read by pugixml (which opens no entity and no file).
// Pure functions; kCorrupt where it is not what S3's API says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace millpond {

struct S3Object {
  std::string key;
  int64_t size_bytes = 0;
  Micros modified = 0;
  std::string etag;
};

struct S3Listing {
  std::vector<S3Object> objects;      // by key
  std::vector<std::string> prefixes;  // "folders": keys up to the delimiter, with it
  std::string continuation;           // "": this was the last page
};

// ListBucketResult of ListObjectsV2 with encoding-type=url.
Result<S3Listing> ParseListing(std::string_view xml);

struct S3ErrorAnswer {
  std::string code;     // "NoSuchKey"; "" if the body is no S3 error
  std::string message;  // for a person, cut to a line
  std::string region;   // where the bucket is, if the store says so
};

// Never fails: a body that is no such document gives an empty code.
S3ErrorAnswer ParseErrorAnswer(std::string_view xml);

// The text of a named element right below the root: UploadId, ETag.
Result<std::string> ParseElement(std::string_view xml, const char* name);

}  // namespace millpond
