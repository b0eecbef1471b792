// What the core does with the GIL and with signals while it waits. L5.
#pragma once

namespace tickertape::bindings {

// To be called once, before the first writer.
void set_wait_hooks();

// True if the handler of a signal raised: its exception is set. Python runs handlers in the main thread
// alone, so it is always false in others. To be called without the GIL.
bool signal_raised();

}  // namespace tickertape::bindings
