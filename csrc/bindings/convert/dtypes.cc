// The one table of element types. L5.
#include "bindings/convert/dtypes.h"

#include <algorithm>
#include <string>

#include "bindings/support/errors.h"
#include "bindings/support/text.h"

namespace py = pybind11;

namespace tickertape::bindings {
namespace {

using protobuf::TensorType;

// The most frequent ones first: dtype_of() walks over the table.
constexpr DTypeRow kRows[] = {
    {"float32", 'f', DType::kFloat32, TensorType::kFloat},
    {"float64", 'f', DType::kFloat64, TensorType::kDouble},
    {"int64", 'i', DType::kInt64, TensorType::kInt64},
    {"bool", 'b', DType::kBool, TensorType::kBool},
    {"uint8", 'u', DType::kUint8, TensorType::kUint8},
    {"int32", 'i', DType::kInt32, TensorType::kInt32},
    {"float16", 'f', DType::kFloat16, TensorType::kHalf},
    {"int8", 'i', DType::kInt8, TensorType::kInt8},
    {"int16", 'i', DType::kInt16, TensorType::kInt16},
    {"uint16", 'u', DType::kUint16, TensorType::kUint16},
    {"uint32", 'u', DType::kUint32, TensorType::kUint32},
    {"uint64", 'u', DType::kUint64, TensorType::kUint64},
    {"bfloat16", 0, DType::kBfloat16, TensorType::kBfloat16},
    {"complex64", 'c', std::nullopt, TensorType::kComplex64},
    {"complex128", 'c', std::nullopt, TensorType::kComplex128},
    {"string", 0, std::nullopt, TensorType::kString},
};

const DTypeRow* row_of(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(kRows), std::end(kRows), [&](const DTypeRow& row) { return row.name == name; });
  return found == std::end(kRows) ? nullptr : found;
}

UnsupportedValue unknown(std::string_view name) {
  // NOLINTNEXTLINE(modernize-return-braced-init-list): the constructor is explicit
  return UnsupportedValue(expected("dtype", "the name of a type of numbers", "'" + std::string(name) + "'"));
}

}  // namespace

std::span<const DTypeRow> dtype_table() { return kRows; }

DType to_dtype(std::string_view name) {
  const DTypeRow* row = row_of(name);
  if (row == nullptr || !row->dtype) throw unknown(name);
  return *row->dtype;
}

protobuf::TensorType to_tensor_type(std::string_view name) {
  const DTypeRow* row = row_of(name);
  if (row == nullptr) throw unknown(name);
  return row->tensor_type;
}

// By NumPy's letter and width: asking for the dtype's name would run a function of NumPy's in Python.
std::optional<DType> dtype_of(const py::dtype& dtype) {
  if (dtype.byteorder() != '=' && dtype.byteorder() != '|') return std::nullopt;
  const auto* const found = std::find_if(std::begin(kRows), std::end(kRows), [&](const DTypeRow& row) {
    return row.kind == dtype.kind() && row.dtype &&
           static_cast<py::ssize_t>(item_size(*row.dtype)) == dtype.itemsize();
  });
  return found == std::end(kRows) ? std::nullopt : found->dtype;
}

}  // namespace tickertape::bindings
