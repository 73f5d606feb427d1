#include "data/delta/rows/variant_layout_internal.h"

namespace millpond::data {
namespace {

std::unexpected<Error> Short(std::string_view what) {
  return Fail(ErrorKind::kCorrupt, "a variant whose {} goes past its end", what);
}

}  // namespace

Result<uint32_t> VariantUnsigned(std::string_view data, size_t at, size_t bytes) {
  if (at > data.size() || bytes > data.size() - at) return Short("number");
  uint32_t value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    value |= static_cast<uint32_t>(static_cast<uint8_t>(data[at + i])) << (8 * i);
  }
  return value;
}

Result<VariantMetadata> VariantMetadata::Read(std::string_view data) {
  if (data.empty()) return Short("metadata");
  const auto header = static_cast<uint8_t>(data[0]);
  if ((header & 0x0F) != 1) {
    return Fail(ErrorKind::kCorrupt, "a variant of encoding version {}, not 1", header & 0x0F);
  }
  VariantMetadata metadata;
  metadata.data_ = data;
  metadata.offset_bytes_ = (header >> 6) + 1;
  MP_ASSIGN_OR_RETURN(metadata.names_, VariantUnsigned(data, 1, metadata.offset_bytes_));
  const uint64_t offsets = (uint64_t{metadata.names_} + 1) * metadata.offset_bytes_;
  metadata.first_name_ = 1 + metadata.offset_bytes_ + offsets;
  if (metadata.first_name_ > data.size()) return Short("list of names");
  MP_ASSIGN_OR_RETURN(
      const uint32_t names_bytes,
      VariantUnsigned(data, metadata.first_name_ - metadata.offset_bytes_, metadata.offset_bytes_));
  metadata.size_ = metadata.first_name_ + names_bytes;
  if (metadata.size_ > data.size()) return Short("list of names");
  return metadata;
}

Result<std::string_view> VariantMetadata::Name(uint32_t id) const {
  if (id >= names_) {
    return Fail(ErrorKind::kCorrupt, "a variant with a field of name {}, where {} are there", id,
                names_);
  }
  const size_t at = 1 + offset_bytes_ * (size_t{1} + id);
  MP_ASSIGN_OR_RETURN(const uint32_t begin, VariantUnsigned(data_, at, offset_bytes_));
  MP_ASSIGN_OR_RETURN(const uint32_t end,
                      VariantUnsigned(data_, at + offset_bytes_, offset_bytes_));
  if (begin > end || end > size_ - first_name_) return Short("name of a field");
  return data_.substr(first_name_ + begin, end - begin);
}

Result<VariantChildren> VariantChildren::Read(std::string_view data) {
  if (data.empty()) return Short("value");
  const auto header = static_cast<uint8_t>(data[0]);
  const bool is_object = static_cast<VariantBasic>(header & 3) == VariantBasic::kObject;
  const int bits = header >> 2;
  VariantChildren children;
  children.data_ = data;
  children.offset_bytes_ = (bits & 3) + 1;
  children.id_bytes_ = is_object ? ((bits >> 2) & 3) + 1 : 0;
  const size_t count_bytes = (is_object ? bits >> 4 : bits >> 2) & 1 ? 4 : 1;
  MP_ASSIGN_OR_RETURN(children.count_, VariantUnsigned(data, 1, count_bytes));
  const uint64_t count = children.count_;
  children.ids_ = 1 + count_bytes;
  children.offsets_ = children.ids_ + count * children.id_bytes_;
  children.values_ = children.offsets_ + (count + 1) * children.offset_bytes_;
  if (children.values_ > data.size()) return Short("list of parts");
  MP_ASSIGN_OR_RETURN(
      children.values_bytes_,
      VariantUnsigned(data, children.values_ - children.offset_bytes_, children.offset_bytes_));
  if (children.values_bytes_ > data.size() - children.values_) return Short("last part");
  return children;
}

Result<uint32_t> VariantChildren::NameId(uint32_t i) const {
  return VariantUnsigned(data_, ids_ + i * id_bytes_, id_bytes_);
}

Result<std::string_view> VariantChildren::Child(uint32_t i) const {
  MP_ASSIGN_OR_RETURN(const uint32_t offset,
                      VariantUnsigned(data_, offsets_ + i * offset_bytes_, offset_bytes_));
  if (offset >= values_bytes_) return Short("part");
  return data_.substr(values_ + offset, values_bytes_ - offset);
}

}  // namespace millpond::data
