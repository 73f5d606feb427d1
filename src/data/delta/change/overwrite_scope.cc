// Partitions that an overwrite takes, told by their values whatever way a writer spelled them.
#include <set>

#include "data/delta/change/overwrite.h"
#include "data/delta/metadata/column_mapping.h"
#include "data/delta/metadata/column_value.h"
#include "data/delta/metadata/text_limits.h"

namespace millpond::data {
namespace {

struct PartitionColumn {
  const StructField* field = nullptr;
  std::string physical;
  bool is_char = false;  // Spark may have stored its values with spaces at their end
};
using PartitionColumns = std::vector<PartitionColumn>;

Result<PartitionColumns> ColumnsOf(const Snapshot& snapshot) {
  PartitionColumns columns;
  for (const std::string& name : snapshot.metadata().partition_columns) {
    const StructField* field = snapshot.schema().Find(name);
    MP_ASSIGN_OR_RETURN(const auto limits, TextLimitsOf(*field));
    const auto own = limits.find({});
    columns.push_back({field, PhysicalName(*field), own != limits.end() && own->second.is_char});
  }
  return columns;
}

// The value in the one spelling that FormatPartitionValue gives it.
Result<std::optional<std::string>> Canonical(std::string text, const PartitionColumn& column) {
  if (column.is_char) text.erase(text.find_last_not_of(' ') + 1);
  const StructField& field = *column.field;
  MP_ASSIGN_OR_RETURN_CONTEXT(const ColumnValue value, ParsePartitionValue(text, field.type),
                              "partition column '{}'", field.name);
  return FormatPartitionValue(value, field.type);
}

using Key = std::vector<std::optional<std::string>>;

// Of the named columns (physical), in the table's order; without names: of all.
Result<Key> KeyOf(const PartitionColumns& columns, const PartitionValues& values,
                  const PartitionValues* named) {
  Key key;
  for (const PartitionColumn& column : columns) {
    if (named != nullptr && !named->contains(column.physical)) continue;
    const auto value = values.find(column.physical);
    const bool is_null = value == values.end() || !value->second;
    MP_ASSIGN_OR_RETURN(auto text, Canonical(is_null ? "" : *value->second, column));
    key.push_back(std::move(text));
  }
  return key;
}

PartitionValues ValuesOf(const Snapshot& snapshot, const PartitionColumns& columns, size_t file) {
  PartitionValues values;
  for (const PartitionColumn& column : columns) {
    const auto text = snapshot.files().partition_value(file, column.field->name);
    values[column.physical] = text ? std::optional<std::string>(*text) : std::nullopt;
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
    MP_ASSIGN_OR_RETURN(const PartitionColumns columns, ColumnsOf(*snapshot));
    std::set<Key> keys;
    if (named != nullptr) {
      MP_ASSIGN_OR_RETURN(auto key, KeyOf(columns, *named, named));
      keys.insert(std::move(key));
    } else {
      for (const AddFile& add : written) {
        MP_ASSIGN_OR_RETURN(auto key, KeyOf(columns, add.partition_values, nullptr));
        keys.insert(std::move(key));
      }
    }
    std::vector<size_t> taken;
    for (size_t file : files) {
      MP_ASSIGN_OR_RETURN(const auto key,
                          KeyOf(columns, ValuesOf(*snapshot, columns, file), named));
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
