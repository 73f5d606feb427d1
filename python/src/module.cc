// The extension module millpond._millpond: a thin face over PythonProject. What a user sees is in
// millpond/__init__.py.
#include <nanobind/nanobind.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "python_errors.h"
#include "python_project.h"

namespace nb = nanobind;

namespace millpond::python {
namespace {

constexpr const char* kStreamName = "arrow_array_stream";

// A capsule as the Arrow PyCapsule interface asks: it releases the stream if nobody has taken it.
nb::object StreamCapsule(std::unique_ptr<ArrowArrayStream> stream) {
  PyObject* capsule = PyCapsule_New(stream.get(), kStreamName, [](PyObject* object) {
    std::unique_ptr<ArrowArrayStream> held(
        static_cast<ArrowArrayStream*>(PyCapsule_GetPointer(object, kStreamName)));
    if (held->release != nullptr) held->release(held.get());
  });
  if (capsule == nullptr) throw nb::python_error();
  stream.release();  // NOLINT: the capsule owns it
  return nb::steal(capsule);
}

ArrowArrayStream* StreamOf(nb::handle capsule) {
  void* pointer = PyCapsule_GetPointer(capsule.ptr(), kStreamName);
  if (pointer == nullptr) throw nb::python_error();
  return static_cast<ArrowArrayStream*>(pointer);
}

// Runs `work(stream)` without the interpreter's lock and hands the stream to Python.
template <typename Work>
nb::object Stream(Work work) {
  auto stream = std::make_unique<ArrowArrayStream>();
  stream->release = nullptr;
  Status done;
  {
    nb::gil_scoped_release unlocked;
    done = work(stream.get());
  }
  if (!done.has_value()) throw ErrorException(done.error());
  return StreamCapsule(std::move(stream));
}

PythonProject OpenProject(const std::string& dir, const std::string& state,
                          const std::string& clock_at) {
  nb::gil_scoped_release unlocked;
  return ValueOrThrow(PythonProject::Open(dir, state, clock_at));
}

using Names = std::vector<std::string>;
using NameMap = std::map<std::string, std::string>;

}  // namespace
}  // namespace millpond::python

NB_MODULE(_millpond, module) {
  using namespace millpond::python;
  RegisterErrors();
  module.def("version", [] { return std::string(MILLPOND_VERSION); });
  nb::class_<PythonProject>(module, "ProjectHandle")
      .def(nb::new_(&OpenProject))
      .def("name", &PythonProject::name)
      .def("directory", &PythonProject::directory)
      .def("sql",
           [](PythonProject& project, const std::string& text) {
             return Stream([&](ArrowArrayStream* out) { return project.Sql(text, out); });
           })
      .def("training_set",
           [](PythonProject& project, nb::handle labels, Names views, std::string time_column,
              NameMap entity_columns, int threads) {
             ArrowArrayStream* stream = StreamOf(labels);
             TrainingArguments arguments{views, time_column, entity_columns, threads};
             return Stream([&](ArrowArrayStream* out) {
               return project.TrainingSet(stream, arguments, out);
             });
           })
      .def("training_set_from", [](PythonProject& project, const std::string& labels, Names views,
                                   std::string time_column, NameMap entity_columns, int threads) {
        TrainingArguments arguments{views, time_column, entity_columns, threads};
        return Stream(
            [&](ArrowArrayStream* out) { return project.TrainingSetFrom(labels, arguments, out); });
      });
}
