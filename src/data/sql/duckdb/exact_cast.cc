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

}  // namespace

std::optional<duckdb::idx_t> FirstChanged(duckdb::ClientContext& context, duckdb::Vector& from,
                                          duckdb::Vector& to, duckdb::idx_t count) {
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
