// What the core does with the GIL and with signals while it waits. L5.
#pragma once

namespace tickertape::bindings {

// To be called once, before the first writer.
void set_wait_hooks();

}  // namespace tickertape::bindings
