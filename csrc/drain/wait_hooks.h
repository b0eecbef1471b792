// What a caller does while it waits in the core. L4; the core knows neither the GIL nor Python's signals, so
// the bindings set these.
#pragma once

namespace tickertape {

struct WaitHooks {
  // Called before a wait; its result is passed to `end`.
  void* (*begin)() = [] { return static_cast<void*>(nullptr); };
  void (*end)(void*) = [](void*) {};
  // If it returns true, the wait ends with Interrupted.
  bool (*is_over)() = [] { return false; };
  // Completes deferred values that the core cannot poll itself (device/device_copy.h).
  void (*complete_deferred)() = [] {};
};

// The hooks of the process. No lock of the core is held when one of them runs.
const WaitHooks& wait_hooks();

// To be called before the first writer is opened.
void set_wait_hooks(const WaitHooks& hooks);

}  // namespace tickertape
