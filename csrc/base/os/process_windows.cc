// Processes and threads on Windows; see process.h. There is no fork(), and signals interrupt no thread. L0.
#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <thread>

#include "base/os/process.h"
#include "base/os/windows_calls.h"

namespace tickertape {
namespace {

// Dynamic initialisation: in the thread that starts the program or loads the library.
const DWORD main_thread = GetCurrentThreadId();

// The last part of the user's security identifier tells the users of a machine apart.
std::uint32_t own_user_id() {
  HANDLE token = nullptr;
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) return 0;
  alignas(TOKEN_USER) std::array<unsigned char, 256> user;  // a TOKEN_USER has at most 84 bytes
  DWORD size = 0;
  const BOOL is_known = GetTokenInformation(token, TokenUser, user.data(), user.size(), &size);
  CloseHandle(token);
  if (!is_known) return 0;
  PSID sid = reinterpret_cast<const TOKEN_USER*>(user.data())->User.Sid;
  const DWORD parts = *GetSidSubAuthorityCount(sid);
  return parts == 0 ? 0 : static_cast<std::uint32_t>(*GetSidSubAuthority(sid, parts - 1));
}

}  // namespace

std::uint32_t process_id() { return GetCurrentProcessId(); }

std::uint32_t user_id() {
  static const std::uint32_t id = own_user_id();
  return id;
}

std::uint64_t process_start_ticks(std::uint32_t pid) {
  const HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid);
  if (process == nullptr) return 0;
  FILETIME start{}, end{}, kernel{}, user{};
  DWORD status = 0;  // of a process that has ended, if somebody has a handle of it
  const bool is_alive = GetProcessTimes(process, &start, &end, &kernel, &user) &&
                        GetExitCodeProcess(process, &status) && status == STILL_ACTIVE;
  CloseHandle(process);
  return is_alive ? std::uint64_t{start.dwHighDateTime} << 32 | start.dwLowDateTime : 0;
}

// The time of the boot.
std::string boot_id() {
  struct {
    LARGE_INTEGER boot_time;
    unsigned char rest[40];
  } found{};  // SYSTEM_TIMEOFDAY_INFORMATION
  constexpr auto kTimeOfDay = static_cast<SYSTEM_INFORMATION_CLASS>(3);
  ULONG size = 0;
  if (NtQuerySystemInformation(kTimeOfDay, &found, sizeof found, &size) != 0) return {};
  return std::to_string(found.boot_time.QuadPart);
}

std::string host_name() {
  std::array<char, 256> name{};
  DWORD size = name.size();
  return GetComputerNameExA(ComputerNameDnsHostname, name.data(), &size) ? name.data() : "localhost";
}

void register_fork_handlers(void (* /*before*/)(), void (* /*after_in_parent*/)(),
                            void (* /*after_in_child*/)()) {}

BlockedSignals::BlockedSignals() : saved_{} {}
BlockedSignals::~BlockedSignals() { static_cast<void>(saved_); }

bool is_main_thread() { return GetCurrentThreadId() == main_thread; }

void set_thread_name(const char* name) {
  // Windows 10 and later.
  using Describe = HRESULT(WINAPI*)(HANDLE, PCWSTR);
  const auto function = GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "SetThreadDescription");
  if (const auto describe = reinterpret_cast<Describe>(reinterpret_cast<void*>(function)))
    describe(GetCurrentThread(), windows::wide(name).c_str());
}

void never_preempt_when_waking() {}

unsigned usable_processors() {
  DWORD_PTR ours = 0, all = 0;
  if (GetProcessAffinityMask(GetCurrentProcess(), &ours, &all) && ours != 0)
    return static_cast<unsigned>(std::popcount(std::uint64_t{ours}));
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace tickertape
