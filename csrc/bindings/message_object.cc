// Fields of a message to Python objects. L5.
#include "bindings/message_object.h"

#include <algorithm>
#include <array>
#include <bit>
#include <new>

#include "base/error.h"
#include "protobuf/message.h"

namespace tickertape::bindings {

using namespace protobuf;

namespace {

PyObject* number_object(FieldKind kind, std::uint64_t number) {
  switch (kind) {
    case FieldKind::kDouble:
      return PyFloat_FromDouble(std::bit_cast<double>(number));
    case FieldKind::kFloat:
      return PyFloat_FromDouble(std::bit_cast<float>(static_cast<std::uint32_t>(number)));
    case FieldKind::kInt64:
      return PyLong_FromLongLong(static_cast<std::int64_t>(number));
    case FieldKind::kUint64:
      return PyLong_FromUnsignedLongLong(number);
    case FieldKind::kInt32:
      return PyLong_FromLong(static_cast<std::int32_t>(static_cast<std::uint32_t>(number)));
    case FieldKind::kUint32:
      return PyLong_FromUnsignedLong(static_cast<std::uint32_t>(number));
    default:
      return PyBool_FromLong(number != 0 ? 1 : 0);
  }
}

// `owner`: the bytes object in which `bytes` lie; bytes elsewhere are copied into one of their own.
PyObject* object_of(const FieldSchema& field, Bytes bytes, std::uint64_t number, PyObject* owner) {
  const char* text = reinterpret_cast<const char*>(bytes.data());
  const auto size = static_cast<Py_ssize_t>(bytes.size());
  if (field.kind == FieldKind::kString) return PyUnicode_DecodeUTF8(text, size, nullptr);
  if (field.kind == FieldKind::kBytes) return PyBytes_FromStringAndSize(text, size);
  if (field.kind != FieldKind::kMessage) return number_object(field.kind, number);
  const auto* begin = reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(owner));
  if (bytes.data() >= begin && bytes.data() + bytes.size() <= begin + PyBytes_GET_SIZE(owner))
    return new_message(*field.message, owner, bytes);
  PyObject* joined = PyBytes_FromStringAndSize(text, size);
  if (joined == nullptr) return nullptr;
  const Bytes copy{reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(joined)), bytes.size()};
  PyObject* message = new_message(*field.message, joined, copy);
  Py_DECREF(joined);
  return message;
}

// The values of a message while they are being made.
class Values {
 public:
  explicit Values(std::size_t count) : count_(count) {
    if (count <= MessageObject::kFew) return;
    values_ = static_cast<PyObject**>(PyMem_Calloc(count, sizeof(PyObject*)));
    if (values_ == nullptr) throw std::bad_alloc();
  }
  ~Values() {
    for (std::size_t i = 0; i < count_; ++i) Py_XDECREF(values_[i]);
    if (values_ != few_) PyMem_Free(static_cast<void*>(values_));
  }
  Values(const Values&) = delete;
  Values& operator=(const Values&) = delete;
  PyObject*& operator[](std::size_t index) { return values_[index]; }
  // Hands them over to a message that has none yet.
  void move_to(MessageObject& message) {
    std::copy_n(few_, MessageObject::kFew, message.few);
    message.values.store(values_ == few_ ? message.few : values_);
    values_ = few_;
    count_ = 0;
  }

 private:
  std::size_t count_;
  PyObject* few_[MessageObject::kFew] = {};
  PyObject** values_ = few_;
};

// Appends to the lists, which have their full length already, what `field` adds. False with an error set.
bool fill(const FieldSchema& known, const Field& field, PyObject* list, std::size_t& at, PyObject* owner) {
  const auto put = [&](PyObject* item) {
    if (item != nullptr) PyList_SET_ITEM(list, static_cast<Py_ssize_t>(at++), item);
    return item != nullptr;
  };
  const bool is_packed = field.type == WireType::kLength && known.kind < FieldKind::kString;
  if (!is_packed) return put(object_of(known, field.bytes, field.number, owner));
  std::uint64_t number;
  for (PackedReader packed(known.kind, field.bytes); packed.next(number);) {
    if (!put(number_object(known.kind, number))) return false;
  }
  return true;
}

bool fill_lists(const MessageObject& message, std::uint32_t are_set, Values& values) {
  std::array<std::size_t, MessageFields::kMostFields> filled{};
  Field field;
  for (Reader reader(bytes_of(message)); reader.next(field);) {
    const int found = message.schema->index_of(field.field);
    if (found < 0) continue;
    const auto index = static_cast<std::size_t>(found);
    const FieldSchema& known = message.schema->fields[index];
    if (known.rule != FieldRule::kRepeated || !is_value_of(known, field)) continue;
    const std::uint32_t bit = std::uint32_t{1} << index;
    if ((are_set & bit) == 0) continue;  // a packed field without an element has no list
    const std::size_t position = count_of(are_set & (bit - 1));
    if (!fill(known, field, values[position], filled[index], message.owner)) return false;
  }
  return true;
}

bool decode(MessageObject& message) {
  const MessageFields contents(*message.schema, bytes_of(message));
  const std::size_t count = message.schema->fields.size();
  std::uint32_t are_set = 0;
  for (std::size_t i = 0; i < count; ++i) are_set |= std::uint32_t{contents[i].count != 0} << i;
  Values values(count_of(are_set));
  bool has_lists = false;
  std::size_t position = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const FieldSchema& known = message.schema->fields[i];
    const FieldContent& content = contents[i];
    if (content.count == 0) continue;
    PyObject*& value = values[position++];
    if (known.rule == FieldRule::kRepeated) {
      has_lists = true;
      value = PyList_New(static_cast<Py_ssize_t>(content.count));
    } else {
      value = object_of(known, content.bytes, content.number, message.owner);
    }
    if (value == nullptr) return false;
  }
  if (has_lists && !fill_lists(message, are_set, values)) return false;
  const ObjectLock lock(&message.ob_base);
  // Otherwise another thread, or an object's finaliser, run while lists were made, asked for a field of it.
  if (message.values.load() == nullptr) {
    message.are_set = are_set;
    values.move_to(message);
  }
  return true;
}

}  // namespace

PyObject* new_message(const MessageSchema& schema, PyObject* owner, Bytes bytes) {
  PyTypeObject* type = message_type(schema);
  PyObject* object = type->tp_alloc(type, 0);
  if (object == nullptr) return nullptr;
  auto* message = reinterpret_cast<MessageObject*>(object);
  message->schema = &schema;
  message->owner = Py_NewRef(owner);
  message->data = bytes.data();
  message->size = static_cast<Py_ssize_t>(bytes.size());
  return object;
}

bool decode_fields(MessageObject& message) { return message.values.load() != nullptr || decode(message); }

void release_message(MessageObject& message) {
  if (PyObject** const values = message.values.load(); values != nullptr) {
    for (std::size_t i = 0; i < count_of(message.are_set); ++i) Py_DECREF(values[i]);
    if (values != message.few) PyMem_Free(static_cast<void*>(values));
  }
  Py_XDECREF(message.owner);
}

}  // namespace tickertape::bindings
