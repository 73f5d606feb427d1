#include "base/json.h"

namespace millpond {

Result<Json> ParseJson(std::string_view text, std::string_view what) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& e) {
    // nlohmann's text ends in line, column and what was found; its "[json.exception...]" is noise.
    std::string_view message = e.what();
    if (size_t end = message.find("] "); end != message.npos) message.remove_prefix(end + 2);
    return Fail(ErrorKind::kCorrupt, "{} is not valid JSON: {}", what, message);
  }
}

std::string DumpJson(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string DumpJson(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace millpond
