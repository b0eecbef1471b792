// Reads the settings of the process from environment variables. L0.
#include "base/settings.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <thread>

namespace tickertape::settings {
namespace {

// The value of an environment variable; `otherwise` if it is not set or is not a positive number.
double number_from(const char* variable, double otherwise) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return otherwise;
  char* end = nullptr;
  const double number = std::strtod(text, &end);
  return end != text && *end == '\0' && number > 0 ? number : otherwise;
}

}  // namespace

std::uint64_t queue_bytes() {
  constexpr double kMin = 4 << 20;
  constexpr double kMax = 1ULL << 40;
  const double wanted = std::clamp(number_from("TICKERTAPE_QUEUE_BYTES", 128 << 20), kMin, kMax);
  return std::bit_ceil(static_cast<std::uint64_t>(wanted));
}

unsigned codec_threads() { return std::clamp(std::thread::hardware_concurrency(), 2U, 5U) - 1; }

double exit_timeout_seconds() { return number_from("TICKERTAPE_EXIT_TIMEOUT", 10); }

double device_timeout_seconds() { return number_from("TICKERTAPE_DEVICE_TIMEOUT", 600); }

}  // namespace tickertape::settings
