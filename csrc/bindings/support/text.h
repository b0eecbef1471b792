// Texts about Python objects for error messages. They always return a text, whatever the objects do. L5.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

namespace tickertape::bindings {

// str(object) in UTF-8. Characters that UTF-8 cannot hold are escaped; "<unprintable T>" if str() raises an
// Exception. Throws error_already_set if it raises something else (KeyboardInterrupt, SystemExit).
std::string text_of(pybind11::handle object);
// The same with repr().
std::string repr_of(pybind11::handle object);

// "int", "torch.Tensor": the type's name, with its module unless that is `builtins`. Runs no code of the
// object's own; throws nothing.
std::string type_name(PyObject* object);

// The one form of messages about arguments: "argument: expected X, got Y".
std::string expected(std::string_view argument, std::string_view what, std::string_view got);

// A path as the system takes it: of a str (with what os.fsdecode() made of other bytes), bytes or
// os.PathLike.
std::string fs_path(pybind11::handle path);
// A path as os.fsdecode() has it.
pybind11::str path_text(std::string_view path);
// A text of files or the system, nearly always UTF-8; what is not becomes \\xNN.
pybind11::str plain_text(std::string_view text);

// The attribute `name`; a null object if there is none. Throws error_already_set if looking it up raises
// anything but AttributeError.
pybind11::object optional_attribute(pybind11::handle object, const char* name);

}  // namespace tickertape::bindings
