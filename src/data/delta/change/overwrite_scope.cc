// Partitions that an overwrite takes, told by their values whatever way a writer spelled them.
#include <set>

#include "data/delta/change/overwrite.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/column_value.h"
#include "data/delta/metadata/text_limits.h"

namespace millpond::data {
namespace {

// The value in the one spelling that FormatPartitionValue gives it. Spark may have stored a CHAR
// with spaces at its end.
Result<std::optional<std::string>> Canonical(const std::optional<std::string>& text,
                                             const StructField& field) {
  MP_ASSIGN_OR_RETURN_CONTEXT(const ColumnValue value,
                              ParsePartitionValue(text.value_or(""), field.type),
                              "partition column '{}'", field.name);
  auto written = FormatPartitionValue(value, field.type);
  MP_ASSIGN_OR_RETURN(const auto limits, TextLimitsOf(field));
  if (written && limits.contains({}) && limits.at({}).is_char) {
    written->erase(written->find_last_not_of(' ') + 1);
  }
  return written;
}

using Key = std::vector<std::optional<std::string>>;

// Of the named columns (physical), in the table's order; without names: of all.
Result<Key> KeyOf(const Snapshot& snapshot, const PartitionValues& values,
                  const PartitionValues* named) {
  Key key;
  for (const std::string& column : snapshot.metadata().partition_columns) {
    const StructField& field = *snapshot.schema().Find(column);
    const std::string physical = PhysicalName(field);
    if (named != nullptr && !named->contains(physical)) continue;
    const auto value = values.find(physical);
    MP_ASSIGN_OR_RETURN(auto text,
                        Canonical(value == values.end() ? std::nullopt : value->second, field));
    key.push_back(std::move(text));
  }
  return key;
}

PartitionValues ValuesOf(const Snapshot& snapshot, size_t file) {
  PartitionValues values;
  for (const std::string& column : snapshot.metadata().partition_columns) {
    const StructField& field = *snapshot.schema().Find(column);
    const auto text = snapshot.files().partition_value(file, field.name);
    values[PhysicalName(field)] = text ? std::optional<std::string>(*text) : std::nullopt;
  }
  return values;
}

class ScopeByKey : public OverwriteScope {
 public:
  // `fixed`: the one partition; none: those that are written.
  explicit ScopeByKey(std::optional<PartitionValues> fixed) : fixed_(std::move(fixed)) {}

  Result<std::vector<size_t>> Taken(const std::shared_ptr<const Snapshot>& snapshot,
                                    const std::vector<size_t>& files,
                                    const std::vector<AddFile>& written) override {
    const PartitionValues* named = fixed_ ? &*fixed_ : nullptr;
    std::set<Key> keys;
    if (named != nullptr) {
      MP_ASSIGN_OR_RETURN(auto key, KeyOf(*snapshot, *named, named));
      keys.insert(std::move(key));
    } else {
      for (const AddFile& add : written) {
        MP_ASSIGN_OR_RETURN(auto key, KeyOf(*snapshot, add.partition_values, nullptr));
        keys.insert(std::move(key));
      }
    }
    std::vector<size_t> taken;
    for (size_t file : files) {
      MP_ASSIGN_OR_RETURN(const auto key, KeyOf(*snapshot, ValuesOf(*snapshot, file), named));
      if (keys.contains(key)) taken.push_back(file);
    }
    return taken;
  }

 private:
  std::optional<PartitionValues> fixed_;
};

}  // namespace

std::shared_ptr<OverwriteScope> StaticPartition(PartitionValues values) {
  return std::make_shared<ScopeByKey>(std::move(values));
}

std::shared_ptr<OverwriteScope> WrittenPartitions() {
  return std::make_shared<ScopeByKey>(std::nullopt);
}

}  // namespace millpond::data
