// The Arrow C data interface (https://arrow.apache.org/docs/format/CDataInterface.html): the only
// form in which rows enter and leave the kernel, so that it links into any process beside any
// version of Arrow. The structs carry the interface's own guard and may be declared by Arrow's
// headers too.
#pragma once

#include <cstdint>

#include "kernel/column.h"

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

extern "C" {

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

}  // extern "C"

#endif  // ARROW_C_DATA_INTERFACE

namespace millpond::kernel {

// Copies a record batch (a struct array) into kernel columns; releases neither argument. Integers
// of every width become BIGINT (an unsigned value past 2^63-1 is refused), float and double DOUBLE,
// timestamps of every unit UTC microseconds (nanoseconds floor), durations INTERVAL; dictionaries
// are decoded. Another type is refused by name, with the column's.
Result<Batch> ImportBatch(const ArrowSchema& schema, const ArrowArray& array);

// The type a column of this Arrow type becomes.
Result<Type> ImportType(const ArrowSchema& schema);

// Hands a batch out as a struct array: BOOLEAN bool, BIGINT int64, DOUBLE float64, DECIMAL
// decimal128, VARCHAR utf8 (large_utf8 past 2 GiB), DATE date32, TIMESTAMP timestamp[us, UTC],
// INTERVAL duration[us], NULL null. The receiver calls release on both.
void ExportBatch(Batch batch, ArrowSchema* schema, ArrowArray* array);

}  // namespace millpond::kernel
