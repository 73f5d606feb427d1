#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "kernel/canonical.h"
#include "kernel/source_rows_internal.h"

namespace millpond::kernel {

SourceRows::SourceRows(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SourceRows::SourceRows(SourceRows&&) noexcept = default;
SourceRows& SourceRows::operator=(SourceRows&&) noexcept = default;
SourceRows::~SourceRows() = default;

int64_t SourceRows::rows() const {
  return impl_->rows();
}

int64_t SourceRows::entities() const {
  return static_cast<int64_t>(impl_->entity_begin.size()) - 1;
}

namespace {

// Numbers the distinct values of rows that an aggregate takes. `key_of` gives equal keys for equal
// values only.
template <typename Key, typename KeyOf>
void NumberKeys(std::span<const uint8_t> takes, KeyOf&& key_of, std::vector<uint32_t>* codes,
                uint32_t* code_count) {
  std::unordered_map<Key, uint32_t> numbers;
  codes->assign(takes.size(), 0);
  for (size_t row = 0; row < takes.size(); ++row) {
    if (takes[row] == 0) continue;
    auto next = static_cast<uint32_t>(numbers.size());
    (*codes)[row] = numbers.try_emplace(key_of(static_cast<int64_t>(row)), next).first->second;
  }
  *code_count = static_cast<uint32_t>(numbers.size());
}

// Rows that are taken are not NULL, and doubles are canonical.
void NumberValues(const Column& argument, std::span<const uint8_t> takes,
                  std::vector<uint32_t>* codes, uint32_t* code_count) {
  if (argument.type().id == TypeId::kVarchar) {
    return NumberKeys<std::string_view>(
        takes, [&](int64_t row) { return argument.text(row); }, codes, code_count);
  }
  if (IsStoredAsInt64(argument.type())) {
    return NumberKeys<int64_t>(
        takes, [values = argument.int64s()](int64_t row) { return values[row]; }, codes,
        code_count);
  }
  NumberKeys<std::string>(
      takes,
      [&](int64_t row) {
        std::string bytes;
        AppendCanonical(argument, row, &bytes);
        return bytes;
      },
      codes, code_count);
}

void PrepareAggregate(const ProgramAggregate& aggregate, SourceRows::Impl* impl) {
  std::vector<uint8_t> takes(impl->rows(), 1);
  if (aggregate.filter >= 0) {
    const Column& filter = impl->expressions[aggregate.filter];
    for (int64_t row = 0; row < impl->rows(); ++row) takes[row] = filter.booleans()[row];
  }
  bool keeps_null = aggregate.argument < 0 || aggregate.function == AggregateFunction::kFirst ||
                    aggregate.function == AggregateFunction::kLast;
  if (!keeps_null) {
    const Column& argument = impl->expressions[aggregate.argument];
    auto counts =
        aggregate.function == AggregateFunction::kCountIf ? argument.booleans() : argument.valid();
    for (int64_t row = 0; row < impl->rows(); ++row) takes[row] &= counts[row];
  }
  impl->codes.emplace_back();
  impl->code_counts.push_back(0);
  if (aggregate.function == AggregateFunction::kCountDistinct) {
    NumberValues(impl->expressions[aggregate.argument], takes, &impl->codes.back(),
                 &impl->code_counts.back());
  }
  impl->takes.push_back(std::move(takes));
}

struct RowKey {
  int64_t entity;
  Micros event_time;
  Micros known_from;
  int64_t row;

  bool operator<(const RowKey& other) const {
    if (entity != other.entity) return entity < other.entity;
    if (event_time != other.event_time) return event_time < other.event_time;
    return known_from < other.known_from;
  }
};

Status CheckColumns(const FeatureProgram& program, std::span<const Column* const> columns,
                    int64_t rows) {
  if (columns.size() != program.used_columns.size()) {
    return Fail(ErrorKind::kInvalidArgument, "feature view {} reads {} columns, got {}",
                program.definition.name, program.used_columns.size(), columns.size());
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    const SourceColumn& wanted = program.used_columns[i];
    if (columns[i]->type() != wanted.type || columns[i]->size() != rows) {
      return Fail(ErrorKind::kInvalidArgument,
                  "column {} of feature view {} is {} in its definition and {} ({} of {} rows) in "
                  "the data; create the view again if the table has changed",
                  wanted.name, program.definition.name, ToString(wanted.type),
                  ToString(columns[i]->type()), columns[i]->size(), rows);
    }
  }
  return OkStatus();
}

class Preparation {
 public:
  Preparation(const FeatureProgram& program, std::span<const Column* const> columns, int64_t rows,
              const RowVersions& versions)
      : program_(program),
        columns_(columns),
        rows_(rows),
        versions_(versions),
        impl_(std::make_unique<SourceRows::Impl>()) {}

  std::unique_ptr<SourceRows::Impl> Run() {
    std::vector<RowKey> keys = CollectKeys();
    std::sort(keys.begin(), keys.end());
    Arrange(keys);
    FinishSourceRows(program_, impl_.get());
    return std::move(impl_);
  }

 private:
  // The rows that some T may see, each with its entity's number.
  std::vector<RowKey> CollectKeys() {
    Column event_time = program_.event_time.Evaluate(columns_, rows_);
    Column known_at = program_.known_at.Evaluate(columns_, rows_);
    std::optional<Column> where;
    if (program_.where.has_value()) where = program_.where->Evaluate(columns_, rows_);
    std::vector<RowKey> keys;
    keys.reserve(rows_);
    std::string bytes;
    for (int64_t row = 0; row < rows_; ++row) {
      if (event_time.IsNull(row) || known_at.IsNull(row)) continue;
      if (where.has_value() && (where->IsNull(row) || where->booleans()[row] == 0)) continue;
      bytes.clear();
      bool null_entity = false;
      for (int index : program_.entity) {
        null_entity = null_entity || columns_[index]->IsNull(row);
        AppendCanonical(*columns_[index], row, &bytes);
      }
      if (null_entity) continue;
      auto entities = static_cast<int64_t>(impl_->entities.size());
      int64_t entity = impl_->entities.try_emplace(bytes, entities).first->second;
      Micros known_from = known_at.int64s()[row];
      if (!versions_.known_from_floor.empty()) {
        known_from = std::max(known_from, versions_.known_from_floor[row]);
      }
      keys.push_back({entity, event_time.int64s()[row], known_from, row});
    }
    return keys;
  }

  void Arrange(std::span<const RowKey> keys) {
    std::vector<int64_t> take;
    take.reserve(keys.size());
    impl_->entity_begin.assign(impl_->entities.size() + 1, 0);
    for (const RowKey& key : keys) {
      take.push_back(key.row);
      impl_->event_time.push_back(key.event_time);
      impl_->known_from.push_back(key.known_from);
      ++impl_->entity_begin[key.entity + 1];
    }
    std::partial_sum(impl_->entity_begin.begin(), impl_->entity_begin.end(),
                     impl_->entity_begin.begin());
    bool versioned = std::any_of(versions_.known_to.begin(), versions_.known_to.end(),
                                 [](Micros known_to) { return known_to != kForever; });
    if (versioned) {
      for (int64_t row : take) impl_->known_to.push_back(versions_.known_to[row]);
    }
    for (const BoundExpression& expression : program_.row_expressions) {
      // One expression at a time, so that memory holds one unsorted column beside the sorted ones.
      impl_->expressions.push_back(expression.Evaluate(columns_, rows_).Take(take));
      if (expression.type().id != TypeId::kDouble) continue;
      for (double& x : impl_->expressions.back().mutable_doubles()) x = CanonicalDouble(x);
    }
  }

  const FeatureProgram& program_;
  std::span<const Column* const> columns_;
  int64_t rows_;
  const RowVersions& versions_;
  std::unique_ptr<SourceRows::Impl> impl_;
};

}  // namespace

void FinishSourceRows(const FeatureProgram& program, SourceRows::Impl* impl) {
  for (size_t entity = 0; entity + 1 < impl->entity_begin.size(); ++entity) {
    bool in_order = impl->known_to.empty() &&
                    std::is_sorted(impl->known_from.begin() + impl->entity_begin[entity],
                                   impl->known_from.begin() + impl->entity_begin[entity + 1]);
    impl->entity_in_order.push_back(in_order ? 1 : 0);
  }
  for (const ProgramAggregate& aggregate : program.aggregates) PrepareAggregate(aggregate, impl);
}

Result<SourceRows> PrepareSource(const FeatureProgram& program,
                                 std::span<const Column* const> columns, int64_t rows,
                                 const RowVersions& versions) {
  MP_RETURN_IF_ERROR(CheckColumns(program, columns, rows));
  for (const auto& span : {versions.known_from_floor, versions.known_to}) {
    CHECK(span.empty() || static_cast<int64_t>(span.size()) == rows);
  }
  return SourceRows(Preparation(program, columns, rows, versions).Run());
}

}  // namespace millpond::kernel
