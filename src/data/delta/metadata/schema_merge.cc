#include "data/delta/metadata/schema_merge.h"

#include <algorithm>

#include "data/delta/metadata/schema_edit.h"
#include "data/delta/metadata/text_limits.h"
#include "data/delta/metadata/type_widening.h"

namespace millpond::data {
namespace {

using Fields = std::vector<StructField>;

class Merge {
 public:
  explicit Merge(bool widen) : widen_(widen) {}

  // Adds to schema_ what the rows' fields have and those at the path lack.
  Status AddFields(const Fields& known, const Fields& rows, const ColumnPath& path) {
    for (const StructField& field : rows) {
      const auto same = std::ranges::find_if(
          known, [&](const StructField& other) { return EqualNames(other.name, field.name); });
      if (same == known.end()) {
        StructField added = field;
        added.nullable = true;
        MP_ASSIGN_OR_RETURN(schema_, AddColumn(schema_, path, added, {}));
        continue;
      }
      ColumnPath within = path;
      within.push_back(same->name);
      MP_RETURN_IF_ERROR(AddParts(same->type, field.type, within));
    }
    return OkStatus();
  }

  Status AddParts(const DataType& known, const DataType& rows, const ColumnPath& path) {
    if (known.is_primitive() || known.kind() != rows.kind()) return Widen(known, rows, path);
    const auto part = [&](const char* name) {
      ColumnPath within = path;
      within.emplace_back(name);
      return within;
    };
    if (known.kind() == TypeKind::kStruct) return AddFields(known.fields(), rows.fields(), path);
    if (known.kind() == TypeKind::kArray) {
      return AddParts(known.element(), rows.element(), part("element"));
    }
    MP_RETURN_IF_ERROR(AddParts(known.key(), rows.key(), part("key")));
    return AddParts(known.element(), rows.element(), part("value"));
  }

  Schema schema_;

 private:
  // A type that does not widen is left for the rows to be cast to, or refused there.
  Status Widen(const DataType& known, const DataType& rows, const ColumnPath& path) {
    if (!widen_ || !MayWiden(known, rows)) return OkStatus();
    MP_ASSIGN_OR_RETURN(schema_, WidenColumn(schema_, path, rows));
    return OkStatus();
  }

  bool widen_;
};

}  // namespace

Result<Schema> MergedSchema(const Schema& table, const Schema& rows, bool widen) {
  Merge merge(widen);
  merge.schema_ = WithLimitsOnFields(table);
  MP_RETURN_IF_ERROR(merge.AddFields(table.fields(), rows.fields(), {}));
  return WithLimitsOnColumns(merge.schema_);
}

}  // namespace millpond::data
