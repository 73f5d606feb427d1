// Solves A·x = b for a symmetric positive definite A of a few hundred rows, in a fixed order of
// operations.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace millpond::model {

// a: n × n, row-major, the lower triangle is used and overwritten by its factor; b becomes x.
// False if A is not positive definite.
inline bool SolveByCholesky(std::vector<double>& a, std::vector<double>& b) {
  size_t n = b.size();
  for (size_t j = 0; j < n; ++j) {
    for (size_t i = j; i < n; ++i) {
      double sum = a[i * n + j];
      for (size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      if (i > j) {
        a[i * n + j] = sum / a[j * n + j];
      } else if (sum > 0 && std::isfinite(sum)) {
        a[j * n + j] = std::sqrt(sum);
      } else {
        return false;
      }
    }
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return true;
}

}  // namespace millpond::model
