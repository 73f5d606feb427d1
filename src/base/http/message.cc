#include "base/http/message.h"

#include <algorithm>

#include "base/json.h"

namespace millpond {
namespace {

// Deeper than any request of a client, far from what would exhaust the stack of whoever walks it.
constexpr int kMaxJsonDepth = 128;

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (Lower(c) >= 'a' && Lower(c) <= 'f') return Lower(c) - 'a' + 10;
  return -1;
}

bool IsUnreserved(char c) {  // RFC 3986, 2.3
  return (Lower(c) >= 'a' && Lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

bool IsTooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxJsonDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

struct StatusAndCode {
  int status;
  std::string_view error_code;
};

StatusAndCode Classify(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNotFound:
      return {404, "RESOURCE_DOES_NOT_EXIST"};
    case ErrorKind::kAlreadyExists:
      return {400, "RESOURCE_ALREADY_EXISTS"};
    case ErrorKind::kInvalidArgument:
      return {400, "INVALID_PARAMETER_VALUE"};
    case ErrorKind::kConflict:
      return {409, "RESOURCE_CONFLICT"};
    case ErrorKind::kPermissionDenied:
      return {403, "PERMISSION_DENIED"};
    case ErrorKind::kUnsupported:
      return {501, "NOT_IMPLEMENTED"};
    case ErrorKind::kResourceExhausted:
      return {429, "REQUEST_LIMIT_EXCEEDED"};
    case ErrorKind::kUnavailable:
    case ErrorKind::kOutcomeUnknown:
    case ErrorKind::kCancelled:
      return {503, "TEMPORARILY_UNAVAILABLE"};
    case ErrorKind::kCorrupt:
    case ErrorKind::kInternal:
      break;
  }
  return {500, "INTERNAL_ERROR"};
}

}  // namespace

bool SameToken(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

void HttpHeaders::Add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

std::string_view HttpHeaders::Get(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (SameToken(key, name)) return value;
  }
  return {};
}

bool HttpHeaders::Has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [&](const auto& field) { return SameToken(field.first, name); });
}

std::optional<std::string_view> HttpRequest::Query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

const std::string& HttpRequest::Parameter(const std::string& name) const {
  static const std::string kNone;
  auto found = parameters.find(name);
  return found == parameters.end() ? kNone : found->second;
}

HttpResponse JsonResponse(const Json& json, int status) {
  return {.status = status, .body = DumpJson(json)};
}

HttpResponse JsonResponse(const OrderedJson& json, int status) {
  return {.status = status, .body = DumpJson(json)};
}

HttpResponse TextResponse(std::string text, int status) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(text)};
}

HttpResponse ErrorResponse(const Error& error) {
  const StatusAndCode known = Classify(error.kind());
  return ErrorResponse(known.status, known.error_code, error.ToString());
}

HttpResponse ErrorResponse(int status, std::string_view error_code, std::string_view message) {
  OrderedJson json;
  json["error_code"] = error_code;
  json["message"] = message;
  return JsonResponse(json, status);
}

Result<Json> JsonBody(const HttpRequest& request) {
  if (request.body.empty()) return Json::object();
  if (IsTooDeep(request.body)) {
    return Fail(ErrorKind::kInvalidArgument,
                "the request's body is nested deeper than {} levels; send flatter JSON",
                kMaxJsonDepth);
  }
  auto json = ParseJson(request.body, "the request's body");
  if (!json.has_value()) {
    return Fail(ErrorKind::kInvalidArgument, "{}", json.error().message());
  }
  if (!json->is_object()) {
    return Fail(ErrorKind::kInvalidArgument,
                "the request's body must be a JSON object {{…}}, but it is: {}", json->type_name());
  }
  return std::move(*json);
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_blank) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_blank) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    decoded.push_back(c);
  }
  return decoded;
}

std::string PercentEncode(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (char c : text) {
    if (IsUnreserved(c)) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.push_back('%');
    encoded.push_back(kDigits[byte >> 4]);
    encoded.push_back(kDigits[byte & 15]);
  }
  return encoded;
}

}  // namespace millpond
