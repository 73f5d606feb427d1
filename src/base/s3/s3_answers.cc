#include "base/s3/s3_answers.h"

#include <charconv>
#include <pugixml.hpp>

#include "base/s3/s3_path.h"

namespace millpond {
namespace {

constexpr size_t kMaxMessageBytes = 300;

Result<pugi::xml_document> Parse(std::string_view xml) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size(), pugi::parse_default);
  if (!parsed || !document.document_element()) {
    return Fail(ErrorKind::kCorrupt, "the object store's answer is no XML: {}",
                parsed.description());
  }
  return document;
}

Result<S3Object> ReadObject(const pugi::xml_node& node, bool is_escaped) {
  S3Object object;
  const char* key = node.child_value("Key");
  object.key = is_escaped ? Unescape(key) : key;
  const std::string_view size = node.child_value("Size");
  const auto read = std::from_chars(size.data(), size.data() + size.size(), object.size_bytes);
  auto modified = ParseTimestamp(node.child_value("LastModified"));
  if (object.key.empty() || read.ec != std::errc() || read.ptr != size.data() + size.size() ||
      !modified.has_value()) {
    return Fail(ErrorKind::kCorrupt,
                "a listing of the object store lacks an object's key, size or time (key '{}')",
                object.key);
  }
  object.modified = *modified;
  object.etag = node.child_value("ETag");
  return object;
}

}  // namespace

Result<S3Listing> ParseListing(std::string_view xml) {
  MP_ASSIGN_OR_RETURN(const pugi::xml_document document, Parse(xml));
  const pugi::xml_node root = document.document_element();
  if (std::string_view(root.name()) != "ListBucketResult") {
    return Fail(ErrorKind::kCorrupt, "the object store answered a listing with a <{}>",
                root.name());
  }
  const bool is_escaped = std::string_view(root.child_value("EncodingType")) == "url";
  S3Listing listing;
  for (const pugi::xml_node& node : root.children("Contents")) {
    MP_ASSIGN_OR_RETURN(S3Object object, ReadObject(node, is_escaped));
    listing.objects.push_back(std::move(object));
  }
  for (const pugi::xml_node& node : root.children("CommonPrefixes")) {
    const char* prefix = node.child_value("Prefix");
    listing.prefixes.push_back(is_escaped ? Unescape(prefix) : prefix);
  }
  if (std::string_view(root.child_value("IsTruncated")) == "true") {
    listing.continuation = root.child_value("NextContinuationToken");
    if (listing.continuation.empty()) {
      return Fail(ErrorKind::kCorrupt, "a cut listing of the object store names no next page");
    }
  }
  return listing;
}

S3ErrorAnswer ParseErrorAnswer(std::string_view xml) {
  const auto document = Parse(xml);
  if (!document.has_value()) return {};
  const pugi::xml_node root = document->document_element();
  if (std::string_view(root.name()) != "Error") return {};
  S3ErrorAnswer answer{root.child_value("Code"), root.child_value("Message"),
                       root.child_value("Region")};
  answer.message.resize(std::min(answer.message.size(), kMaxMessageBytes));
  for (char& c : answer.message) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return answer;
}

Result<std::string> ParseElement(std::string_view xml, const char* name) {
  MP_ASSIGN_OR_RETURN(const pugi::xml_document document, Parse(xml));
  std::string text = document.document_element().child_value(name);
  if (text.empty()) {
    return Fail(ErrorKind::kCorrupt, "the object store's answer has no <{}>", name);
  }
  return text;
}

}  // namespace millpond
