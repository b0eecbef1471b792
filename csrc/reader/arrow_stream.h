// Columns as an Arrow stream over the C data interface: the consumer gets pointers to the columns' own
// memory. L4.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reader/arrow_abi.h"

namespace tickertape {

// Texts that a column of codes refers to.
struct ArrowTexts {
  std::vector<std::int64_t> offsets;  // [texts + 1]
  std::string bytes;                  // never empty, so that there is an address
};

// The type of a column: Arrow's format string, of a list ("+L") the type of its items, of a dictionary the
// texts ("i" is then the format of the codes).
struct ArrowType {
  std::string format;
  std::string name;
  std::vector<ArrowType> items;  // one, of a list
  std::shared_ptr<const ArrowTexts> texts;
};

// One column of one batch. `buffers` in Arrow's order, the validity bitmap first (nullptr: everything is
// valid).
struct ArrowNode {
  std::int64_t length = 0;
  std::vector<const void*> buffers;
  std::vector<ArrowNode> items;  // one, of a list
};

struct ArrowBatch {
  std::int64_t rows = 0;
  std::vector<ArrowNode> columns;  // as ArrowTable::types
};

// Never changed once it is shared. `owner` keeps the memory alive that the nodes point to; it is released
// with the last structure that a consumer holds, in whatever thread that is.
struct ArrowTable {
  std::vector<ArrowType> types;
  std::vector<ArrowBatch> batches;
  std::shared_ptr<void> owner;
};

// Fills `out`, which the caller owns and releases. Throws std::bad_alloc and leaves it untouched.
void export_schema(const std::vector<ArrowType>& types, ArrowSchema& out);
void export_stream(std::shared_ptr<const ArrowTable> table, ArrowArrayStream& out);

}  // namespace tickertape
