// The wait hooks. L4.
#include "drain/wait_hooks.h"

namespace tickertape {
namespace {

WaitHooks hooks_of_process;

}  // namespace

const WaitHooks& wait_hooks() { return hooks_of_process; }

void set_wait_hooks(const WaitHooks& hooks) { hooks_of_process = hooks; }

}  // namespace tickertape
