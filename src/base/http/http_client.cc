#include "base/http/http_client.h"

#include <curl/curl.h>

#include <memory>
#include <mutex>

namespace millpond {
namespace {

struct CurlFree {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

struct Transfer {
  const HttpCall& call;
  const CancellationToken& cancellation;
  HttpReply reply = {};
  bool is_too_large = false;
};

// libcurl calls these from C: nothing may be thrown through it, and running out of memory is an
// answer that ends the transfer.
size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const size_t bytes = size * count;
  if (static_cast<int64_t>(transfer.reply.body.size() + bytes) > transfer.call.max_response_bytes) {
    transfer.is_too_large = true;
    return 0;
  }
  try {
    transfer.reply.body.append(data, bytes);
  } catch (const std::exception&) {
    transfer.is_too_large = true;
    return 0;
  }
  return bytes;
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::string_view line(data, size * count);
  try {
    // A status line begins the headers anew: those of "100 Continue" are not the answer's.
    if (line.starts_with("HTTP/")) transfer.reply.headers.clear();
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    if (const size_t colon = line.find(':'); colon != line.npos) {
      std::string_view value = line.substr(colon + 1);
      while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
      transfer.reply.headers.emplace_back(line.substr(0, colon), value);
    }
  } catch (const std::exception&) {
    transfer.is_too_large = true;
    return 0;
  }
  return size * count;
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->cancellation.cancelled() ? 1 : 0;
}

// The URL without what may be a secret in it: user, password, query.
std::string Shown(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const size_t scheme_end = url.find("://");
  if (scheme_end == url.npos) return std::string(url);
  const size_t begin = scheme_end + 3;
  const size_t end = url.find('/', begin);
  const size_t at = url.substr(0, end).rfind('@');
  if (at == url.npos || at < begin) return std::string(url);
  return std::string(url.substr(0, begin)) + std::string(url.substr(at + 1));
}

Result<std::unique_ptr<curl_slist, CurlFree>> MakeHeaders(const HttpCall& call) {
  curl_slist* headers = nullptr;
  // Without this libcurl waits a second for "100 Continue" before it sends a large body.
  headers = curl_slist_append(headers, "Expect:");
  for (const auto& [name, value] : call.headers) {
    if ((name + value).find_first_of("\r\n") != std::string::npos) {
      curl_slist_free_all(headers);
      return Fail(ErrorKind::kInvalidArgument, "the header {} of a call to {} has a line break",
                  name, Shown(call.url));
    }
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    headers = curl_slist_append(headers, line.c_str());
  }
  return std::unique_ptr<curl_slist, CurlFree>(headers);
}

void SetOptions(CURL* curl, Transfer& transfer, curl_slist* headers, char* error_text) {
  const HttpCall& call = transfer.call;
  curl_easy_setopt(curl, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!call.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, call.ca_file.c_str());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);  // other threads would get it
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout_ms));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(call.timeout_ms));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, OnProgress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  if (call.method == "HEAD") {
    curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    return;
  }
  if (!call.body.empty() || call.method == "POST" || call.method == "PUT") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.data());
  }
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
}

}  // namespace

Result<HttpReply> SendHttp(const HttpCall& call, const CancellationToken& cancellation) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  MP_RETURN_IF_ERROR(cancellation.Check());
  std::unique_ptr<CURL, CurlFree> curl(curl_easy_init());
  if (curl == nullptr) return Fail(ErrorKind::kResourceExhausted, "libcurl cannot be started");
  MP_ASSIGN_OR_RETURN(auto headers, MakeHeaders(call));
  Transfer transfer{.call = call, .cancellation = cancellation};
  char error_text[CURL_ERROR_SIZE] = "";
  SetOptions(curl.get(), transfer, headers.get(), error_text);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    transfer.reply.status = static_cast<int>(status);
    return std::move(transfer.reply);
  }
  const std::string shown = Shown(call.url);
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    return Fail(ErrorKind::kCancelled, "the call to {} was cancelled", shown);
  }
  if (transfer.is_too_large) {
    return Fail(ErrorKind::kResourceExhausted, "the answer of {} is larger than {} bytes", shown,
                call.max_response_bytes);
  }
  const std::string why = error_text[0] != '\0' ? error_text : curl_easy_strerror(code);
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return Fail(ErrorKind::kInvalidArgument, "{} is no http or https URL: {}", shown, why);
  }
  return Fail(ErrorKind::kUnavailable, "no answer from {}: {}", shown, why);
}

}  // namespace millpond
