// FileIndex and Series as Python has them. L5.
#pragma once

#include <cstddef>
#include <memory>

#include "reader/file_index.h"

namespace tickertape::bindings {

// tickertape._core.FileIndex and Series.
struct PyFileIndex {
  std::shared_ptr<const FileIndex> index;
};
struct PySeries {
  std::shared_ptr<const FileIndex> index;
  std::size_t number;

  const Series& series() const { return index->series[number]; }
};

}  // namespace tickertape::bindings
