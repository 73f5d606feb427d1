// The flows that tests of pushed rows share.
#pragma once

#include <fmt/format.h>

#include <string>

namespace millpond::pipeline {

inline constexpr const char* kPushed =
    "CREATE STREAMING TABLE clicks (\n"
    "  CONSTRAINT known EXPECT (user_id IS NOT NULL) ON VIOLATION QUARANTINE\n"
    ") AS SELECT *, now() AS told FROM STREAM read_push('clicks', schema =>\n"
    "  'user_id BIGINT, price DECIMAL(10,2), at TIMESTAMP, day DATE, note STRING');\n";
inline constexpr const char* kUnion =
    "CREATE STREAMING TABLE lines AS SELECT line, file FROM STREAM read_files('data', format => "
    "'text');\n"
    "CREATE STREAMING TABLE events AS\n"
    "SELECT CAST(line AS BIGINT) AS user_id, file FROM STREAM(lines)\n"
    "UNION ALL SELECT user_id, NULL FROM STREAM(clicks);\n";

inline std::string User(int id) {
  return fmt::format("{{\"user_id\":{}}}", id);
}

}  // namespace millpond::pipeline
