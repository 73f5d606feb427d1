#include "base/http/http_client.h"

#include "base/http/curl_parts_internal.h"

namespace millpond {
namespace {

using namespace http_internal;

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
  try {
    TakeHeaderLine({data, size * count}, transfer.reply.headers);
  } catch (const std::exception&) {
    transfer.is_too_large = true;
    return 0;
  }
  return size * count;
}

int OnProgress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->cancellation.cancelled() ? 1 : 0;
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

std::string_view FindHeader(const HttpReply& reply, std::string_view name) {
  for (const auto& [key, value] : reply.headers) {
    if (curl_strequal(key.c_str(), std::string(name).c_str()) != 0) return value;
  }
  return "";
}

Result<HttpReply> SendHttp(const HttpCall& call, const CancellationToken& cancellation) {
  MP_RETURN_IF_ERROR(cancellation.Check());
  MP_ASSIGN_OR_RETURN(CurlHandle curl, MakeCurlHandle());
  MP_ASSIGN_OR_RETURN(CurlHeaders headers, MakeCurlHeaders(call.headers, call.url, Expect::kNever));
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
  const std::string shown = ShownUrl(call.url);
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
