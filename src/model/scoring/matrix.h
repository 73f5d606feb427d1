// Encoded feature vectors as every learner, model and metric here sees them: row-major float32, one
// row per example, columns in the encoder's order, NaN for a missing value. A MatrixView borrows.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace millpond::model {

struct MatrixView {
  const float* values = nullptr;
  size_t rows = 0;
  size_t columns = 0;

  std::span<const float> row(size_t i) const { return {values + i * columns, columns}; }
  MatrixView slice(size_t begin, size_t count) const {
    return {values + begin * columns, count, columns};
  }
};

struct Matrix {
  std::vector<float> values;
  size_t rows = 0;
  size_t columns = 0;

  Matrix() = default;
  Matrix(size_t row_count, size_t column_count)
      : values(row_count * column_count), rows(row_count), columns(column_count) {}

  MatrixView view() const { return {values.data(), rows, columns}; }
  std::span<float> row(size_t i) { return {values.data() + i * columns, columns}; }
};

}  // namespace millpond::model
