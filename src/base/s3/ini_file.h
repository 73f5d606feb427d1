// The files of AWS's tools (~/.aws/credentials, ~/.aws/config): sections of "name = value", and
// below a name without a value indented settings of its own:
//
//   [profile dev]
//   region = eu-central-1
//   s3 =
//     addressing_style = path        -> {"profile dev": {"s3.addressing_style": "path", …}}
//
// A pure function. What it cannot read it says by line, never by what stands there: it may be a
// key.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millpond {

using IniSection = std::map<std::string, std::string>;  // names in lower case
using IniFile = std::map<std::string, IniSection>;

// `source` names the file in messages. kInvalidArgument: a line that is none of these.
Result<IniFile> ParseIniFile(std::string_view text, std::string_view source);

}  // namespace millpond
