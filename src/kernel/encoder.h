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

#include <span>
#include <string>
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

 private:
  std::vector<EncodedColumn> columns_;
};

}  // namespace millpond::kernel
