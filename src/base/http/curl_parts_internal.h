// What the two adapters of libcurl share: one call with a connection of its own (http_client.h),
// and connections kept for many calls (http_connections.h).
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancellation.h"
#include "base/http/http_client.h"
#include "base/result.h"

namespace millpond::http_internal {

struct CurlFree {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

using CurlHandle = std::unique_ptr<CURL, CurlFree>;
using CurlHeaders = std::unique_ptr<curl_slist, CurlFree>;
using HeaderList = std::vector<std::pair<std::string, std::string>>;

// Starts libcurl, once a process.
Result<CurlHandle> MakeCurlHandle();
// Before a large body libcurl asks whether it is wanted ("Expect: 100-continue") and waits up to a
// second for the answer. Turning that off is a header to libcurl, which it would sign and not send.
enum class Expect { kForLargeBodies, kNever };
// kInvalidArgument: a header with a line break, which would be two.
Result<CurlHeaders> MakeCurlHeaders(const HeaderList& headers, const std::string& url,
                                    Expect expect);

// Takes one line of an answer's head. A status line begins the headers anew: those of "100
// Continue" are not the answer's.
void TakeHeaderLine(std::string_view line, HeaderList& headers);

// The answer while it arrives. libcurl calls these from C: nothing may be thrown through it, and
// running out of memory is an answer that ends the transfer.
struct ReplyInFlight {
  HttpReply reply = {};
  bool is_too_large = false;

  // Gives what libcurl wants back: the bytes taken, 0 to end the transfer.
  size_t TakeBody(const char* data, size_t bytes, int64_t max_bytes);
  size_t TakeHead(std::string_view line);
};

// CURLOPT_XFERINFOFUNCTION over a `const CancellationToken`.
int EndIfCancelled(void* token, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

// What every call asks of libcurl: http and https alone, no redirects, the other side's certificate
// checked (`ca_file`: "" for the system's), no signals.
void SetSafely(CURL* curl, const std::string& ca_file);
// The method, and the body, which must live as long as the transfer.
void SetRequest(CURL* curl, const std::string& method, std::string_view body);

// The URL without what may be a secret in it: user, password, query.
std::string ShownUrl(std::string_view url);

}  // namespace millpond::http_internal
