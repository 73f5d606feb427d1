#include "data/sql/duckdb/nan_filters_internal.h"

#include <algorithm>
#include <cmath>
#include <duckdb/planner/expression/bound_reference_expression.hpp>
#include <duckdb/planner/filter/dynamic_filter.hpp>
#include <duckdb/planner/filter/expression_filter.hpp>
#include <duckdb/planner/filter/list.hpp>

namespace millpond::data {
namespace {

using duckdb::ExpressionType;
using duckdb::LogicalTypeId;
using duckdb::TableFilter;
using duckdb::TableFilterType;

// kAsOthers: the bounds say as much of NaN as of numbers.
enum class NaN { kAsOthers, kFails, kMayPass };

bool IsReal(const duckdb::LogicalType& type) {
  return type.id() == LogicalTypeId::FLOAT || type.id() == LogicalTypeId::DOUBLE;
}

bool IsNaN(const duckdb::Value& value) {
  return !value.IsNull() && IsReal(value.type()) && std::isnan(value.GetValue<double>());
}

NaN OfComparison(ExpressionType comparison, const duckdb::Value& constant) {
  switch (comparison) {
    case ExpressionType::COMPARE_LESSTHAN:
      return NaN::kFails;
    case ExpressionType::COMPARE_LESSTHANOREQUALTO:
      return IsNaN(constant) ? NaN::kAsOthers : NaN::kFails;
    case ExpressionType::COMPARE_EQUAL:
    case ExpressionType::COMPARE_NOT_DISTINCT_FROM:
      return IsNaN(constant) ? NaN::kMayPass : NaN::kFails;
    default:
      return NaN::kMayPass;
  }
}

NaN Of(const TableFilter& filter, const duckdb::LogicalType& type);

NaN OfDynamic(const duckdb::DynamicFilter& filter) {
  if (!filter.filter_data) return NaN::kMayPass;
  const std::lock_guard lock(filter.filter_data->lock);
  const auto& comparison = filter.filter_data->filter;
  if (!comparison) return NaN::kMayPass;
  // Its constant may still come.
  const auto type = comparison->comparison_type;
  const bool less =
      type == ExpressionType::COMPARE_LESSTHAN || type == ExpressionType::COMPARE_LESSTHANOREQUALTO;
  return less ? NaN::kAsOthers : NaN::kMayPass;
}

NaN OfAll(const duckdb::ConjunctionFilter& filter, const duckdb::LogicalType& type, bool all) {
  bool fails = false, passes = false;
  for (const auto& child : filter.child_filters) {
    const NaN one = Of(*child, type);
    fails = fails || one == NaN::kFails;
    passes = passes || one == NaN::kMayPass;
  }
  if (all && fails) return NaN::kFails;
  return passes ? NaN::kMayPass : (fails ? NaN::kFails : NaN::kAsOthers);
}

NaN Of(const TableFilter& filter, const duckdb::LogicalType& type) {
  switch (filter.filter_type) {
    case TableFilterType::STRUCT_EXTRACT: {
      const auto& extract = filter.Cast<duckdb::StructFilter>();
      if (type.id() != LogicalTypeId::STRUCT) return NaN::kMayPass;
      return Of(*extract.child_filter, duckdb::StructType::GetChildType(type, extract.child_idx));
    }
    case TableFilterType::CONJUNCTION_AND:
      return OfAll(filter.Cast<duckdb::ConjunctionAndFilter>(), type, true);
    case TableFilterType::CONJUNCTION_OR:
      return OfAll(filter.Cast<duckdb::ConjunctionOrFilter>(), type, false);
    case TableFilterType::OPTIONAL_FILTER: {
      const auto& child = filter.Cast<duckdb::OptionalFilter>().child_filter;
      return child ? Of(*child, type) : NaN::kAsOthers;
    }
    default:
      break;
  }
  if (!IsReal(type)) return NaN::kAsOthers;
  switch (filter.filter_type) {
    case TableFilterType::CONSTANT_COMPARISON: {
      const auto& comparison = filter.Cast<duckdb::ConstantFilter>();
      return OfComparison(comparison.comparison_type, comparison.constant);
    }
    case TableFilterType::IN_FILTER:
      return std::ranges::any_of(filter.Cast<duckdb::InFilter>().values, IsNaN) ? NaN::kMayPass
                                                                                : NaN::kFails;
    case TableFilterType::DYNAMIC_FILTER:
      return OfDynamic(filter.Cast<duckdb::DynamicFilter>());
    case TableFilterType::IS_NULL:
    case TableFilterType::IS_NOT_NULL:  // of these the bounds say nothing
    case TableFilterType::EXPRESSION_FILTER:
      return NaN::kAsOthers;
    default:
      return NaN::kMayPass;
  }
}

}  // namespace

bool MayHideNaN(const TableFilter& filter, const duckdb::LogicalType& type) {
  return Of(filter, type) == NaN::kMayPass;
}

duckdb::unique_ptr<TableFilter> OfRowsOnly(const TableFilter& filter,
                                           const duckdb::LogicalType& type) {
  if (filter.filter_type == TableFilterType::OPTIONAL_FILTER) return nullptr;
  const duckdb::BoundReferenceExpression column(type, duckdb::idx_t{0});
  return duckdb::make_uniq<duckdb::ExpressionFilter>(filter.ToExpression(column));
}

}  // namespace millpond::data
