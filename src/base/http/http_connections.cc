#include "base/http/http_connections.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "base/http/curl_parts_internal.h"

namespace millpond {

using namespace http_internal;

struct HttpConnections::Idle {
  std::mutex mutex;
  std::vector<CurlHandle> handles;  // the last used at the end
};

namespace {

struct Transfer {
  HttpExchange& exchange;
  CURL* curl;
  ReplyInFlight in = {};
  bool is_head_whole = false;
};

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  HttpExchange& exchange = transfer.exchange;
  const size_t bytes = size * count;
  long status = 0;
  curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  if (!exchange.into.empty() && status >= 200 && status < 300) {
    if (bytes > exchange.into.size() - static_cast<size_t>(exchange.received)) {
      transfer.in.is_too_large = true;
      return 0;
    }
    std::memcpy(exchange.into.data() + exchange.received, data, bytes);
    exchange.received += static_cast<int64_t>(bytes);
    return bytes;
  }
  return transfer.in.TakeBody(data, bytes, exchange.max_response_bytes);
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) transfer.is_head_whole = false;
  if (line == "\r\n" || line == "\n") transfer.is_head_whole = true;
  return transfer.in.TakeHead(line);
}

void SetConnection(CURL* curl, const HttpConnectionOptions& options) {
  SetSafely(curl, options.ca_file);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout_ms));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout_s));
  // A store that does not answer "Expect: 100-continue" gets the body soon.
  curl_easy_setopt(curl, CURLOPT_EXPECT_100_TIMEOUT_MS, 200L);
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
  // The path is signed as it stands: "a//b" and "a/../b" are names of objects.
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
}

void SetExchange(CURL* curl, Transfer& transfer, const CancellationToken& cancellation,
                 curl_slist* headers, char* error_text) {
  const HttpExchange& exchange = transfer.exchange;
  curl_easy_setopt(curl, CURLOPT_URL, exchange.url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, EndIfCancelled);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &cancellation);
  if (const AwsSigner* signer = exchange.signer) {
    const std::string scope = fmt::format("aws:amz:{}:{}", signer->region, signer->service);
    curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, scope.c_str());
    curl_easy_setopt(curl, CURLOPT_USERNAME, signer->access_key_id.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, signer->secret_access_key.c_str());
  }
  SetRequest(curl, exchange.method, exchange.body);
}

// Did the request perhaps leave this machine?
bool MayHaveArrived(CURL* curl, CURLcode code) {
  if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT ||
      code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION) {
    return false;
  }
  long sent = 0;
  curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &sent);
  return sent > 0;
}

std::unexpected<Error> FailTransfer(CURL* curl, CURLcode code, const Transfer& transfer,
                                    const char* error_text) {
  const std::string shown = ShownUrl(transfer.exchange.url);
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    return Fail(ErrorKind::kCancelled, "the call to {} was cancelled", shown);
  }
  if (transfer.in.is_too_large) {
    return Fail(ErrorKind::kResourceExhausted, "the answer of {} is longer than what was asked for",
                shown);
  }
  const std::string why = error_text[0] != '\0' ? error_text : curl_easy_strerror(code);
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return Fail(ErrorKind::kInvalidArgument, "{} is no http or https URL: {}", shown, why);
  }
  const ErrorKind kind =
      MayHaveArrived(curl, code) ? ErrorKind::kOutcomeUnknown : ErrorKind::kUnavailable;
  return Fail(kind, "no answer from {}: {}", shown, why);
}

}  // namespace

HttpConnections::HttpConnections(HttpConnectionOptions options)
    : options_(std::move(options)), idle_(std::make_unique<Idle>()) {}

HttpConnections::~HttpConnections() = default;

Result<HttpReply> HttpConnections::Send(HttpExchange& exchange,
                                        const CancellationToken& cancellation) {
  MP_RETURN_IF_ERROR(cancellation.Check());
  MP_ASSIGN_OR_RETURN(CurlHeaders headers,
                      MakeCurlHeaders(exchange.headers, exchange.url, Expect::kForLargeBodies));
  CurlHandle curl;
  {
    const std::lock_guard lock(idle_->mutex);
    if (!idle_->handles.empty()) {
      curl = std::move(idle_->handles.back());
      idle_->handles.pop_back();
    }
  }
  if (curl == nullptr) {
    MP_ASSIGN_OR_RETURN(curl, MakeCurlHandle());
  }
  exchange.received = 0;
  Transfer transfer{.exchange = exchange, .curl = curl.get()};
  char error_text[CURL_ERROR_SIZE] = "";
  SetConnection(curl.get(), options_);
  SetExchange(curl.get(), transfer, cancellation, headers.get(), error_text);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return FailTransfer(curl.get(), code, transfer, error_text);
  if (!transfer
           .is_head_whole) {  // libcurl takes a connection that ends within the head for its end
    return FailTransfer(curl.get(), CURLE_PARTIAL_FILE, transfer,
                        "the answer broke off in its head");
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  transfer.in.reply.status = static_cast<int>(status);
  curl_easy_reset(curl.get());  // forgets keys and pointers, keeps the connection
  const std::lock_guard lock(idle_->mutex);
  if (idle_->handles.size() < options_.max_idle) idle_->handles.push_back(std::move(curl));
  return std::move(transfer.in.reply);
}

}  // namespace millpond
