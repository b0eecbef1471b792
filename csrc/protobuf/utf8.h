// Whether bytes are UTF-8, as protobuf demands of a string. L1.
#pragma once

#include "base/bytes.h"

namespace tickertape::protobuf {

// UTF-8 of RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF.
bool is_utf8(Bytes bytes);

}  // namespace tickertape::protobuf
