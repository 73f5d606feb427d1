#include "python_errors.h"

#include <nanobind/nanobind.h>

namespace nb = nanobind;

namespace millpond::python {
namespace {

const char* ClassName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNotFound:
      return "NotFound";
    case ErrorKind::kAlreadyExists:
      return "AlreadyExists";
    case ErrorKind::kInvalidArgument:
      return "InvalidArgument";
    case ErrorKind::kConflict:
      return "Conflict";
    case ErrorKind::kOutcomeUnknown:
      return "OutcomeUnknown";
    case ErrorKind::kCorrupt:
      return "Corrupt";
    case ErrorKind::kUnsupported:
      return "Unsupported";
    case ErrorKind::kResourceExhausted:
      return "ResourceExhausted";
    case ErrorKind::kUnavailable:
      return "Unavailable";
    case ErrorKind::kCancelled:
      return "Cancelled";
    case ErrorKind::kPermissionDenied:
      return "PermissionDenied";
    case ErrorKind::kInternal:
      return "Internal";
  }
  return "Internal";
}

}  // namespace

void RegisterErrors() {
  nb::register_exception_translator([](const std::exception_ptr& pointer, void*) {
    try {
      std::rethrow_exception(pointer);
    } catch (const ErrorException& exception) {
      nb::object cls =
          nb::module_::import_("millpond.errors").attr(ClassName(exception.error().kind()));
      PyErr_SetString(cls.ptr(), exception.what());
    }
  });
}

}  // namespace millpond::python
