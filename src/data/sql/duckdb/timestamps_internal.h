// The types TIMESTAMP_NTZ and TIMESTAMP_LTZ, and casts of text to timestamps.
#pragma once

namespace duckdb {
class DatabaseInstance;
}

namespace millpond::data {

void RegisterTimestamps(duckdb::DatabaseInstance& db);

}  // namespace millpond::data
