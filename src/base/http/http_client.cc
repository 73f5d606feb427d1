#include "base/http/http_client.h"

#include "base/http/curl_parts_internal.h"

namespace millpond {
namespace {

using namespace http_internal;

struct Transfer {
  const HttpCall& call;
  ReplyInFlight in = {};
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  return transfer.in.TakeBody(data, size * count, transfer.call.max_response_bytes);
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  return static_cast<Transfer*>(user)->in.TakeHead({data, size * count});
}

void SetOptions(CURL* curl, Transfer& transfer, const CancellationToken& cancellation,
                curl_slist* headers, char* error_text) {
  const HttpCall& call = transfer.call;
  SetSafely(curl, call.ca_file);
  curl_easy_setopt(curl, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout_ms));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(call.timeout_ms));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, EndIfCancelled);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &cancellation);
  SetRequest(curl, call.method, call.body);
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
  Transfer transfer{.call = call};
  char error_text[CURL_ERROR_SIZE] = "";
  SetOptions(curl.get(), transfer, cancellation, headers.get(), error_text);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    transfer.in.reply.status = static_cast<int>(status);
    return std::move(transfer.in.reply);
  }
  const std::string shown = ShownUrl(call.url);
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    return Fail(ErrorKind::kCancelled, "the call to {} was cancelled", shown);
  }
  if (transfer.in.is_too_large) {
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
