// The permanent, mergeable form of each aggregate. Extremes (min, max, first, last, time_since) are
// one idea: canonical bytes that compare as the rows do, of which the smallest or greatest is kept.
#include "kernel/aggregate.h"

#include <set>

#include "base/check.h"
#include "kernel/canonical.h"
#include "kernel/exact_math.h"
#include "kernel/exact_sum.h"
#include "kernel/functions_internal.h"

namespace millpond::kernel {
namespace {

constexpr uint8_t kStateVersion = 1;

enum class StateKind { kCount, kWide, kDouble, kExtreme, kDistinct };

StateKind KindOf(AggregateFunction function, Type argument) {
  switch (function) {
    case AggregateFunction::kCountStar:
    case AggregateFunction::kCount:
    case AggregateFunction::kCountIf:
      return StateKind::kCount;
    case AggregateFunction::kSum:
    case AggregateFunction::kAvg:
      return argument.id == TypeId::kDouble ? StateKind::kDouble : StateKind::kWide;
    case AggregateFunction::kCountDistinct:
      return StateKind::kDistinct;
    default:
      return StateKind::kExtreme;
  }
}

bool KeepsGreatest(AggregateFunction function) {
  return function == AggregateFunction::kMax || function == AggregateFunction::kLast ||
         function == AggregateFunction::kTimeSince;
}

bool HasOrderKey(AggregateFunction function) {
  return function == AggregateFunction::kFirst || function == AggregateFunction::kLast;
}

// What stands before the value in the key of first and last: event_time, known_from, tie.
constexpr Type kOrderKey[] = {kTimestamp, kTimestamp, kVarchar};

void AppendU64(uint64_t value, std::string* bytes) {
  for (int i = 0; i < 8; ++i) bytes->push_back(static_cast<char>(value >> (8 * i)));
}

void AppendU32(uint32_t value, std::string* bytes) {
  for (int i = 0; i < 4; ++i) bytes->push_back(static_cast<char>(value >> (8 * i)));
}

bool ReadUnsigned(std::string_view* bytes, int width, uint64_t* value) {
  if (bytes->size() < static_cast<size_t>(width)) return false;
  *value = 0;
  for (int i = 0; i < width; ++i) *value |= uint64_t{static_cast<uint8_t>((*bytes)[i])} << (8 * i);
  bytes->remove_prefix(width);
  return true;
}

bool ReadBytes(std::string_view* bytes, std::string* value) {
  uint64_t size = 0;
  if (!ReadUnsigned(bytes, 4, &size) || bytes->size() < size) return false;
  value->assign(bytes->substr(0, size));
  bytes->remove_prefix(size);
  return true;
}

std::unexpected<Error> Corrupt() {
  return Fail(ErrorKind::kCorrupt,
              "bytes are not an aggregate state of version 1 (docs/formats/aggregate-state.md)");
}

}  // namespace

struct AggregateState::Impl {
  AggregateFunction function;
  Type argument;
  StateKind kind;
  uint64_t count = 0;  // rows that counted
  WideSum wide;
  ExactSum doubles;
  std::string extreme;  // empty: none yet
  std::set<std::string> distinct;
  bool too_many = false;

  template <typename Key>
  void Offer(Key&& key) {
    if (extreme.empty() || (KeepsGreatest(function) ? key > extreme : key < extreme)) {
      extreme = std::forward<Key>(key);
    }
  }

  void AddDistinct(std::string key) {
    if (too_many) return;
    distinct.insert(std::move(key));
    if (distinct.size() > static_cast<size_t>(kMaxDistinct)) {
      too_many = true;
      distinct.clear();
    }
  }

  bool ReadDistinct(std::string_view* bytes);
  Value FinishSum() const;
  Value FinishAvg() const;
  Value FinishExtreme(Micros as_of) const;
};

AggregateState::AggregateState(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AggregateState::AggregateState(AggregateState&&) noexcept = default;
AggregateState& AggregateState::operator=(AggregateState&&) noexcept = default;
AggregateState::~AggregateState() = default;

Result<AggregateState> AggregateState::Make(AggregateFunction function, Type argument) {
  MP_RETURN_IF_ERROR(AggregateResultType(function, argument));
  auto impl = std::make_unique<Impl>();
  impl->function = function;
  impl->argument = argument;
  impl->kind = KindOf(function, argument);
  return AggregateState(std::move(impl));
}

void AggregateState::Add(const Value& value, Micros event_time, Micros known_from,
                         std::string_view tie) {
  Impl& state = *impl_;
  bool takes_all =
      state.function == AggregateFunction::kCountStar || HasOrderKey(state.function) ||
      (state.function == AggregateFunction::kTimeSince && state.argument.id == TypeId::kNull);
  if (value.is_null() && !takes_all) return;
  if (state.function == AggregateFunction::kCountIf && !value.boolean()) return;
  ++state.count;
  switch (state.kind) {
    case StateKind::kCount:
      return;
    case StateKind::kWide:
      state.wide.Add(state.argument.id == TypeId::kDecimal ? value.decimal()
                                                           : Int128{value.int64()});
      return;
    case StateKind::kDouble:
      state.doubles.Add(value.number());
      return;
    case StateKind::kDistinct: {
      std::string key;
      AppendCanonical(value, &key);
      state.AddDistinct(std::move(key));
      return;
    }
    case StateKind::kExtreme:
      break;
  }
  std::string key;
  if (HasOrderKey(state.function)) {
    AppendCanonical(Value::Timestamp(event_time), &key);
    AppendCanonical(Value::Timestamp(known_from), &key);
    AppendCanonical(Value::Varchar(std::string(tie)), &key);
  }
  bool is_time = state.function == AggregateFunction::kTimeSince;
  AppendCanonical(is_time ? Value::Timestamp(event_time) : value, &key);
  state.Offer(std::move(key));
}

void AggregateState::AddRows(uint64_t rows) {
  CHECK(impl_->kind == StateKind::kCount);
  impl_->count += rows;
}

void AggregateState::AddRows(uint64_t rows, const WideSum& sum) {
  CHECK(impl_->kind == StateKind::kWide);
  impl_->count += rows;
  impl_->wide.Merge(sum);
}

void AggregateState::AddRows(uint64_t rows, const ExactSum& sum) {
  CHECK(impl_->kind == StateKind::kDouble);
  impl_->count += rows;
  impl_->doubles.Merge(sum);
}

void AggregateState::Merge(const AggregateState& other) {
  Impl& state = *impl_;
  const Impl& from = *other.impl_;
  CHECK(state.function == from.function && state.argument == from.argument);
  state.count += from.count;
  if (state.kind == StateKind::kWide) state.wide.Merge(from.wide);
  if (state.kind == StateKind::kDouble) state.doubles.Merge(from.doubles);
  if (!from.extreme.empty()) state.Offer(from.extreme);
  if (state.kind != StateKind::kDistinct) return;
  if (from.too_many) {
    state.too_many = true;
    state.distinct.clear();
  }
  for (const std::string& key : from.distinct) state.AddDistinct(key);
}

Value AggregateState::Impl::FinishSum() const {
  if (kind == StateKind::kDouble) {
    return count == 0 ? Value::Null(kDouble) : Value::Double(CanonicalDouble(doubles.Round()));
  }
  int scale = argument.scale;
  Int128 sum = 0;
  if (count == 0 || !wide.ToDecimal(&sum)) return Value::Null(Decimal(kMaxDecimalDigits, scale));
  return Value::MakeDecimal(sum, kMaxDecimalDigits, scale);
}

Value AggregateState::Impl::FinishAvg() const {
  if (count == 0) return Value::Null(kDouble);
  return Value::Double(CanonicalDouble(kind == StateKind::kDouble
                                           ? doubles.RoundQuotient(count)
                                           : wide.RoundQuotient(count, argument.scale)));
}

Value AggregateState::Impl::FinishExtreme(Micros as_of) const {
  bool is_time = function == AggregateFunction::kTimeSince;
  if (extreme.empty()) return Value::Null(is_time ? kDouble : argument);
  std::string_view key = extreme;
  if (HasOrderKey(function)) {
    for (Type part : kOrderKey) CHECK(ReadCanonical(part, &key).has_value());
  }
  auto value = ReadCanonical(is_time ? kTimestamp : argument, &key);
  CHECK(value.has_value());
  if (!is_time) return *value;
  return Value::Double(DivideInts(Int128{as_of} - value->int64(), kMicrosPerSecond));
}

Value AggregateState::Finish(Micros as_of) const {
  const Impl& state = *impl_;
  switch (state.function) {
    case AggregateFunction::kSum:
      return state.FinishSum();
    case AggregateFunction::kAvg:
      return state.FinishAvg();
    case AggregateFunction::kCountDistinct:
      if (state.too_many) return Value::Null(kBigint);
      return Value::Bigint(static_cast<int64_t>(state.distinct.size()));
    default:
      break;
  }
  if (state.kind == StateKind::kCount) return Value::Bigint(static_cast<int64_t>(state.count));
  return state.FinishExtreme(as_of);
}

bool AggregateState::IsOf(AggregateFunction function, Type argument) const {
  return impl_->function == function && impl_->argument == argument;
}

std::string AggregateState::Serialize() const {
  const Impl& state = *impl_;
  std::string bytes;
  bytes.push_back(static_cast<char>(kStateVersion));
  bytes.push_back(static_cast<char>(state.function));
  bytes.push_back(static_cast<char>(state.argument.id));
  bytes.push_back(static_cast<char>(state.argument.precision));
  bytes.push_back(static_cast<char>(state.argument.scale));
  switch (state.kind) {
    case StateKind::kCount:
      AppendU64(state.count, &bytes);
      break;
    case StateKind::kWide:
      AppendU64(state.count, &bytes);
      state.wide.AppendTo(&bytes);
      break;
    case StateKind::kDouble:
      AppendU64(state.count, &bytes);
      state.doubles.AppendTo(&bytes);
      break;
    case StateKind::kExtreme:
      AppendU32(static_cast<uint32_t>(state.extreme.size()), &bytes);
      bytes += state.extreme;
      break;
    case StateKind::kDistinct:
      bytes.push_back(state.too_many ? 1 : 0);
      AppendU32(static_cast<uint32_t>(state.distinct.size()), &bytes);
      for (const std::string& key : state.distinct) {
        AppendU32(static_cast<uint32_t>(key.size()), &bytes);
        bytes += key;
      }
      break;
  }
  return bytes;
}

namespace {

// Takes one value off the front of `key`; false if it is not as Add writes it.
bool TakeValue(Type type, bool may_be_null, std::string_view* key) {
  std::string_view before = *key;
  auto value = ReadCanonical(type, key);
  if (!value.has_value() || (value->is_null() && !may_be_null)) return false;
  if (type.id == TypeId::kDecimal && !value->is_null()) {
    Int128 limit = PowerOfTen(type.precision);
    if (value->decimal() >= limit || value->decimal() <= -limit) return false;
  }
  std::string canonical;
  AppendCanonical(*value, &canonical);
  return canonical == before.substr(0, before.size() - key->size());
}

// A key must be whole and canonical: its parts are read back when the aggregate is finished, and
// equal values must be equal bytes.
bool IsKey(AggregateFunction function, Type argument, std::string_view key) {
  for (Type part : kOrderKey) {
    if (HasOrderKey(function) && !TakeValue(part, false, &key)) return false;
  }
  Type type = function == AggregateFunction::kTimeSince ? kTimestamp : argument;
  return TakeValue(type, HasOrderKey(function), &key) && key.empty();
}

bool IsArgument(AggregateFunction function, Type type) {
  bool decimal = type.id == TypeId::kDecimal;
  bool digits = decimal ? type.precision >= 1 && type.precision <= kMaxDecimalDigits &&
                              type.scale <= type.precision
                        : type.precision == 0 && type.scale == 0;
  return digits && AggregateResultType(function, type).has_value();
}

}  // namespace

// Values stand in ascending order, each once.
bool AggregateState::Impl::ReadDistinct(std::string_view* bytes) {
  uint64_t flag = 0;
  uint64_t size = 0;
  if (!ReadUnsigned(bytes, 1, &flag) || !ReadUnsigned(bytes, 4, &size)) return false;
  too_many = flag == 1;
  if (flag > 1 || size > static_cast<uint64_t>(kMaxDistinct) || (too_many && size > 0))
    return false;
  for (uint64_t i = 0; i < size; ++i) {
    std::string key;
    if (!ReadBytes(bytes, &key) || !IsKey(function, argument, key)) return false;
    if (!distinct.empty() && key <= *distinct.rbegin()) return false;
    distinct.insert(distinct.end(), std::move(key));
  }
  return true;
}

Result<AggregateState> AggregateState::Deserialize(std::string_view bytes) {
  if (bytes.size() < 5 || bytes[0] != static_cast<char>(kStateVersion)) return Corrupt();
  auto function = static_cast<AggregateFunction>(bytes[1]);
  Type argument{static_cast<TypeId>(bytes[2]), static_cast<uint8_t>(bytes[3]),
                static_cast<uint8_t>(bytes[4])};
  bool known = bytes[1] >= 1 && bytes[1] <= 11 && bytes[2] >= 0 && bytes[2] <= 8;
  if (!known || !IsArgument(function, argument)) return Corrupt();
  bytes.remove_prefix(5);
  MP_ASSIGN_OR_RETURN(AggregateState result, Make(function, argument));
  Impl& state = *result.impl_;
  bool counted = state.kind == StateKind::kCount || state.kind == StateKind::kWide ||
                 state.kind == StateKind::kDouble;
  if (counted && !ReadUnsigned(&bytes, 8, &state.count)) return Corrupt();
  if (state.kind == StateKind::kWide) {
    MP_ASSIGN_OR_RETURN(state.wide, WideSum::Read(&bytes));
  } else if (state.kind == StateKind::kDouble) {
    MP_ASSIGN_OR_RETURN(state.doubles, ExactSum::Read(&bytes));
  } else if (state.kind == StateKind::kExtreme) {
    if (!ReadBytes(&bytes, &state.extreme)) return Corrupt();
    if (!state.extreme.empty() && !IsKey(function, argument, state.extreme)) return Corrupt();
  } else if (state.kind == StateKind::kDistinct) {
    if (!state.ReadDistinct(&bytes)) return Corrupt();
  }
  if (!bytes.empty()) return Corrupt();
  return result;
}

}  // namespace millpond::kernel
