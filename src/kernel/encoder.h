// The last step before a model: named, typed feature columns become rows of float32. Fitted once on
// training data, kept as a small JSON file in the model folder, hashed, and applied by the same
// rules everywhere (docs/formats/encoder.md is complete: the Python twin is written from it).
//
//   number    BIGINT, DOUBLE, DECIMAL: to the nearest double, then to the nearest float32, clamped
//             to the finite range
//   boolean   false 0, true 1
//   category  VARCHAR: the value's place in the dictionary, or `unknown`
//   NULL is NaN everywhere.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/column.h"

namespace millpond::kernel {

enum class EncodingKind { kNumber, kBoolean, kCategory };

struct EncodedColumn {
  std::string name;
  Type type;
  EncodingKind kind = EncodingKind::kNumber;
  std::vector<std::string> categories;  // code = place
  float unknown = -1;                   // a value outside the dictionary
};

struct EncoderOptions {
  // Categories are ordered by falling count in the training data, equal counts by bytes; or by
  // bytes alone. Past max_categories the rest is unknown.
  bool order_by_frequency = true;
  int max_categories = 1000;
};

class Encoder {
 public:
  // Every column of the batch is used, in its order. A type without a rule is refused by name.
  static Result<Encoder> Fit(const Batch& training, const EncoderOptions& options = {});
  static Result<Encoder> FromText(std::string_view json);

  const std::vector<EncodedColumn>& columns() const { return columns_; }
  std::string ToText() const;  // one form; ends with a newline
  std::string Hash() const;    // SHA-256 of ToText()

  // Row-major, batch.rows x columns().size(). The batch's columns are found by name; one that is
  // missing or of another type is an error that names it.
  Result<std::vector<float>> Encode(const Batch& batch) const;
  // The same for columns that the caller has found: columns[i] of `rows` values is what
  // columns()[i] takes. out has rows * columns().size() places.
  Status EncodeColumns(std::span<const Column* const> columns, int64_t rows,
                       std::span<float> out) const;
  // The columns of a batch in the encoder's order. kInvalidArgument names one that is missing.
  Result<std::vector<const Column*>> FindColumns(const Batch& batch) const;

 private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using CategoryCodes = std::unordered_map<std::string, float, TextHash, std::equal_to<>>;

  void IndexCategories();

  std::vector<EncodedColumn> columns_;
  std::vector<std::shared_ptr<const CategoryCodes>> codes_;  // by column; null: no categories
};

}  // namespace millpond::kernel
