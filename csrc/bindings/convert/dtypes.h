// The one table of element types: their names, what the core, NumPy and TensorProto call them. L5.
#pragma once

#include <pybind11/numpy.h>

#include <optional>
#include <span>
#include <string_view>

#include "array/array.h"
#include "protobuf/fields.h"

namespace tickertape::bindings {

struct DTypeRow {
  std::string_view name;       // as NumPy spells it
  char kind;                   // NumPy's letter; 0 if NumPy has no such type
  std::optional<DType> dtype;  // nullopt: only tensors may have this type
  protobuf::TensorType tensor_type;
};
std::span<const DTypeRow> dtype_table();

// "float32", "bfloat16", ... Throws ValueError for other names, and for types that only tensors may have.
DType to_dtype(std::string_view name);
// The same for tensors, which may also be "complex64", "complex128" and "string".
protobuf::TensorType to_tensor_type(std::string_view name);

// What the core calls a native NumPy dtype; nullopt if it does not know it.
std::optional<DType> dtype_of(const pybind11::dtype& dtype);

}  // namespace tickertape::bindings
