// What the core does with the GIL and with signals while it waits. L5.
#pragma once

namespace tickertape::bindings {

// To be called once, before the first writer.
void set_wait_hooks();

// True if a signal handler raised: its exception is set. Python runs handlers in the main thread only, so
// this is always false in others. Call it without the GIL.
bool signal_raised();

}  // namespace tickertape::bindings
