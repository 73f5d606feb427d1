#include <duckdb/common/string_util.hpp>
#include <duckdb/common/vector_operations/vector_operations.hpp>

#include "data/sql/duckdb/exact_cast_internal.h"

namespace millpond::data {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

constexpr uint8_t kDigits = 38;

// A type wide enough to compare in what was read with what is stored: the source's own, and for
// texts the decimal with the target's whole digits and as many places as there is room for.
std::optional<LogicalType> Comparable(const LogicalType& from, const LogicalType& to) {
  const bool rounds = to.IsIntegral() || to.id() == LogicalTypeId::DECIMAL ||
                      to.id() == LogicalTypeId::DATE || to.id() == LogicalTypeId::BOOLEAN;
  if (!rounds) return std::nullopt;
  if (from.id() != LogicalTypeId::VARCHAR) return from;
  if (to.IsIntegral()) return LogicalType::DECIMAL(kDigits, kDigits / 2);
  if (to.id() != LogicalTypeId::DECIMAL) return std::nullopt;
  const int whole = duckdb::DecimalType::GetWidth(to) - duckdb::DecimalType::GetScale(to);
  return LogicalType::DECIMAL(kDigits, static_cast<uint8_t>(kDigits - whole));
}

// The first row that has a value.
std::optional<duckdb::idx_t> FirstValue(duckdb::Vector& values, duckdb::idx_t count) {
  duckdb::UnifiedVectorFormat format;
  values.ToUnifiedFormat(count, format);
  for (duckdb::idx_t row = 0; row < count; ++row) {
    if (format.validity.RowIsValid(format.sel->get_index(row))) return row;
  }
  return std::nullopt;
}

// Fields are found by their names, as the cast found them; one that is left out is lost.
std::optional<duckdb::idx_t> FirstChangedField(duckdb::ClientContext& context, duckdb::Vector& from,
                                               duckdb::Vector& to, duckdb::idx_t count) {
  from.Flatten(count);
  to.Flatten(count);
  const auto& old_fields = duckdb::StructType::GetChildTypes(from.GetType());
  const auto& new_fields = duckdb::StructType::GetChildTypes(to.GetType());
  std::optional<duckdb::idx_t> first;
  for (size_t k = 0; k < old_fields.size(); ++k) {
    duckdb::Vector& old_values = *duckdb::StructVector::GetEntries(from)[k];
    size_t i = 0;
    while (i < new_fields.size() &&
           !duckdb::StringUtil::CIEquals(old_fields[k].first, new_fields[i].first)) {
      ++i;
    }
    const auto changed =
        i == new_fields.size()
            ? FirstValue(old_values, count)
            : FirstChanged(context, old_values, *duckdb::StructVector::GetEntries(to)[i], count);
    if (changed && (!first || *changed < *first)) first = changed;
  }
  return first;
}

bool AreStructs(const LogicalType& from, const LogicalType& to) {
  return from.id() == LogicalTypeId::STRUCT && to.id() == LogicalTypeId::STRUCT;
}

}  // namespace

std::string ChangedText(const duckdb::Value& from, const duckdb::Value& to,
                        const LogicalType& type) {
  return fmt::format("{} would be stored as {}: write CAST(… AS {}) or round(…) if that is meant",
                     from.ToString(), to.ToString(), type.ToString());
}

std::optional<duckdb::idx_t> FirstChanged(duckdb::ClientContext& context, duckdb::Vector& from,
                                          duckdb::Vector& to, duckdb::idx_t count) {
  if (AreStructs(from.GetType(), to.GetType())) return FirstChangedField(context, from, to, count);
  const auto type = Comparable(from.GetType(), to.GetType());
  if (!type) return std::nullopt;
  duckdb::Vector before(*type, count), after(*type, count);
  duckdb::string ignored;  // a text with more digits than can be compared passes
  if (from.GetType() == *type) {
    before.Reference(from);
  } else if (!duckdb::VectorOperations::TryCast(context, from, before, count, &ignored)) {
    return std::nullopt;
  }
  if (!duckdb::VectorOperations::TryCast(context, to, after, count, &ignored)) return std::nullopt;
  duckdb::Vector differs(LogicalType::BOOLEAN, count);
  duckdb::VectorOperations::NotEquals(before, after, differs, count);
  differs.Flatten(count);
  const auto* flags = duckdb::FlatVector::GetData<bool>(differs);
  for (duckdb::idx_t row = 0; row < count; ++row) {
    if (duckdb::FlatVector::Validity(differs).RowIsValid(row) && flags[row]) return row;
  }
  return std::nullopt;
}

}  // namespace millpond::data
