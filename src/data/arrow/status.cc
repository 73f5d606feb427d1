#include "data/arrow/status.h"

namespace millpond::data {
namespace {

// Carries one of our errors through a call of Arrow.
class ErrorDetail : public arrow::StatusDetail {
 public:
  explicit ErrorDetail(Error error) : error_(std::move(error)) {}
  const char* type_id() const override { return kTypeId; }
  std::string ToString() const override { return std::string(millpond::ToString(error_.kind())); }
  const Error& error() const { return error_; }

  static constexpr const char* kTypeId = "millpond::Error";

 private:
  Error error_;
};

ErrorKind KindOf(const arrow::Status& status) {
  switch (status.code()) {
    case arrow::StatusCode::OutOfMemory:
    case arrow::StatusCode::CapacityError:
      return ErrorKind::kResourceExhausted;
    case arrow::StatusCode::KeyError:
      return ErrorKind::kNotFound;
    case arrow::StatusCode::TypeError:
    case arrow::StatusCode::Invalid:
    case arrow::StatusCode::IndexError:
      return ErrorKind::kInvalidArgument;
    case arrow::StatusCode::IOError:
    case arrow::StatusCode::SerializationError:
      return ErrorKind::kUnavailable;
    case arrow::StatusCode::NotImplemented:
      return ErrorKind::kUnsupported;
    case arrow::StatusCode::AlreadyExists:
      return ErrorKind::kAlreadyExists;
    case arrow::StatusCode::Cancelled:
      return ErrorKind::kCancelled;
    default:
      return ErrorKind::kInternal;
  }
}

}  // namespace

Error FromArrow(const arrow::Status& status) {
  const auto& detail = status.detail();
  if (detail != nullptr && std::string_view(detail->type_id()) == ErrorDetail::kTypeId) {
    return static_cast<const ErrorDetail&>(*detail).error();
  }
  return Error(KindOf(status), status.message());
}

arrow::Status ToArrow(const Error& error) {
  return arrow::Status(arrow::StatusCode::UnknownError, error.ToString(),
                       std::make_shared<ErrorDetail>(error));
}

}  // namespace millpond::data
