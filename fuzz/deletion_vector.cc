// Deletion vectors: a file as it stands, its bitmap behind a size and a checksum that are right,
// and the text of an inline one. What is read must come back the same when written again.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "data/delta/rows/crc32.h"
#include "data/delta/rows/deletion_vector.h"
#include "one_file_environment.h"

namespace {

using namespace millpond;  // NOLINT: a program

constexpr size_t kFrame = 9;  // version and size before a file's first vector, checksum behind it

std::string BigEndian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

// A number in front of what is left, where the log of a table would have it.
template <typename T>
T Take(std::string_view* bytes) {
  T value = 0;
  std::memcpy(&value, bytes->data(), std::min(sizeof(T), bytes->size()));
  bytes->remove_prefix(std::min(sizeof(T), bytes->size()));
  return value;
}

void Read(const std::string& file, data::DeletionVector vector) {
  fuzz::OneFileEnvironment machine(file);
  (void)data::ReadDeletionVector(machine.env, "/t", vector);
}

data::DeletionVector Stored(int64_t size_bytes, int64_t cardinality) {
  data::DeletionVector vector;
  vector.storage_type = "u";
  vector.path_or_inline = "ab^-aqEH.-t@S}K{vb[*k^";
  vector.offset = 1;
  vector.size_bytes = size_bytes;
  vector.cardinality = cardinality;
  return vector;
}

// The bitmap that the input is: read alone, then from a file that says all of it right.
void ReadBitmap(std::string_view input) {
  const auto rows = data::RowSet::Parse(input, "input");
  const std::string file = "\1" + BigEndian(static_cast<uint32_t>(input.size())) +
                           std::string(input) + BigEndian(data::Crc32(input));
  fuzz::OneFileEnvironment machine(file);
  const auto stored = data::ReadDeletionVector(
      machine.env, "/t", Stored(static_cast<int64_t>(input.size()), rows ? rows->size() : 0));
  if (rows.has_value() != stored.has_value()) std::abort();
  if (!rows.has_value()) return;
  if (!(*rows == *stored)) std::abort();
  const auto again = data::RowSet::Parse(rows->Serialize(), "what was written");
  if (!again.has_value() || !(*again == *rows)) std::abort();
  if (rows->empty()) return;
  if (!rows->Contains(rows->greatest())) std::abort();
  std::vector<uint32_t> kept;
  rows->AppendKept(rows->greatest() - std::min<uint64_t>(rows->greatest(), 100), 200, &kept);
  (void)rows->AnyIn(rows->greatest(), 100);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  // As its own size says, and as a log that is no better than the file says.
  std::string_view rest = input;
  rest.remove_prefix(std::min<size_t>(1, rest.size()));
  std::array<uint8_t, 4> own{};
  std::memcpy(own.data(), rest.data(), std::min(own.size(), rest.size()));
  Read(input, Stored(int64_t{own[0]} << 24 | own[1] << 16 | own[2] << 8 | own[3], 1));
  rest = input;
  data::DeletionVector odd = Stored(0, 0);
  odd.offset = Take<int64_t>(&rest);
  odd.size_bytes = Take<int64_t>(&rest);
  odd.cardinality = Take<int64_t>(&rest);
  Read(input, odd);

  ReadBitmap(input);
  if (size > kFrame) ReadBitmap(std::string_view(input).substr(5, size - kFrame));

  data::DeletionVector text = Stored(static_cast<int64_t>(size) / 5 * 4, 1);
  text.storage_type = "i";
  text.offset.reset();
  text.path_or_inline = input;
  Read("", text);
  text.size_bytes = std::max<int64_t>(text.size_bytes - 3, 0);  // padded to a group
  Read("", text);
  for (const char* type : {"u", "p", "x"}) {
    text.storage_type = type;
    (void)data::DeletionVectorPath("/t", text);
  }
  return 0;
}
