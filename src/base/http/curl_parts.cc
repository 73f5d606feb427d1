#include <mutex>

#include "base/http/curl_parts_internal.h"

namespace millpond::http_internal {

Result<CurlHandle> MakeCurlHandle() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  CurlHandle curl(curl_easy_init());
  if (curl == nullptr) return Fail(ErrorKind::kResourceExhausted, "libcurl cannot be started");
  return curl;
}

Result<CurlHeaders> MakeCurlHeaders(const HeaderList& headers, const std::string& url,
                                    Expect expect) {
  CurlHeaders list;
  if (expect == Expect::kNever) list.reset(curl_slist_append(nullptr, "Expect:"));
  for (const auto& [name, value] : headers) {
    if ((name + value).find_first_of("\r\n") != std::string::npos) {
      return Fail(ErrorKind::kInvalidArgument, "the header {} of a call to {} has a line break",
                  name, ShownUrl(url));
    }
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return Fail(ErrorKind::kResourceExhausted, "no memory for a header");
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

void TakeHeaderLine(std::string_view line, HeaderList& headers) {
  if (line.starts_with("HTTP/")) headers.clear();
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  const size_t colon = line.find(':');
  if (colon == line.npos) return;
  std::string_view value = line.substr(colon + 1);
  while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
  headers.emplace_back(line.substr(0, colon), value);
}

size_t ReplyInFlight::TakeBody(const char* data, size_t bytes, int64_t max_bytes) {
  if (static_cast<int64_t>(reply.body.size() + bytes) > max_bytes) {
    is_too_large = true;
    return 0;
  }
  try {
    reply.body.append(data, bytes);
  } catch (const std::exception&) {
    is_too_large = true;
    return 0;
  }
  return bytes;
}

size_t ReplyInFlight::TakeHead(std::string_view line) {
  try {
    TakeHeaderLine(line, reply.headers);
  } catch (const std::exception&) {
    is_too_large = true;
    return 0;
  }
  return line.size();
}

int EndIfCancelled(void* token, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const CancellationToken*>(token)->cancelled() ? 1 : 0;
}

void SetSafely(CURL* curl, const std::string& ca_file) {
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);  // other threads would get it
}

void SetRequest(CURL* curl, const std::string& method, std::string_view body) {
  if (method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    return;
  }
  if (!body.empty() || method == "POST" || method == "PUT") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    // Without a pointer libcurl would read standard input.
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.empty() ? "" : body.data());
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
}

std::string ShownUrl(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const size_t scheme_end = url.find("://");
  if (scheme_end == url.npos) return std::string(url);
  const size_t begin = scheme_end + 3;
  const size_t end = url.find('/', begin);
  const size_t at = url.substr(0, end).rfind('@');
  if (at == url.npos || at < begin) return std::string(url);
  return std::string(url.substr(0, begin)) + std::string(url.substr(at + 1));
}

}  // namespace millpond::http_internal
